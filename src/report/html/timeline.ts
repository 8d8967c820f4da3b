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
  readonly kind: 'model' | 'call'
  readonly name: string
  readonly from: number
  readonly segments: readonly Segment[]
  readonly milliseconds: number
}

/**
 * When things happened: a line for each model response and call, drawn to one scale. For readers
 * without script and for paper; the script draws its own beside the calls.
 */
export class Timeline {
  /** The earliest, in order. */
  readonly #lines: Line[] = []
  #count = 0

  add(call: CallSummary): void {
    this.#insert(callLine(call))
  }

  addModelCall(call: ModelCallRow): void {
    this.#insert(modelLine(call))
  }

  section({ header }: Report): Section | undefined {
    return this.#count === 0 ? undefined : timelineSection(this.#lines, this.#count, header)
  }

  #insert(line: Line): void {
    this.#count++
    const at = this.#lines.findLastIndex((other) => !isBefore(line, other)) + 1
    if (at < mostLines) this.#lines.splice(at, 0, line)
    if (this.#lines.length > mostLines) this.#lines.pop()
  }
}

/** Lines without a time first; of one time, the response before the calls that it made. */
function isBefore(a: Line, b: Line): boolean {
  const [first, second] = [placeInTime(a), placeInTime(b)]
  return first < second || (first === second && a.kind === 'model' && b.kind === 'call')
}

function placeInTime({ from }: Line): number {
  return Number.isNaN(from) ? Number.NEGATIVE_INFINITY : from
}

function timelineSection(
  lines: readonly Line[],
  count: number,
  { durationMs, startedAt }: Report['header'],
): Section {
  const start = timeOf(startedAt)
  const rest = count - lines.length
  const { id, node } = section(
    'timeline',
    'Timeline',
    element(
      'ol',
      { class: 'timeline' },
      lines.map((line) => drawLine(line, start, durationMs)),
    ),
    legend(legendEntries.map(([kind, words]) => [`span-${kind}`, words])),
    rest > 0 &&
      element('p', { class: 'muted' }, `The first ${mostLines} lines; ${rest} more are left out.`),
  )
  return { id, node: element('div', { class: 'static' }, node) }
}

function modelLine(call: ModelCallRow): Line {
  return {
    kind: 'model',
    name: `turn ${call.turn} · model`,
    from: timeOf(call.startedAt),
    segments: modelSegments(call),
    milliseconds: call.durationMs,
  }
}

function callLine(call: CallSummary): Line {
  const { row } = call
  return {
    kind: 'call',
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
