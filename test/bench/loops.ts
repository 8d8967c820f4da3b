import type { Effort } from './effort.ts'
import type { Server, Worker } from './processes.ts'
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
  readonly bar: number
  readonly figures: readonly LoopFigures[]
}

/**
 * Lets every contestant run the scenario in turn, one slice each per round, in an order that
 * rotates: what disturbs the machine disturbs all of them, and the ratio within a round stays.
 */
export async function measureLoops(
  scenario: Scenario,
  concurrency: number,
  { server, workers, effort }: { server: Server; workers: readonly Worker[]; effort: Effort },
): Promise<LoopRow> {
  const command: SliceCommand = {
    baseUrl: server.baseUrl,
    scenario: scenario.id,
    concurrency,
    milliseconds: effort.sliceMs,
    expected: expectation(scenario.turns()),
  }
  for (const worker of workers) await warmUp(worker, command, effort)
  const slices = new Map<string, Slice[]>(workers.map(({ name }) => [name, []]))
  const deadline = performance.now() + effort.rowMs
  for (let round = 0; round < effort.rounds; round++) {
    if (round >= effort.fewestRounds && performance.now() > deadline) break
    for (let at = 0; at < workers.length; at++) {
      const worker = workers[(at + round) % workers.length]!
      slices.get(worker.name)!.push(await worker.slice(command))
    }
  }
  const floor = slices.get('floor')!
  const figures = [...slices].map(([name, own]) => summarize(name, own, floor))
  return { scenario: scenario.id, about: scenario.about, concurrency, bar: scenario.bar, figures }
}

/** Slices in a row that must not be faster than the best one before them. */
const steadySlices = 5

/**
 * Lets a contestant run until its CPU per run stops falling, as it does while the engine compiles:
 * the more code, the longer, and a busy machine makes fewer runs of a second.
 */
async function warmUp(worker: Worker, command: SliceCommand, effort: Effort): Promise<void> {
  const deadline = performance.now() + effort.warmUpMs
  let best = Number.POSITIVE_INFINITY
  for (let steady = 0; steady < steadySlices && performance.now() < deadline; steady++) {
    const { cpuMs } = await worker.slice(command)
    if (cpuMs > best * 0.97) continue
    best = cpuMs
    steady = 0
  }
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
