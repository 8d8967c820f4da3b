/**
 * Lets one holder at a time have a key; others wait in order of arrival. Keys nobody holds take no
 * memory.
 */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<void>>()

  /** Does the work with the key, or without it where the signal aborts first. */
  async alone<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const release = await this.acquire(key, signal)
    try {
      return await work()
    } finally {
      release?.()
    }
  }

  /**
   * Waits for the key; the returned function gives it back. Undefined when the signal aborts
   * before it is free.
   */
  async acquire(key: string, signal: AbortSignal): Promise<(() => void) | undefined> {
    const before = this.#tails.get(key)
    const mine = Promise.withResolvers<void>()
    const tail = before === undefined ? mine.promise : before.then(() => mine.promise)
    this.#tails.set(key, tail)
    // also one who has left without the key keeps his place, for those who come after him
    void tail.then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
    })
    if (before === undefined || (await isFirst(before, signal))) return mine.resolve
    mine.resolve()
    return undefined
  }
}

/** Whether the work ends before the signal aborts. */
function isFirst(work: Promise<void>, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const stop = (): void => resolve(false)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    void work.then(() => {
      signal.removeEventListener('abort', stop)
      resolve(true)
    })
  })
}
