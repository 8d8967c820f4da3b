import { detached } from '../base/detached.ts'
import { styleText } from 'node:util'
import { shorten, visible } from '../base/text.ts'
import { delegatedText } from './agents.ts'
import { columnsOf, pad, wrap } from './columns.ts'
import { formatCost, formatDuration, formatImage, formatNumber, plural } from './format.ts'
import { compactJson } from './json.ts'
import type { CallRow, ModelCallRow, Report } from './report.ts'
import { placeText } from '../protocol/place.ts'
import {
  callNumber,
  changesText,
  redactionText,
  summarize,
  type CallSummary,
  type Summary,
} from './summary.ts'
import { callTable, colorOf, more, Shortened, symbolOf, type Paint } from './terminal-table.ts'
import { checkReport } from './given.ts'

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
  const { calls, ...summary } = summarize(checkReport(report))
  const lists = new TerminalCalls(options)
  for (const call of calls) lists.add(call)
  for (const call of report.modelCalls) lists.addModelCall(call)
  return terminalText(report, summary, lists, options)
}

/** What a terminal shows of calls, one after another; of those that are left out nothing is kept. */
export class TerminalCalls {
  readonly all = new Shortened<CallSummary>()
  readonly changed = new Shortened<readonly string[]>()
  readonly pictures = new Shortened<string>()
  readonly #lists: Readonly<Record<string, Shortened<readonly string[]>>> = {
    refused: new Shortened(),
    failed: new Shortened(),
    'waiting for an answer': new Shortened(),
    'not enforced (shadow mode)': new Shortened(),
  }
  readonly #width: number
  readonly #paint: Paint

  constructor(options: TerminalOptions) {
    this.#width = widthOf(options)
    this.#paint = paintOf(options)
  }

  add(call: CallSummary): void {
    const { args: _args, ...row } = call.row
    this.all.add(() => ({ ...call, row }))
    const list = listOf(call)
    if (list !== undefined) {
      this.#lists[list]?.add(() => reasons(call, this.#width, this.#paint).map(detached))
    }
    if (row.changes !== undefined) {
      this.changed.add(() => takenOut(call.row, this.#width, this.#paint))
    }
  }

  addModelCall({ turn, images = [] }: ModelCallRow): void {
    for (const image of images) this.pictures.add(() => `${formatImage(image)} (turn ${turn})`)
  }

  get lists(): readonly (readonly [title: string, list: Shortened<readonly string[]>])[] {
    return Object.entries(this.#lists)
  }
}

function listOf({ outcome, shadowed }: CallSummary): string | undefined {
  if (outcome === 'executed') return shadowed ? 'not enforced (shadow mode)' : undefined
  if (outcome === 'waiting') return 'waiting for an answer'
  return outcome === 'refused' ? 'refused' : 'failed'
}

function widthOf({ width = 80 }: TerminalOptions): number {
  return Math.max(60, width)
}

function paintOf(options: TerminalOptions): Paint {
  return (color, text) =>
    options.color === true && color !== 'none'
      ? styleText(color, text, { validateStream: false })
      : text
}

export function terminalText(
  report: Report,
  summary: Pick<Summary, 'tone' | 'headline'>,
  calls: TerminalCalls,
  options: TerminalOptions,
): string {
  const width = widthOf(options)
  const paint = paintOf(options)
  const lines = [
    ...verdict(report, summary, width, paint),
    ...header(report, width, paint),
    ...callTable(calls.all, report.header.policy.file, width, paint),
    ...calls.lists.flatMap(([title, list]) => listLines(title, list, paint)),
    ...listLines('taken out of results', calls.changed, paint),
    ...footer(report, calls.pictures, { width, paint, htmlPath: options.htmlPath }),
  ]
  return `${lines.join('\n')}\n`
}

function listLines(
  title: string,
  { shown, left }: Shortened<readonly string[]>,
  paint: Paint,
): readonly string[] {
  return shown.length === 0 ? [] : ['', paint('bold', title), ...shown.flat(), ...more(left, paint)]
}

function verdict(
  report: Report,
  summary: Pick<Summary, 'tone' | 'headline'>,
  width: number,
  paint: Paint,
): string[] {
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
    ...(head.parent === undefined
      ? []
      : field('for', `call ${head.parent.callId} of ${head.parent.runId}`, width, paint)),
    ...field(
      'policy',
      `${policy.name} (${policy.mode}) ${policy.digest.slice(0, 19)}… ${policy.file ?? ''}`.trim(),
      width,
      paint,
    ),
    ...field('model', `${head.models.join(', ')} at ${head.provider}`, width, paint),
    ...(head.redaction === undefined
      ? []
      : field('note', redactionText(head.redaction), width, paint)),
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

/** Indented from the second line on, so that no name can pass for the next call. */
function titleLines(title: string, width: number): readonly string[] {
  const indent = 10
  return wrap(title, width - indent).map(
    (line, at) => `${at === 0 ? '' : ' '.repeat(indent)}${line}`,
  )
}

/** What output rules changed, whether the call went well or not. */
function takenOut(row: CallRow, width: number, paint: Paint): readonly string[] {
  return [
    ...titleLines(`${shorten(row.tool, 200)} (call ${callNumber(row)})`, width),
    ...field('out', changesText(row.changes ?? []), width, paint),
  ]
}

/** In one piece wherever it fits: it is copied to be kept elsewhere. */
function headField(head: string, width: number, paint: Paint): string[] {
  const close = columnsOf(head) + 10 > width && columnsOf(head) + 8 <= width
  return close ? [`  ${paint('dim', 'head')}  ${head}`] : field('head', head, width, paint)
}

function reasons(call: CallSummary, width: number, paint: Paint): readonly string[] {
  const { row, place, rule } = call
  const by = place === undefined ? rule : `${rule}  ${placeText(place)}`
  return [
    ...titleLines(
      `${symbolOf(call)} ${shorten(row.tool, 200)} (call ${callNumber(row)}, ${row.status})`,
      width,
    ).map((line) => paint(colorOf(call), line)),
    ...field('by', by, width, paint),
    ...call.reasons.slice(0, 8).flatMap((reason) => field('why', reason, width, paint)),
    ...(row.args == null ? [] : field('args', compactJson(row.args), width, paint)),
    ...(call.help === undefined ? [] : field('fix', call.help, width, paint)),
  ]
}

function footer(
  report: Report,
  made: Shortened<string>,
  {
    width,
    paint,
    htmlPath,
  }: { readonly width: number; readonly paint: Paint; readonly htmlPath: string | undefined },
): string[] {
  const { totals, end, limits } = report
  const { usage, cost } = totals
  const money =
    cost === undefined
      ? 'cost unknown'
      : `${formatCost(cost)}${totals.unpriced > 0 ? ` and ${plural(totals.unpriced, 'response')} of unknown cost` : ''}`
  const delegated = delegatedText(totals)
  return [
    '',
    ...limits.flatMap((limit) => field('limit', `${limit.limit}: ${limit.message}`, width, paint)),
    ...(end.error === undefined
      ? []
      : field('error', `${end.error.code}: ${end.error.message}`, width, paint)),
    ...(end.error?.help === undefined ? [] : field('fix', end.error.help, width, paint)),
    ...pictures(made, width, paint),
    ...field(
      'usage',
      `${plural(totals.turns, 'turn')} · ${formatNumber(usage.inputTokens)} input and ${formatNumber(usage.outputTokens)} output tokens · ${money}`,
      width,
      paint,
    ),
    ...(delegated === undefined ? [] : field('agents', delegated, width, paint)),
    ...(report.head === null ? [] : headField(visible(report.head), width, paint)),
    ...(htmlPath === undefined ? [] : field('html', htmlPath, width, paint)),
  ]
}

function pictures({ shown, left }: Shortened<string>, width: number, paint: Paint): string[] {
  const all = left > 0 ? [...shown, `and ${formatNumber(left)} more`] : shown
  return all.flatMap((text) => field('picture', text, width, paint))
}
