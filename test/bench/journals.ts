import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { jsonlJournal, sqliteJournal, type Journal } from '../../src/index.ts'
import { readPast } from '../../src/run/past.ts'
import { conversation } from '../../src/testing/journal-records.ts'
import type { Effort } from './effort.ts'
import { startServer, startWorker, type Worker } from './processes.ts'
import { expectation, scenarios } from './scenarios.ts'
import { median } from './statistics.ts'
import type { Slice } from './worker.ts'

export interface JournalRow {
  readonly journal: string
  readonly what: string
  /** Median of the rounds. */
  readonly milliseconds: number
  readonly best: number
  /** Against the same with a journal in memory, or with one run in the file; medians. */
  readonly ratio?: number
  /** Best against best. */
  readonly bestRatio?: number
  /** Highest accepted best time. */
  readonly bar?: number
  /** Highest accepted best ratio. */
  readonly ratioBar?: number
}

const runCount = 10_000

/** What journals add to a run, and what a file of many runs costs whoever looks for one. */
export async function measureJournals(effort: Effort): Promise<JournalRow[]> {
  return [...(await measureRuns(effort)), ...(await measureMany(effort.rounds))]
}

const drivers = [
  'sallyport',
  'sallyport-sqlite',
  'sallyport-bare-sqlite',
  'sallyport-bare-file',
  'sallyport-jsonl',
] as const
const names = {
  sallyport: 'memory',
  'sallyport-sqlite': 'SQLite',
  'sallyport-bare-sqlite': 'least with SQLite',
  'sallyport-bare-file': 'least with any file',
  'sallyport-jsonl': 'lines',
}

/** One slice of each in turn per round: what disturbs the machine disturbs all of them. */
async function measureRuns(effort: Effort): Promise<JournalRow[]> {
  const scenario = scenarios.find(({ id }) => id === 's1')!
  using processes = new DisposableStack()
  const { baseUrl } = processes.use(await startServer())
  const workers: Worker[] = []
  for (const name of drivers) workers.push(processes.use(await startWorker(name)))
  const rows: JournalRow[] = []
  for (const concurrency of [1, 64]) {
    const command = {
      baseUrl,
      scenario: scenario.id,
      concurrency,
      milliseconds: effort.sliceMs,
      expected: expectation(scenario.turns()),
    }
    for (const worker of workers) {
      await worker.slice({ ...command, milliseconds: effort.warmUpMs / 4 })
    }
    const slices = workers.map((): Slice[] => [])
    for (let round = 0; round < effort.rounds; round++) {
      for (let at = 0; at < workers.length; at++) {
        const chosen = (at + round) % workers.length
        slices[chosen]!.push(await workers[chosen]!.slice(command))
      }
    }
    rows.push(...drivers.flatMap((name, at) => runRows(name, concurrency, slices[at]!, slices[0]!)))
  }
  return rows
}

function runRows(
  name: (typeof drivers)[number],
  concurrency: number,
  own: readonly Slice[],
  memory: readonly Slice[],
): JournalRow[] {
  const cpu = own.map(({ cpuMs }) => cpuMs)
  const toMemory = cpu.map((value, round) => value / memory[round]!.cpuMs)
  const best = Math.min(...cpu) / Math.min(...memory.map(({ cpuMs }) => cpuMs))
  return [
    {
      journal: names[name],
      what: `S1, CPU of a run, ${concurrency} at once`,
      milliseconds: median(cpu),
      best: Math.min(...cpu),
      ratio: median(toMemory),
      bestRatio: best,
      ...(name === 'sallyport-sqlite' ? { ratioBar: 1.3 } : {}),
    },
    {
      journal: names[name],
      what: `S1, wall of a run, ${concurrency} at once`,
      milliseconds: median(own.map(({ p50Ms }) => p50Ms)),
      best: Math.min(...own.map(({ p50Ms }) => p50Ms)),
    },
  ]
}

async function measureMany(rounds: number): Promise<JournalRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  const rows: JournalRow[] = []
  try {
    for (const [name, open, bar] of [
      ['SQLite', (file: string) => sqliteJournal(join(folder, `${file}.db`)), 50],
      ['lines', (file: string) => jsonlJournal(join(folder, `${file}.jsonl`)), undefined],
    ] as const) {
      await fill(open('one'), 1)
      await fill(open('many'), runCount)
      const listed = await timed(rounds, async () => list(open('many')))
      const one = await timed(rounds, async () => readWaiting(open('one')))
      const many = await timed(rounds, async () => readWaiting(open('many')))
      rows.push(
        {
          journal: name,
          what: `opening and listing ${runCount} finished runs`,
          milliseconds: median(listed),
          best: Math.min(...listed),
          ...(bar === undefined ? {} : { bar }),
        },
        {
          journal: name,
          what: `opening and reading a run that waits, among ${runCount}`,
          milliseconds: median(many),
          best: Math.min(...many),
          ratio: median(many) / median(one),
          bestRatio: Math.min(...many) / Math.min(...one),
          ...(bar === undefined ? {} : { ratioBar: 1.5 }),
        },
      )
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return rows
}

async function fill(journal: Journal, count: number): Promise<void> {
  for (let at = 0; at < count; at += 500) {
    const runs = Array.from({ length: Math.min(500, count - at) }, (_, next) => `run_${at + next}`)
    await Promise.all(
      runs.map((runId) => journal.append(runId, 0, conversation(runId, { end: 'completed' }))),
    )
  }
  await journal.append('run_waiting', 0, conversation('run_waiting', { end: 'needs-approval' }))
  await journal.close()
}

async function list(journal: Journal): Promise<void> {
  let count = 0
  for await (const _ of journal.list()) count++
  await journal.close()
  if (count !== runCount + 1) throw new Error(`${count} runs were listed`)
}

async function readWaiting(journal: Journal): Promise<void> {
  const { status } = await readPast('run_waiting', journal.read('run_waiting'))
  await journal.close()
  if (status !== 'needs-approval') throw new Error(`the run was read as ${status}`)
}

async function timed(rounds: number, work: () => Promise<void>): Promise<number[]> {
  const walls: number[] = []
  for (let round = -2; round < rounds; round++) {
    const start = performance.now()
    await work()
    if (round >= 0) walls.push(performance.now() - start)
  }
  return walls
}
