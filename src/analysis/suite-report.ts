import { counted, shorten, visible } from '../base/text.ts'
import type { Position } from '../protocol/decision.ts'
import type { Coverage } from './coverage.ts'
import type { Mutation } from './mutation.ts'
import { placeText } from '../protocol/place.ts'
import { ruleText } from './rule-text.ts'
import type { TestResult } from './suite.ts'
import type { Suite } from './suite-file.ts'

/** The tests of one file and how they came out. */
export interface SuiteOutcome {
  readonly suite: Suite
  readonly results: readonly TestResult[]
}

/** Everything that was found about one policy. */
export interface PolicyOutcome {
  readonly policy: string
  readonly suites: readonly SuiteOutcome[]
  readonly coverage?: Coverage
  readonly mutation?: Mutation
}

/** Where a test stands. */
export function placeOfTest({ source }: Suite, { test }: TestResult): Position {
  return { file: source.file, ...source.point(test.at.start) }
}

/** In hundredths, rounded down: 100 means all of it. Nothing at all is covered whole. */
export function percent(part: number, whole: number): number {
  return whole === 0 ? 100 : Math.floor((part / whole) * 100)
}

/** How many tests ran, and how many of them passed. */
export function countsOf(outcomes: readonly PolicyOutcome[]): {
  readonly total: number
  readonly passed: number
} {
  const results = outcomes.flatMap(({ suites }) => suites.flatMap((suite) => suite.results))
  return { total: results.length, passed: results.filter(({ passed }) => passed).length }
}

/** Outcomes as people read them; one line for each test, more for each that failed. */
export function renderSuites(outcomes: readonly PolicyOutcome[]): string {
  const lines = outcomes.flatMap(({ policy, suites, coverage, mutation }) => [
    visible(policy),
    ...suites.flatMap((outcome) => outcome.results.flatMap((result) => testLines(outcome, result))),
    ...(coverage === undefined ? [] : coverageLines(coverage)),
    ...(mutation === undefined ? [] : mutationLines(mutation)),
    '',
  ])
  const { total, passed } = countsOf(outcomes)
  return [
    ...lines,
    `${counted(total, 'test')}: ${passed} passed, ${total - passed} failed`,
    '',
  ].join('\n')
}

function testLines({ suite }: SuiteOutcome, result: TestResult): readonly string[] {
  const { test, passed, decision } = result
  const name = shorten(test.name, 200)
  if (passed) return [`  ✓ ${name}`]
  const args = shorten(JSON.stringify(test.call.args ?? {}), 300)
  const by = test.by === undefined ? '' : ` by ${visible(test.by)}`
  return [
    `  ✗ ${name}`,
    `      at        ${placeText(placeOfTest(suite, result))}`,
    `      expected  ${test.expect}${by}`,
    `      got       ${decision.effect} by ${ruleText(decision)}`,
    `      call      ${shorten(test.call.tool, 128)} ${args}`,
    ...decision.reasons.map((reason) => `      why       ${shorten(reason, 500)}`),
  ]
}

function coverageLines({ reached, total, missing }: Coverage): readonly string[] {
  return [
    `  covered ${reached} of ${total} (${percent(reached, total)} %)`,
    ...missing.map((part) => `    not reached: ${visible(part.rule)}  ${placeText(part)}`),
  ]
}

function mutationLines({ killed, total, survivors }: Mutation): readonly string[] {
  return [
    `  noticed ${killed} of ${total} changes (${percent(killed, total)} %)`,
    ...survivors.map((one) => {
      const mark = one.essential ? '!' : ' '
      return `  ${mark} no test fails when ${visible(one.what)}  ${placeText(one)}`
    }),
  ]
}

/** Outcomes as plain data. */
export function suitesToJson(outcomes: readonly PolicyOutcome[], code: number): object {
  return {
    ...countsOf(outcomes),
    policies: outcomes.map(({ policy, suites, coverage, mutation }) => ({
      policy,
      tests: suites.flatMap((outcome) =>
        outcome.results.map((result) => testToJson(outcome, result)),
      ),
      ...(coverage === undefined
        ? {}
        : { coverage: { ...coverage, percent: percent(coverage.reached, coverage.total) } }),
      ...(mutation === undefined
        ? {}
        : { mutation: { ...mutation, percent: percent(mutation.killed, mutation.total) } }),
    })),
    exit: { code },
  }
}

function testToJson({ suite }: SuiteOutcome, result: TestResult): object {
  const { test, passed, decision } = result
  const { name, expect, by } = test
  const expected = { effect: expect, ...(by === undefined ? {} : { rule: by }) }
  return { name, passed, ...placeOfTest(suite, result), expected, decision }
}
