import { expect, test } from 'vitest'
import type { JsonValue } from '../../../src/base/json.ts'
import { compileChecks, compileTest, indexKey } from '../../../src/policy/argument-test.ts'
import type { ArgumentTest } from '../../../src/policy/document.ts'
import type { DecisionRequest, Sources } from '../../../src/policy/policy.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import { no, unknown, yes } from '../../../src/policy/truth.ts'
import { user } from './build.ts'

function read(written: object): ArgumentTest {
  const rules = [{ id: 'a', deny: ['t'], args: { x: written } }]
  const text = JSON.stringify({ sallyport: 1, name: 't', rules })
  return readPolicy(text, { file: 'p' }).rules[0]!.args[0]!.test
}

const request: DecisionRequest = { tool: 't', args: {}, principal: user, now: 0, at: '' }

function outcome(written: object, value: JsonValue, more: Partial<DecisionRequest> = {}): string {
  const truth = compileTest(read(written))(value, { ...request, ...more })
  return truth === yes ? 'true' : truth === no ? 'false' : 'unknown'
}

const cases: readonly (readonly [object, readonly JsonValue[], string])[] = [
  [{ minimum: 2 }, [2, 3, 1e300], 'true'],
  [{ minimum: 2 }, [1, 1.999, -3], 'false'],
  [{ minimum: 2 }, ['2', '3', true, null, [3], {}], 'unknown'],
  [{ maximum: 2 }, [2, 1, -1e300], 'true'],
  [{ maximum: 2 }, [3, 2.001], 'false'],
  [{ maximum: 2 }, ['2', '1', false, null, [1], {}], 'unknown'],
  [{ exclusiveMinimum: 2 }, [2.001, 3], 'true'],
  [{ exclusiveMinimum: 2 }, [2, 1], 'false'],
  [{ exclusiveMinimum: 2 }, ['3', true, null, [3]], 'unknown'],
  [{ exclusiveMaximum: 2 }, [1.999, 1], 'true'],
  [{ exclusiveMaximum: 2 }, [2, 3], 'false'],
  [{ exclusiveMaximum: 2 }, ['1', true, null, [1]], 'unknown'],
  [{ multipleOf: 3 }, [0, 3, -6], 'true'],
  [{ multipleOf: 3 }, [1, 4.5], 'false'],
  [{ multipleOf: 3 }, ['3', null, [3]], 'unknown'],
  [{ minLength: 0 }, ['', 'a'], 'true'],
  [{ minLength: 2 }, ['ab', 'abc', 'abcd', 'abcde', '😀a', '😀😀', '😀😀😀'], 'true'],
  [{ minLength: 2 }, ['', 'a', '😀'], 'false'],
  [{ minLength: 2 }, [2, null, ['a', 'b']], 'unknown'],
  [{ minLength: 3 }, ['😀😀a', '😀😀😀', 'abc'], 'true'],
  [{ minLength: 3 }, ['😀😀', '😀a', 'ab'], 'false'],
  [{ maxLength: 0 }, [''], 'true'],
  [{ maxLength: 0 }, ['a', '😀'], 'false'],
  [{ maxLength: 2 }, ['', 'a', 'ab', '😀', '😀a', '😀😀'], 'true'],
  [{ maxLength: 2 }, ['abc', 'abcd', '😀ab', '😀😀a', '😀😀😀', 'abcde'], 'false'],
  [{ maxLength: 2 }, [1, null, ['a']], 'unknown'],
  [{ minLength: 2, maxLength: 2 }, ['ab', '😀a', '😀😀'], 'true'],
  [{ minLength: 2, maxLength: 2 }, ['a', '😀', 'abc', '😀😀😀'], 'false'],
  [{ minItems: 0 }, [[]], 'true'],
  [
    { minItems: 2 },
    [
      [1, 2],
      [1, 2, 3],
    ],
    'true',
  ],
  [{ minItems: 2 }, [[], [1]], 'false'],
  [{ minItems: 2 }, ['ab', 2, { length: 2 }, null], 'unknown'],
  [{ maxItems: 2 }, [[], [1], [1, 2]], 'true'],
  [{ maxItems: 2 }, [[1, 2, 3]], 'false'],
  [{ maxItems: 2 }, ['ab', 2, { length: 2 }, null], 'unknown'],
  [{ type: 'string' }, ['', 'a'], 'true'],
  [{ type: 'string' }, [1, true, null, [], {}], 'false'],
  [{ type: 'number' }, [0, 1.5, -1], 'true'],
  [{ type: 'number' }, ['1', true, null, [], {}], 'false'],
  [{ type: 'integer' }, [0, -1, 2], 'true'],
  [{ type: 'integer' }, [1.5, '1', true, null, [], {}], 'false'],
  [{ type: 'boolean' }, [true, false], 'true'],
  [{ type: 'boolean' }, ['true', 0, null, [], {}], 'false'],
  [{ type: 'array' }, [[], [1]], 'true'],
  [{ type: 'array' }, ['a', 0, null, true, {}], 'false'],
  [{ type: 'object' }, [{}, { a: 1 }], 'true'],
  [{ type: 'object' }, ['a', 0, null, true, []], 'false'],
  [{ type: 'null' }, [null], 'true'],
  [{ type: 'null' }, ['', 0, false, [], {}, 'null'], 'false'],
  [{ const: 1 }, [1], 'true'],
  [{ const: 1 }, ['1', true, [1], { 1: 1 }, null, 2], 'false'],
  [{ const: [1, { a: 'é' }] }, [[1, { a: 'e\u0301' }]], 'true'],
  [
    { const: [1, { a: 'é' }] },
    [[1], [1, { a: 'e' }], [1, { b: 'é' }], [2, { a: 'é' }], {}],
    'false',
  ],
  [{ const: {} }, [{}], 'true'],
  [{ const: {} }, [{ a: 1 }, [], null, ''], 'false'],
  [{ const: { a: 1 } }, [{}, { b: 1 }, { a: 2 }, { toString: 1 }], 'false'],
  [{ const: [] }, [{}, '', [[]], null], 'false'],
  [{ const: 'a' }, ['b', '', 'A', ['a'], 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'], 'false'],
  [{ const: '' }, ['a'], 'false'],
  [{ enum: ['é', 2, null, true] }, ['é', 'e\u0301', 2, null, true], 'true'],
  [{ enum: ['é', 2, null, true] }, ['2', 'null', false, 0, [2], {}, [null], ''], 'false'],
  [{ enum: [[1], { a: 'é' }] }, [[1], { a: 'e\u0301' }], 'true'],
  [{ enum: [[1], { a: 'é' }] }, [1, [2], {}, null, '1', [[1]]], 'false'],
  [{ startsWith: ['é'] }, [['e\u0301'], ['é', 1]], 'true'],
  [
    { startsWith: ['a', 'b'] },
    [
      ['a', 'b'],
      ['a', 'b', null],
    ],
    'true',
  ],
  [{ startsWith: ['a', 'b'] }, [[], ['a'], ['b', 'a'], ['a', 'c'], [1], [1, 'c']], 'false'],
  [{ startsWith: ['a', 'b'] }, [[1, 'b'], ['a', null], [['a'], ['b']], 'ab', {}], 'unknown'],
  [{ contains: 'b' }, ['b', 'abc', 'ABC', `${'a'.repeat(99_999)}b`], 'true'],
  [{ contains: 'b' }, ['', 'ac', 'a\u200bc', 'a'.repeat(100_000)], 'false'],
  [{ contains: 'b' }, [['b'], null, 1, { b: 'b' }, `${'a'.repeat(100_000)}b`], 'unknown'],
  [{ contains: 'bc' }, ['b\u200bc', 'B\u00adC'], 'unknown'],
  [{ contains: 'bc' }, ['b c', 'b\u200bd'], 'false'],
  [{ matches: 'a+' }, ['a', 'aa'], 'true'],
  [{ matches: 'a+' }, ['', 'ab', 'ba'], 'false'],
  [{ matches: 'a+' }, [1, null, ['a']], 'unknown'],
  [{ containsMatch: 'a+' }, ['a', 'bab'], 'true'],
  [{ containsMatch: 'a+' }, ['', 'b'], 'false'],
  [{ containsMatch: 'a+' }, [1, null, ['a']], 'unknown'],
  [{ domain: ['a.example'] }, ['a.example', 'x@a.example', 'https://a.example/'], 'true'],
  [{ domain: ['a.example'] }, ['b.example', 'x@b.example'], 'false'],
  [{ domain: ['a.example'] }, ['a b', 1, null, ['a.example']], 'unknown'],
  [{ items: { minimum: 1 } }, [[], [1, 2]], 'true'],
  [
    { items: { minimum: 1 } },
    [
      [1, 0],
      ['x', 0],
    ],
    'false',
  ],
  [{ items: { minimum: 1 } }, [[1, 'x'], 5, 'x', {}], 'unknown'],
  [
    { anyItem: { minimum: 1 } },
    [
      [0, 1],
      ['x', 1],
    ],
    'true',
  ],
  [{ anyItem: { minimum: 1 } }, [[], [0]], 'false'],
  [{ anyItem: { minimum: 1 } }, [[0, 'x'], 5, 'x', {}], 'unknown'],
  [{ not: { minimum: 1 } }, [0], 'true'],
  [{ not: { minimum: 1 } }, [1], 'false'],
  [{ not: { minimum: 1 } }, ['x'], 'unknown'],
  [{ anyOf: [{ minimum: 5 }, { const: 1 }] }, [1, 5], 'true'],
  [{ anyOf: [{ minimum: 5 }, { const: 1 }] }, [4], 'false'],
  [{ anyOf: [{ minimum: 5 }, { const: 1 }] }, ['x'], 'unknown'],
  [{ minimum: 1, const: 'x' }, ['y'], 'false'],
  [{ minimum: 1, const: 'x' }, ['x'], 'unknown'],
  [{ equals: { principal: 'subject' } }, ['u1'], 'true'],
  [{ equals: { principal: 'subject' } }, ['u2', ''], 'false'],
  [{ equals: { principal: 'subject' } }, [1, null, ['u1']], 'unknown'],
  [{ equals: { principal: 'tenant' } }, ['acme', ''], 'unknown'],
  [{ from: ['user'] }, ['x'], 'unknown'],
]

test.each(cases)('%j: each of %j is %s', (written, values, expected) => {
  for (const value of values) expect([value, outcome(written, value)]).toEqual([value, expected])
})

test('a caller who is not known, or has an empty name, is equal to nobody', () => {
  const subject = { equals: { principal: 'subject' } }
  expect(outcome(subject, 'u1', { principal: null })).toBe('unknown')
  expect(outcome(subject, '', { principal: { ...user, subject: '' } })).toBe('unknown')
  expect(outcome(subject, 'e\u0301', { principal: { ...user, subject: 'é' } })).toBe('true')
  const tenant = { equals: { principal: 'tenant' } }
  expect(outcome(tenant, 'acme', { principal: { ...user, tenant: 'acme' } })).toBe('true')
  const agent = { equals: { principal: 'agent' } }
  expect(outcome(agent, 'bot', { principal: { ...user, agent: 'box' } })).toBe('false')
})

test('where a value comes from is what the session says', () => {
  const asked: unknown[] = []
  const sources = (truth: typeof yes | typeof no | typeof unknown): Sources => ({
    hold: (value, kinds) => {
      asked.push([value, kinds])
      return truth
    },
  })
  const from = { from: ['user', 'policy'] }
  expect(outcome(from, ['x'], { sources: sources(yes) })).toBe('true')
  expect(outcome(from, 1, { sources: sources(no) })).toBe('false')
  expect(outcome({ items: from }, ['a', 'b'], { sources: sources(unknown) })).toBe('unknown')
  expect(asked).toEqual([
    [['x'], from.from],
    [1, from.from],
    ['a', from.from],
    ['b', from.from],
  ])
})

test('the cheapest tests come first, and each keeps its name', () => {
  const all = {
    from: ['user'],
    anyOf: [{ const: 1 }],
    not: { const: 1 },
    anyItem: { const: 1 },
    items: { const: 1 },
    containsMatch: 'a',
    matches: 'a',
    contains: 'a',
    domain: ['a.example'],
    startsWith: ['a'],
    equals: { principal: 'tenant' },
    maxItems: 1,
    minItems: 0,
    maxLength: 1,
    minLength: 0,
    multipleOf: 1,
    exclusiveMaximum: 9,
    exclusiveMinimum: 0,
    maximum: 8,
    minimum: 1,
    enum: [1],
    const: 1,
    type: 'integer',
  }
  expect(compileChecks(read(all)).map(({ key }) => key)).toEqual(Object.keys(all).toReversed())
  expect(compileChecks(read({ const: null })).map(({ key }) => key)).toEqual(['const'])
})

test('values that are equal have one key, and lists and objects none', () => {
  expect(['e\u0301', 1, true, null, [1], {}].map(indexKey)).toEqual([
    'é',
    1,
    true,
    null,
    undefined,
    undefined,
  ])
})
