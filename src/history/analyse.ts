import { checkNumber, checkOptions } from '../base/options.ts'
import { readTime } from '../base/time-text.ts'
import type { Message } from '../protocol/message.ts'
import {
  addCost,
  addUsage,
  noUsage,
  type Cost,
  type FinishUnified,
  type Usage,
} from '../protocol/usage.ts'
import { SallyportError } from '../base/errors.ts'
import type { HistoryEntry, ModelCall } from './entry.ts'

/** As much of an entry as is looked at: entries of a store, or what `entriesOf` makes of a journal. */
export type AnalysedEntry = Pick<HistoryEntry, 'at' | 'calls'> & {
  readonly message: Pick<Message, 'role'>
}

/** What is counted. Everything that is given has to hold; an empty list holds for nothing. */
export interface HistoryQuery {
  /** Said at this time or later: RFC 3339 text, with its zone, or a date (UTC). */
  readonly start?: string | Date
  /** Said before this time. */
  readonly end?: string | Date
  /** Names of models, as they stand in the entries. Messages without a model call are left out. */
  readonly models?: readonly string[]
  readonly roles?: readonly Message['role'][]
  /** Model calls that have cost at least so much, in US dollars; others are left out. */
  readonly minCost?: number
  readonly finishReasons?: readonly FinishUnified[]
}

/** What model calls add up to. */
export interface CallTotals {
  readonly calls: number
  readonly usage: Usage
  /** Absent where none of them has a known cost; of several sources the least certain is named. */
  readonly cost?: Cost
}

export interface HistoryStatistics extends CallTotals {
  readonly messages: number
  readonly byRole: Readonly<Partial<Record<Message['role'], number>>>
  /** By the name of the model. */
  readonly byModel: Readonly<Record<string, CallTotals>>
  /** Model calls by why the model stopped. */
  readonly finishReasons: Readonly<Partial<Record<FinishUnified, number>>>
  /** When the first and the last message was said, RFC 3339; absent where there is none. */
  readonly first?: string
  readonly last?: string
}

/** What model calls of one minute, hour or day add up to. */
export interface TimeBucket extends CallTotals {
  /** When it begins, in UTC, RFC 3339. */
  readonly at: string
}

export type TimeUnit = 'minute' | 'hour' | 'day'

const noTotals: CallTotals = { calls: 0, usage: noUsage }
const queryNames = ['start', 'end', 'models', 'roles', 'minCost', 'finishReasons']

/**
 * Counts messages, model calls, tokens and money. Throws `bad-option` for a query that is none.
 *
 * @example
 * ```ts
 * const entries = await store.read(historyKey('chat-1', principal))
 * const { cost, messages } = analyseHistory(entries, { start: '2026-11-01T00:00:00Z' })
 * ```
 */
export function analyseHistory(
  entries: Iterable<AnalysedEntry>,
  query: HistoryQuery = {},
): HistoryStatistics {
  const byRole: Partial<Record<Message['role'], number>> = {}
  const finishReasons: Partial<Record<FinishUnified, number>> = {}
  const byModel = new Map<string, CallTotals>()
  const times: string[] = []
  let totals = noTotals
  for (const { entry, calls } of selected(entries, query)) {
    const { role } = entry.message
    byRole[role] = (byRole[role] ?? 0) + 1
    times.push(entry.at)
    for (const call of calls) {
      totals = plus(totals, call)
      byModel.set(call.model, plus(byModel.get(call.model), call))
      const reason = call.finishReason?.unified
      if (reason !== undefined) finishReasons[reason] = (finishReasons[reason] ?? 0) + 1
    }
  }
  const [first, last] = [earliest(times, 1), earliest(times, -1)]
  return {
    ...totals,
    messages: times.length,
    byRole,
    byModel: Object.fromEntries(byModel),
    finishReasons,
    ...(first === undefined ? {} : { first }),
    ...(last === undefined ? {} : { last }),
  }
}

/**
 * What model calls have cost and used in each minute, hour or day of UTC, in order of time; those
 * without a call are left out. Throws `bad-option` for a query that is none.
 *
 * @example
 * ```ts
 * const entries = await store.read(historyKey('chat-1', principal))
 * for (const { at, cost } of costOverTime(entries, 'day')) console.log(at, cost?.amount)
 * ```
 */
