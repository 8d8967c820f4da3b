import { KeyedQueue } from './run/keyed-queue.ts'

/** What becomes of a run whose session has another one at work. */
export type SessionMode = 'queue' | 'refuse'

/** Lets one run of a session work at a time. Runs without a session know nothing of each other. */
export class SessionTurns {
  readonly #mode: SessionMode
  readonly #queue = new KeyedQueue()
  readonly #taken = new Set<string>()

  constructor(mode: SessionMode) {
    this.#mode = mode
  }

  /**
   * Waits for the session, or until the signal aborts. Returns what leaves it; undefined where it is
   * taken and nobody is to wait.
   */
  async enter(session: string | undefined, signal: AbortSignal): Promise<(() => void) | undefined> {
    if (session === undefined) return () => undefined
    if (this.#mode === 'queue') {
      return (await this.#queue.acquire(session, signal)) ?? (() => undefined)
    }
    if (this.#taken.has(session)) return undefined
    this.#taken.add(session)
    return () => void this.#taken.delete(session)
  }
}
