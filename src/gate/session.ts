import type { JsonObject } from '../base/json.ts'
import { NamedUnderWay } from '../base/under-way.ts'
import { strictestOf } from '../policy/layers.ts'
import type { DecisionRequest, Policy } from '../policy/policy.ts'
import type { Decision } from '../protocol/decision.ts'
import type { Message } from '../protocol/message.ts'
import { ownerOf, type Principal } from '../protocol/principal.ts'
import { sessionOf } from './lineage.ts'
import { Layer, type LayerSession, type Surroundings } from './layer.ts'
import type { Earlier, JudgeContext, MessageTrust, Settlement } from './verdict.ts'

/** Sessions that are remembered; the calls of one too many are refused. */
const maxSessions = 100_000

/** Events of a session under a policy that may change; with more it does not survive a change. */
const maxHistory = 100_000

/** Something a session has to know to judge later calls. */
export type SessionEvent =
  | {
      readonly kind: 'heard'
      readonly principal: Principal | null
      readonly messages: readonly Message[]
      readonly trust: MessageTrust
    }
  /** Somebody else has carried these, or another process. */
  | { readonly kind: 'remembered'; readonly earlier: readonly Earlier[] }
  /** The call has run to which people have said yes. */
  | { readonly kind: 'approved'; readonly tool: string; readonly args: JsonObject }
  /** The call may run. */
  | {
      readonly kind: 'permitted'
      readonly callId: string
      readonly tool: string
      readonly args: JsonObject
    }
  /** It has run. */
  | {
      readonly kind: 'settled'
      readonly callId: string
      readonly tool: string
      readonly args: JsonObject
      readonly outcome: Settlement
    }

/** What one session has done, as far as its policy asks. */
export class Session {
  readonly #policy: Decision['policy']
  readonly #layers: readonly LayerSession[]

  constructor(policy: Decision['policy'], layers: readonly LayerSession[]) {
    this.#policy = policy
    this.#layers = layers
  }

