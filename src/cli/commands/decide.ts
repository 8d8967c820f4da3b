import { systemClock } from '../../base/clock.ts'
import { errorData, SallyportError, type ErrorData } from '../../base/errors.ts'
import { isObject, parseJson, type JsonObject, type JsonValue } from '../../base/json.ts'
import { createAuthenticator } from '../../gate/authenticate.ts'
import { denial } from '../../gate/refusal.ts'
import {
  prepareRehearsals,
  type RehearsedCall,
  type Rehearsal,
  type Situation,
} from '../../gate/rehearsal.ts'
import { keyAccess } from '../../key-files.ts'
import type { Policy } from '../../policy/policy.ts'
import type { Decision } from '../../protocol/decision.ts'
import type { Message } from '../../protocol/message.ts'
import type { Principal } from '../../protocol/principal.ts'
import { authOf } from '../auth.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { inputLines, noteError, outJson, type Io } from '../io.ts'
import { loadTrusted, type KeyOptions } from '../policy.ts'
import { readPrincipal } from '../principal.ts'
import { loadTools } from '../tools-file.ts'

export interface DecideOptions extends KeyOptions {
  readonly policy: string
  readonly tools?: string
  readonly token?: string
}

interface Asked {
  readonly tool: string
  readonly args: JsonObject
  readonly principal?: Principal
  readonly prompt?: string
  readonly given: readonly Given[]
}

interface Given extends RehearsedCall {
  readonly result?: JsonValue
}

/**
 * Decides one call for each line of standard input and prints one decision for each. Every line
 * stands for itself: limits count only the calls its `given` names. Nothing is executed. A line
 * that cannot be read is denied, and the exit code says that something was wrong with the input.
 */
export async function decide(options: DecideOptions, io: Io): Promise<ExitCode> {
  const prepared = await prepare(options, io)
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
      const at = new Date().toISOString()
      outJson(io, denial(prepared.policy, 'bad_json', asked.message, at))
      continue
    }
    const decision = await decideOne(asked, prepared.caller, prepared.begin)
    outJson(io, decision)
    worst = worseOf(worst, decision)
  }
  return malformed ? exitCode.usage : worst
}

interface Prepared {
  readonly policy: Policy
  readonly caller: Principal | null
  readonly begin: (situation: Situation) => Rehearsal
}

async function prepare(options: DecideOptions, io: Io): Promise<Prepared> {
  const loaded = await loadTrusted(options.policy, options, io)
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
  const begin = await prepareRehearsals(policy, { tools: given ?? [] })
  return { policy, caller: result.ok ? result.principal : null, begin }
}

async function decideOne(
  asked: Asked,
  caller: Principal | null,
  begin: Prepared['begin'],
): Promise<Decision> {
  const messages = asked.prompt === undefined ? [] : [userMessage(asked.prompt)]
  const principal = asked.principal ?? caller
  const rehearsal = begin({ principal, messages })
  for (const { result, ...earlier } of asked.given) await rehearsal.happened(earlier, result)
  return rehearsal.decide(asked)
}

function userMessage(content: string): Message {
  return { role: 'user', content }
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
  const given: Given[] = []
  for (const earlier of readGiven(value['given'])) {
    const read = isObject(earlier) ? readCall(earlier) : errorData('bad-json', 'bad `given`')
    if ('code' in read) return read
    const { result } = earlier as { readonly result?: JsonValue }
    given.push({ ...read, ...(result === undefined ? {} : { result }) })
  }
  const principal = readPrincipal(value['principal'])
  if (principal !== undefined && 'code' in principal) return principal
  const { prompt } = value
  if (prompt !== undefined && typeof prompt !== 'string') {
    return errorData('bad-json', '`prompt` is not a text')
  }
  return {
    ...call,
    given,
    ...(prompt === undefined ? {} : { prompt: prompt as string }),
    ...(principal === undefined ? {} : { principal }),
  }
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
