import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { WholeRuns } from '../../src/gate/flow/whole-runs.ts'

const word = fc.integer({ min: 1, max: 3 })
const run = fc.array(word, { minLength: 1, maxLength: 4 })

test('words are covered where a run stands whole', () => {
  fc.assert(
    fc.property(
      fc.array(run, { maxLength: 5 }),
      fc.array(word, { maxLength: 20 }),
      (runs, text) => {
        const expected = text.map(() => false)
        for (const each of runs) {
          for (const at of text.keys()) {
            if (each.every((one, offset) => text[at + offset] === one)) {
              expected.fill(true, at, at + each.length)
            }
          }
        }
        expect(new WholeRuns(runs).coverOf(text)).toEqual(expected)
      },
    ),
  )
})

test('they are covered in long texts of like words', () => {
  const long = Array.from({ length: 300_000 }, () => 1)
  const isCovered = new WholeRuns([
    [...long, 2],
    [1, 1, 3],
  ]).coverOf([...long, 3])
  expect(isCovered.indexOf(true)).toBe(long.length - 2)
})