  /** The strictest of all layers; limits are not asked. */
  decide(request: DecisionRequest): Decision {
    const [only] = this.#layers
    if (this.#layers.length === 1) return only!.decide(request)
    const decisions = this.#layers.map((layer) => layer.decide(request))
    return strictestOf(decisions, this.#policy)
  }

  /** What a scope may ask for with `from`: nothing where the policy itself never asks for sources. */
  withSources(request: DecisionRequest): DecisionRequest {
    const sources = this.#layers[0]?.sources
    return sources === undefined ? request : { ...request, sources }
  }

  /** Whether untrusted text has been read, by any layer. */
  get tainted(): boolean {
    return this.#layers.some((layer) => layer.tainted)
  }

  note(event: SessionEvent): void {
    for (const layer of this.#layers) noteIn(layer, event)
  }

  withdraw(callId: string): void {
    for (const layer of this.#layers) layer.withdraw(callId)
  }
}

function noteIn(layer: LayerSession, event: SessionEvent): void {
  switch (event.kind) {
    case 'heard':
      return layer.heard(event.principal, event.messages, event.trust)
    case 'remembered':
      return layer.remember(event.earlier)
    case 'approved':
      return layer.approved(event.tool, event.args)
    case 'permitted':
      return layer.permitted(event.tool, event.args, event.callId)
    case 'settled': {
      const { outcome, ...call } = event
      const { durationMs: _durationMs, succeeded, ...result } = outcome
      return layer.settled({ ...call, ...result, isError: !succeeded })
    }
  }
}

/** A policy as sessions use it. */
interface Compiled {
  readonly policy: Policy
  readonly layers: readonly Layer[]
}

interface Remembered {
  readonly policy: Policy
  readonly session: Session
  /** Everything it was told, for another policy; undefined where the policy never changes. */
  readonly history: SessionEvent[] | undefined
  /** Runs of which it knows already; empty where no store tells of others. */
  readonly runs: Set<string>
}

/**
 * The sessions of a gate. A session belongs to its principal in its tenant: what one of them has typed
 * is no trusted text of another. A run without a session is one of its own and ends with the run.
 *
 * When the policy has changed, a session is told its history anew: what it did before counts under
 * the rules of now.
 */
export class Sessions {
  readonly #current: () => Policy
  readonly #keepsHistory: boolean
  readonly #surroundings: Surroundings
  readonly #sessions = new NamedUnderWay<Remembered>()
  #compiled: Compiled
  /** Stands for all sessions where no policy will ask what they have done. */
  readonly #common: Session | undefined

  constructor(
    current: () => Policy,
    {
      mayChange,
      surroundings,
    }: { readonly mayChange: boolean; readonly surroundings: Surroundings },
  ) {
    this.#current = current
    this.#keepsHistory = mayChange
    this.#surroundings = surroundings
    this.#compiled = compile(current(), surroundings)
    const remembers = this.#compiled.layers.some((layer) => layer.remembers)
    if (!mayChange && !remembers) this.#common = this.#create()
  }

  of(context: JudgeContext): Session {
    return this.#common ?? this.#remembered(context).session
  }

  note(context: JudgeContext, event: SessionEvent): void {
    if (this.#common !== undefined) return
    const { history, session } = this.#remembered(context)
    // one more than it may have tells that it has had too many
    if (history !== undefined && history.length <= maxHistory) history.push(event)
    session.note(event)
  }

  /** The session forgets that the call was permitted, also for another policy. */
  withdraw(context: JudgeContext, callId: string): void {
    const known = this.#sessions.get(keyOf(context))
    known?.session.withdraw(callId)
    // of one that is too long it is not known what else it was told
    if (known?.history === undefined || known.history.length > maxHistory) return
    const history = known.history.filter(
      (event) => event.kind !== 'permitted' || event.callId !== callId,
    )
    this.#sessions.set(keyOf(context), { ...known, history })
  }

  /** Tells a session of runs that it does not know of: each once, its own never. */
  remember(context: JudgeContext, earlier: readonly Earlier[]): void {
    if (this.#common !== undefined) return
    const { runs } = this.#remembered(context)
    runs.add(context.runId)
    const unknown = earlier.filter(({ runId }) => !runs.has(runId))
    if (unknown.length > 0) this.note(context, { kind: 'remembered', earlier: unknown })
    for (const { runId } of unknown) runs.add(runId)
  }

  /** The run may go on elsewhere: what a store then tells of it is news. */
  leave(context: JudgeContext): void {
    this.#sessions.get(keyOf(context))?.runs.delete(context.runId)
  }

  forget(context: JudgeContext): void {
    this.#sessions.delete(keyOf(context))
  }

  #remembered(context: JudgeContext): Remembered {
    const policy = this.#current()
    if (policy !== this.#compiled.policy) this.#compiled = compile(policy, this.#surroundings)
    const key = keyOf(context)
    const known = this.#sessions.get(key)
    if (known?.policy === policy) return known
    if (known === undefined && this.#sessions.size >= maxSessions) {
      throw new Error('too many sessions are open')
    }
    const history = this.#keepsHistory ? (known?.history ?? []) : undefined
    const runs = known?.runs ?? new Set<string>()
    const remembered = { policy, session: this.#create(history), history, runs }
    this.#sessions.set(key, remembered)
    return remembered
  }

  #create(history: readonly SessionEvent[] = []): Session {
    if (history.length > maxHistory) {
      throw new Error('the session is too long to be judged under a policy that has changed')
    }
    const { layers, policy } = this.#compiled
    const session = new Session(
      { digest: policy.digest, name: policy.name },
      layers.map((layer) => layer.begin()),
    )
    for (const event of history) session.note(event)
    return session
  }
}

function compile(policy: Policy, surroundings: Surroundings): Compiled {
  return { policy, layers: policy.layers.map((layer) => new Layer(layer, surroundings)) }
}

function keyOf(context: JudgeContext): string {
  return JSON.stringify([sessionOf(context), ...ownerOf(context.principal)])
}
