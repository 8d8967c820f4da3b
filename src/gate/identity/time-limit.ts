import { after, childController } from '../../base/signal.ts'

/**
 * Runs `work` for at most `milliseconds`; then, or when it has settled, its signal is aborted.
 * Rejects in time even if `work` takes no notice of the signal.
 */
export async function withTimeLimit<T>(
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = childController(undefined)
  const timeUp = Promise.withResolvers<never>()
  const cancel = after(milliseconds, () => timeUp.reject(new Error('no answer in time')))
  try {
    return await Promise.race([work(controller.signal), timeUp.promise])
  } finally {
    cancel()
    controller.abort('ended')
  }
}
