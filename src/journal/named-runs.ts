import { isObject } from '../base/json.ts'
import type { RunPoint } from '../protocol/run-event.ts'

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

/** The run of an agent that the result of its call names; undefined for other lines. */
export function childNamedIn(line: string): RunPoint | undefined {
  // most lines are of other things, and are not worth being read
  if (!line.includes('"child":{')) return undefined
  const { child } = membersOf(line)
  const { runId, head } = isObject(child) ? child : {}
  return typeof runId === 'string' && typeof head === 'string' ? { runId, head } : undefined
}

function membersOf(line: string): { readonly child?: unknown; readonly previousRuns?: unknown } {
  try {
    const value: unknown = JSON.parse(line)
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}
