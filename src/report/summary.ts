import type { RuleReference } from '../protocol/decision.ts'
import { plural } from './format.ts'
import type { CallRow, Redaction, Report, ResultChange } from './report.ts'

/** What became of a call, in one word. */
export type Outcome = 'executed' | 'refused' | 'failed' | 'waiting' | 'stopped'

/** A row with what every view says about it. */
export interface CallSummary {
  readonly row: CallRow
  readonly outcome: Outcome
  /** `allow`, `ask`, `deny`, or `none` for a call that was never judged. */
  readonly effect: 'allow' | 'ask' | 'deny' | 'none'
  /** True when the policy would have refused the call or asked, but ran in shadow mode. */
  readonly shadowed: boolean
  /** Id of the deciding rule; `none` for a call that was never judged. */
  readonly rule: string
  /** Where the deciding rule stands, if it stands in a file. */
  readonly place: RuleReference | undefined
  /** Why the call was refused, failed, or would have been refused; empty for others. */
  readonly reasons: readonly string[]
  /** How to repair it. */
  readonly help: string | undefined
}

export interface Summary {
  readonly tone: 'good' | 'attention' | 'bad'
  /** One line: how the run ended and what became of its calls. */
  readonly headline: string
  readonly calls: readonly CallSummary[]
  readonly counts: Readonly<Record<Outcome, number>>
}

const outcomes: Readonly<Record<CallRow['status'], Outcome>> = {
  success: 'executed',
  'error-parsing': 'refused',
  'error-validation': 'refused',
  'error-not-found': 'refused',
  'error-security': 'refused',
  'error-execution': 'failed',
  'error-output': 'failed',
  timeout: 'failed',
  cancelled: 'stopped',
  'denied-by-human': 'refused',
  'approval-expired': 'refused',
  truncated: 'refused',
  abandoned: 'failed',
  'unknown-outcome': 'failed',
  skipped: 'stopped',
}

export const endings: Readonly<Record<Report['end']['status'], string>> = {
  completed: 'completed',
  'needs-approval': 'waits for approval',
  limit: 'stopped at a limit',
  denied: 'denied',
  cancelled: 'cancelled',
  timeout: 'out of time',
  error: 'failed',
  open: 'has no end',
}

/** The words all views share, so that they never tell two stories. */
export function summarize(report: Report): Summary {
  const calls = report.rows.map(summarizer(report))
  const tally = new Tally()
  for (const call of calls) tally.add(call)
  return { ...tally.summary(report), calls }
}

/** Says of each call of a report what every view says. */
export function summarizer({
  openCalls,
}: Pick<Report, 'openCalls'>): (row: CallRow) => CallSummary {
  const waiting = new Set(
    openCalls.filter((call) => call.missing === 'approval').map((call) => call.callId),
  )
  return (row) => summarizeCall(row, waiting.has(row.callId))
}

/** Counts calls, one after another. */
export class Tally {
  readonly #counts = { executed: 0, refused: 0, failed: 0, waiting: 0, stopped: 0 }
  #calls = 0
  #shadowed = 0

  add({ outcome, shadowed }: CallSummary): void {
    this.#calls++
    this.#counts[outcome]++
    if (shadowed && outcome !== 'refused') this.#shadowed++
  }

  /** What the counts say of the run. */
  summary(report: Pick<Report, 'end' | 'shadow'>): Omit<Summary, 'calls'> {
    const counts = this.#counts
    const parts = (['executed', 'refused', 'failed', 'waiting', 'stopped'] as const)
      .filter((outcome) => counts[outcome] > 0)
      .map((outcome) => `${counts[outcome]} ${outcome}`)
    if (this.#shadowed > 0) parts.push(`${this.#shadowed} only by shadow mode`)
    const calls = [plural(this.#calls, 'call'), ...parts].join(', ')
    const headline = `run ${endings[report.end.status]}: ${calls}`
    return { tone: toneOf(report, counts), headline, counts }
  }
}

/** `waits` for people. */
export function summarizeCall(row: CallRow, waits: boolean): CallSummary {
  const { decision } = row
  const outcome = waits ? 'waiting' : outcomes[row.status]
  const shadowed = decision?.shadow === true && decision.effect !== 'allow'
  return {
    row,
    outcome,
    effect: decision?.effect ?? 'none',
    shadowed,
    rule: decision?.rule ?? 'none',
    place: decision?.rules.find((rule) => rule.id === decision.rule),
    reasons: outcome === 'executed' && !shadowed ? answered(row) : reasonsOf(row),
    help: row.error?.help,
  }
}

/** A call that succeeded without its tool: a plugin stood in for it. */
function answered({ attempts }: CallRow): readonly string[] {
  return attempts > 0 ? [] : ['a wrapper answered in place of the tool, which did not run']
}

/** Errors that only repeat that something refused the call, not why. */
const echoes = new Set(['denied', 'approval-denied'])

/** The words of the people who answered, of the policy and of the error, each once. */
function reasonsOf(row: CallRow): readonly string[] {
  const answers = row.approvals
    .flatMap((approval) => approval.answers)
    .filter((answer) => answer.action === 'deny')
  const said = new Set(answers.map((answer) => answer.reason))
  const reasons = [
    ...answers.map(({ by, reason }) => {
      const who = by === null ? 'somebody' : `\`${by.subject}\``
      return `refused by ${who}${reason === undefined ? '' : `: ${reason}`}`
    }),
    ...(row.decision?.effect === 'allow' ? [] : (row.decision?.reasons ?? [])),
    ...askedReasons(row),
  ].filter((reason) => !said.has(reason))
  if (row.error !== undefined && (reasons.length === 0 || !echoes.has(row.error.code))) {
    reasons.push(row.error.message)
  }
  return [...new Set(reasons)]
}

/** Why people were asked, for a call whose last decision is their answer. */
function askedReasons(row: CallRow): readonly string[] {
  const asked = row.earlierDecisions?.findLast((decision) => decision.effect === 'ask')
  if (asked === undefined || row.decision?.effect !== 'deny') return []
  return asked.reasons.map((reason) => `asked by \`${asked.rule}\`: ${reason}`)
}

function toneOf(
  report: Pick<Report, 'end' | 'shadow'>,
  counts: Summary['counts'],
): Summary['tone'] {
  const { status } = report.end
  if (counts.failed > 0 || status === 'error' || status === 'timeout') return 'bad'
  const calm = status === 'completed' && counts.refused === 0 && counts.stopped === 0
  return calm && !report.shadow ? 'good' : 'attention'
}

/** What output rules took out of a result, in a line; the first 16 kinds. */
export function changesText(changes: readonly ResultChange[]): string {
  const shown = changes
    .slice(0, 16)
    .map(({ what, count }) =>
      what === 'failed' ? 'everything: the rules could not be applied' : `${count} × ${what}`,
    )
  const more = changes.length - shown.length
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ')
}

/** What was taken out of a report before it was rendered, in a line. */
export function redactionText({ pointers, names, patterns, values }: Redaction): string {
  const parts = [
    ...(pointers.length === 0 ? [] : [`arguments at ${pointers.join(', ')}`]),
    ...(names.length === 0 ? [] : [`members named ${names.join(', ')}`]),
    ...(patterns === 0 ? [] : [plural(patterns, 'pattern')]),
    ...(values === 0 ? [] : [plural(values, 'known secret')]),
    'texts that look like keys',
  ]
  return `taken out of this report: ${parts.join('; ')}`
}

/** The number people call a call by: its turn and its place in the turn. */
export function callNumber(row: CallRow): string {
  return `${row.turn}.${row.index}`
}
