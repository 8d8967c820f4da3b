import { expect, test } from 'vitest'
import { foldReport } from '../../../src/report/fold.ts'
import { facets, Filters, type Facet } from '../../../src/report/html/client/filters.ts'
import type { CallRow } from '../../../src/report/report.ts'
import { summarizeCall } from '../../../src/report/summary.ts'
import { sampleEvents } from './sample.ts'

const [row] = foldReport(sampleEvents(), { head: null }).rows

function filtersOf(...changes: readonly Partial<CallRow>[]): Filters {
  const rows = changes.map((change, index) => ({ ...row!, labels: [], ...change, index }))
  const filters = new Filters()
  const calls = rows.map((each) => summarizeCall(each, false))
  // in which portions calls come makes no difference
  for (const portion of [calls.slice(0, 1), calls.slice(1)]) filters.add(portion)
  return filters
}

function shown(filters: Filters): readonly number[] {
  return filters.apply().map((call) => call.row.index)
}

function chips(filters: Filters, facet: Facet): readonly string[] {
  return filters.chips(facet).map(({ value, count }) => `${value} ${count}`)
}

test('calls are told apart by where their arguments come from, and how secret they are', () => {
  const from = [{ kind: 'tool', tool: 'read' }] as const
  const filters = filtersOf(
    { labels: [{ argument: '/a', trust: 'trusted', from }] },
    { labels: [{ argument: '/a', trust: 'untrusted', secrecy: 'internal', from }] },
    {
      labels: [
        { argument: '/a', trust: 'untrusted', secrecy: 'secret', from },
        { argument: '/b', trust: 'untrusted', secrecy: 'private', from },
      ],
    },
  )
  expect(chips(filters, 'data')).toEqual(['untrusted 2', 'private 1', 'secret 1'])
  filters.toggle('data', 'untrusted')
  expect(shown(filters)).toEqual([1, 2])
  filters.toggle('data', 'untrusted')
  filters.toggle('data', 'secret')
  expect(shown(filters)).toEqual([2])
})

test('slow calls are found by how long their tool ran', () => {
  const times = [999, 1000, 9999, 10_000]
  const filters = filtersOf(...times.map((executionMs) => ({ executionMs })))
  expect(chips(filters, 'time')).toEqual(['1 s or more 3', '10 s or more 1'])
  filters.toggle('time', '10 s or more')
  expect(shown(filters)).toEqual([3])
  filters.toggle('time', '1 s or more')
  expect(shown(filters)).toEqual([1, 2, 3])
})

test('values of a facet widen what is shown, facets and words narrow it', () => {
  const filters = filtersOf({ tool: 'a' }, { tool: 'b' }, { tool: 'b', status: 'timeout' })
  filters.toggle('tool', 'a')
  filters.toggle('tool', 'b')
  expect(shown(filters)).toEqual([0, 1, 2])
  filters.toggle('status', 'timeout')
  expect(shown(filters)).toEqual([2])
  filters.search('nowhere')
  expect(shown(filters)).toEqual([])
  filters.clear()
  expect(filters.isOff && shown(filters).length).toBe(3)
  for (const facet of facets) expect(filters.has(facet, 'a')).toBe(false)
})
