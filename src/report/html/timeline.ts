import type { VNode } from 'preact'
import { formatDuration } from '../format.ts'
import type { ModelCallRow, Report } from '../report.ts'
import { callNumber, type CallSummary } from '../summary.ts'
import { legend } from './charts.ts'
import { element, section, type Section } from './element.ts'
import {
  callSegments,
  extentOf,
  legendEntries,
  modelSegments,
  span,
  timeOf,
  type Segment,
} from './segments.ts'

/** Lines beyond this number are left out. */
const mostLines = 80

interface Line {
  readonly name: string
  readonly from: number
  readonly segments: readonly Segment[]
  readonly milliseconds: number
}

/**
 * When things happened: a line for each model response and call, drawn to one scale. For readers
 * without script and for paper; the script draws its own beside the calls.
 */
export function timelineSection(
  report: Report,
  calls: readonly CallSummary[],
): Section | undefined {
  const start = timeOf(report.header.startedAt)
  const lines = [...report.modelCalls.map(modelLine), ...calls.map(callLine)].toSorted(
    (a, b) => a.from - b.from,
  )
  if (lines.length === 0) return undefined
  const rest = lines.length - mostLines
  const { id, node } = section(
    'timeline',
    'Timeline',
    element(
      'ol',
      { class: 'timeline' },
      lines.slice(0, mostLines).map((line) => drawLine(line, start, report.header.durationMs)),
    ),
    legend(legendEntries.map(([kind, words]) => [`span-${kind}`, words])),
    rest > 0 &&
      element('p', { class: 'muted' }, `The first ${mostLines} lines; ${rest} more are left out.`),
  )
  return { id, node: element('div', { class: 'static' }, node) }
}

function modelLine(call: ModelCallRow): Line {
  return {
    name: `turn ${call.turn} · model`,
    from: timeOf(call.startedAt),
    segments: modelSegments(call),
    milliseconds: call.durationMs,
  }
}

function callLine(call: CallSummary): Line {
  const { row } = call
  return {
    name: `${callNumber(row)} ${row.tool}`,
    from: timeOf(row.proposedAt),
    segments: callSegments(call),
    milliseconds: row.approvalMs + row.executionMs,
  }
}

function drawLine(line: Line, start: number, durationMs: number): VNode {
  return element(
    'li',
    null,
    element('span', { class: 'name', title: line.name }, line.name),
    element(
      'svg',
      { viewBox: `0 0 ${span} 12`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      element('rect', { class: 'track', x: 0, y: 0, width: span, height: 12 }),
      line.segments.map((segment) => {
        const { x, width } = extentOf(segment, start, durationMs)
        return element('rect', {
          class: `span-${segment.kind}`,
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
