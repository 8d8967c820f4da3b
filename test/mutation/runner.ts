import { configureGlobal } from 'fast-check'
import type { CollectedTest } from './collection.ts'
import {
  failed,
  passed,
  readFindings,
  writeFindings,
  type Coverage,
  type Findings,
  type TestResult,
} from './findings.ts'
import { Reach } from './reach.ts'
import { outcomeOf, Run } from './run.ts'
import { isWanted, mostHits, testFiles } from './tests.ts'

/** What Stryker asks for: a change, and the tests that come to it. */
interface Mutant {
  readonly activeMutant: { readonly id: string }
  readonly sandboxFileName: string
  /** None for a change of what is evaluated when the module is loaded. */
  readonly testFilter?: readonly string[]
}

/** What the changed code and those who run it have in common. */
interface Shared {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  hitCount?: number
  hitLimit?: number | undefined
  mutantCoverage?: Coverage
}

/** A loop is endless if it comes to a change so many times as often as any test without it. */
const hitFactor = 100

// a change may make a loop of what is done once otherwise
const leastHits = 100_000

const shared: Shared = ((globalThis as { __stryker__?: Shared }).__stryker__ ??= {})

/**
 * Runs the tests in the process that Stryker starts, with all modules evaluated anew for each
 * mutant, until one fails. Tests that have noticed other changes of the same file come first.
 */
class FreshModulesRunner {
  readonly #outside: unknown[] = []
  readonly #kills = new Map<string, Map<string, number>>()
  #findings: Findings | undefined

  /** No change is left in a module for the next mutant. */
  capabilities(): { readonly reloadEnvironment: boolean } {
    return { reloadEnvironment: true }
  }

  init(): void {
    // the same cases for each mutant, and in each run
    configureGlobal({ seed: 1 })
    for (const event of ['unhandledRejection', 'uncaughtException']) {
      process.on(event, (error) => this.#outside.push(error))
    }
  }

  async dryRun(): Promise<object> {
    const reach = new Reach()
    const tests: TestResult[] = []
    const broken: unknown[] = []
    for (const file of testFiles()) {
      const start = performance.now()
      const results: TestResult[] = []
      const run = new Run((module, reader) => reach.note(module, reader, shared.currentTestId))
      for (const test of (await run.collect(file)).filter(({ id }) => isWanted(id))) {
        const result = await measured(test, file)
        if (!isQuick(test.id)) continue
        reach.noteTest(file, test.id)
        results.push(result)
      }
      await run.finish()
      tests.push(...withShares(results, performance.now() - start))
      broken.push(...run.broken)
    }
    broken.push(...this.#outside)
    if (broken.length > 0) return { status: 'error', errorMessage: String(broken[0]) }
    writeFindings(tests, reach, coverage())
    return { status: 'complete', tests, mutantCoverage: coverage() }
  }

  async mutantRun(mutant: Mutant): Promise<object> {
    const findings = (this.#findings ??= readFindings())
    const { id } = mutant.activeMutant
    this.#outside.length = 0
    shared.activeMutant = id
    shared.hitCount = 0
    shared.hitLimit = Math.max(hitFactor * (findings.hits.get(id) ?? 0), leastHits)
    const outcome = await this.#judge(mutant, findings)
    shared.activeMutant = undefined
    return outcome
  }

  async #judge(
    { testFilter, sandboxFileName: module }: Mutant,
    findings: Findings,
  ): Promise<object> {
    const kills = this.#kills.get(module) ?? new Map<string, number>()
    this.#kills.set(module, kills)
    const run = new Run()
    let nrOfTests = 0
    try {
      await run.load(module)
      if (isEndless()) return endless
      for (const id of inOrder(testFilter ?? findings.reached.get(module) ?? [], kills, findings)) {
        const { fileName, timeSpentMs } = findings.tests.get(id)!
        const test = await run.find(fileName, id)
        if (test === undefined) continue
        nrOfTests += 1
        shared.hitCount = 0
        const outcome = await outcomeOf(test, 10_000 + 10 * timeSpentMs)
        if (isEndless() || outcome.kind === 'hanging') return endless
        if (outcome.kind === 'passed') continue
        kills.set(id, (kills.get(id) ?? 0) + 1)
        return { status: 'killed', killedBy: [id], failureMessage: outcome.message, nrOfTests }
      }
    } finally {
      await run.finish()
    }
    // what is thrown outside of a test is told between two rounds of events
    await new Promise(setImmediate)
    const broken = [...run.broken, ...this.#outside]
    if (broken.length > 0) return { status: 'error', errorMessage: String(broken[0]) }
    return { status: 'survived', nrOfTests }
  }
}

const endless = { status: 'timeout', reason: 'does not end' }

/** Whether the last test has come to the change so often that an exception was made of it. */
const isEndless = (): boolean => shared.hitCount! > shared.hitLimit!

function inOrder(
  ids: readonly string[],
  kills: ReadonlyMap<string, number>,
  { tests }: Findings,
): string[] {
  const killed = (id: string): number => kills.get(id) ?? 0
  const spent = (id: string): number => tests.get(id)!.timeSpentMs
  return ids.toSorted((a, b) => killed(b) - killed(a) || spent(a) - spent(b))
}

const coverage = (): Coverage => (shared.mutantCoverage ??= { static: {}, perTest: {} })

/** Adds what else a file takes: Stryker grants every mutant the time that no test has taken. */
function withShares(results: readonly TestResult[], elapsedMs: number): TestResult[] {
  const own = results.reduce((sum, { timeSpentMs }) => sum + timeSpentMs, 0)
  const share = (elapsedMs - own) / results.length
  return results.map((result) => ({ ...result, timeSpentMs: result.timeSpentMs + share }))
}

/** Whether a test is to be run for mutants; otherwise what it has come to is forgotten. */
function isQuick(id: string): boolean {
  const { perTest } = coverage()
  const hits = Object.values(perTest[id] ?? {}).reduce((sum, count) => sum + count, 0)
  if (hits > mostHits) delete perTest[id]
  return hits <= mostHits
}

async function measured(test: CollectedTest, fileName: string): Promise<TestResult> {
  const { id, name } = test
  const start = performance.now()
  shared.currentTestId = id
  const outcome = await outcomeOf(test, 60_000)
  shared.currentTestId = undefined
  const result = { id, name, fileName, timeSpentMs: performance.now() - start }
  if (outcome.kind === 'passed') return { ...result, status: passed }
  const failureMessage = outcome.kind === 'hanging' ? 'does not end' : outcome.message
  return { ...result, status: failed, failureMessage }
}

export const strykerPlugins = [
  { kind: 'TestRunner', name: 'fresh-modules', factory: () => new FreshModulesRunner() },
]
