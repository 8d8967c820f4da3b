import * as fc from 'fast-check'

/**
 * A share of a whole, from 0 to 1, in thousandths. Not `fc.double`: that draws from all numbers that
 * can be represented, nearly all of which are next to 0.
 */
export const share: fc.Arbitrary<number> = fc
  .integer({ min: 0, max: 1000 })
  .map((thousandths) => thousandths / 1000)
