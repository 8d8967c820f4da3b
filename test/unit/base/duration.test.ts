import { expect, test } from 'vitest'
import { parseDuration, readDuration } from '../../../src/base/duration.ts'

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['15m', 900_000],
  ['12h', 43_200_000],
  ['7d', 604_800_000],
])('%s is %d ms', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds)
})

test.each(['', '0s', '5', 's', '1.5s', '-1s', '1 s', '1S', '1w', '1000000s', '1s\n', '٣s'])(
  '%j is no duration',
  (text) => {
    expect(readDuration(text)).toBeUndefined()
    expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'bad-option' }))
  },
)
