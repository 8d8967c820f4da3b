import { describe, expect, test } from 'vitest'
import type { Rule } from '../../../src/policy/document.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import { requiredRange, requiredValues } from '../../../src/policy/required.ts'

function ruleOf(args: object, effect = 'allow'): Rule {
  const rules = [{ id: 'a', [effect]: ['t'], args }]
  return readPolicy(JSON.stringify({ sallyport: 1, name: 't', rules }), { file: 'p' }).rules[0]!
}

describe('values that a rule requires', () => {
  test.each<[object, object | undefined]>([
    [{ x: { const: 1 } }, { name: 'x', values: [1], isWhole: true }],
    [{ x: { const: null } }, { name: 'x', values: [null], isWhole: true }],
    [
      { x: { enum: ['a', 2, null, true] } },
      { name: 'x', values: ['a', 2, null, true], isWhole: true },
    ],
    [{ x: { const: 1, type: 'number' } }, { name: 'x', values: [1], isWhole: false }],
    [{ x: { const: 1, enum: [2] } }, { name: 'x', values: [1], isWhole: false }],
    [
      { x: { type: 'string' }, y: { const: 1 } },
      { name: 'y', values: [1], isWhole: true },
    ],
    [{ x: { const: [1] } }, undefined],
    [{ x: { enum: [1, { a: 1 }] } }, undefined],
    [{ x: { const: 1, optional: true } }, undefined],
    [{ '/x/y': { const: 1 } }, undefined],
    [{ x: { maximum: 1 } }, undefined],
  ])('%j: %j', (args, expected) => {
    const required = requiredValues(ruleOf(args))
    if (expected === undefined) expect(required).toBeUndefined()
    else expect(required).toMatchObject(expected)
  })

  test('are also those of an optional argument where the rule denies', () => {
    const rule = ruleOf({ x: { const: 1, optional: true } }, 'deny')
    expect(requiredValues(rule)).toEqual({
      argument: rule.args[0],
      name: 'x',
      values: [1],
      isWhole: true,
    })
  })
})

describe('a range that a rule requires', () => {
  test.each<[object, object | undefined]>([
    [{ x: { minimum: 1 } }, { name: 'x', low: 1, high: Infinity, onlyNumbers: false }],
    [{ x: { maximum: 1 } }, { name: 'x', low: -Infinity, high: 1, onlyNumbers: false }],
    [{ x: { exclusiveMinimum: 1 } }, { name: 'x', low: 1, high: Infinity, onlyNumbers: false }],
    [{ x: { exclusiveMaximum: 1 } }, { name: 'x', low: -Infinity, high: 1, onlyNumbers: false }],
    [
      { x: { minimum: 1, exclusiveMinimum: 3, maximum: 9, exclusiveMaximum: 7 } },
      { name: 'x', low: 3, high: 7, onlyNumbers: false },
    ],
    [
      { x: { type: 'number', minimum: 0 } },
      { name: 'x', low: 0, high: Infinity, onlyNumbers: true },
    ],
    [
      { x: { type: 'integer', minimum: 0 } },
      { name: 'x', low: 0, high: Infinity, onlyNumbers: true },
    ],
    [
      { x: { type: 'string', minimum: 0 } },
      { name: 'x', low: 0, high: Infinity, onlyNumbers: false },
    ],
    [
      { x: { type: 'number' }, y: { maximum: 2 } },
      { name: 'y', low: -Infinity, high: 2, onlyNumbers: false },
    ],
    [{ x: { type: 'number' } }, undefined],
    [{ x: { minimum: 1, optional: true } }, undefined],
    [{ '/x/y': { minimum: 1 } }, undefined],
  ])('%j: %j', (args, expected) => {
    expect(requiredRange(ruleOf(args))).toEqual(expected)
  })
})
