import { decidingRule, placeText } from '../protocol/place.ts'
import { xmlText } from '../report/xml.ts'
import { countsOf, placeOfTest, type PolicyOutcome } from './suite-report.ts'
import type { TestResult } from './suite.ts'

/**
 * Outcomes as JUnit XML, in the form that build servers read: a `testsuite` for each policy, a
 * `testcase` for each test, coverage and mutation scores as properties.
 */
export function suitesToJunit(outcomes: readonly PolicyOutcome[]): string {
  const { total, passed } = countsOf(outcomes)
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites tests="${total}" failures="${total - passed}">`,
    ...outcomes.flatMap(suiteLines),
    '</testsuites>',
    '',
  ]
  return lines.join('\n')
}

function suiteLines(outcome: PolicyOutcome): readonly string[] {
  const { total, passed } = countsOf([outcome])
  const { coverage, mutation } = outcome
  const properties = [
    ...(coverage === undefined ? [] : [property('covered', coverage.reached, coverage.total)]),
    ...(mutation === undefined ? [] : [property('noticed', mutation.killed, mutation.total)]),
  ]
  return [
    `  <testsuite name="${xmlText(outcome.policy)}" tests="${total}" failures="${total - passed}">`,
    ...(properties.length === 0 ? [] : ['    <properties>', ...properties, '    </properties>']),
    ...outcome.suites.flatMap(({ suite, results }) =>
      results.flatMap((result) => {
        const { file, line } = placeOfTest(suite, result)
        const where = `file="${xmlText(file)}" line="${line}"`
        const opened = `    <testcase name="${xmlText(result.test.name)}" classname="${xmlText(file)}" ${where}`
        return result.passed
          ? [`${opened}/>`]
          : [`${opened}>`, failureLine(result), '    </testcase>']
      }),
    ),
    '  </testsuite>',
  ]
}

function property(name: string, part: number, whole: number): string {
  return `      <property name="${name}" value="${part} of ${whole}"/>`
}

function failureLine({ test, decision }: TestResult): string {
  const by = test.by === undefined ? '' : ` by ${test.by}`
  const message = `expected ${test.expect}${by}, got ${decision.effect} by ${decision.rule}`
  const deciding = decidingRule(decision)
  const place = deciding === undefined ? [] : [placeText(deciding)]
  const detail = [...place, ...decision.reasons].join('\n')
  return `      <failure message="${xmlText(message)}">${xmlText(detail)}</failure>`
}
