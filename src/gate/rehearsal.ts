import { systemClock, type Clock } from '../base/clock.ts'
import type { JsonObject, JsonValue } from '../base/json.ts'
import type { Policy } from '../policy/policy.ts'
import type { Decision } from '../protocol/decision.ts'
import type { Message } from '../protocol/message.ts'
import type { Principal } from '../protocol/principal.ts'
import { createRegistry, type ToolView } from '../tools/registry.ts'
import type { Tool } from '../tools/tool.ts'
import { createGate, type Gate } from './gate.ts'
import type { LimitUse } from './judgement.ts'
import type { ExaminedCall, JudgeContext, MessageTrust, Verdict } from './verdict.ts'

export interface RehearsalOptions {
  /** Tools with schemas. Of others that the policy knows, any arguments are accepted. */
  readonly tools?: readonly Tool[]
  /** Default: the clock of the system. A wall time of NaN leaves time windows unknown. */
  readonly clock?: Clock
}

/** What a session begins with. */
export interface Situation {
  /** Null for a caller who is not known. */
  readonly principal: Principal | null
  /** What the session has heard before its first call. */
  readonly messages?: readonly Message[]
  /** What the task of the run needs. */
  readonly scope?: Policy
}

export interface RehearsedCall {
  readonly tool: string
  readonly args: JsonObject
  /** The text as the model sent it, in place of `args`: it may be one that is refused. */
  readonly rawArgs?: string
  /** How decisions name it as a source; where another call has this id, it gets one of its own. */
  readonly id?: string
}

/**
 * A session without a model and without executing anything: calls are judged by the very gate that
 * runs use, and told what came of them. For tests of policies, replays, comparisons and questions.
 */
export interface Rehearsal {
  /** Judges a call. What it takes from limits stays taken until it is withdrawn. */
  decide(call: RehearsedCall): Promise<Decision>
  /**
   * A call that was decided does not run: what it took from limits is free again. Where the gate
   * had asked, nobody has approved it, which counts as a denial.
   */
  withdraw(call: RehearsedCall): void
  /** How far the limits are used up that a call of this tool is held against. */
  limitsOf(tool: string): readonly LimitUse[]
  /** More was said, or put in. */
  heard(messages: readonly Message[], trust: MessageTrust): void
  /**
   * A call ran: one that was decided (of equal ones the first), or one that nobody decided about.
   * Its result is seen by later calls, and it counts against limits. Where the gate had asked, it
   * counts as approved, and what was approved is trusted no more than before. A foreign result is
   * not, or not only, what the tool returned.
   */
  happened(
    call: RehearsedCall,
    result?: JsonValue,
    succeeded?: boolean,
    isForeign?: boolean,
  ): Promise<void>
}

/**
 * Prepares for sessions under one policy; each call of the result begins a new one. Rejects with
 * `bad-tool` or `bad-schema` for tools that are not usable.
 */
export async function prepareRehearsals(
  policy: Policy,
  { tools = [], clock = systemClock }: RehearsalOptions = {},
): Promise<(situation: Situation) => Rehearsal> {
  const registry = new OpenRegistry(policy, await createRegistry(tools))
  return ({ principal, messages = [], scope }) => {
    const gate = createGate({ policy, registry, clock })
    const context: JudgeContext = { runId: 'rehearsal', session: undefined, principal, scope }
    gate.begin(context, messages)
    return new GateRehearsal(gate, registry, context)
  }
}

class GateRehearsal implements Rehearsal {
  readonly #gate: Gate
  readonly #registry: OpenRegistry
  readonly #context: JudgeContext
  readonly #ids = new Set<string>()
  /** Calls that may run, and of which nobody has said yet whether they did. */
  readonly #decided: Decided[] = []

  constructor(gate: Gate, registry: OpenRegistry, context: JudgeContext) {
    this.#gate = gate
    this.#registry = registry
    this.#context = context
  }

  async decide(call: RehearsedCall): Promise<Decision> {
    const examined = await this.#examine(call)
    const verdict = await this.#gate.judge(examined, this.#context)
    if (verdict.kind !== 'refusal') this.#decided.push({ examined, verdict })
    return verdict.decision
  }

  withdraw(call: RehearsedCall): void {
    const { examined, verdict } = this.#take(call) ?? {}
    if (verdict?.kind === 'pending') this.#gate.expire(verdict.request.id)
    else if (verdict?.kind === 'permit') this.#gate.release(examined!.call.callId)
  }

  heard(messages: readonly Message[], trust: MessageTrust): void {
    this.#gate.begin(this.#context, messages, trust)
  }

  async happened(
    call: RehearsedCall,
    result: JsonValue = null,
    succeeded = true,
    isForeign = false,
  ): Promise<void> {
    const outcome = { succeeded, isForeign, value: result, durationMs: 0 }
    const decided = this.#take(call)
    if (decided?.verdict.kind === 'permit') {
      this.#gate.settle(decided.examined, this.#context, outcome)
      return
    }
    const examined = decided?.examined ?? (await this.#examine(call))
    if (decided?.verdict.kind === 'pending') this.#gate.release(examined.call.callId)
    this.#gate.witness({ ...examined, args: examined.args ?? call.args }, this.#context, outcome)
  }

  limitsOf(tool: string): readonly LimitUse[] {
    return this.#gate.limitsOf(tool, this.#context)
  }

  #take({ tool, ...call }: RehearsedCall): Decided | undefined {
    const text = textOf(call)
    const index = this.#decided.findIndex(
      ({ examined: { call: known } }) => known.tool === tool && known.rawArgs === text,
    )
    return index < 0 ? undefined : this.#decided.splice(index, 1)[0]
  }

  /** Two calls of one id would share what they take from limits. */
  #idOf({ id }: RehearsedCall): string {
    let own = id
    for (let n = this.#ids.size + 1; own === undefined || this.#ids.has(own); n++) {
      own = `rehearsal-${n}`
    }
    this.#ids.add(own)
    return own
  }

  async #examine(call: RehearsedCall): Promise<ExaminedCall> {
    const { tool } = call
    await this.#registry.admit(tool)
    const callId = this.#idOf(call)
    const rawArgs = textOf(call)
    return this.#gate.examine({ callId, providerId: '', turn: 1, index: 0, tool, rawArgs })
  }
}

interface Decided {
  readonly examined: ExaminedCall
  readonly verdict: Verdict
}

function textOf({ args, rawArgs }: Omit<RehearsedCall, 'tool'>): string {
  return rawArgs ?? JSON.stringify(args)
}

/** Tools with schemas, and stand-ins for those that only the policy knows. */
class OpenRegistry implements ToolView {
  readonly #policy: Policy
  readonly #registry: ToolView
  readonly #standIns = new Map<string, Tool>()

  constructor(policy: Policy, registry: ToolView) {
    this.#policy = policy
    this.#registry = registry
  }

  get names(): readonly string[] {
    return [...this.#registry.names, ...this.#standIns.keys()]
  }

  get(name: string): Tool | undefined {
    return this.#registry.get(name) ?? this.#standIns.get(name)
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
    this.#standIns.set(name, registry.get(name)!)
  }
}
