import type { FileHandle } from 'node:fs/promises'
import type { LatestRun } from './journal.ts'
import { membersOf } from './line-members.ts'
import { openIfThere } from './lines.ts'

const usualLength = 256 * 1024

/** The runs of which a line stands near the end of a file. */
export async function latestRuns(path: string, count: number): Promise<readonly LatestRun[]> {
  await using file = await openIfThere(path)
  return file === undefined ? [] : [...runsIn(await lastLines(file)).values()].slice(-count)
}

/** Whole lines from the end of the file: at least one, if there is any. */
async function lastLines(file: FileHandle): Promise<readonly string[]> {
  const { size } = await file.stat()
  for (let wanted = usualLength; ; wanted *= 4) {
    const start = Math.max(0, size - wanted)
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(size - start),
      0,
      size - start,
      start,
    )
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n')
    // what follows the last line end is none yet, and the first one may have begun before
    const whole = lines.slice(start === 0 ? 0 : 1, -1)
    if (whole.length > 0 || start === 0) return whole
  }
}

/** By the place of their last line. */
function runsIn(lines: readonly string[]): ReadonlyMap<string, LatestRun> {
  const runs = new Map<string, LatestRun>()
  for (const line of lines) {
    const { runId, seq } = membersOf(line)
    if (typeof runId !== 'string') continue
    const first = seq === 0 ? line : runs.get(runId)?.first
    runs.delete(runId)
    runs.set(runId, { runId, first, last: line })
  }
  return runs
}
