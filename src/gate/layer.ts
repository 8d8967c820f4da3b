import type { JsonObject, JsonValue } from '../base/json.ts'
import type { SharedCounters } from '../journal/shared-counters.ts'
import { firmSteps } from '../policy/layers.ts'
import type { DecisionRequest, Policy, Sources } from '../policy/policy.ts'
import type { Decision } from '../protocol/decision.ts'
import type { Message } from '../protocol/message.ts'
import type { Principal } from '../protocol/principal.ts'
import { applyFindings } from './finding.ts'
import { FlowCheck } from './flow/check.ts'
import { asksForSources } from './flow/need.ts'
import type { FlowResult } from './flow/result.ts'
import { FlowSession } from './flow/session.ts'
import { compileGuards, type CompiledGuards } from './guards/guards.ts'
import type { FileProbe } from './guards/links.ts'
import type { Earlier, JudgeContext, MessageTrust } from './verdict.ts'
import { earlierCalls, hidesCalls } from './earlier.ts'
import { compileSequences, SequenceLog, type CompiledSequence } from './sequences.ts'

/** What the checks of a policy may look at beside the call. */
export interface Surroundings {
  /** Looks at the disk; without it paths are judged by their text alone. */
  readonly probe?: FileProbe
  /** Counts limits that outlive a run for all processes; without it each counts for itself. */
  readonly counters?: SharedCounters | undefined
  /** Why somebody has stopped such calls, whatever a policy says; undefined when nobody has. */
  readonly stopped?: (tool: string, context: JudgeContext) => string | undefined
  /** Values that must not leave, whatever their format. */
  readonly secrets?: readonly string[]
  /** The output schema of a tool, for `endorse: enum`. */
  readonly schemaOf?: (tool: string) => JsonValue | undefined
  /** The input schema of a tool: names of members that it leaves open are values. */
  readonly inputOf?: (tool: string) => JsonValue | undefined
}

/** One layer of a policy: its rules, and what it asks beside them. */
export class Layer {
  readonly #policy: Policy
  readonly #guards: CompiledGuards | undefined
  readonly #sequences: readonly CompiledSequence[]
  readonly #flow: FlowCheck | undefined
  readonly #surroundings: Surroundings

  constructor(policy: Policy, surroundings: Surroundings) {
    const { inputOf, probe, secrets } = surroundings
    this.#policy = policy
    const { guards } = policy.document
    const isGuarded = Object.values(guards).some((list) => list.length > 0)
    this.#guards = isGuarded ? compileGuards(policy, probe, secrets) : undefined
    this.#sequences = compileSequences(policy)
    this.#flow = asksForSources(policy.document) ? new FlowCheck(policy, inputOf) : undefined
    this.#surroundings = surroundings
  }

  /** Whether decisions depend on what the session has done. */
  get remembers(): boolean {
    return this.#sequences.length > 0 || this.#flow !== undefined
  }

  begin(): LayerSession {
    return new LayerSession(this.#policy, {
      guards: this.#guards,
      sequences: new SequenceLog(this.#sequences),
      flow: this.#flow === undefined ? undefined : this.#beginFlow(this.#flow),
    })
  }

  #beginFlow(check: FlowCheck): FlowSession {
    const { schemaOf } = this.#surroundings
    return new FlowSession(this.#policy, { check, ...(schemaOf === undefined ? {} : { schemaOf }) })
  }
}

interface LayerChecks {
  readonly guards: CompiledGuards | undefined
  readonly sequences: SequenceLog
  /** Undefined where the file does not ask where values come from. */
  readonly flow: FlowSession | undefined
}

/** What one session has done, as far as a layer asks. */
export class LayerSession {
  readonly #policy: Policy
  readonly #checks: LayerChecks

  constructor(policy: Policy, checks: LayerChecks) {
    this.#policy = policy
    this.#checks = checks
  }

  get sources(): Sources | undefined {
    return this.#checks.flow
  }

  /** Whether untrusted text has been read, as far as the file asks. */
  get tainted(): boolean {
    return this.#checks.flow?.tainted === true
  }

  /** Everything but limits, which are counted over all layers. */
  decide(request: DecisionRequest): Decision {
    const { flow, guards, sequences } = this.#checks
    const { args, tool } = request
    const byRules = this.#policy.decide(
      flow === undefined ? request : { ...request, sources: flow },
    )
    if (firmSteps.has(byRules.rule)) return byRules
    const flowing = flow?.check({ tool, args, decision: byRules })
    const decision = applyFindings(byRules, [
      ...(guards?.check(request) ?? []),
      ...sequences.check(tool, args),
      ...(flowing?.findings ?? []),
    ])
    return flowing === undefined ? decision : { ...decision, labels: flowing.labels }
  }

  permitted(tool: string, args: JsonObject, callId?: string): void {
    this.#checks.sequences.permitted(tool, args, callId)
  }

  /** The call is to be judged as if it had not been permitted. */
  withdraw(callId: string): void {
    this.#checks.sequences.withdraw(callId)
  }

  /** What the session hears beside results. */
  heard(principal: Principal | null, messages: readonly Message[], trust: MessageTrust): void {
    const { flow } = this.#checks
    flow?.begin(principal)
    for (const message of messages) {
      if (trust === 'by role') flow?.addMessage(message)
      else flow?.addForeign(message)
    }
  }

  /** What others have carried counts like what was done here, the strict way where it is not known. */
  remember(earlier: readonly Earlier[]): void {
    const { flow } = this.#checks
    for (const { message, untrusted, unvouched } of earlier) {
      flow?.addMessage(message, unvouched !== true)
      if (untrusted === true) flow?.addForeign(message)
    }
    if (hidesCalls(earlier)) this.#checks.sequences.permittedAny()
    for (const { args, succeeded, tool } of earlierCalls(earlier)) {
      this.permitted(tool, args)
      if (succeeded) this.#checks.sequences.succeeded(tool, args)
    }
  }

  /** A person has said yes to the call as it is. */
  approved(tool: string, args: JsonObject): void {
    this.#checks.flow?.endorse(tool, args)
  }

  /** The call has run, and the model sees what came out. */
  settled(result: FlowResult): void {
    this.#checks.flow?.addResult(result)
    this.#checks.sequences.ran(result.callId)
    if (result.isError !== true) this.#checks.sequences.succeeded(result.tool, result.args)
  }
}
