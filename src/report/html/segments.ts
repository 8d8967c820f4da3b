import type { ModelCallRow } from '../report.ts'
import type { CallSummary, Outcome } from '../summary.ts'

/** A stretch of time in the drawing of a model response or call. */
export interface Segment {
  readonly kind: 'model' | 'policy' | 'wait' | 'queue' | Outcome
  /** Milliseconds since the epoch; NaN where the record holds no time. */
  readonly from: number
  readonly milliseconds: number
}

/** Where a segment lies in a drawing that is `span` units wide. */
export interface Extent {
  readonly x: number
  readonly width: number
}

/** Units of a drawing from left to right. */
export const span = 1000

/** What each kind is called in the legend; kinds that look alike share a line. */
export const legendEntries: readonly (readonly [kind: Segment['kind'], words: string])[] = [
  ['model', 'model answers'],
  ['policy', 'until the policy decided'],
  ['wait', 'waiting for a person'],
  ['queue', 'waiting in line'],
  ['executed', 'tool runs'],
  ['refused', 'refused or failed'],
]

/** RFC 3339 only: what else a text might mean as a time differs from engine to engine. */
export function timeOf(text: string): number {
  return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) ? Date.parse(text) : Number.NaN
}

export function modelSegments(call: ModelCallRow): readonly Segment[] {
  return [{ kind: 'model', from: timeOf(call.startedAt), milliseconds: call.durationMs }]
}

/** From the proposal of a call to its end: policy, people, line, tool. */
export function callSegments({ row, outcome }: CallSummary): readonly Segment[] {
  const proposed = timeOf(row.proposedAt)
  const decidedAt = (row.earlierDecisions?.[0] ?? row.decision)?.at
  const decided = decidedAt === undefined ? proposed : timeOf(decidedAt)
  const asked = row.approvals[0]?.requestedAt
  const ran = timeOf(row.startedAt ?? row.endedAt ?? row.proposedAt)
  const segments: readonly Segment[] = [
    { kind: 'policy', from: proposed, milliseconds: decided - proposed },
    {
      kind: 'wait',
      from: asked === undefined ? Number.NaN : timeOf(asked),
      milliseconds: row.approvalMs,
    },
    { kind: 'queue', from: ran - row.queueMs, milliseconds: row.queueMs },
  ]
  return [
    ...segments.filter(({ from, milliseconds }) => Number.isFinite(from) && milliseconds > 0),
    { kind: outcome, from: ran, milliseconds: row.executionMs },
  ]
}

/** Also for times that are no times: those count as the start. Never narrower than 3 units. */
export function extentOf(segment: Segment, start: number, durationMs: number): Extent {
  const scale = span / Math.max(1, durationMs)
  const x = within(0, (segment.from - start) * scale, span - 3)
  return { x, width: within(3, segment.milliseconds * scale, span - x) }
}

function within(least: number, value: number, most: number): number {
  return Number.isFinite(value) ? Math.min(Math.max(value, least), most) : least
}
