import { readFileSync, writeFileSync } from 'node:fs'
import type { Reach } from './reach.ts'

/** One test of the run without a change, as Stryker wants it. */
export interface TestResult {
  readonly id: string
  readonly name: string
  readonly fileName: string
  readonly timeSpentMs: number
  readonly status: typeof passed | typeof failed
  readonly failureMessage?: string
}

export const passed = 0
export const failed = 1

/** What the run without a change has found out, for every process that runs tests. */
export interface Findings {
  readonly tests: ReadonlyMap<string, { readonly fileName: string; readonly timeSpentMs: number }>
  /** The tests that a change of what is evaluated when a module is loaded can come to. */
  readonly reached: ReadonlyMap<string, readonly string[]>
  /** How often one test has come to the place of a mutant, at most. */
  readonly hits: ReadonlyMap<string, number>
}

/** Mutant to how often, and that for each test. */
export interface Coverage {
  readonly static: Readonly<Record<string, number>>
  readonly perTest: Record<string, Readonly<Record<string, number>>>
}

// the working folder is the copy of the repository that Stryker has made for this run
const file = 'mutation-findings.json'

interface Written {
  readonly tests: readonly TestResult[]
  /** By number, as there are too many of them. */
  readonly reached: ReadonlyArray<readonly [string, readonly number[]]>
  readonly hits: ReadonlyArray<readonly [string, number]>
}

export function writeFindings(
  tests: readonly TestResult[],
  reach: Reach,
  coverage: Coverage,
): void {
  const numbers = new Map(tests.map(({ id }, index) => [id, index]))
  const reached = reach
    .entries()
    .map(([module, ids]) => [module, [...ids].flatMap((id) => numbers.get(id) ?? [])] as const)
  const hits = new Map<string, number>()
  for (const counts of [coverage.static, ...Object.values(coverage.perTest)]) {
    for (const [mutant, count] of Object.entries(counts)) {
      hits.set(mutant, Math.max(hits.get(mutant) ?? 0, count))
    }
  }
  writeFileSync(file, JSON.stringify({ tests, reached, hits: [...hits] } satisfies Written))
}

export function readFindings(): Findings {
  const { tests, reached, hits } = JSON.parse(readFileSync(file, 'utf8')) as Written
  return {
    tests: new Map(tests.map((test) => [test.id, test])),
    reached: new Map(
      reached.map(([module, numbers]) => [module, numbers.map((number) => tests[number]!.id)]),
    ),
    hits: new Map(hits),
  }
}
