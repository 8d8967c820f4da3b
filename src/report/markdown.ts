import { placeText } from '../protocol/place.ts'
import { delegatedText } from './agents.ts'
import { formatCost, formatDuration, formatNumber, plural } from './format.ts'
import { markdownCode, RowsInRoom, table, type CutRows, type Row } from './markdown-text.ts'
import type { Report } from './report.ts'
import { callNumber, redactionText, summarize, type CallSummary, type Summary } from './summary.ts'
import type { Verification } from './verification.ts'
import { checkReport } from './given.ts'

export interface MarkdownOptions {
  /** UTF-16 code units at most; from 32,768. Default 65,536, which a comment on GitHub holds. */
  readonly maxLength?: number
  /** The outcome of verifying the journal behind the report. */
  readonly verification?: Verification
}

/**
 * The report as Markdown (GitHub's), to be posted on a pull request: the verdict, then every call
 * that was not simply allowed and done, the rest folded away. What does not fit is counted. All text
 * from outside stands in code spans, where nothing is a mention, a reference, a link or markup;
 * invisible characters are written as `\u{...}`. The same report gives the same text.
 */
export function renderMarkdown(report: Report, options: MarkdownOptions = {}): string {
  const { calls, ...summary } = summarize(checkReport(report))
  const rows = new MarkdownCalls(options)
  for (const call of calls) rows.add(call)
  return markdownText(report, summary, rows, options)
}

/** The rows of calls, one after another; of those there is no room for nothing is kept. */
export class MarkdownCalls {
  readonly #notable: RowsInRoom
  readonly #all: RowsInRoom

  constructor(options: MarkdownOptions) {
    this.#notable = new RowsInRoom(longest(options))
    this.#all = new RowsInRoom(longest(options))
  }

  add(call: CallSummary): void {
    if (isNotable(call)) this.#notable.add(() => notableRow(call))
    this.#all.add(() => callRow(call))
  }

