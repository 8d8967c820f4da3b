import { expect, test } from 'vitest'
import { compileSchema } from '../../../src/tools/compile.ts'

async function accepts(schema: Record<string, unknown>, value: unknown): Promise<boolean> {
  return (await compileSchema(schema))(value) === undefined
}

test.each([
  ['a misspelt keyword', { type: 'string', maxLenght: 5 }],
  ['a bound without its type', { maximum: 5 }],
  ['a bound beside another type', { type: 'string', maximum: 5 }],
  ['an unknown format', { type: 'string', format: 'phone' }],
  ['a reference to another document', { $ref: 'https://example.com/schema.json' }],
  ['a reference to nothing', { $ref: '#/$defs/missing' }],
  ['a reference into data', { $ref: '#/examples/0', examples: [{ type: 'string' }] }],
  ['a reference into an enumeration', { $ref: '#/enum/0', enum: [{ type: 'string' }] }],
  ['an identifier inside', { $defs: { a: { $id: 'urn:a', type: 'string' } } }],
  ['a dynamic reference', { $dynamicRef: '#a' }],
  ['unevaluated members', { type: 'object', unevaluatedProperties: false }],
  ['data references', { type: 'number', maximum: { $data: '/limit' } }],
  ['look-ahead', { type: 'string', pattern: '^(?=a)' }],
  ['look-behind', { type: 'string', pattern: '(?<!a)b' }],
  ['a back-reference', { type: 'string', pattern: '^(a)\\1$' }],
  ['a named back-reference', { type: 'string', pattern: '^(?<x>a)\\k<x>$' }],
  ['a pattern that is none', { type: 'string', pattern: '(' }],
  ['a huge repetition', { type: 'string', pattern: 'a{1001}' }],
  ['nested repetitions', { type: 'string', pattern: '(?:a{100}){100}' }],
  ['a long pattern', { type: 'string', pattern: 'a'.repeat(1001) }],
  ['an unknown dialect', { $schema: 'http://json-schema.org/draft-04/schema#' }],
  ['a tuple of another dialect', { type: 'array', items: [{ type: 'string' }] }],
  ['a length below zero', { type: 'string', minLength: -1 }],
  ['an unknown type', { type: 'text' }],
  ['a schema that is a list', { properties: { a: [] } }],
])('%s is refused', async (_, schema) => {
  await expect(compileSchema(schema as Record<string, unknown>)).rejects.toThrow(
    expect.objectContaining({ code: 'bad-schema' }),
  )
})

function many(count: number, make: (index: number) => unknown): Record<string, unknown> {
  const entries = Array.from({ length: count }, (_, index) => [`p${index}`, make(index)])
  return { type: 'object', properties: Object.fromEntries(entries) as unknown }
}

test('a schema made to take long to compile is refused early', async () => {
  const programs = many(500, (index) => ({ type: 'string', pattern: `^a${index}{1,900}$` }))
  await expect(compileSchema(programs)).rejects.toThrow('too large when compiled')
  const wide = many(5001, () => ({ type: 'string' }))
  await expect(compileSchema(wide)).rejects.toThrow('more than 5000 schemas')
})

test('the refusal names the place and the repair', async () => {
  const schema = { type: 'object', properties: { a: { type: 'string', maxLenght: 5 } } }
  await expect(compileSchema(schema)).rejects.toThrow(
    expect.objectContaining({
      message: expect.stringContaining('`/properties/a/maxLenght`'),
      help: 'write `maxLength` instead',
    }),
  )
})

test('M05: two patterns of one schema are kept apart', async () => {
  const schema = {
    type: 'object',
    properties: { a: { type: 'string', pattern: '^a' }, b: { type: 'string', pattern: '^b' } },
  }
  expect(await accepts(schema, { a: 'ax', b: 'bx' })).toBe(true)
  expect(await accepts(schema, { a: 'ax', b: 'ax' })).toBe(false)
})

test.each([
  ['^a$', 'a\n', false],
  ['^.$', '\r', false],
  ['^.$', '\u2028', false],
  ['^.$', '😀', true],
  ['^\\s$', '\u00a0', true],
  ['^\\s$', '\v', true],
  ['^\\S$', '\ufeff', false],
  ['^[\\S]+$', 'a\u2003b', false],
  ['^[^\\s]+$', 'ab', true],
  ['^[\\s\\S]$', '\u3000', true],
  ['^\\w+$', 'naïve', false],
  ['^\\d+$', '٣', false],
  ['^[[:alpha:]+$', ':', true],
  ['^[a-z_\\-@]+$', 'a-b@c', true],
  ['^\\@\\-$', '@-', true],
  ['^\\u0041\\u{42}\\x43\\cJ$', 'ABC\n', true],
  ['^\\ud83d\\ude00$', '😀', true],
  ['^\\p{Letter}\\p{Lu}\\p{Script=Greek}$', 'éÉα', true],
  ['^(?<year>[0-9]{4})$', '2026', true],
  ['^[\\b]$', '\b', true],
  ['b', 'abc', true],
])('the pattern %s answers for %j as ECMA-262 does', async (pattern, text, expected) => {
  expect(await accepts({ type: 'string', pattern }, text)).toBe(expected)
})

