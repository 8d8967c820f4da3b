import { styleText } from 'node:util'
import { shorten, visible } from '../base/text.ts'
import { columnsOf, pad, wrap } from './columns.ts'
import { formatCost, formatDuration, formatImage, formatNumber, plural } from './format.ts'
import { compactJson } from './json.ts'
import type { Report } from './report.ts'
import { placeText } from '../protocol/place.ts'
import {
  callNumber,
  changesText,
  summarize,
  type CallSummary,
  type Outcome,
  type Summary,
} from './summary.ts'
import { callTable, colorOf, longestList, more, symbolOf, type Paint } from './terminal-table.ts'

export interface TerminalOptions {
  /** Default false. */
  readonly color?: boolean
  /** Columns of the terminal. Default 80, at least 60. */
  readonly width?: number
  /** Where the HTML report was written. */
  readonly htmlPath?: string
}

/**
 * The report for a terminal, with a newline at the end: verdict, header, calls, what was refused
 * and why, totals. No line is wider than `width`. Control, invisible and bidirectional characters
 * from models, tools and policies are written as `\u{...}`.
 */
export function renderTerminal(report: Report, options: TerminalOptions = {}): string {
  const width = Math.max(60, options.width ?? 80)
  const paint: Paint = (color, text) =>
    options.color === true && color !== 'none'
      ? styleText(color, text, { validateStream: false })
      : text
  const summary = summarize(report)
  const of = (...outcomes: readonly Outcome[]): readonly CallSummary[] =>
    summary.calls.filter((call) => outcomes.includes(call.outcome))
  const lines = [
    ...verdict(report, summary, width, paint),
    ...header(report, width, paint),
    ...callTable(summary.calls, report.header.policy.file, width, paint),
    ...reasons('refused', of('refused'), width, paint),
    ...reasons('failed', of('failed', 'stopped'), width, paint),
    ...reasons('waiting for an answer', of('waiting'), width, paint),
    ...reasons(
      'not enforced (shadow mode)',
      of('executed').filter((call) => call.shadowed),
      width,
      paint,
    ),
    ...takenOut(summary.calls, width, paint),
    ...footer(report, width, paint, options.htmlPath),
  ]
  return `${lines.join('\n')}\n`
}

function verdict(report: Report, summary: Summary, width: number, paint: Paint): string[] {
  const color = ({ good: 'green', attention: 'yellow', bad: 'red' } as const)[summary.tone]
  const lines = wrap(summary.headline, width).map((line) => paint(color, line))
  if (!report.shadow) return lines
  const warning = 'SHADOW MODE: decisions of the policy were recorded, not enforced'
  return [...wrap(warning, width).map((line) => paint('yellow', line)), ...lines]
}

function header(report: Report, width: number, paint: Paint): string[] {
  const { header: head } = report
  const { policy, principal } = head
  const caller =
    principal === null
      ? 'not authenticated'
      : [
          head.actor === null
            ? principal.subject
            : `${principal.subject} through agent ${head.actor}`,
          ...(principal.roles.length === 0 ? [] : [`roles ${principal.roles.join(', ')}`]),
        ].join(' · ')
  return [
    ...field('run', head.runId, width, paint),
    ...field('caller', caller, width, paint),
    ...field(
      'policy',
      `${policy.name} (${policy.mode}) ${policy.digest.slice(0, 19)}… ${policy.file ?? ''}`.trim(),
      width,
      paint,
    ),
    ...field('model', `${head.models.join(', ')} at ${head.provider}`, width, paint),
    ...field('time', `${head.startedAt}, ${formatDuration(head.durationMs)}`, width, paint),
  ]
}

function field(name: string, text: string, width: number, paint: Paint): string[] {
  const indent = 10
  return wrap(shorten(text, 600), width - indent).map((line, index) =>
    index === 0
      ? `  ${paint('dim', pad(name, indent - 2))}${line}`
      : `${' '.repeat(indent)}${line}`,
  )
}

/** What output rules changed, whether the call went well or not. */
function takenOut(calls: readonly CallSummary[], width: number, paint: Paint): string[] {
  const changed = calls.filter(({ row }) => row.changes !== undefined)
  if (changed.length === 0) return []
  const shown = changed.slice(0, longestList)
  return [
    '',
    paint('bold', 'taken out of results'),
    ...shown.flatMap(({ row }) => [
      ...wrap(`${shorten(row.tool, 200)} (call ${callNumber(row)})`, width),
      ...field('out', changesText(row.changes ?? []), width, paint),
    ]),
    ...more(changed.length - shown.length, paint),
  ]
}

/** In one piece wherever it fits: it is copied to be kept elsewhere. */
function headField(head: string, width: number, paint: Paint): string[] {
  const close = columnsOf(head) + 10 > width && columnsOf(head) + 8 <= width
  return close ? [`  ${paint('dim', 'head')}  ${head}`] : field('head', head, width, paint)
}

function reasons(
  title: string,
  calls: readonly CallSummary[],
  width: number,
  paint: Paint,
): string[] {
  if (calls.length === 0) return []
  const shown = calls.slice(0, longestList)
  return [
    '',
    paint('bold', title),
    ...shown.flatMap((call) => {
      const { row, place, rule } = call
      const by = place === undefined ? rule : `${rule}  ${placeText(place)}`
      return [
        ...wrap(
          `${symbolOf(call)} ${shorten(row.tool, 200)} (call ${callNumber(row)}, ${row.status})`,
          width,
        ).map((line) => paint(colorOf(call), line)),
        ...field('by', by, width, paint),
        ...call.reasons.slice(0, 8).flatMap((reason) => field('why', reason, width, paint)),
        ...(row.args == null ? [] : field('args', compactJson(row.args), width, paint)),
        ...(call.help === undefined ? [] : field('fix', call.help, width, paint)),
      ]
    }),
    ...more(calls.length - shown.length, paint),
  ]
}

function footer(
  report: Report,
  width: number,
  paint: Paint,
  htmlPath: string | undefined,
): string[] {
  const { totals, end, limits } = report
  const { usage, cost } = totals
  const money =
    cost === undefined
      ? 'cost unknown'
      : `${formatCost(cost)}${totals.unpriced > 0 ? ` and ${plural(totals.unpriced, 'response')} of unknown cost` : ''}`
  return [
    '',
    ...limits.flatMap((limit) => field('limit', `${limit.limit}: ${limit.message}`, width, paint)),
    ...(end.error === undefined
      ? []
      : field('error', `${end.error.code}: ${end.error.message}`, width, paint)),
    ...(end.error?.help === undefined ? [] : field('fix', end.error.help, width, paint)),
    ...pictures(report, width, paint),
    ...field(
      'usage',
      `${plural(totals.turns, 'turn')} · ${formatNumber(usage.inputTokens)} input and ${formatNumber(usage.outputTokens)} output tokens · ${money}`,
      width,
      paint,
    ),
    ...(report.head === null ? [] : headField(visible(report.head), width, paint)),
    ...(htmlPath === undefined ? [] : field('html', htmlPath, width, paint)),
  ]
}

function pictures({ modelCalls }: Report, width: number, paint: Paint): string[] {
  const made = modelCalls.flatMap(({ turn, images = [] }) =>
    images.map((image) => `${formatImage(image)} (turn ${turn})`),
  )
  const left = made.length - longestList
  const shown = left > 0 ? [...made.slice(0, longestList), `and ${formatNumber(left)} more`] : made
  return shown.flatMap((text) => field('picture', text, width, paint))
}
