import { systemClock, type Clock } from '../base/clock.ts'
import { messageOf, SallyportError } from '../base/errors.ts'
import { randomHex } from '../base/ids.ts'
import { checkNumber, checkOptions } from '../base/options.ts'
import { visible } from '../base/text.ts'
import { callUnheeded } from '../base/signal.ts'
import { checkGiven, isClock } from '../protocol/option-checks.ts'
import type { HistoryStore } from './store.ts'

/** How long a search that has died keeps others from a conversation. */
const leaseMs = 1_000

export interface HistoryManagerOptions {
  /** How long a conversation is kept after its last entry, in milliseconds. */
  readonly ttlMs: number
  /** Pause between two searches for conversations that are to go. Default: no search by itself. */
  readonly cleanupIntervalMs?: number
  /** Told when a search fails; the next one comes after the pause. */
  readonly onError?: (error: SallyportError) => void
  readonly clock?: Clock
}

/** A store whose conversations end. */
export interface HistoryManager extends HistoryStore {
  /** Removes all conversations whose time is up; resolves with how many. */
  cleanUp(): Promise<number>
  /** Stops the searches and waits for the one under way; the store stays open. */
  dispose(): Promise<void>
}

/**
 * Lets conversations end some time after their last entry: whoever reads one then finds nothing, and
 * removes it; so does a search, which does not keep the process alive, and leaves alone what goes on
 * meanwhile or what a run is at work on. By a clock that does not tell the time nothing is removed,
 * and reading rejects with `bad-history`. Throws `bad-option` for options that are none.
 *
 * @example
 * ```ts
 * const store = historyManager(diskHistory('chats'), { ttlMs: 30 * 86_400_000 })
 * const runtime = createRuntime({ model, history: store })
 * const removed = await store.cleanUp()
 * ```
 */
export function historyManager(
  store: HistoryStore,
  options: HistoryManagerOptions,
): HistoryManager {
  checkOptions('historyManager', options, ['ttlMs', 'cleanupIntervalMs', 'onError', 'clock'])
  const { ttlMs, cleanupIntervalMs, onError, clock = systemClock } = options
  checkGiven(options, { clock: isClock })
  checkNumber('ttlMs', ttlMs, { min: 1, integer: true })
  if (cleanupIntervalMs !== undefined) {
    // a longer one would make timers fire at once
    checkNumber('cleanupIntervalMs', cleanupIntervalMs, { min: 1, max: 2 ** 31 - 1 })
  }
  const isOver = (lastAt: string): boolean => !(timeOf(clock) - Date.parse(lastAt) < ttlMs)
  const searcher = randomHex()
  let searching: Promise<number> | undefined
  let isDisposed = false

  async function search(): Promise<number> {
    let removed = 0
    for await (const { key, lastAt, length } of store.list()) {
      if (isDisposed) break
      if (isOver(lastAt) && (await removeIdle(key, length))) removed++
    }
    return removed
  }

  /** A run that began in time goes on with what it has read; one that begins now finds nothing. */
  async function removeIdle(key: string, length: number): Promise<boolean> {
    if (!(await store.lease(key, searcher, leaseMs))) return false
    try {
      return await store.remove(key, length)
    } finally {
      await store.release(key, searcher)
    }
  }

  const cleanUp = (): Promise<number> => {
    searching ??= search().finally(() => {
      searching = undefined
    })
    return searching
  }

  const report = (thrown: unknown): void => {
    const message = `conversations cannot be searched: ${messageOf(thrown)}`
    const help = 'look at the store; the next search comes by itself'
    callUnheeded(
      () => onError?.(new SallyportError('bad-history', message, { help, cause: thrown })),
      (error) => {
        process.emitWarning(`onError of \`historyManager\` threw: ${visible(messageOf(error))}`)
      },
    )
  }
  const timer =
    cleanupIntervalMs === undefined
      ? undefined
      : setInterval(() => void cleanUp().catch(report), cleanupIntervalMs).unref()

  async function dispose(): Promise<void> {
    isDisposed = true
    clearInterval(timer)
    await searching?.catch(() => undefined)
  }

  return {
    async read(key) {
      const entries = await store.read(key)
      const last = entries.at(-1)
      if (last === undefined || !isOver(last.at)) return entries
      // whoever has extended it since has made a conversation of it that is not over
      return (await store.remove(key, entries.length)) ? [] : store.read(key)
    },
    append: (key, expectedLength, entries) => store.append(key, expectedLength, entries),
    remove: (key, expectedLength) => store.remove(key, expectedLength),
    async *list() {
      for await (const kept of store.list()) if (!isOver(kept.lastAt)) yield kept
    },
    lease: (key, holder, ms) => store.lease(key, holder, ms),
    release: (key, holder) => store.release(key, holder),
    cleanUp,
    dispose,
    async close() {
      await dispose()
      await store.close()
    },
  }
}

function timeOf(clock: Clock): number {
  const now = clock.now()
  if (Number.isFinite(now)) return now
  throw new SallyportError('bad-history', 'the clock does not tell the time', {
    help: 'pass a `clock` whose `now` gives milliseconds since the epoch',
  })
}
