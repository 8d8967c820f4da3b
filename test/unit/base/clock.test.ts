import { array, assert, integer, property } from 'fast-check'
import { expect, test } from 'vitest'
import { createTimeFormatter } from '../../../src/base/clock.ts'

test('times are written as Date writes them, in whatever order they come', () => {
  const times = array(integer({ min: -62_000_000_000_000, max: 250_000_000_000_000 }))
  const close = array(integer({ min: 1_700_000_000_000, max: 1_700_000_002_000 }))
  assert(
    property(times, close, (anywhere, together) => {
      const format = createTimeFormatter()
      for (const time of [...anywhere, ...together]) {
        expect(format(time)).toBe(new Date(time).toISOString())
      }
    }),
  )
})
