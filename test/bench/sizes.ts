import { runProcess } from './processes.ts'
import { wireNames } from './wire-answers.ts'

/** What reading an answer of one size costs over one wire. */
export interface SizeRow {
  readonly wire: string
  /** What the deltas are of, or `one event` for a text in a single delta. */
  readonly of: string
  /** Of the body. */
  readonly mebibytes: number
  readonly cpuMs: number
  /** The most that was alive while it was read. */
  readonly heapBytes: number
}

/** Bodies of about 1, 4 and 16 MiB over every wire, each wire in a process of its own. */
export async function measureSizes(rounds: number): Promise<SizeRow[]> {
  const rows: SizeRow[] = []
  for (const wire of wireNames) {
    const worker = 'sizes-worker.ts'
    rows.push(...((await runProcess(worker, [wire, String(rounds)], ['--expose-gc'])) as SizeRow[]))
  }
  return rows
}

const bar = 1.5

/**
 * What a byte costs in a body of 16 MiB: CPU against a byte in 4 MiB, as a smaller body is over
 * before the reader is compiled; memory against the dearest byte of the smaller bodies, as a text
 * takes less once somebody has looked at it.
 */
export function growthOf(
  rows: readonly SizeRow[],
): readonly { readonly what: string; readonly value: number; readonly bar: number }[] {
  const groups = Map.groupBy(rows, ({ wire, of }) => `${wire}, ${of}, a byte in 16 MiB`)
  return [...groups].flatMap(([what, sizes]) => {
    const cpu = sizes.map(({ cpuMs, mebibytes }) => cpuMs / mebibytes)
    const heap = sizes.map(({ heapBytes, mebibytes }) => heapBytes / mebibytes)
    const [ownCpu, ownHeap] = [cpu.pop()!, heap.pop()!]
    return [
      { what: `${what}: CPU against 4`, value: ownCpu / cpu.at(-1)!, bar },
      { what: `${what}: memory against less`, value: ownHeap / Math.max(...heap), bar },
    ]
  })
}
