import type { VNode } from 'preact'
import { formatDuration } from '../format.ts'
import type { ModelCallRow, Report } from '../report.ts'
import { callNumber, type CallSummary } from '../summary.ts'
import { element, section, type Section } from './element.ts'

/** Lines beyond this number are left out. */
const mostLines = 200

/** Units of the drawing from left to right. */
const span = 1000

interface Bar {
  readonly kind: string
  readonly from: number
  readonly milliseconds: number
}

interface Line {
  readonly name: string
  readonly from: number
  readonly bars: readonly Bar[]
  readonly milliseconds: number
}

/** When things happened: a line for each model response and call, drawn to one scale. */
export function timelineSection(
  report: Report,
  calls: readonly CallSummary[],
): Section | undefined {
  const start = Date.parse(report.header.startedAt)
  const lines = [...report.modelCalls.map(modelLine), ...calls.map(callLine)].toSorted(
    (a, b) => a.from - b.from,
  )
  if (lines.length === 0) return undefined
  const scale = span / Math.max(1, report.header.durationMs)
  const rest = lines.length - mostLines
  return section(
    'timeline',
    'Timeline',
    element(
      'ol',
      { class: 'timeline' },
      lines.slice(0, mostLines).map((line) => drawLine(line, start, scale)),
    ),
    legend(),
    rest > 0 &&
      element('p', { class: 'muted' }, `The first ${mostLines} lines; ${rest} more are left out.`),
  )
}

function modelLine(call: ModelCallRow): Line {
  const from = Date.parse(call.startedAt)
  const milliseconds = call.durationMs
  return {
    name: `turn ${call.turn} · model`,
    from,
    bars: [{ kind: 'model', from, milliseconds }],
    milliseconds,
  }
}

function callLine(call: CallSummary): Line {
  const { row } = call
  const from = Date.parse(row.proposedAt)
  const asked = row.approvals[0]?.requestedAt
  const ran = row.startedAt ?? row.endedAt ?? row.proposedAt
  return {
    name: `${callNumber(row)} ${row.tool}`,
    from,
    bars: [
      ...(asked === undefined
        ? []
        : [{ kind: 'wait', from: Date.parse(asked), milliseconds: row.approvalMs }]),
      { kind: call.outcome, from: Date.parse(ran), milliseconds: row.executionMs },
    ],
    milliseconds: row.approvalMs + row.executionMs,
  }
}

function drawLine(line: Line, start: number, scale: number): VNode {
  return element(
    'li',
    null,
    element('span', { class: 'name', title: line.name }, line.name),
    element(
      'svg',
      { viewBox: `0 0 ${span} 12`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      element('rect', { class: 'track', x: 0, y: 0, width: span, height: 12 }),
      line.bars.map((bar) => {
        const x = within(0, (bar.from - start) * scale, span - 3)
        const width = within(3, bar.milliseconds * scale, span - x)
        return element('rect', {
          class: `span-${bar.kind}`,
          x: x.toFixed(1),
          y: 2,
          width: width.toFixed(1),
          height: 8,
        })
      }),
    ),
    element('span', { class: 'time' }, formatDuration(line.milliseconds)),
  )
}

/** Also for times that are no times: those count as the start. */
function within(least: number, value: number, most: number): number {
  return Number.isFinite(value) ? Math.min(Math.max(value, least), most) : least
}

function legend(): VNode {
  const entries = [
    ['model', 'model answers'],
    ['wait', 'waiting for a person'],
    ['executed', 'tool runs'],
    ['refused', 'refused or failed'],
  ] as const
  return element(
    'ul',
    { class: 'legend' },
    entries.map(([kind, word]) =>
      element(
        'li',
        null,
        element(
          'svg',
          { viewBox: '0 0 12 12', 'aria-hidden': 'true' },
          element('rect', { class: `span-${kind}`, x: 0, y: 0, width: 12, height: 12 }),
        ),
        word,
      ),
    ),
  )
}
