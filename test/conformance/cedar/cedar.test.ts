import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compare, emptyTally } from './compare.ts'
import { sharedCases } from './shared-language.ts'

test('Cedar decides 2,000 policies alike, but skips a forbid that it cannot evaluate', () => {
  const tally = emptyTally()
  fc.assert(
    fc.property(sharedCases, (one) => compare(one, tally)),
    { numRuns: 2000 },
  )
  // each kind of outcome was there to be compared
  expect(tally.calls).toBe(6000)
  expect(Math.min(tally.allow, tally.deny, tally.erring, tally.skipped)).toBeGreaterThan(10)
}, 120_000)
