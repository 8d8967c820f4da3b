import { SallyportError } from '../base/errors.ts'
import { checkNumber, checkOptions } from '../base/options.ts'
import type { Message } from '../protocol/message.ts'
import type { HistoryEntry } from './entry.ts'
import type { HistoryView } from './view.ts'

/** How much of a conversation there may be; one of the two has to be given. */
export interface HistoryBounds {
  /** Messages, results of calls included. */
  readonly maxMessages?: number
  readonly maxTokens?: number
  /** Default: a third of the bytes of its JSON text, which is rather too many. */
  readonly countTokens?: (message: Message) => number
}

/** Whether these entries are within the bounds. */
type Fits = (entries: readonly HistoryEntry[]) => boolean

/**
 * Shows the model the newest part of a conversation: as many whole exchanges, each from what the
 * user says up to the next, as are within the bounds. Of a last exchange that is too long alone its
 * beginning is shown and the newest of its answers, each with all its calls and their results;
 * nothing where that does not fit either. What is not shown is kept. Throws `bad-option` for bounds
 * that are none.
 *
 * @example
 * ```ts
 * const history = { store: diskHistory('chats'), view: windowed({ maxMessages: 40 }) }
 * const runtime = createRuntime({ model, history })
 * ```
 */
export function windowed(bounds: HistoryBounds): HistoryView {
  checkOptions('windowed', bounds, boundNames)
  const fits = boundedBy('windowed', bounds)
  return (entries) => ({ entries: newest(entries, fits) })
}

export const boundNames = ['maxMessages', 'maxTokens', 'countTokens']

export function boundedBy(owner: string, bounds: HistoryBounds, share = 1): Fits {
  const { maxMessages, maxTokens, countTokens = estimate } = bounds
  if (maxMessages === undefined && maxTokens === undefined) {
    throw new SallyportError('bad-option', `${owner} has no bound`, {
      help: 'give `maxMessages`, `maxTokens` or both',
    })
  }
  for (const [name, value] of Object.entries({ maxMessages, maxTokens })) {
    if (value !== undefined) checkNumber(name, value, { min: 1, integer: true })
  }
  if (typeof countTokens !== 'function') {
    throw new SallyportError('bad-option', '`countTokens` is not a function', {
      help: 'pass a function that counts the tokens of a message, or leave it out',
    })
  }
  return (entries) => {
    if (entries.length > (maxMessages ?? Infinity) * share) return false
    if (maxTokens === undefined) return true
    let tokens = 0
    for (const { message } of entries) tokens += countTokens(message)
    return tokens <= maxTokens * share
  }
}

function estimate(message: Message): number {
  return Math.ceil(Buffer.byteLength(JSON.stringify(message)) / 3)
}

/** The indices at which a user begins to speak. */
export function beginnings(entries: readonly HistoryEntry[]): readonly number[] {
  return entries.flatMap(({ message }, at) =>
    message.role === 'user' && entries[at - 1]?.message.role !== 'user' ? [at] : [],
  )
}

function newest(entries: readonly HistoryEntry[], fits: Fits): readonly HistoryEntry[] {
  if (fits(entries)) return entries
  const starts = beginnings(entries)
  for (const start of starts) {
    const part = entries.slice(start)
    if (fits(part)) return part
  }
  return shortened(entries.slice(starts.at(-1) ?? entries.length), fits)
}

/** One exchange without some of its first answers. */
function shortened(exchange: readonly HistoryEntry[], fits: Fits): readonly HistoryEntry[] {
  const answers = exchange.flatMap(({ message }, at) => (message.role === 'assistant' ? [at] : []))
  const asked = exchange.slice(0, answers[0] ?? exchange.length)
  for (const answer of answers) {
    const part = [...asked, ...exchange.slice(answer)]
    if (fits(part)) return part
  }
  return []
}
