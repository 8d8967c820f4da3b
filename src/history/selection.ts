import { SallyportError } from '../base/errors.ts'
import { deepFreeze } from '../base/json.ts'
import type { HistoryEntry } from './entry.ts'
import { labelOf } from './label.ts'
import { unpaired } from './pairs.ts'
import type { HistoryView, ShownHistory } from './view.ts'

/** What is shown of a conversation, and the summary that is to be kept, if one was written. */
export interface Selection {
  readonly entries: readonly HistoryEntry[]
  readonly summary?: Pick<HistoryEntry, 'covers' | 'message'>
}

/** Characters of a summary; a longer one is refused. */
const maxSummary = 1_000_000

/**
 * Lets a view choose what the model sees of a conversation. Throws `bad-history` for a choice that
 * is none of the entries, changes their order, or splits a call from its result.
 */
export async function select(
  all: readonly HistoryEntry[],
  view: HistoryView | undefined,
  signal: AbortSignal,
): Promise<Selection> {
  const given = current(all)
  if (view === undefined) return { entries: given }
  // policies judge by the very entries a view is shown
  for (const entry of given) deepFreeze(entry)
  const chosen = (await view([...given], { signal })) as ShownHistory | undefined
  if (!Array.isArray(chosen?.entries)) throw unusable('it gives back no entries')
  const { entries, summary } = chosen
  checkChoice(given, entries)
  if (summary === undefined) return { entries }
  const { covers, text } = summary
  if (typeof text !== 'string' || text.trim() === '' || text.length > maxSummary) {
    throw unusable(`its summary is no text of 1 to ${maxSummary} characters`)
  }
  const covered = given.slice(0, covers)
  const isCount = Number.isInteger(covers) && covers >= 1 && covers <= given.length
  if (!isCount || unpaired(covered.map(({ message }) => message)) !== undefined) {
    throw unusable('its summary does not stand for whole calls with their results')
  }
  const isRepeated = entries.some((entry) => covered.includes(entry))
  if (isRepeated) throw unusable('it shows what its summary stands for')
  const next = given[covers]
  return {
    entries,
    summary: {
      message: { role: 'user', content: text, label: labelOf(covered) },
      covers: next === undefined ? all.length : all.indexOf(next),
    },
  }
}

/** The last summary and what came after all that it stands for; older summaries are in it. */
function current(all: readonly HistoryEntry[]): readonly HistoryEntry[] {
  const last = all.findLast(({ covers }) => covers !== undefined)
  if (last?.covers === undefined) return all
  return [last, ...all.slice(last.covers).filter(({ covers }) => covers === undefined)]
}

function checkChoice(given: readonly HistoryEntry[], chosen: readonly HistoryEntry[]): void {
  let after = -1
  for (const entry of chosen) {
    const at = given.indexOf(entry, after + 1)
    if (at < 0) throw unusable('it gives back entries that it was not given, or in another order')
    after = at
  }
  const broken = unpaired(chosen.map(({ message }) => message))
  if (broken !== undefined) throw unusable(`it leaves ${broken.problem}`)
}

function unusable(problem: string): SallyportError {
  return new SallyportError(
    'bad-history',
    `the \`view\` of the history cannot be used: ${problem}`,
    {
      help: 'use `windowed` or `compacted`, or choose whole exchanges of the given entries',
    },
  )
}
