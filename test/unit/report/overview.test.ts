import { describe, expect, test } from 'vitest'
import { renderIndex } from '../../../src/report/html/index-page.ts'
import { bucketsOf, type Bucket } from '../../../src/report/buckets.ts'
import { foldReport } from '../../../src/report/fold.ts'
import {
  overviewCsv,
  overviewJson,
  overviewMarkdown,
  overviewTerminal,
} from '../../../src/report/overview-text.ts'
import { OverviewFold, type Overview } from '../../../src/report/overview.ts'
import { fill, payloads } from './hostile.ts'
import { later, overviewOf } from './many-runs.ts'
import { elementsOf } from './parsed.ts'
import { sampleEvents } from './sample.ts'

const report = foldReport(sampleEvents(), { head: `sha256:${'ab'.repeat(32)}` })
const three = [later(report, 50), report, later(report, 3)]

function tagsOf(overview: Overview): readonly string[] {
  return elementsOf(renderIndex(overview)).map(({ tagName }) => tagName)
}

describe('an overview', () => {
  test('lists runs by the time they began, and sums what became of their calls', () => {
    const { runs, totals, byTool, byRule, byPrincipal } = overviewOf(three)
    expect(runs.map(({ runId }) => runId)).toEqual([report.header.runId, 'run_3', 'run_50'])
    expect(totals).toMatchObject({ runs: 3, calls: 21, counts: { executed: 6, refused: 12 } })
    expect(totals.cost).toEqual({ amount: 0.0189, currency: 'USD', source: 'provider' })
    expect(byTool[0]).toEqual({
      name: 'refund',
      runs: 3,
      calls: 9,
      counts: { executed: 3, refused: 6, failed: 0, waiting: 0, stopped: 0 },
    })
    expect(byRule.map(({ name }) => name)).toContain('flow.untrustedLinks')
    expect(byPrincipal).toMatchObject([{ name: 'u1', runs: 3, calls: 21 }])
  })

  test('draws no cost where none is known', () => {
    const { cost, ...totals } = report.totals
    expect(cost).toBeDefined()
    const priced = renderIndex(overviewOf([report]))
    const unpriced = renderIndex(overviewOf([{ ...report, totals }]))
    expect(priced).toContain('aria-label="Cost over time"')
    expect(unpriced).not.toContain('Cost over time')
    expect(unpriced).toContain('aria-label="Calls over time"')
    expect(unpriced).not.toContain('$')
  })

  test('is the same whatever order the runs came in', () => {
    const there = overviewOf(three)
    const back = overviewOf(three.toReversed())
    expect(overviewJson(back)).toBe(overviewJson(there))
    expect(renderIndex(back)).toBe(renderIndex(there))
  })

  test('of nothing is one', () => {
    const none = new OverviewFold().overview()
    expect(none.totals.runs).toBe(0)
    expect(renderIndex(none)).toContain('0 runs, 0 calls, 0 refused')
    expect(overviewMarkdown(none)).toContain('0 runs')
    expect(overviewTerminal(none)).toContain('0 runs')
  })

  test('tells 10,000 tools apart, and counts the calls of others', () => {
    const fold = new OverviewFold()
    const call = { row: { tool: '' }, rule: 'r', outcome: 'executed' }
    for (let number = 0; number < 10_010; number++) {
      fold.addCall({ ...call, row: { tool: `t${number}` } } as never)
    }
    const { byTool } = fold.overview()
    expect(byTool).toHaveLength(10_001)
    expect(byTool.find(({ name }) => name === '(others)')?.calls).toBe(10)
  })
})

function spansOf(...times: readonly string[]): Bucket<number> {
  const items = times.map((startedAt) => ({ startedAt }))
  return bucketsOf(items, ({ length }) => length)
}