export function costOverTime(
  entries: Iterable<AnalysedEntry>,
  unit: TimeUnit,
  query: HistoryQuery = {},
): readonly TimeBucket[] {
  if (!Object.hasOwn(unitDigits, unit)) {
    throw new SallyportError('bad-option', '`unit` is not one of its words', {
      help: "pass 'minute', 'hour' or 'day'",
    })
  }
  const buckets = new Map<string, CallTotals>()
  for (const { calls } of selected(entries, query)) {
    for (const call of calls) {
      const at = beginning(call.at, unitDigits[unit])
      buckets.set(at, plus(buckets.get(at), call))
    }
  }
  return [...buckets]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([at, totals]) => ({ at, ...totals }))
}

/** Characters of an RFC 3339 time in UTC that name the unit. */
const unitDigits: Readonly<Record<TimeUnit, number>> = { minute: 16, hour: 13, day: 10 }

function beginning(at: string, digits: number): string {
  const time = new Date(at).toISOString()
  return time.slice(0, digits) + '0000-01-01T00:00:00.000Z'.slice(digits)
}

/**
 * The tokens that each model has read and written. Throws `bad-option` for a query that is none.
 *
 * @example
 * ```ts
 * const entries = await store.read(historyKey('chat-1', principal))
 * console.table(tokensByModel(entries, { roles: ['assistant'] }))
 * ```
 */
export function tokensByModel(
  entries: Iterable<AnalysedEntry>,
  query: HistoryQuery = {},
): Readonly<Record<string, Usage>> {
  const { byModel } = analyseHistory(entries, query)
  return Object.fromEntries(Object.entries(byModel).map(([model, { usage }]) => [model, usage]))
}

function plus(totals: CallTotals = noTotals, { usage, cost: added }: ModelCall): CallTotals {
  const cost = addCost(totals.cost, added)
  return {
    calls: totals.calls + 1,
    usage: addUsage(totals.usage, usage),
    ...(cost === undefined ? {} : { cost }),
  }
}

function earliest(times: readonly string[], sign: 1 | -1): string | undefined {
  let found: string | undefined
  for (const at of times) {
    if (found === undefined || sign * (Date.parse(at) - Date.parse(found)) < 0) found = at
  }
  return found
}

/** The entries the query is about, with those of their model calls that it is about. */
function* selected(
  entries: Iterable<AnalysedEntry>,
  query: HistoryQuery,
): Generator<{ readonly entry: AnalysedEntry; readonly calls: readonly ModelCall[] }> {
  checkOptions('a query', query, queryNames)
  const { roles, models, minCost, finishReasons } = query
  if (minCost !== undefined) checkNumber('minCost', minCost, { min: 0 })
  const from = timeOf('start', query.start) ?? Number.NEGATIVE_INFINITY
  const to = timeOf('end', query.end) ?? Number.POSITIVE_INFINITY
  const asksForCalls = [models, minCost, finishReasons].some((part) => part !== undefined)
  for (const entry of entries) {
    const at = Date.parse(entry.at)
    if (!(at >= from && at < to)) continue
    if (roles !== undefined && !roles.includes(entry.message.role)) continue
    const calls = (entry.calls ?? []).filter(
      ({ model, cost, finishReason }) =>
        (models?.includes(model) ?? true) &&
        (minCost === undefined || (cost !== undefined && cost.amount >= minCost)) &&
        (finishReasons === undefined ||
          (finishReason !== undefined && finishReasons.includes(finishReason.unified))),
    )
    if (calls.length > 0 || !asksForCalls) yield { entry, calls }
  }
}

function timeOf(name: string, time: string | Date | undefined): number | undefined {
  if (time === undefined) return undefined
  const value = time instanceof Date ? time.getTime() : readTime(String(time))
  if (value !== undefined && Number.isFinite(value)) return value
  throw new SallyportError('bad-option', `\`${name}\` is no time`, {
    help: "pass a Date, or a text such as '2026-11-21T00:00:00Z'",
  })
}
