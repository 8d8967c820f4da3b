import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Journal } from '../../src/journal/journal.ts'
import { verifyChain } from '../../src/report/verify.ts'
import { effectsIn } from './judge.ts'

export interface RaceOptions {
  /** Runs that two processes take up at once. */
  readonly runs: number
  /** Where the tools note what they do; the first argument of `open`. */
  readonly folder: string
  /** Absolute path of a module that exports `open(folder, ...given)`, a journal. */
  readonly module: string
  readonly given?: readonly string[]
  /** The same journal. */
  readonly journal: Journal
}

/** How the races went. */
export interface RaceEnd {
  /** How often each pair of ends was seen, by the pair. */
  readonly ends: Readonly<Record<string, number>>
  readonly faults: readonly string[]
}

/** What the one that comes too late may be told. */
const refusals: ReadonlySet<string> = new Set([
  'bad-journal', // a journal with one writer is in use
  'error journal-conflict',
  'journal-conflict',
  'run-carried',
  'run-not-resumable',
])

/** Lets two processes take up each of many runs at the same time: one must carry it, and say so. */
export async function race(options: RaceOptions): Promise<RaceEnd> {
  const runs = await beginRuns(options)
  const racers = [new Racer(options), new Racer(options)]
  const ends: Record<string, number> = {}
  const faults: string[] = []
  for (const runId of runs) {
    const pair = (await Promise.all(racers.map((racer) => racer.ask(runId)))).toSorted()
    ends[pair.join(' / ')] = (ends[pair.join(' / ')] ?? 0) + 1
    const [winner, loser] = pair.toSorted((a) => (a === 'completed' ? -1 : 1))
    if (winner !== 'completed' || !refusals.has(loser!)) faults.push(`${runId}: ${pair.join()}`)
  }
  await Promise.all(racers.map((racer) => racer.close()))
  return { ends, faults: [...faults, ...(await faultsOf(runs, options))] }
}

/** Half of them wait for people, half were left by a process that is gone. */
async function beginRuns(options: RaceOptions): Promise<readonly string[]> {
  const starter = new Racer(options)
  const runs: string[] = []
  for (let run = 0; run < options.runs; run++) {
    runs.push(await starter.ask(run % 2 === 0 ? 'waiting' : 'open'))
  }
  await starter.close()
  return runs
}

async function faultsOf(
  runs: readonly string[],
  { folder, journal }: RaceOptions,
): Promise<readonly string[]> {
  const keys = effectsIn(folder).map(([, key]) => key)
  const faults: string[] = []
  for (const runId of runs) {
    const done = keys.filter((key) => key.startsWith(`${runId}-`)).length
    if (done !== 1) faults.push(`${runId} has paid ${done} times`)
    const { verdict } = await verifyChain(journal.read(runId))
    if (verdict !== 'CONSISTENT') faults.push(`${runId}: ${verdict}`)
  }
  return faults
}

class Racer {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #answers: AsyncIterator<string>

  constructor({ folder, given = [], module }: RaceOptions) {
    this.#process = spawn(
      process.execPath,
      ['--conditions=sallyport-source', join(import.meta.dirname, 'racer.ts')].concat(
        [module, folder],
        given,
      ),
      { env: { PATH: '' } },
    )
    this.#process.stderr.pipe(process.stderr)
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
  }

  async ask(line: string): Promise<string> {
    this.#process.stdin.write(`${line}\n`)
    const { value } = (await this.#answers.next()) as { value?: string }
    return value ?? 'died'
  }

  async close(): Promise<void> {
    const closed = once(this.#process, 'close')
    this.#process.stdin.end()
    await closed
  }
}