describe('spans of time', () => {
  test.each([
    ['minute', '2026-11-20T10:00:59Z', '2026-11-20T10:59:00Z', '2026-11-20T10:00', 60],
    ['hour', '2026-11-20T10:00:00Z', '2026-11-20T11:00:00Z', '2026-11-20T10', 2],
    ['day', '2026-10-30T10:00:00Z', '2026-11-20T11:00:00Z', '2026-10-30', 22],
    ['month', '2025-10-30T10:00:00Z', '2026-11-20T11:00:00Z', '2025-10', 14],
  ] as const)('are %s each, in UTC and without gaps', (unit, first, last, name, count) => {
    const { unit: found, spans, left } = spansOf(last, first)
    expect([found, spans[0], spans.length, left]).toEqual([unit, { at: name, value: 1 }, count, 0])
    expect(spans.at(-1)?.value).toBe(1)
    expect(spans.reduce((sum, { value }) => sum + value, 0)).toBe(2)
  })

  test('are the last 60 of more months, and leave out what is no time', () => {
    const { spans, left } = spansOf('0001-01-01T00:00:00Z', '2026-11-20T10:00:00Z', 'never')
    expect([spans.length, spans.at(-1), left > 24_000]).toEqual([
      60,
      { at: '2026-11', value: 1 },
      true,
    ])
    expect(spansOf('never').spans).toEqual([])
  })

  test('are those of UTC wherever they are told', () => {
    expect(spansOf('2026-11-20T23:30:00-02:00').spans[0]?.at).toBe('2026-11-21T01:30')
  })
})

describe('the page of many runs', () => {
  test('has no script, and a policy that allows none', () => {
    const page = renderIndex(overviewOf(three))
    const tags = new Set(elementsOf(page).map(({ tagName }) => tagName))
    for (const tag of ['script', 'template', 'img', 'iframe']) expect(tags).not.toContain(tag)
    expect(page).toMatch(
      /default-src 'none'; style-src 'sha256-[^']+' 'sha256-[^']+'; script-src 'none'/,
    )
    expect(page).not.toContain('style=')
  })

  test('links the pages of runs only where it is told them', () => {
    const all = overviewOf(three)
    expect(renderIndex(all)).not.toContain('href="index-')
    const linked = renderIndex(all, { pageOf: ({ runId }) => `index-${runId}.html` })
    expect(linked).toContain('<a href="index-run_50.html">')
  })

  test('stays what it is whatever texts runs are made of', () => {
    const plain = overviewOf(three)
    const expected = tagsOf(fill(plain, 'x') as Overview)
    for (const text of payloads.filter((_text, at) => at % 7 === 0)) {
      const hostile = fill(plain, text) as Overview
      const named = { ...hostile, overTime: plain.overTime }
      expect(
        tagsOf({ ...named, runs: named.runs.map((run) => ({ ...run, verdict: 'TAMPERED' })) }),
      ).toHaveLength(expected.length)
    }
  })
})

test('the other forms of an overview hold hostile texts as their places demand', () => {
  const plain = overviewOf(three)
  const hostile = fill(plain, '=cmd|"\u202e\u001b[2J\n`@team`') as Overview
  const csv = overviewCsv(hostile)
  expect(csv.split('\r\n')).toHaveLength(5)
  expect(csv).toContain(`"'=cmd|""`)
  for (const text of [
    csv,
    overviewJson(hostile),
    overviewMarkdown(hostile),
    overviewTerminal(hostile),
  ]) {
    for (const hidden of ['\u202e', '\u001b']) expect(text).not.toContain(hidden)
  }
  expect(overviewMarkdown(hostile)).toContain('``')
  expect(JSON.parse(overviewJson(hostile))).toEqual(JSON.parse(JSON.stringify(hostile)))
})

test('an overview as Markdown fits into a comment whatever it holds', () => {
  const many = Array.from({ length: 3000 }, (_none, minute) => later(report, minute))
  expect(overviewMarkdown(overviewOf(many)).length).toBeLessThan(65_536)
  expect(renderIndex(overviewOf(many))).toContain('And 2,000 more')
})

test('costs beyond what a number can hold hide no other run', () => {
  const cost = { ...report.totals.cost!, amount: 1.7e308 }
  const dear = { ...report, totals: { ...report.totals, cost } }
  const overview = overviewOf([1, 2, 3].map((minute) => later(dear, minute)))
  expect(overview.runs).toHaveLength(3)
  expect(overview.totals.cost?.amount).toBe(Number.MAX_VALUE)
})
