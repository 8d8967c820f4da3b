import type { Policy } from '../policy/policy.ts'
import { compileSequences, SequenceLog, type CompiledSequence } from './sequences.ts'
import type { JudgeContext } from './verdict.ts'

/** Sessions that are remembered; the calls of one too many are refused. */
const maxSessions = 100_000

/** What one session has done, as far as its policy asks. */
export interface Session {
  readonly sequences: SequenceLog
}

/**
 * The sessions of a gate. A session belongs to its principal: what one of them has typed is no
 * trusted text of another. A run without a session is one of its own and ends with the run.
 */
export class Sessions {
  readonly #sequences: readonly CompiledSequence[]
  readonly #sessions = new Map<string, Session>()
  /** Stands for all sessions where the policy does not ask what they have done. */
  readonly #common: Session | undefined

  constructor(policy: Policy) {
    this.#sequences = policy.layers.flatMap(({ document }) => compileSequences(document))
    if (this.#sequences.length === 0) this.#common = this.#create()
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
    return { sequences: new SequenceLog(this.#sequences) }
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
