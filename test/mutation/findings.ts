import { readFileSync, writeFileSync } from 'node:fs'
import type { Reach } from './reach.ts'

/** One test of the run without a change, as Stryker wants it. */
export interface TestResult {
  readonly id: string
  readonly name: string
  readonly fileName: string
  readonly timeSpentMs: number
  /** How often it has come to a place of a mutant. */
  readonly hits: number
  readonly status: typeof passed | typeof failed
  readonly failureMessage?: string
}

export const passed = 0
export const failed = 1

/** What the run without a change has found out, for every process that runs tests. */
export interface Findings {
  readonly tests: ReadonlyMap<string, TestResult>
  /** The tests that a change of what is evaluated when a module is loaded can come to. */
  readonly reached: ReadonlyMap<string, readonly string[]>
}

// the working folder is the copy of the repository that Stryker has made for this run
const file = 'mutation-findings.json'

interface Written {
  readonly tests: readonly TestResult[]
  /** By number, as there are too many of them. */
  readonly reached: ReadonlyArray<readonly [string, readonly number[]]>
}

export function writeFindings(tests: readonly TestResult[], reach: Reach): void {
  const numbers = new Map(tests.map(({ id }, index) => [id, index]))
  const reached = reach
    .entries()
    .map(([module, ids]) => [module, [...ids].flatMap((id) => numbers.get(id) ?? [])] as const)
  writeFileSync(file, JSON.stringify({ tests, reached } satisfies Written))
}

export function readFindings(): Findings {
  const { tests, reached } = JSON.parse(readFileSync(file, 'utf8')) as Written
  return {
    tests: new Map(tests.map((test) => [test.id, test])),
    reached: new Map(
      reached.map(([module, numbers]) => [module, numbers.map((number) => tests[number]!.id)]),
    ),
  }
}
