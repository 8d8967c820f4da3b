import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Journal } from '../../src/journal/journal.ts'
import { readReport } from '../../src/report/read.ts'
import type { Report } from '../../src/report/report.ts'
import { verifyChain } from '../../src/report/verify.ts'
import { courseOf, placeOf } from './course.ts'

/** What became of runs whose processes died. */
export interface Judgement {
  readonly lost: number
  /** Effects that happened more than once although their tool may not be repeated. */
  readonly duplicates: readonly string[]
  /** Calls that were reported as of unknown outcome; of those, the ones whose effect was there. */
  readonly doubts: number
  readonly doubtsDone: number
  /** What else should not be. */
  readonly faults: readonly string[]
}

interface Looked {
  readonly runs: number
  readonly folder: string
  /** The report of a run that nobody has disturbed. */
  readonly undisturbed: Report
  /** What an operator has said of calls in doubt. */
  readonly resolutions: Readonly<Record<string, 'success' | 'failed'>>
}

/** What tools have done in the world. */
export function effectsIn(folder: string): readonly (readonly [tool: string, key: string])[] {
  const path = join(folder, 'effects.txt')
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean)
  return lines.map((line) => line.split(' ') as [string, string])
}

/** Compares the record of all runs with the world, and with a run that nobody has disturbed. */
export async function judgeRuns(journal: Journal, looked: Looked): Promise<Judgement> {
  const { resolutions } = looked
  const counts = countsOf(looked.folder)
  const faults: string[] = []
  let complete = 0
  for await (const runId of journal.list()) {
    const report = await readReport(journal.read(runId))
    const { verdict } = await verifyChain(journal.read(runId))
    if (verdict !== 'CONSISTENT') faults.push(`${runId}: ${verdict}`)
    if (report.end.status === 'completed') complete++
    else faults.push(`${runId} ended as ${report.end.status}`)
    faults.push(...faultsOfCourse(report, looked), ...faultsOfRows(report, counts))
  }
  const doubts = Object.values(resolutions)
  return {
    lost: looked.runs - complete,
    duplicates: [...counts].flatMap(([key, count]) => (count > 1 ? [key] : [])),
    doubts: doubts.length,
    doubtsDone: doubts.filter((outcome) => outcome === 'success').length,
    faults,
  }
}

/** How often each call has happened that may not happen twice. */
function countsOf(folder: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const [tool, key] of effectsIn(folder)) {
    if (mayRepeat.has(tool)) continue
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

const mayRepeat: ReadonlySet<string> = new Set(['read', 'flaky'])

/** A complete run has the report of the undisturbed one, but for what crashes may change. */
function faultsOfCourse(report: Report, { resolutions, undisturbed }: Looked): readonly string[] {
  const doubtful = new Set(
    report.rows.filter(({ callId }) => callId in resolutions).map((row) => placeOf(row)),
  )
  const [found, expected] = [report, undisturbed].map((each) =>
    courseOf(each, (place) => doubtful.has(place)),
  )
  if (found === expected) return []
  return [
    `${report.header.runId} has another report:
${found}
than
${expected}`,
  ]
}

/** What is reported of each call is what happened. */
function faultsOfRows({ rows }: Report, counts: ReadonlyMap<string, number>): readonly string[] {
  return rows
    .filter(({ tool }) => !mayRepeat.has(tool))
    .filter(({ callId, status }) => counts.has(callId) !== (status === 'success'))
    .map(({ callId, status }) => `${callId} is no ${status} in the world`)
}
