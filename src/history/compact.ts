import { SallyportError } from '../base/errors.ts'
import { checkOptions } from '../base/options.ts'
import type { Message } from '../protocol/message.ts'
import type { HistoryView } from './view.ts'
import { beginnings, boundedBy, boundNames, type HistoryBounds } from './window.ts'

export interface CompactOptions extends HistoryBounds {
  /**
   * Writes what stands for these messages from now on, such as with a model of yours; an earlier
   * summary is the first of them. The run waits for it and fails where it does. The text is shown
   * to models as something a user says: begin it with what it is.
   */
  readonly summarise: (
    messages: readonly Message[],
    options: { readonly signal: AbortSignal },
  ) => string | Promise<string>
}

/**
 * Has the older part of a conversation summarised once it passes the bounds, up to where the newest
 * whole exchanges take half of them. The store keeps the summary, and everything that it stands for.
 * To policies a summary is as untrusted and as secret as that was, and no trusted source. Throws
 * `bad-option` for options that are none.
 *
 * @example
 * ```ts
 * const view = compacted({ maxTokens: 100_000, summarise: (messages) => summaryOf(messages) })
 * const runtime = createRuntime({ model, history: { store: diskHistory('chats'), view } })
 * ```
 */
export function compacted(options: CompactOptions): HistoryView {
  checkOptions('compacted', options, [...boundNames, 'summarise'])
  const { summarise } = options
  if (typeof summarise !== 'function') {
    throw new SallyportError('bad-option', '`summarise` is not a function', {
      help: 'pass a function that writes a text about the messages it is given',
    })
  }
  const fits = boundedBy('compacted', options)
  const fitsHalf = boundedBy('compacted', options, 1 / 2)
  return async (entries, { signal }) => {
    if (fits(entries)) return { entries }
    const cut = beginnings(entries).find((start) => start > 0 && fitsHalf(entries.slice(start)))
    const covers = cut ?? entries.length
    const messages = entries.slice(0, covers).map(({ message }) => message)
    const text = await summarise(messages, { signal })
    return { entries: entries.slice(covers), summary: { text, covers } }
  }
}
