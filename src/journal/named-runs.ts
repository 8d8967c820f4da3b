import { isObject } from '../base/json.ts'
import type { RunPoint } from '../protocol/run-event.ts'
import { membersOf } from './line-members.ts'

/** Runs that one run names at most. */
export const maxNamed = 16

/** The runs that the first line of a run names; none for a line that is none of a journal. */
export function pointsNamedIn(line: string): readonly RunPoint[] {
  const { previousRuns } = membersOf(line)
  if (!Array.isArray(previousRuns)) return []
  return previousRuns.slice(0, maxNamed).flatMap((point: unknown) => {
    const { runId, head } = isObject(point) ? point : {}
    return typeof runId === 'string' && typeof head === 'string' ? [{ runId, head }] : []
  })
}

/** The run of an agent that the line of its call's result names; undefined for other lines. */
export function childNamedIn({ child }: Readonly<Record<string, unknown>>): RunPoint | undefined {
  const { runId, head } = isObject(child) ? child : {}
  return typeof runId === 'string' && typeof head === 'string' ? { runId, head } : undefined
}
