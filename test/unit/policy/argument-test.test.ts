import { expect, test } from 'vitest'
import type { JsonValue } from '../../../src/base/json.ts'
import { decideOn, policyOf, user } from './build.ts'
import type { Principal } from '../../../src/protocol/principal.ts'

type Outcome = 'true' | 'false' | 'unknown'

/**
 * Reads the truth of a test off three policies: an allow says true, a deny that fires where the
 * allow does not says unknown.
 */
function truthOf(argumentTest: object, value: JsonValue, principal: Principal = user): Outcome {
  const args = { value: argumentTest }
  const allow = policyOf({ rules: [{ id: 'a', allow: ['tool'], args }] })
  const deny = policyOf({
    rules: [
      { id: 'd', deny: ['tool'], args },
      { id: 'a', allow: ['tool'] },
    ],
  })
  if (decideOn(allow, { value }, { principal }).effect === 'allow') {
    expect(decideOn(deny, { value }, { principal }).rules[0]).not.toHaveProperty('unknown')
    return 'true'
  }
  const decision = decideOn(deny, { value }, { principal })
  if (decision.effect === 'allow') return 'false'
  expect(decision.rules[0]).toHaveProperty('unknown', true)
  return 'unknown'
}

const cases: readonly (readonly [object, JsonValue, Outcome])[] = [
  [{ type: 'string' }, 'a', 'true'],
  [{ type: 'string' }, 1, 'false'],
  [{ type: 'number' }, 1.5, 'true'],
  [{ type: 'number' }, '1', 'false'],
  [{ type: 'integer' }, 1, 'true'],
  [{ type: 'integer' }, 1.5, 'false'],
  [{ type: 'boolean' }, false, 'true'],
  [{ type: 'boolean' }, 0, 'false'],
  [{ type: 'array' }, [], 'true'],
  [{ type: 'array' }, {}, 'false'],
  [{ type: 'object' }, {}, 'true'],
  [{ type: 'object' }, [], 'false'],
  [{ type: 'object' }, null, 'false'],
  [{ type: 'null' }, null, 'true'],
  [{ type: 'null' }, 0, 'false'],
  [{ const: 'a' }, 'a', 'true'],
  [{ const: 'a' }, 'b', 'false'],
  [{ const: 1 }, '1', 'false'],
  [{ const: null }, null, 'true'],
  [{ const: { a: [1, { b: null }] } }, { a: [1, { b: null }] }, 'true'],
  [{ const: { a: 1 } }, { a: 1, b: 2 }, 'false'],
  [{ const: [1, 2] }, [2, 1], 'false'],
  [{ const: 'é' }, 'e\u0301', 'true'],
  [{ enum: ['a', 2, null] }, 2, 'true'],
  [{ enum: ['a', 2, null] }, null, 'true'],
  [{ enum: ['a', 2] }, 'b', 'false'],
  [{ enum: [[1], { a: 1 }] }, { a: 1 }, 'true'],
  [{ enum: [[1], { a: 1 }] }, [2], 'false'],
  [{ enum: ['é'] }, 'e\u0301', 'true'],
  [{ minimum: 2 }, 2, 'true'],
  [{ minimum: 2 }, 1.99, 'false'],
  [{ maximum: 2 }, 2, 'true'],
  [{ maximum: 2 }, 2.01, 'false'],
  [{ exclusiveMinimum: 2 }, 2, 'false'],
  [{ exclusiveMaximum: 2 }, 2, 'false'],
  [{ exclusiveMinimum: 0, maximum: 100 }, 100, 'true'],
  [{ exclusiveMinimum: 1000 }, '9999abc', 'unknown'],
  [{ minimum: 2 }, null, 'unknown'],
  [{ type: 'number', minimum: 2 }, '9', 'false'],
  [{ multipleOf: 0.01 }, 20.01, 'true'],
  [{ multipleOf: 0.01 }, 20.005, 'false'],
  [{ multipleOf: 0.1 }, 0.3, 'true'],
  [{ multipleOf: 0.01 }, 1e21, 'true'],
  [{ multipleOf: 3 }, -9, 'true'],
  [{ multipleOf: 1e-7 }, 3e-7, 'true'],
  [{ multipleOf: 2 }, 1e-320, 'false'],
  [{ multipleOf: 1 }, '1', 'unknown'],
  [{ minLength: 2 }, '😀😀', 'true'],
  [{ minLength: 3 }, '😀😀', 'false'],
  [{ maxLength: 2 }, '😀😀', 'true'],
  [{ maxLength: 1 }, '😀😀', 'false'],
  [{ maxLength: 5 }, 12345, 'unknown'],
  [{ minItems: 1 }, [], 'false'],
  [{ maxItems: 1 }, [1], 'true'],
  [{ maxItems: 1 }, 'a', 'unknown'],
  [{ items: { type: 'string' } }, ['a', 'b'], 'true'],
  [{ items: { type: 'string' } }, ['a', 1], 'false'],
  [{ items: { type: 'string' } }, [], 'true'],
  [{ items: { minimum: 1 } }, [2, 'x'], 'unknown'],
  [{ items: { minimum: 1 } }, [0, 'x'], 'false'],
  [{ items: { type: 'string' } }, 'a', 'unknown'],
  [{ anyItem: { const: 'x' } }, ['a', 'x'], 'true'],
  [{ anyItem: { const: 'x' } }, [], 'false'],
  [{ anyItem: { minimum: 1 } }, [0, 'x'], 'unknown'],
  [{ startsWith: ['git', 'status'] }, ['git', 'status', '-s'], 'true'],
  [{ startsWith: ['git', 'status'] }, ['git'], 'false'],
  [{ startsWith: ['git'] }, ['gitx'], 'false'],
  [{ startsWith: ['git'] }, 'git status', 'unknown'],
  [{ startsWith: ['sh', '-c'] }, [['sh'], '-c'], 'unknown'],
  [{ startsWith: ['sh', '-c'] }, [['sh'], '-x'], 'false'],
  [{ matches: 'UK[0-9]+' }, 'UK123', 'true'],
  [{ matches: 'UK[0-9]+' }, 'UK123;evil', 'false'],
  [{ matches: 'UK[0-9]+' }, 'xUK123', 'false'],
  [{ matches: 'a|b' }, 'ab', 'false'],
  [{ matches: 'a$' }, 'a\n', 'false'],
  [{ matches: 'caf.' }, 'caf\u00e9', 'true'],
  [{ matches: 'cafe\u0301' }, 'caf\u00e9', 'true'],
  [{ matches: 'caf.' }, 'cafe\u0301', 'unknown'],
  [{ matches: '.*' }, 'cafe\u0301', 'unknown'],
  [{ matches: 'K' }, '\u212a', 'unknown'],
  [{ matches: '.*e.' }, 'cafe\u0301', 'unknown'],
  [{ matches: '[0-9]+' }, 'cafe\u0301', 'false'],
  [{ containsMatch: 'K' }, 'a\u212a', 'unknown'],
  [{ containsMatch: 'e' }, 'cafe\u0301', 'unknown'],
  [{ not: { matches: 'caf.' } }, 'cafe\u0301', 'unknown'],
  [{ not: { matches: '[0-9]+' } }, 'cafe\u0301', 'true'],
  [{ matches: '[0-9]+' }, 12, 'unknown'],
  [{ matches: 'a*' }, 'a'.repeat(100_001), 'unknown'],
  [{ containsMatch: '[\r\n]' }, 'a\nb', 'true'],
  [{ containsMatch: '[\r\n]' }, 'ab', 'false'],
  [{ containsMatch: 'x' }, ['x'], 'unknown'],
  [{ contains: 'Drop Table' }, '1; dRoP tABLE users', 'true'],
  [{ contains: 'kiss' }, '\u212aI\u017f\u017f', 'true'],
  [{ contains: 'rm -rf' }, 'ｒｍ -rf', 'true'],
  [{ contains: 'ΟΔΟΣ' }, 'οδος', 'true'],
  [{ contains: 'rm -rf' }, 'r\u200bm -rf', 'unknown'],
  [{ contains: 'rm -rf' }, 'r\u{e0041}m -rf', 'unknown'],
  [{ contains: 'rm -rf' }, 'ls', 'false'],
  [{ contains: 'a' }, ['a'], 'unknown'],
  [{ contains: 'a' }, 'b'.repeat(100_001), 'unknown'],
  [{ domain: ['desk.example'] }, 'a@desk.example', 'true'],
  [{ domain: ['desk.example'] }, 42, 'unknown'],
  [{ not: { const: 'a' } }, 'a', 'false'],
  [{ not: { const: 'a' } }, 'b', 'true'],
  [{ not: { minimum: 1 } }, 'b', 'unknown'],
  [{ not: { not: { minimum: 1 } } }, 'b', 'unknown'],
  [{ anyOf: [{ const: 'a' }, { minimum: 1 }] }, 'a', 'true'],
  [{ anyOf: [{ const: 'a' }, { minimum: 1 }] }, 'b', 'unknown'],
  [{ anyOf: [{ const: 'a' }, { const: 'c' }] }, 'b', 'false'],
  [{ type: 'string', minLength: 1, maxLength: 3, not: { const: 'no' } }, 'yes', 'true'],
  [{ type: 'string', minLength: 1, maxLength: 3, not: { const: 'no' } }, 'no', 'false'],
  [{ optional: false }, 'x', 'true'],
]

