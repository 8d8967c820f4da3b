import type { JsonObject } from '../base/json.ts'
import { strictestOf } from '../policy/layers.ts'
import type { DecisionRequest, Policy } from '../policy/policy.ts'
import type { Decision } from '../protocol/decision.ts'
import { Layer, type LayerSession } from './layer.ts'
import type { JudgeContext } from './verdict.ts'

/** Sessions that are remembered; the calls of one too many are refused. */
const maxSessions = 100_000

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

  permitted(tool: string, args: JsonObject): void {
    for (const layer of this.#layers) layer.permitted(tool, args)
  }

  succeeded(tool: string, args: JsonObject): void {
    for (const layer of this.#layers) layer.succeeded(tool, args)
  }
}

/**
 * The sessions of a gate. A session belongs to its principal: what one of them has typed is no
 * trusted text of another. A run without a session is one of its own and ends with the run.
 */
export class Sessions {
  readonly #policy: Decision['policy']
  readonly #layers: readonly Layer[]
  readonly #sessions = new Map<string, Session>()
  /** Stands for all sessions where the policy does not ask what they have done. */
  readonly #common: Session | undefined

  constructor({ digest, layers, name }: Policy) {
    this.#policy = { digest, name }
    this.#layers = layers.map((layer) => new Layer(layer))
    if (!this.#layers.some(({ remembers }) => remembers)) this.#common = this.#create()
  }

  of(context: JudgeContext): Session {
    if (this.#common !== undefined) return this.#common
    const key = keyOf(context)
    const known = this.#sessions.get(key)
    if (known !== undefined) return known
    if (this.#sessions.size >= maxSessions) throw new Error('too many sessions are open')
    const session = this.#create()
    this.#sessions.set(key, session)
    return session
  }

  #create(): Session {
    return new Session(
      this.#policy,
      this.#layers.map((layer) => layer.begin()),
    )
  }

  forget(context: JudgeContext): void {
    if (context.session === undefined) this.#sessions.delete(keyOf(context))
  }
}

function keyOf({ runId, session, principal }: JudgeContext): string {
  return JSON.stringify([
    session === undefined,
    session ?? runId,
    principal?.issuer ?? null,
    principal?.subject ?? null,
  ])
}
