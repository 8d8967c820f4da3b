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
  /** How often the change may be come to until it counts as an endless loop. */
  readonly hitLimit?: number
}

/** What the changed code and those who run it have in common. */
interface Shared {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  hitCount?: number
  hitLimit?: number | undefined
  mutantCoverage?: {
    readonly static: object
    /** Test to mutant to how often. */
    readonly perTest: Record<string, Record<string, number>>
  }
}

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
      const run = new Run((module, reader) => reach.note(module, reader, shared.currentTestId))
      for (const test of (await run.collect(file)).filter(({ id }) => isWanted(id))) {
        const result = await measured(test, file)
        if (!isQuick(test.id)) continue
        reach.noteTest(file, test.id)
        tests.push(result)
      }
      await run.finish()
      broken.push(...run.broken)
    }
    broken.push(...this.#outside)
    if (broken.length > 0) return { status: 'error', errorMessage: String(broken[0]) }
    writeFindings(tests, reach)
    return { status: 'complete', tests, mutantCoverage: shared.mutantCoverage }
  }

  async mutantRun(mutant: Mutant): Promise<object> {
    const { activeMutant, hitLimit } = mutant
    this.#outside.length = 0
    Object.assign(shared, { activeMutant: activeMutant.id, hitCount: 0, hitLimit })
    const outcome = await this.#judge(mutant)
    shared.activeMutant = undefined
    if (hitLimit === undefined || shared.hitCount! <= hitLimit) return outcome
    return { status: 'timeout', reason: `come to more than ${hitLimit} times` }
  }

  async #judge({ testFilter, sandboxFileName: module }: Mutant): Promise<object> {
    const findings = (this.#findings ??= readFindings())
    const kills = this.#kills.get(module) ?? new Map<string, number>()
    this.#kills.set(module, kills)
    const run = new Run()
    await run.load(module)
    let nrOfTests = 0
    try {
      for (const id of inOrder(testFilter ?? findings.reached.get(module) ?? [], kills, findings)) {
        const { fileName, timeSpentMs } = findings.tests.get(id)!
        const test = await run.find(fileName, id)
        if (test === undefined) continue
        nrOfTests += 1
        const outcome = await outcomeOf(test, 10_000 + 10 * timeSpentMs)
        if (outcome.kind === 'passed') continue
        if (outcome.kind === 'hanging')
          return { status: 'timeout', reason: `\`${id}\` does not end` }
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

function inOrder(
  ids: readonly string[],
  kills: ReadonlyMap<string, number>,
  { tests }: Findings,
): string[] {
  const killed = (id: string): number => kills.get(id) ?? 0
  const spent = (id: string): number => tests.get(id)!.timeSpentMs
  return ids.toSorted((a, b) => killed(b) - killed(a) || spent(a) - spent(b))
}

/** Whether a test is to be run for mutants; otherwise what it has come to is forgotten. */
function isQuick(id: string): boolean {
  const perTest = shared.mutantCoverage?.perTest ?? {}
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
