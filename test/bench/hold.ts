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
/** A thousand runs of the slowest peer, on a busy machine. */
const capMs = 300_000

const wires: ReadonlySet<string> = new Set(['chat', 'responses', 'anthropic'])
const kinds = ['sockets', 'chat', 'responses', 'anthropic', 'run'] as const

/**
 * Streams held open in one process, half of an answer read: fresh processes of every kind in turn,
 * and the server in a process of its own.
 */
export async function measureHold(
  rounds: number,
  peers: readonly string[] = [],
): Promise<HoldRow[]> {
  using server = await startServer('hold-server.ts')
  const all = [...kinds, ...peers]
  const seen = all.map((): HeldMemory[] => [])
  for (let round = 0; round < rounds; round++) {
    for (const [at, kind] of all.entries()) {
      const args = [kind, server.baseUrl, String(streams)]
      const held = runProcess('hold-worker.ts', args, ['--expose-gc'], capMs)
      const figures = peers.includes(kind)
        ? await held.catch((error: unknown) => void process.stderr.write(`${kind}: ${error}\n`))
        : await held
      if (figures !== undefined) seen[at]!.push(figures as HeldMemory)
    }
  }
  // a peer that cannot be held has no figures
  const rows = seen.map((figures) => ({
    rss: median(figures.map(({ rss }) => rss)),
    heap: median(figures.map(({ heap }) => heap)),
  }))
  const [sockets] = rows
  const told = rows.map((row, at) => ({
    what: all[at]!,
    streams,
    ...row,
    beyond: { rss: row.rss - sockets!.rss, heap: row.heap - sockets!.heap },
    ...(wires.has(all[at]!) ? { bar } : {}),
  }))
  return told.filter(({ rss }) => !Number.isNaN(rss))
}
