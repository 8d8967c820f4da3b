import { runProcess, startServer } from './processes.ts'
import { median } from './statistics.ts'

/** Bytes for each stream that is held open. */
export interface HeldMemory {
  readonly rss: number
  /** Used heap and what hangs on it outside. */
  readonly heap: number
}

export interface HoldRow extends HeldMemory {
  readonly what: string
  readonly streams: number
  /** Beyond what the connections of a bare client take. */
  readonly beyond: HeldMemory
  /** For both, in KiB; none for a whole run. */
  readonly bar?: number
}

const streams = 1000
const bar = 40

const kinds = ['sockets', 'chat', 'responses', 'anthropic', 'run'] as const

/**
 * Streams held open in one process, half of an answer read: fresh processes of every kind in turn,
 * and the server in a process of its own.
 */
export async function measureHold(rounds: number): Promise<HoldRow[]> {
  using server = await startServer('hold-server.ts')
  const seen = kinds.map((): HeldMemory[] => [])
  for (let round = 0; round < rounds; round++) {
    for (const [at, kind] of kinds.entries()) {
      const args = [kind, server.baseUrl, String(streams)]
      seen[at]!.push((await runProcess('hold-worker.ts', args, ['--expose-gc'])) as HeldMemory)
    }
  }
  const rows = seen.map((all) => ({
    rss: median(all.map(({ rss }) => rss)),
    heap: median(all.map(({ heap }) => heap)),
  }))
  const [sockets] = rows
  return rows.map((row, at) => ({
    what: kinds[at]!,
    streams,
    ...row,
    beyond: { rss: row.rss - sockets!.rss, heap: row.heap - sockets!.heap },
    ...(kinds[at] === 'sockets' || kinds[at] === 'run' ? {} : { bar }),
  }))
}
