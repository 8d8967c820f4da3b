import { SallyportError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import type { JournalRecord } from '../journal/journal.ts'
import { hasMethods } from '../protocol/option-checks.ts'
import type { Report } from './report.ts'

/** Members of a report that every view reads, and what each has to be. */
const members: Readonly<Record<string, (value: unknown) => boolean>> = {
  header: isObject,
  rows: Array.isArray,
  modelCalls: Array.isArray,
  limits: Array.isArray,
  totals: isObject,
  end: isObject,
  openCalls: Array.isArray,
}

/** The report; throws `bad-option` for what is none, such as the result of a run, which holds one. */
export function checkReport(value: Report): Report {
  const isReport =
    isObject(value) && Object.entries(members).every(([name, fits]) => fits(value[name]))
  if (isReport) return value
  throw new SallyportError('bad-option', 'this is no report', {
    help: 'pass the `report` of a result, or what `readReport`, `parseReport` or `foldReport` gives',
  })
}

type Records = Iterable<JournalRecord> | AsyncIterable<JournalRecord>

/** The records; throws `bad-option` for what cannot be read one after another. */
export function checkRecords<Given extends Records>(records: Given): Given {
  return checkIterable('records', records, 'pass what `journal.read(runId)` gives')
}

/** The value; throws `bad-option` for what has no items, and for a text such as a path. */
export function checkIterable<Value>(name: string, value: Value, help: string): Value {
  const isIterable =
    typeof value === 'object' &&
    value !== null &&
    (Symbol.iterator in value || Symbol.asyncIterator in value)
  if (isIterable) return value
  throw new SallyportError('bad-option', `\`${name}\` cannot be read`, { help })
}

/** Throws `bad-option` for what is no list of texts. */
export function checkList(name: string, value: unknown, help: string): void {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return
  throw new SallyportError('bad-option', `\`${name}\` is not a list of texts`, { help })
}

/** A journal that is only read. */
export const checkReader = hasMethods(
  'a journal',
  ['list', 'read'],
  'make one with `sqliteJournal`, `jsonlJournal` or `memoryJournal`',
)
