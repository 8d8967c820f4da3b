import { readFileSync } from 'node:fs'
import { validator, type Schema } from '@exodus/schemasafe'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { foldReport } from '../../../src/report/fold.ts'
import type { StructuralEvent } from '../../../src/protocol/run-event.ts'
import type { Report } from '../../../src/report/report.ts'
import { renderSarif } from '../../../src/report/sarif.ts'
import { fill, payloads, report } from '../../unit/report/hostile.ts'
import { randomRun } from '../../unit/report/random-run.ts'
import { EventWriter, sampleEvents } from '../../unit/report/sample.ts'

const published = readFileSync(new URL('sarif-2.1.0-rtm.5.json', import.meta.url), 'utf8')

// the pattern of `language` has a bracket too many, which is no regular expression in Unicode mode
const schema = JSON.parse(published.replaceAll('[a-zA-Z]{2}]?$', '[a-zA-Z]{2}$')) as Schema

const validate = validator(schema, {
  mode: 'spec',
  includeErrors: true,
  // a time in the reports of hostile text is no time
  formatAssertion: false,
})

interface Result {
  readonly ruleId: string
  readonly level: string
  readonly message: { readonly text: string }
  readonly locations?: readonly object[]
  readonly partialFingerprints: Readonly<Record<string, string>>
}

function resultsOf(of: Report): readonly Result[] {
  const log: unknown = JSON.parse(renderSarif(of))
  expect(validate(log as never) || validate.errors).toBe(true)
  return (log as { runs: { results: Result[] }[] }).runs[0]!.results
}

describe('SARIF', () => {
  test('is told from what is none by its schema', () => {
    expect(validate({ version: '2.1.0' })).toBe(false)
    expect(validate({ version: '2.1.0', runs: [{ tool: {} }] })).toBe(false)
  })

  test('of any run is valid', () => {
    fc.assert(
      fc.property(randomRun, (events) => void resultsOf(foldReport(events, { head: null }))),
    )
  })

  test('of hostile text is valid, and has as many results', () => {
    const count = resultsOf(report).length
    expect(count).toBeGreaterThan(2)
    for (const payload of payloads) {
      expect(resultsOf(fill(report, payload) as Report)).toHaveLength(count)
    }
  })

  test('points at the line of the rule that refused, and not at what was simply allowed', () => {
    const results = resultsOf(foldReport(sampleEvents(), { head: null }))
    const refused = results.find(({ ruleId }) => ruleId === 'refund-limit')!
    expect(refused).toMatchObject({
      level: 'error',
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'policies/support-desk.yaml' },
            region: { startLine: 32, startColumn: 5 },
          },
        },
      ],
    })
    expect(refused.message.text).toContain('`/amount` is 500, at most 100 is allowed')
    expect(results.map(({ ruleId }) => ruleId)).not.toContain('read-orders')
    const shadow = resultsOf(foldReport(sampleEvents('shadow'), { head: null }))
    expect(shadow.find(({ ruleId }) => ruleId === 'refund-limit')!.level).toBe('warning')
  })

  test('gives refusals that differ in values only one fingerprint, others others', () => {
    const calls: readonly (readonly [string, object])[] = [
      ['refund', { order: 'O-7', amount: 1 }],
      ['refund', { amount: 9, order: 'O-8' }],
      ['refund', { order: 'O-7' }],
      ['refund', { order: 7, amount: 1 }],
      ['delete', { order: 'O-7', amount: 1 }],
    ]
    const writer = new EventWriter().start().beginTurn()
    for (const [index, [tool, args]] of calls.entries()) {
      writer
        .propose(index, tool, args as never)
        .decide(index, 'deny', 'r', [])
        .refuse(index, tool, {})
    }
    const results = resultsOf(foldReport(writer.end('completed').events, { head: null }))
    const [first, second, ...others] = results.map(
      (one) => Object.values(one.partialFingerprints)[0],
    )
    expect(second).toBe(first)
    expect(new Set([first, ...others]).size).toBe(4)
  })

  test('points at no other host, whatever the file of a policy is called', () => {
    const named = sampleEvents().map((event) =>
      JSON.parse(JSON.stringify(event).replaceAll('policies/', '//evil.example/')),
    ) as StructuralEvent[]
    const text = renderSarif(foldReport(named, { head: null }))
    expect(text).toContain('"uri": "/evil.example/support-desk.yaml"')
    expect(text).not.toContain('"uri": "//')
  })

  test('has no link and no placeholder made of text from outside', () => {
    const text = '[click](https://evil.example) {0}'
    for (const { message } of resultsOf(fill(report, text) as Report)) {
      expect(message.text).not.toMatch(/(?<!\\)\[|(?<!\{)\{(?!\{)/)
    }
  })

  test('tells how many results are left out of many', () => {
    const rows = Array.from({ length: 5_003 }, () => report.rows[1]!)
    const log = JSON.parse(renderSarif({ ...report, rows })) as {
      runs: { results: unknown[]; invocations: unknown[] }[]
    }
    expect(log.runs[0]!.results).toHaveLength(5_000)
    expect(JSON.stringify(log.runs[0]!.invocations)).toContain('3 more results are left out')
  })
})
