import type { Effort } from './effort.ts'
import type { Server, Worker } from './processes.ts'
import { peerNames } from './contestant.ts'
import { expectation, type Scenario } from './scenarios.ts'
import { median } from './statistics.ts'
import type { Slice, SliceCommand } from './worker.ts'

/** One contestant in one scenario at one concurrency. */
export interface LoopFigures {
  readonly contestant: string
  readonly rounds: number
  readonly cpuMs: { readonly median: number; readonly best: number }
  /** CPU per run against the bare loop: median of the ratios within a round, and best over best. */
  readonly toFloor: { readonly median: number; readonly best: number }
  /** Medians over the rounds. */
  readonly runsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export interface LoopRow {
  readonly scenario: string
  readonly about: string
  readonly concurrency: number
  readonly bar?: number
  readonly figures: readonly LoopFigures[]
  /** Peers that did not end a slice within its cap, or did something else than the scenario holds. */
  readonly failed: readonly { readonly contestant: string; readonly why: string }[]
}

const peers: ReadonlySet<string> = new Set(peerNames)

function commandFor(
  scenario: Scenario,
  concurrency: number,
  { baseUrl }: Server,
  { sliceMs }: Effort,
): SliceCommand {
  const expected = expectation(scenario.turns())
  return { baseUrl, scenario: scenario.id, concurrency, milliseconds: sliceMs, expected }
}

/** Warms all contestants up once before the first row; what fails here fails again in the row. */
export async function warmUpAll(
  scenario: Scenario,
  { server, workers, effort }: { server: Server; workers: readonly Worker[]; effort: Effort },
): Promise<void> {
  const first = { ...effort, warmUpMs: effort.firstWarmUpMs }
  for (const worker of workers) {
    const command = commandFor(scenario, 1, server, effort)
    await warmUp(worker, command, first).catch(() => undefined)
  }
}

/**
 * Lets every contestant run the scenario in turn, one slice each per round, in an order that
 * rotates: what disturbs the machine disturbs all of them, and the ratio within a round stays. A
 * peer that has used its part of the row sits out further rounds.
 */
export async function measureLoops(
  scenario: Scenario,
  concurrency: number,
  { server, workers, effort }: { server: Server; workers: readonly Worker[]; effort: Effort },
): Promise<LoopRow> {
  const command = commandFor(scenario, concurrency, server, effort)
  const failed: { contestant: string; why: string }[] = []
  const slices = new Map<string, Slice[]>()
  const spent = new Map<string, number>()
  const attempt = async ({ name }: Worker, work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      if (!peers.has(name)) throw error
      slices.delete(name)
      failed.push({ contestant: name, why: error instanceof Error ? error.message : String(error) })
    }
  }
  for (const worker of workers) {
    await attempt(worker, async () => {
      slices.set(worker.name, [])
      const only = await warmUp(worker, command, effort)
      if (only === undefined || !peers.has(worker.name)) return
      slices.set(worker.name, [only])
      spent.set(worker.name, Number.POSITIVE_INFINITY)
    })
  }
  const deadline = performance.now() + effort.rowMs
  for (let round = 0; round < effort.rounds; round++) {
    if (round >= effort.fewestRounds && performance.now() > deadline) break
    for (let at = 0; at < workers.length; at++) {
      const worker = workers[(at + round) % workers.length]!
      const { name } = worker
      const own = slices.get(name)
      const before = spent.get(name) ?? 0
      if (own === undefined) continue
      if (peers.has(name) && before > effort.rowMs / workers.length) continue
      const start = performance.now()
      await attempt(worker, async () => void own.push(await worker.slice(command, effort.capMs)))
      spent.set(name, before + performance.now() - start)
    }
  }
  const floor = slices.get('floor')!
  const figures = [...slices].map(([name, own]) => summarize(name, own, floor))
  const { id, about, bar } = scenario
  return {
    scenario: id,
    about,
    concurrency,
    ...(bar === undefined ? {} : { bar }),
    figures,
    failed,
  }
}

/**
 * Slices in a row that must not be faster than the best one before them: eight seconds in full, or
 * the pause between two rounds of compiling would pass for the end of it.
 */
const steadySlices = 20

/**
 * Lets a contestant run until its CPU per run stops falling, as it does while the engine compiles:
 * the more code, the longer, and a busy machine makes fewer runs of a second. Returns the slice of
 * a contestant whose first run took a large part of the cap: it has warmed itself, and another
 * would only cost time.
 */
async function warmUp(
  worker: Worker,
  command: SliceCommand,
  effort: Effort,
): Promise<Slice | undefined> {
  const begin = performance.now()
  let best = Number.POSITIVE_INFINITY
  for (let steady = 0; steady < steadySlices; steady++) {
    const slice = await worker.slice(command, effort.capMs)
    if (slice.runs === 1 && slice.p50Ms > effort.capMs / 4) return slice
    if (performance.now() - begin > effort.warmUpMs) return undefined
    if (slice.cpuMs > best * 0.97) continue
    best = slice.cpuMs
    steady = 0
  }
  return undefined
}

function summarize(
  contestant: string,
  slices: readonly Slice[],
  floor: readonly Slice[],
): LoopFigures {
  const cpu = slices.map(({ cpuMs }) => cpuMs)
  const best = Math.min(...cpu)
  return {
    contestant,
    rounds: slices.length,
    cpuMs: { median: median(cpu), best },
    toFloor: {
      median: median(cpu.map((value, round) => value / floor[round]!.cpuMs)),
      best: best / Math.min(...floor.map(({ cpuMs }) => cpuMs)),
    },
    runsPerSecond: median(slices.map(({ runsPerSecond }) => runsPerSecond)),
    p50Ms: median(slices.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(slices.map(({ p99Ms }) => p99Ms)),
  }
}
