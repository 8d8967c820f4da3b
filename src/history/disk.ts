import { systemClock, type Clock } from '../base/clock.ts'
import { checkText } from '../base/options.ts'
import { checkGiven, isClock } from '../protocol/option-checks.ts'
import { lazyStore } from './lazy-store.ts'
import type { HistoryStore } from './store.ts'

/**
 * Keeps conversations in a folder, which is made where it is missing, for its user alone (mode
 * 0700). Any number of processes of one machine may share it. A conversation is a folder by the
 * SHA-256 of its name, so that no name leads elsewhere; each append is a file in it that is written
 * and synced before it gets its name, which only one of several writers can give. Leases are timed
 * by the wall clock.
 *
 * Rejects with `bad-history` what cannot be read or written, and files that somebody has altered
 * such that they are no conversation. Throws `bad-option` for what is no path or no clock.
 *
 * @example
 * ```ts
 * const runtime = createRuntime({ model, history: diskHistory('chats') })
 * const { text } = await runtime.run({ input: 'Where were we?', session: 'chat-1' }).result()
 * ```
 */
export function diskHistory(
  folder: string,
  options: { readonly clock?: Clock } = {},
): HistoryStore {
  checkText('folder', folder)
  checkGiven(options, { clock: isClock })
  const { clock = systemClock } = options
  return lazyStore(async () => {
    const { DiskFolder } = await import('./disk-folder.ts')
    return new DiskFolder(folder, clock)
  })
}