test.each(cases)('%j on %j is %s', (argumentTest, value, expected) => {
  expect(truthOf(argumentTest, value)).toBe(expected)
})

test.each([
  ['tenant', 'acme', { ...user, tenant: 'acme' }, 'true'],
  ['tenant', 'globex', { ...user, tenant: 'acme' }, 'false'],
  ['tenant', 'acme', user, 'unknown'],
  ['tenant', '', { ...user, tenant: '' }, 'unknown'],
  ['tenant', 5, { ...user, tenant: '5' }, 'unknown'],
  ['subject', 'u1', user, 'true'],
  ['agent', 'bot', { ...user, agent: 'bot' }, 'true'],
] as const)('equals principal.%s on %j', (field, value, principal, expected) => {
  expect(truthOf({ equals: { principal: field } }, value, principal)).toBe(expected)
})

test('an argument of an allow has to be there unless it is optional', () => {
  const required = policyOf({
    rules: [{ id: 'a', allow: ['tool'], args: { x: { type: 'string' } } }],
  })
  const optional = policyOf({
    rules: [{ id: 'a', allow: ['tool'], args: { x: { type: 'string', optional: true } } }],
  })
  expect(decideOn(required).effect).toBe('deny')
  expect(decideOn(optional).effect).toBe('allow')
  expect(decideOn(optional, { x: 1 }).effect).toBe('deny')
})

