import { setTimeout } from 'node:timers/promises'
import type { Journal } from 'sallyport'

/**
 * A journal in a process that dies over an append, in halves: n - 0.5 before the n-th, n after it.
 * With `delayMs` records reach the disk that much later, and nobody waits for them.
 */
export function dying(inner: Journal, lastAppend: number, delayMs?: number): Journal {
  let appends = 0
  const count = (): void => {
    appends += 0.5
    if (appends === lastAppend) process.kill(process.pid, 'SIGKILL')
  }
  return {
    ...inner,
    async append(runId, expectedSeq, records) {
      count()
      const written =
        delayMs === undefined
          ? inner.append(runId, expectedSeq, records)
          : void setTimeout(delayMs).then(() => inner.append(runId, expectedSeq, records))
      await written
      count()
    },
  }
}
