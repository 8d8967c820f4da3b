/** Why something was stopped; carried as `signal.reason`. */
export type StopReason =
  | 'cancelled'
  | 'stopped'
  | 'run-timeout'
  | 'tool-timeout'
  | 'model-timeout'
  | 'ended'

/** The error thrown into tools and transports by an aborted signal. */
export class StopError extends Error {
  override readonly name = 'AbortError'
  readonly reason: StopReason
  /** What whoever stopped it said. */
  readonly detail: string | undefined

  constructor(reason: StopReason, detail?: string) {
    super(reason)
    this.reason = reason
    this.detail = detail
  }
}

/** One for all that is merely over: nobody asks for its stack, which takes 2 µs to make. */
const ended = Object.freeze(new StopError('ended'))

/** The reason of an aborted signal; a foreign reason counts as cancelled by the caller. */
export function stopReason(signal: AbortSignal): StopReason {
  return signal.reason instanceof StopError ? signal.reason.reason : 'cancelled'
}

/** What whoever stopped it said; undefined when nothing. */
export function stopDetail(signal: AbortSignal): string | undefined {
  return signal.reason instanceof StopError ? signal.reason.detail : undefined
}

/**
 * Aborts a signal that foreign code has held. Code that has damaged it, by taking away its
 * prototype, must not make the timer or the listener that aborts it throw, which would end the
 * process: whoever broke the signal does not hear of the end.
 */
export function abortWith(controller: AbortController, error: StopError): void {
  try {
    controller.abort(error)
  } catch {}
}

/**
 * A controller that follows a parent signal. `dispose` takes the listener off the parent, which a
 * long-lived parent would otherwise collect; cheaper than `AbortSignal.any` by a factor of three.
 */
export interface ChildController {
  readonly signal: AbortSignal
  abort(reason: StopReason, detail?: string): void
  dispose(): void
}

export function childController(parent: AbortSignal | undefined): ChildController {
  const controller = new AbortController()
  const follow = (): void =>
    abortWith(
      controller,
      parent === undefined
        ? new StopError('cancelled')
        : new StopError(stopReason(parent), stopDetail(parent)),
    )
  if (parent?.aborted === true) follow()
  else parent?.addEventListener('abort', follow, { once: true })
  return {
    signal: controller.signal,
    abort: (reason, detail) =>
      abortWith(controller, reason === 'ended' ? ended : new StopError(reason, detail)),
    dispose: () => parent?.removeEventListener('abort', follow),
  }
}

/**
 * Does work that lends foreign code a signal of its own: whatever becomes of it, the one it follows
 * stays as it is. It aborts also when nobody waits for the work any more.
 */
export async function lending<Value>(
  parent: AbortSignal,
  work: (lent: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const { abort, dispose, signal } = childController(parent)
  try {
    return await work(signal)
  } finally {
    dispose()
    abort('ended')
  }
}

/**
 * Calls `action` after `milliseconds`, also beyond the 2^31-1 ms at which `setTimeout` would fire
 * at once. Returns the function that cancels it.
 */
export function after(milliseconds: number, action: () => void): () => void {
  const longest = 2 ** 31 - 1
  let timer: NodeJS.Timeout
  const arm = (left: number): void => {
    timer = setTimeout(
      () => (left > longest ? arm(left - longest) : action()),
      Math.min(left, longest),
    )
  }
  arm(milliseconds)
  return () => clearTimeout(timer)
}

/** Waits; rejects with the reason of the signal as soon as it aborts. */
export function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error)
      return
    }
    const stop = (): void => {
      cancel()
      reject(signal.reason as Error)
    }
    const cancel = after(milliseconds, () => {
      signal.removeEventListener('abort', stop)
      resolve()
    })
    signal.addEventListener('abort', stop, { once: true })
  })
}

/**
 * Waits for work, but after an abort only for `graceMs` milliseconds: false when they were over
 * first. Rejects as the work does; what becomes of it later is nobody's business.
 */
export function withGrace(
  work: Promise<unknown>,
  signal: AbortSignal,
  graceMs: number,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let cancelGrace: (() => void) | undefined
    const stop = (): void => {
      cancelGrace = after(graceMs, () => {
        resolve(false)
      })
    }
    const dispose = (): void => {
      signal.removeEventListener('abort', stop)
      cancelGrace?.()
    }
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    work.then(
      () => {
        dispose()
        resolve(true)
      },
      (error: unknown) => {
        dispose()
        reject(error as Error)
      },
    )
  })
}

/** Stands for work that was not done in time. */
export const late = Symbol('late')

/** What work comes to in this time, or `late`; what becomes of it after that is nobody's business. */
export function within<Value>(
  milliseconds: number,
  work: () => Promise<Value>,
): Promise<Value | typeof late> {
  return new Promise((resolve, reject) => {
    const cancelTimer = after(milliseconds, () => resolve(late))
    work().finally(cancelTimer).then(resolve, reject)
  })
}

const ignore = (): void => {}

/**
 * Has nobody wait for a value that may be a promise. One that rejects and is not heard would end the
 * process; here `failed` hears it.
 */
export function unheeded(value: unknown, failed: (error: unknown) => void = ignore): void {
  if (value instanceof Promise) value.catch(failed)
}

/** Calls what nothing may depend on: `failed` hears what it throws or rejects with. */
export function callUnheeded(call: () => unknown, failed: (error: unknown) => void = ignore): void {
  try {
    unheeded(call(), failed)
  } catch (error) {
    failed(error)
  }
}