test('members of the prototype are no arguments', () => {
  const policy = policyOf({
    rules: [{ id: 'a', allow: ['tool'], args: { toString: { optional: false } } }],
  })
  expect(decideOn(policy).effect).toBe('deny')
})

test('a pointer reaches into arguments, by own members and items only', () => {
  const policy = policyOf({
    rules: [{ id: 'a', allow: ['tool'], args: { '/to/0/domain~1name': { const: 'x' } } }],
  })
  expect(decideOn(policy, { to: [{ 'domain/name': 'x' }] }).effect).toBe('allow')
  expect(decideOn(policy, { to: [] }).effect).toBe('deny')
  const length = policyOf({
    rules: [{ id: 'a', allow: ['tool'], args: { '/to/length': { const: 1 } } }],
  })
  expect(decideOn(length, { to: ['x'] }).effect).toBe('deny')
})

test('a pointer that leads through a scalar makes a deny fire', () => {
  const policy = policyOf({
    rules: [
      { id: 'a', allow: ['tool'] },
      { id: 'd', deny: ['tool'], args: { '/to/address': { const: 'evil' } } },
    ],
  })
  expect(decideOn(policy, { to: {} }).effect).toBe('allow')
  expect(decideOn(policy, { to: 'evil' })).toMatchObject({ effect: 'deny', rule: 'd' })
})