test('the empty class of ECMA-262 is refused', async () => {
  await expect(compileSchema({ type: 'string', pattern: '[]a]' })).rejects.toThrow('not supported')
})

test('a pattern that backtracking engines choke on is answered', async () => {
  expect(await accepts({ type: 'string', pattern: '^(a+)+$' }, `${'a'.repeat(50_000)}b`)).toBe(
    false,
  )
})

test('a text too long for a pattern is refused, also where the pattern is negated', async () => {
  const long = 'b'.repeat(100_001)
  expect(await accepts({ type: 'string', pattern: 'b' }, long)).toBe(false)
  expect(await accepts({ type: 'string', not: { pattern: 'a' } }, long)).toBe(false)
})

test('names from the prototype satisfy nothing', async () => {
  expect(await accepts({ type: 'object', required: ['toString'] }, {})).toBe(false)
  const dependent = { type: 'object', dependentRequired: { constructor: ['a'] } }
  expect(await accepts(dependent, {})).toBe(true)
})

test.each([
  [0.01, 19.99, true],
  [0.01, 19.999, false],
  [0.1, 0.3, true],
  [3, 9, true],
  [3, 10, false],
  [1e-7, 1.5e-6, true],
  [0.5, 1e308, true],
  [0.01, -4.02, true],
  [0.123456789, 1e308, false],
])('multiples of %d: %d', async (multipleOf, value, expected) => {
  expect(await accepts({ type: 'number', multipleOf }, value)).toBe(expected)
})

test('many items are checked for equal ones in one pass', async () => {
  const items = Array.from({ length: 100_000 }, (_, index) => ({ index }))
  expect(await accepts({ type: 'array', uniqueItems: true }, items)).toBe(true)
  expect(await accepts({ type: 'array', uniqueItems: true }, [...items, { index: 5 }])).toBe(false)
})

test('items are equal whatever the order of their members', async () => {
  const items = [
    { a: 1, b: 2 },
    { b: 2, a: 1 },
  ]
  expect(await accepts({ type: 'array', uniqueItems: true }, items)).toBe(false)
})

test('a recursive schema is followed', async () => {
  const schema = {
    type: 'object',
    properties: { next: { $ref: '#' } },
    additionalProperties: false,
  }
  expect(await accepts(schema, { next: { next: {} } })).toBe(true)
  expect(await accepts(schema, { next: { other: 1 } })).toBe(false)
})

test('a schema whose choices multiply at each level is given up, not followed for ever', async () => {
  const branch = { type: 'object', properties: { n: { $ref: '#/$defs/node' } }, required: ['n'] }
  const schema = {
    $ref: '#/$defs/node',
    $defs: { node: { anyOf: [branch, { ...branch, minProperties: 1 }] } },
  }
  let value: unknown = 'leaf'
  for (let depth = 0; depth < 60; depth++) value = { n: value }
  const problem = (await compileSchema(schema))(value)
  expect(problem?.message).toContain('too many references')
})

test('two schemas with one identifier do not collide', async () => {
  const $id = 'https://example.com/one'
  expect(await accepts({ $id, type: 'string' }, 'a')).toBe(true)
  expect(await accepts({ $id, type: 'number' }, 'a')).toBe(false)
})

test('draft-07 is used when the schema says so', async () => {
  const $schema = 'http://json-schema.org/draft-07/schema#'
  const schema = { $schema, type: 'array', items: [{ type: 'string' }], additionalItems: false }
  expect(await accepts(schema, ['a'])).toBe(true)
  expect(await accepts(schema, ['a', 'b'])).toBe(false)
})

test('notes do not change what is accepted', async () => {
  const schema = { type: 'string', title: 't', 'x-order': 3, examples: [1], default: 'a' }
  expect(await accepts(schema, 'b')).toBe(true)
})

test('a value is never part of a problem', async () => {
  const validate = await compileSchema({ type: 'string', maxLength: 3, pattern: '^s' })
  expect(JSON.stringify(validate('secret'))).not.toContain('secret')
})

test.each([
  [{ type: 'string', enum: ['a', 'b'] }, 'c', 'must be one of ["a","b"]'],
  [{ type: 'string', const: 'a' }, 'c', 'must be "a"'],
  [
    { type: 'object', additionalProperties: false },
    { extra: 1 },
    'must not have the member `extra`',
  ],
  [{ type: 'integer' }, 1.5, 'must be integer'],
])('a problem says what is accepted: %j', async (schema, value, message) => {
  expect((await compileSchema(schema))(value)?.message).toBe(message)
})
