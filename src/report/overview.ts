import { compareTexts } from '../base/text.ts'
import { addCost, addUsage, noUsage, type Cost, type Usage } from '../protocol/usage.ts'
import { bucketsOf, type Bucket } from './buckets.ts'
import type { Outline } from './long.ts'
import type { Redaction, Report } from './report.ts'
import type { CallSummary, Outcome } from './summary.ts'
import type { Verdict } from './verification.ts'

/** Many runs at a glance; plain data. Ties are broken by name, so that equal runs give equal bytes. */
export interface Overview {
  readonly version: 1
  /** Oldest first. */
  readonly runs: readonly RunLine[]
  readonly totals: Totals
  /** What calls came to, most refused first. */
  readonly byTool: readonly Group[]
  readonly byRule: readonly Group[]
  readonly byPrincipal: readonly Group[]
  /** Runs by the time they began, UTC, without gaps. */
  readonly overTime: Bucket<Totals>
  /** Runs and files that could not be read. */
  readonly unreadable: readonly Unreadable[]
  /** What was taken out of all of it. */
  readonly redaction?: Redaction
}

export interface RunLine {
  readonly journal: string
  readonly runId: string
  readonly session?: string
  /** Null when the caller could not be authenticated. */
  readonly subject: string | null
  readonly agent: string | null
  readonly policy: string
  readonly models: readonly string[]
  readonly status: Report['end']['status']
  readonly shadow: boolean
  readonly startedAt: string
  readonly durationMs: number
  readonly counts: Readonly<Record<Outcome, number>>
  readonly calls: number
  readonly usage: Usage
  readonly cost?: Cost
  /** Null for a report in JSON, of which nothing can be verified. */
  readonly verdict: Verdict | null
  readonly head: string | null
}

/** Sums over runs or over calls. */
export interface Totals {
  readonly runs: number
  readonly calls: number
  readonly counts: Readonly<Record<Outcome, number>>
  readonly usage: Usage
  readonly cost?: Cost
}

/** Calls with something in common, and the runs they stand in. */
export interface Group {
  readonly name: string
  readonly runs: number
  readonly calls: number
  readonly counts: Readonly<Record<Outcome, number>>
}

export interface Unreadable {
  readonly journal: string
  readonly runId?: string
  readonly message: string
}

type Counts = Record<Outcome, number>

interface GrowingGroup {
  readonly counts: Counts
  calls: number
  runs: number
  /** The run that was counted last. */
  last: number
}

/** Different tools, rules and principals that are told apart; the others are one. */
const mostGroups = 10_000

const others = '(others)'

/** Gathers runs one after another, and keeps a line of each. */
export class OverviewFold {
  readonly #runs: RunLine[] = []
  readonly #unreadable: Unreadable[] = []
  readonly #redaction: Redaction | undefined
  readonly #tools = new Map<string, GrowingGroup>()
  readonly #rules = new Map<string, GrowingGroup>()
  readonly #principals = new Map<string, GrowingGroup>()

  /** With what was taken out of the runs before they are added. */
  constructor(redaction?: Redaction) {
    this.#redaction = redaction
  }

  /** Takes a call of the run that is added next. */
  addCall(call: CallSummary): void {
    this.#count(this.#tools, call.row.tool, call.outcome)
    this.#count(this.#rules, call.rule, call.outcome)
  }

  addRun({ report, summary }: Outline, journal: string, verdict: Verdict | null): void {
    const { header, end, totals, shadow, head } = report
    const { counts } = summary
    const { session, principal } = header
    const name = principal?.subject ?? 'not authenticated'
    const group = this.#groupOf(this.#principals, name)
    for (const outcome of outcomes) group.counts[outcome] += counts[outcome]
    group.calls += totals.calls
    this.#runs.push({
      journal,
      runId: header.runId,
      ...(session === undefined ? {} : { session }),
      subject: principal?.subject ?? null,
      agent: header.actor,
      policy: header.policy.name,
      models: header.models,
      status: end.status,
      shadow,
      startedAt: header.startedAt,
      durationMs: header.durationMs,
      counts,
      calls: totals.calls,
      usage: totals.usage,
      ...(totals.cost === undefined ? {} : { cost: totals.cost }),
      verdict,
      head,
    })
  }

  addUnreadable(entry: Unreadable): void {
    this.#unreadable.push(entry)
  }

  overview(): Overview {
    const runs = this.#runs.toSorted(
      (a, b) =>
        compareTexts(a.startedAt, b.startedAt) ||
        compareTexts(a.runId, b.runId) ||
        compareTexts(a.journal, b.journal),
    )
    return {
      version: 1,
      runs,
      totals: totalsOf(runs),
      byTool: groupsOf(this.#tools),
      byRule: groupsOf(this.#rules),
      byPrincipal: groupsOf(this.#principals),
      overTime: bucketsOf(runs, totalsOf),
      unreadable: this.#unreadable,
      ...(this.#redaction === undefined ? {} : { redaction: this.#redaction }),
    }
  }

  #count(groups: Map<string, GrowingGroup>, name: string, outcome: Outcome): void {
    const group = this.#groupOf(groups, name)
    group.counts[outcome]++
    group.calls++
  }

  /** The group, which knows of the run that is being gathered. */
  #groupOf(groups: Map<string, GrowingGroup>, wanted: string): GrowingGroup {
    const name = groups.size < mostGroups || groups.has(wanted) ? wanted : others
    let group = groups.get(name)
    if (group === undefined) {
      group = { counts: noCounts(), calls: 0, runs: 0, last: -1 }
      groups.set(name, group)
    }
    if (group.last !== this.#runs.length) {
      group.last = this.#runs.length
      group.runs++
    }
    return group
  }
}

const outcomes = ['executed', 'refused', 'failed', 'waiting', 'stopped'] as const

function noCounts(): Counts {
  return { executed: 0, refused: 0, failed: 0, waiting: 0, stopped: 0 }
}

function totalsOf(runs: readonly RunLine[]): Totals {
  const counts = noCounts()
  let calls = 0
  let usage: Usage = noUsage
  let cost: Cost | undefined
  for (const run of runs) {
    for (const outcome of outcomes) counts[outcome] += run.counts[outcome]
    calls += run.calls
    usage = addUsage(usage, run.usage)
    cost = addCost(cost, run.cost)
  }
  return { runs: runs.length, calls, counts, usage, ...(cost === undefined ? {} : { cost }) }
}

function groupsOf(groups: ReadonlyMap<string, GrowingGroup>): readonly Group[] {
  return [...groups]
    .map(([name, { runs, calls, counts }]) => ({ name, runs, calls, counts }))
    .toSorted(
      (a, b) =>
        b.counts.refused - a.counts.refused || b.calls - a.calls || compareTexts(a.name, b.name),
    )
}
