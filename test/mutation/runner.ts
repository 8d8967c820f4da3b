import { configureGlobal } from 'fast-check'
import type { CollectedTest } from './collection.ts'
import {
  failed,
  passed,
  readFindings,
  writeFindings,
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
  /** Asked for at each place of a mutant. */
  readonly activeMutant?: string | undefined
  currentTestId?: string | undefined
  readonly mutantCoverage?: {
    /** Test to mutant to how often. */
    readonly perTest: Record<string, Readonly<Record<string, number>>>
  }
}

/** A test is endless that comes to places of mutants so many times as often as without a change. */
const hitFactor = 100

// a change may make a loop of what is done once otherwise
const leastHits = 1_000_000

/** The same for the load of files, some of which make large examples of their own. */
const mostHitsOfLoad = 100_000_000

const shared: Shared = ((globalThis as { __stryker__?: Shared }).__stryker__ ??= {})

/**
 * Runs the tests in the process that Stryker starts, with all modules evaluated anew for each
 * mutant, until one fails. Tests that have noticed other changes of the same file come first.
 */
class FreshModulesRunner {
  readonly #outside: unknown[] = []
  readonly #kills = new Map<string, Map<string, number>>()
  #findings: Findings | undefined
  #mutant: string | undefined
  #hitsLeft = 0
  #isEndless = false

  /** No change is left in a module for the next mutant. */
  capabilities(): { readonly reloadEnvironment: boolean } {
    return { reloadEnvironment: true }
  }

  init(): void {
    Object.defineProperty(shared, 'activeMutant', { get: () => this.#activeMutant() })
    // the same cases for each mutant, and in each run
    configureGlobal({ seed: 1 })
    for (const event of ['unhandledRejection', 'uncaughtException']) {
      process.on(event, (error) => this.#outside.push(error))
    }
  }

  /** Ends a loop that is endless, if it comes to any place of a mutant, by an exception. */
  #activeMutant(): string | undefined {
    if (this.#mutant !== undefined && --this.#hitsLeft < 0) {
      this.#isEndless = true
      throw new Error('does not end')
    }
    return this.#mutant
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
        if (result.hits > mostHits) {
          delete shared.mutantCoverage?.perTest[test.id]
          continue
        }
        reach.noteTest(file, test.id)
        results.push(result)
      }
      await run.finish()
      tests.push(...withShares(results, performance.now() - start))
      broken.push(...run.broken)
    }
    broken.push(...this.#outside)
    if (broken.length > 0) return { status: 'error', errorMessage: String(broken[0]) }
    writeFindings(tests, reach)
    return { status: 'complete', tests, mutantCoverage: shared.mutantCoverage }
  }

  async mutantRun(mutant: Mutant): Promise<object> {
    this.#findings ??= readFindings()
    this.#outside.length = 0
    this.#isEndless = false
    this.#mutant = mutant.activeMutant.id
    const outcome = await this.#judge(mutant, this.#findings)
    this.#mutant = undefined
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
      this.#hitsLeft = mostHitsOfLoad
      await run.load(module)
      for (const id of inOrder(testFilter ?? findings.reached.get(module) ?? [], kills, findings)) {
        const { fileName, timeSpentMs, hits } = findings.tests.get(id)!
        this.#hitsLeft = mostHitsOfLoad
        const test = await run.find(fileName, id)
        if (this.#isEndless) return endless
        if (test === undefined) continue
        nrOfTests += 1
        this.#hitsLeft = leastHits + hitFactor * hits
        const outcome = await outcomeOf(test, 10_000 + 10 * timeSpentMs)
        if (this.#isEndless || outcome.kind === 'hanging') return endless
        if (outcome.kind === 'passed') continue
        kills.set(id, (kills.get(id) ?? 0) + 1)
        return { status: 'killed', killedBy: [id], failureMessage: outcome.message, nrOfTests }
      }
    } finally {
      await run.finish()
    }
    // what is thrown outside of a test is told between two rounds of events
    await new Promise(setImmediate)
    if (this.#isEndless) return endless
    const broken = [...run.broken, ...this.#outside]
    if (broken.length > 0) return { status: 'error', errorMessage: String(broken[0]) }
    return { status: 'survived', nrOfTests }
  }
}

const endless = { status: 'timeout', reason: 'does not end' }

function inOrder(
  ids: readonly string[],
  kills: ReadonlyMap<string, number>,
  { tests }: Findings,
): string[] {
  const killed = (id: string): number => kills.get(id) ?? 0
  const spent = (id: string): number => tests.get(id)!.timeSpentMs
  return ids.toSorted((a, b) => killed(b) - killed(a) || spent(a) - spent(b))
}

/** Adds what else a file takes: Stryker grants every mutant the time that no test has taken. */
function withShares(results: readonly TestResult[], elapsedMs: number): TestResult[] {
  const own = results.reduce((sum, { timeSpentMs }) => sum + timeSpentMs, 0)
  const share = (elapsedMs - own) / results.length
  return results.map((result) => ({ ...result, timeSpentMs: result.timeSpentMs + share }))
}

async function measured(test: CollectedTest, fileName: string): Promise<TestResult> {
  const { id, name } = test
  const start = performance.now()
  shared.currentTestId = id
  const outcome = await outcomeOf(test, 60_000)
  shared.currentTestId = undefined
  const timeSpentMs = performance.now() - start
  const hits = Object.values(shared.mutantCoverage?.perTest[id] ?? {}).reduce((a, b) => a + b, 0)
  const result = { id, name, fileName, timeSpentMs, hits }
  if (outcome.kind === 'passed') return { ...result, status: passed }
  const failureMessage = outcome.kind === 'hanging' ? 'does not end' : outcome.message
  return { ...result, status: failed, failureMessage }
}

export const strykerPlugins = [
  { kind: 'TestRunner', name: 'fresh-modules', factory: () => new FreshModulesRunner() },
]
