// One contestant in a process of its own. It lives through the whole benchmark and idles between
// its slices; only the slice itself is measured.
import { loadContestant, type RunOnce } from './contestant.ts'
import type { Expectation } from './scenarios.ts'
import { quantile } from './statistics.ts'

export interface SliceCommand {
  readonly baseUrl: string
  readonly scenario: string
  readonly concurrency: number
  /** No run starts after this time; at least one run per lane is made. */
  readonly milliseconds: number
  readonly expected: Expectation
}

export interface Slice {
  readonly runs: number
  /** User and system time of all threads of the process, milliseconds per run. */
  readonly cpuMs: number
  readonly runsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** What a worker sends: its readiness, then one message per command. */
export type WorkerMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'slice'; readonly slice: Slice }
  | { readonly type: 'failed'; readonly message: string }

async function slice(command: SliceCommand): Promise<Slice> {
  const { baseUrl, scenario, concurrency, milliseconds, expected } = command
  const run = checked(await prepare({ baseUrl, scenario }), expected)
  if (concurrency > 1) await Promise.all(Array.from({ length: concurrency }, run))
  const walls: number[] = []
  const cpuBefore = process.cpuUsage()
  const start = performance.now()
  const lane = async (): Promise<void> => {
    do {
      const before = performance.now()
      await run()
      walls.push(performance.now() - before)
    } while (performance.now() - start < milliseconds)
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
  const cpu = process.cpuUsage(cpuBefore)
  const wall = performance.now() - start
  return {
    runs: walls.length,
    cpuMs: (cpu.user + cpu.system) / 1000 / walls.length,
    runsPerSecond: (walls.length / wall) * 1000,
    p50Ms: quantile(walls, 0.5),
    p99Ms: quantile(walls, 0.99),
  }
}

/** A run that streamed or executed something else than the scenario holds does not count. */
function checked(run: RunOnce, expected: Expectation): () => Promise<void> {
  return async () => {
    const { characters, executions } = await run()
    if (characters === expected.characters && executions === expected.executions) return
    throw new Error(
      `${characters} characters and ${executions} executions, expected ${expected.characters} and ${expected.executions}`,
    )
  }
}

function send(message: WorkerMessage): void {
  process.send!(message)
}

const prepare = await loadContestant(process.argv[2]!)
process.on('message', (command: SliceCommand) => {
  slice(command).then(
    (done) => send({ type: 'slice', slice: done }),
    (error: unknown) => send({ type: 'failed', message: String(error) }),
  )
})
process.on('disconnect', () => process.exit())
send({ type: 'ready' })
