import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { renderHtml } from '../../../src/report/html/page.ts'
import { Chosen } from '../../../src/report/html/chosen.ts'
import { foldReport } from '../../../src/report/fold.ts'
import { dataOf } from './page-data.ts'
import { EventWriter, usage } from './sample.ts'

interface Item {
  readonly at: number
  readonly notable: boolean
  readonly size: number
}

/** The first ones, up to one that does not fit. */
function firstOf(items: readonly Item[], most: number, room: number): readonly Item[] {
  const end = items.findIndex((_, at) => {
    const size = items.slice(0, at + 1).reduce((sum, item) => sum + item.size, 0)
    return at + 1 > most || size > room
  })
  return end < 0 ? items : items.slice(0, end)
}

test('what is chosen on the way is what would be chosen at the end', () => {
  const sizes = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 9 })), { size: 'medium' })
  fc.assert(
    fc.property(sizes, fc.nat({ max: 9 }), fc.nat({ max: 30 }), (drafts, most, room) => {
      const items = drafts.map(([notable, size], at): Item => ({ at, notable, size }))
      const chosen = new Chosen<Item>(most, room)
      for (const item of items)
        chosen.add(
          item.notable,
          () => item,
          ({ size }) => size,
        )
      const notable = firstOf(
        items.filter((item) => item.notable),
        most,
        room,
      )
      const rest = room - notable.reduce((sum, { size }) => sum + size, 0)
      const others = firstOf(
        items.filter((item) => !item.notable),
        most - notable.length,
        rest,
      )
      const expected = [...notable, ...others].toSorted((a, b) => a.at - b.at)
      expect(chosen.all()).toEqual(expected)
      expect(chosen.leftOut).toBe(items.length - expected.length)
    }),
    { numRuns: 1000 },
  )
})

test('a page holds no more of large calls than it has room for, and those that were refused first', () => {
  const writer = new EventWriter().start().beginTurn()
  const large = Array.from({ length: 128 }, () => 'x'.repeat(16_000))
  const count = 14
  for (let index = 0; index < count; index++) writer.propose(index, 'send', { large })
  writer.endTurn(1, usage)
  for (let index = 0; index < count; index++) {
    const isLast = index === count - 1
    writer.decide(index, isLast ? 'deny' : 'allow', 'r', [])
    if (isLast) writer.refuse(index, 'send', {})
    else writer.execute(index, 'send', 1, 'ok')
  }
  const report = foldReport(writer.end('completed').events, { head: null })
  const html = renderHtml(report)
  const indexes = dataOf(html).report.rows.map(({ index }) => index)
  expect(indexes).toEqual([...Array(9).keys(), count - 1])
  expect(html).toContain('4 of 14 calls are left out of this page.')
})