  cut(room: number): { readonly notable: CutRows; readonly all: CutRows } {
    const notable = this.#notable.cut(room)
    return { notable, all: this.#all.cut(room - notable.length) }
  }
}

function longest({ maxLength = 65_536 }: MarkdownOptions): number {
  return Math.max(32_768, maxLength)
}

export function markdownText(
  report: Report,
  summary: Pick<Summary, 'tone' | 'headline'>,
  calls: MarkdownCalls,
  options: MarkdownOptions,
): string {
  const head = headLines(report, summary)
  const foot = [...usageLines(report), ...proofLines(report, options.verification)]
  const frame = [...head, ...foot].join('\n').length
  const { notable, all } = calls.cut(longest(options) - frame - 512)
  return [
    ...head,
    ...table(['', 'call', 'tool', 'status', 'decided by', 'why'], notable),
    ...(report.totals.calls === 0
      ? []
      : folded(
          plural(report.totals.calls, 'call'),
          table(['', 'call', 'tool', 'effect', 'decided by', 'time'], all),
        )),
    ...foot,
    '',
  ].join('\n')
}

const marks: Readonly<Record<CallSummary['outcome'], string>> = {
  executed: '✅',
  refused: '⛔',
  failed: '❌',
  waiting: '⏳',
  stopped: '⏹️',
}

const tones: Readonly<Record<Summary['tone'], string>> = {
  good: '✅',
  attention: '⚠️',
  bad: '❌',
}

function markOf({ shadowed, outcome }: CallSummary): string {
  return shadowed && outcome === 'executed' ? '⚠️' : marks[outcome]
}

function headLines(
  report: Report,
  { tone, headline }: Pick<Summary, 'tone' | 'headline'>,
): readonly string[] {
  const { header } = report
  const { policy, principal } = header
  const caller = principal === null ? 'not authenticated' : markdownCode(principal.subject, 100)
  const file = policy.file === undefined ? '' : ` in ${markdownCode(policy.file, 200)}`
  return [
    `## ${tones[tone]} ${headline}`,
    '',
    ...(report.shadow
      ? ['**Shadow mode: decisions of the policy were recorded, not enforced.**', '']
      : []),
    `Run ${markdownCode(header.runId, 100)} for ${caller} under ${markdownCode(policy.name, 100)}${file}`,
    '',
    ...(header.redaction === undefined
      ? []
      : [`- ${markdownCode(redactionText(header.redaction), 500)}`]),
    ...report.limits
      .slice(0, 8)
      .map(
        ({ limit, message }) =>
          `- limit ${markdownCode(limit, 100)}: ${markdownCode(message, 300)}`,
      ),
    ...errorLines(report),
  ]
}

function errorLines({ end: { error } }: Report): readonly string[] {
  if (error === undefined) return []
  const help = error.help === undefined ? '' : ` ${markdownCode(error.help, 300)}`
  return [`- error ${markdownCode(error.code, 100)}: ${markdownCode(error.message, 500)}${help}`]
}

function isNotable(call: CallSummary): boolean {
  return call.outcome !== 'executed' || call.effect !== 'allow'
}

function ruleCell({ rule, place }: CallSummary): string {
  const at = place === undefined ? '' : ` ${markdownCode(placeText(place), 200)}`
  return `${markdownCode(rule, 100)}${at}`
}

function notableRow(call: CallSummary): Row {
  const { row, reasons, help } = call
  const why = [...reasons.slice(0, 4), ...(help === undefined ? [] : [help])]
  return [
    markOf(call),
    callNumber(row),
    markdownCode(row.tool, 100),
    row.status,
    ruleCell(call),
    why.map((reason) => markdownCode(reason, 400)).join('<br>'),
  ]
}

function callRow(call: CallSummary): Row {
  const { row } = call
  const time = row.attempts > 0 ? formatDuration(row.executionMs) : '-'
  return [
    markOf(call),
    callNumber(row),
    markdownCode(row.tool, 100),
    call.effect,
    ruleCell(call),
    time,
  ]
}

function usageLines({ totals, header }: Report): readonly string[] {
  const { usage, cost } = totals
  const money = cost === undefined ? 'cost unknown' : formatCost(cost)
  const delegated = delegatedText(totals)
  const { parent } = header
  const models = header.models.slice(0, 8).map((model) => markdownCode(model, 100))
  return [
    '',
    `${plural(totals.turns, 'turn')} of ${models.join(', ')}, ${formatNumber(usage.inputTokens)} input and ${formatNumber(usage.outputTokens)} output tokens, ${money}, ${formatDuration(header.durationMs)}`,
    ...(delegated === undefined ? [] : ['', `In runs of agents: ${delegated}`]),
    ...(parent === undefined
      ? []
      : ['', `For call ${markdownCode(parent.callId, 200)} of ${markdownCode(parent.runId, 200)}`]),
  ]
}

function proofLines(
  { head, header }: Report,
  verification: Verification | undefined,
): readonly string[] {
  const digests = [
    `- head of the journal: ${markdownCode(head ?? 'none', 100)}`,
    `- policy: ${markdownCode(header.policy.digest, 100)}`,
  ]
  if (verification === undefined) {
    return folded('What this proves', [
      ...digests,
      '- nothing by itself: check the journal with `sallyport verify` and compare the head',
    ])
  }
  const { verdict, message, proved, notProved } = verification
  return folded(`What this proves: ${verdict}`, [
    ...digests,
    `- ${markdownCode(message, 300)}`,
    ...proved.map((claim) => `- proved: ${markdownCode(claim, 500)}`),
    ...notProved.map((claim) => `- not proved: ${markdownCode(claim, 500)}`),
  ])
}

function folded(title: string, lines: readonly string[]): readonly string[] {
  return ['', '<details>', `<summary>${title}</summary>`, '', ...lines, '', '</details>']
}
