import { systemClock } from '../../base/clock.ts'
import { errorData, SallyportError, type ErrorData } from '../../base/errors.ts'
import { isObject, parseJson, type JsonObject, type JsonValue } from '../../base/json.ts'
import { createAuthenticator } from '../../gate/authenticate.ts'
import { createGate, type Gate } from '../../gate/gate.ts'
import { denial } from '../../gate/refusal.ts'
import { keyAccess } from '../../key-files.ts'
import { loadPolicy } from '../../policy-file.ts'
import type { Policy } from '../../policy/policy.ts'
import type { Decision } from '../../protocol/decision.ts'
import type { Principal } from '../../protocol/principal.ts'
import { createRegistry, type ToolRegistry } from '../../tools/registry.ts'
import type { Tool } from '../../tools/tool.ts'
import { authOf } from '../auth.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { inputLines, noteError, outJson, type Io } from '../io.ts'
import { readPrincipal } from '../principal.ts'
import { loadTools } from '../tools-file.ts'

export interface DecideOptions {
  readonly policy: string
  readonly tools?: string
  readonly token?: string
}

interface Asked {
  readonly tool: string
  readonly args: JsonObject
  readonly principal?: Principal
  readonly given: readonly { readonly tool: string; readonly args: JsonObject }[]
}

/**
 * Decides one call for each line of standard input and prints one decision for each. Every line
 * stands for itself: limits count only the calls its `given` names. Nothing is executed. A line
 * that cannot be read is denied, and the exit code says that something was wrong with the input.
 */
export async function decide(options: DecideOptions, io: Io): Promise<ExitCode> {
  const { policy, tools, caller } = await prepare(options, io)
  const judge = new Judge(policy, tools)
  let worst: ExitCode = exitCode.done
  let malformed = false
  let number = 0
  for await (const line of inputLines(io)) {
    if (io.outIsClosed) return exitCode.done
    number++
    if (line.trim() === '') continue
    const asked = readLine(line)
    if ('code' in asked) {
      noteError(io, { ...asked, message: `line ${number}: ${asked.message}` })
      malformed = true
      outJson(io, judge.refuse(asked.message))
      continue
    }
    const decision = await judge.decide(asked, asked.principal ?? caller)
    outJson(io, decision)
    worst = worseOf(worst, decision)
  }
  return malformed ? exitCode.usage : worst
}

async function prepare(
  options: DecideOptions,
  io: Io,
): Promise<{ policy: Policy; tools: AskedTools; caller: Principal | null }> {
  const loaded = await loadPolicy(options.policy)
  const given = options.tools === undefined ? undefined : await loadTools(options.tools)
  const policy = loaded.compile(given)
  const authenticator = createAuthenticator(policy.identity, {
    clock: systemClock,
    environment: io.environment,
    ...keyAccess(loaded.path),
  })
  const auth = authOf(options.token, io)
  const result = await authenticator.authenticate(auth)
  if (auth !== undefined && !result.ok) {
    throw new SallyportError('bad-option', `the token is not accepted: ${result.error.message}`)
  }
  const tools = new AskedTools(policy, await createRegistry(given ?? []))
  return { policy, tools, caller: result.ok ? result.principal : null }
}

/**
 * The tools with schemas, and those that only the policy knows: for them any arguments are fine,
 * and they are made when a line first asks for one.
 */
class AskedTools implements ToolRegistry {
  readonly #policy: Policy
  readonly #registry: ToolRegistry
  readonly #open = new Map<string, Tool>()

  constructor(policy: Policy, registry: ToolRegistry) {
    this.#policy = policy
    this.#registry = registry
  }

  get names(): readonly string[] {
    return [...this.#registry.names, ...this.#open.keys()]
  }

  get specifications(): ToolRegistry['specifications'] {
    return this.#registry.specifications
  }

  get digest(): string {
    return this.#registry.digest
  }

  get(name: string): Tool | undefined {
    return this.#registry.get(name) ?? this.#open.get(name)
  }

  async admit(name: string): Promise<void> {
    if (this.get(name) !== undefined || !this.#policy.hasTool(name)) return
    const registry = await createRegistry([
      {
        name,
        description: '',
        input: { type: 'object', additionalProperties: true },
        execute() {
          throw new Error('this tool is only a name')
        },
      },
    ])
    this.#open.set(name, registry.get(name)!)
  }
}

class Judge {
  readonly #policy: Policy
  readonly #tools: AskedTools
  readonly #gate: Gate
  #calls = 0

  constructor(policy: Policy, tools: AskedTools) {
    this.#policy = policy
    this.#tools = tools
    this.#gate = this.#fresh()
  }

  #fresh(): Gate {
    return createGate({ policy: this.#policy, registry: this.#tools, clock: systemClock })
  }

  async decide({ tool, args, given }: Asked, principal: Principal | null): Promise<Decision> {
    const gate = given.length > 0 ? this.#fresh() : this.#gate
    for (const earlier of given) {
      await this.#judge(gate, earlier.tool, earlier.args, principal, true)
    }
    return this.#judge(gate, tool, args, principal, false)
  }

  async #judge(
    gate: Gate,
    tool: string,
    args: JsonObject,
    principal: Principal | null,
    ran: boolean,
  ): Promise<Decision> {
    await this.#tools.admit(tool)
    const runId = 'decide'
    const callId = `decide-${++this.#calls}`
    const rawArgs = JSON.stringify(args)
    const call = { callId, providerId: '', turn: 1, index: 0, tool, rawArgs }
    const context = { runId, session: runId, principal }
    const { decision } = gate.judge(await gate.examine(call), context)
    gate.settle(callId, ran)
    gate.forget(context)
    return decision
  }

  refuse(message: string): Decision {
    return denial(this.#policy, 'bad_json', message, new Date().toISOString())
  }
}

function readLine(line: string): Asked | ErrorData {
  const parsed = parseJson(line)
  if (!parsed.ok) return errorData('bad-json', parsed.message)
  const { value } = parsed
  if (!isObject(value)) return errorData('bad-json', 'the line is not an object')
  const unknown = Object.keys(value).find((key) => !lineKeys.includes(key))
  if (unknown !== undefined) {
    return errorData('bad-json', `\`${unknown}\` means nothing here`, {
      help: `the members are ${lineKeys.join(', ')}`,
    })
  }
  const call = readCall(value)
  if ('code' in call) return call
  const given: (typeof call)[] = []
  for (const earlier of readGiven(value['given'])) {
    const read = isObject(earlier) ? readCall(earlier) : errorData('bad-json', 'bad `given`')
    if ('code' in read) return read
    given.push(read)
  }
  const principal = readPrincipal(value['principal'])
  if (principal !== undefined && 'code' in principal) return principal
  return { ...call, given, ...(principal === undefined ? {} : { principal }) }
}

const lineKeys = ['tool', 'args', 'principal', 'prompt', 'given', 'id']

function readGiven(value: unknown): readonly JsonValue[] {
  return Array.isArray(value) ? (value as JsonValue[]) : value === undefined ? [] : [null]
}

function readCall(value: Record<string, unknown>): { tool: string; args: JsonObject } | ErrorData {
  const { tool, args = {} } = value
  if (typeof tool !== 'string') return errorData('bad-json', '`tool` is not a text')
  if (!isObject(args)) return errorData('bad-json', '`args` is not an object')
  return { tool, args: args as JsonObject }
}

function worseOf(worst: ExitCode, { effect }: Decision): ExitCode {
  if (effect === 'deny' || worst === exitCode.negative) return exitCode.negative
  return effect === 'ask' ? exitCode.needsHuman : worst
}
