import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { NamedUnderWay, UnderWay } from '../../../src/base/under-way.ts'

test('what is under way is listed in the order in which it began, until it ends', () => {
  const step = fc.record({ begins: fc.boolean(), at: fc.nat(20) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const underWay = new UnderWay<number>()
      const expected = new Map<number, () => void>()
      const ended: (() => void)[] = []
      for (const [number, { begins, at }] of steps.entries()) {
        if (begins) expected.set(number, underWay.add(number))
        else {
          const chosen = [...expected.keys()][at]
          // ending what is over, or nothing, changes nothing
          const end = chosen === undefined ? ended[at] : expected.get(chosen)
          end?.()
          if (chosen !== undefined) {
            ended.push(expected.get(chosen)!)
            expected.delete(chosen)
          }
        }
        expect(underWay.list()).toEqual([...expected.keys()])
      }
    }),
  )
})

test('whoever goes through the list may end what is on it, and begin more', () => {
  const underWay = new UnderWay<string>()
  const ends = ['a', 'b', 'c'].map((name) => underWay.add(name))
  const seen: string[] = []
  for (const name of underWay.list()) {
    seen.push(name)
    for (const end of ends) end()
    underWay.add(`${name}2`)
  }
  expect(seen).toEqual(['a', 'b', 'c'])
  expect(underWay.list()).toEqual(['a2', 'b2', 'c2'])
})

test('what has a name is found by it, until it is deleted', () => {
  const step = fc.record({
    does: fc.constantFrom('set', 'delete'),
    name: fc.oneof(fc.constantFrom('a', '__proto__', ''), fc.nat(80).map(String)),
    value: fc.nat(),
  })
  fc.assert(
    fc.property(fc.array(step, { minLength: 100, maxLength: 300 }), (steps) => {
      const named = new NamedUnderWay<number>()
      const expected = new Map<string, number>()
      for (const { does, name, value } of steps) {
        if (does === 'set') {
          named.set(name, value)
          expected.set(name, value)
        } else {
          named.delete(name)
          expected.delete(name)
        }
        expect(named.get(name)).toBe(expected.get(name))
        expect(named.size).toBe(expected.size)
        expect([...named]).toEqual([...expected])
      }
    }),
  )
})
