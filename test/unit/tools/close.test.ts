import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { closeSchema } from '../../../src/tools/rewrite.ts'
import { defineTool } from '../../../src/tools/tool.ts'
import { check } from './support.ts'

const text = { type: 'string' }
const a = { type: 'object', properties: { a: text } }
const b = { type: 'object', properties: { b: text }, required: ['b'] }
const draft07 = { $schema: 'http://json-schema.org/draft-07/schema#' }

const made: readonly (readonly [string, object])[] = [
  ['a list of which all hold', { ...a, allOf: [b] }],
  ['a list of which one holds', { oneOf: [{ ...a, required: ['a'] }, b] }],
  ['a list of which some hold', { anyOf: [a, b, true] }],
  ['a condition', { ...a, if: { required: ['a'] }, then: b, else: { properties: { c: text } } }],
  ['a member that asks for another', { ...a, dependentSchemas: { a: b } }],
  ['the same in the older draft', { ...draft07, ...a, dependencies: { a: b } }],
  ['a reference', { $ref: '#/$defs/x~1y%20z', $defs: { 'x/y z': { allOf: [a, b] } } }],
  ['a reference to a name', { allOf: [{ $ref: '#n' }, a], $defs: { n: { $anchor: 'n', ...b } } }],
  [
    'an alternative that is closed',
    {
      oneOf: [
        { ...b, additionalProperties: false },
        { ...a, required: ['a'] },
      ],
    },
  ],
]

describe('J15 the arguments of a tool that writes, described by', () => {
  test.each(made)('%s, hold no member that is named nowhere', async (_, schema) => {
    const wrong = await check(schema, '{"b":"x","isAdmin":true}')
    expect(wrong).toMatchObject({ ok: false, message: expect.stringContaining('isAdmin') })
  })

  test.each(made)('%s, hold what is named anywhere in it', async (_, schema) => {
    expect(await check(schema, '{"b":"x"}')).toMatchObject({ ok: true })
  })
})

const one = { oneOf: [{ required: ['a'] }] }
const modes = [{ mode: 'x' }, { mode: 'y' }]

test.each([
  ['asked for by others', { ...a, ...one, dependentRequired: { a: ['b'] } }, '"a":"x","b":1'],
  ['that ask for others', { ...a, ...one, dependentRequired: { b: ['a'] } }, '"a":"x","b":1'],
  [
    'that ask for a schema',
    { allOf: [a], dependentSchemas: { b: { required: ['a'] } } },
    '"b":1,"a":"x"',
  ],
  [
    'in lists of the older draft',
    { ...draft07, ...a, ...one, dependencies: { a: ['b'] } },
    '"a":"x","b":1',
  ],
  [
    'with a list in the older draft',
    { ...draft07, ...a, ...one, dependencies: { b: ['a'] } },
    '"a":"x","b":1',
  ],
  ['of one value', { oneOf: modes.map((mode) => ({ const: mode })) }, '"mode":"x"'],
  ['of some values', { enum: modes }, '"mode":"y"'],
  [
    'that names may be',
    { allOf: [{ type: 'object', propertyNames: { enum: ['a', 'b'] } }] },
    '"a":1,"b":1',
  ],
  [
    'that a name must be',
    { allOf: [{ type: 'object', propertyNames: { const: 'a' } }] },
    '"a":"x"',
  ],
])('members %s are named, and others are not', async (_, schema, members) => {
  expect(await check(schema, `{${members}}`)).toMatchObject({ ok: true })
  expect(await check(schema, `{${members},"isAdmin":true}`)).toMatchObject({ ok: false })
})

test.each([
  ['a note', { examples: [{ $anchor: 'p', properties: { q: text } }] }],
  ['a note that leaves all open', { examples: [{ $anchor: 'p', additionalProperties: true }] }],
  ['an extension', { 'x-p': { $anchor: 'p', properties: { q: text } } }],
  ['a value', { not: { const: { $anchor: 'p', properties: { q: text } } } }],
])('a reference leads to no name in %s', async (_, decoy) => {
  const schema = { type: 'object', ...decoy, $ref: '#p', $defs: { p: { $anchor: 'p', ...b } } }
  expect(await check(schema, '{"b":"x"}')).toMatchObject({ ok: true })
  expect(await check(schema, '{"b":"x","q":"x"}')).toMatchObject({ ok: false })
})

test('a member may have the name of a keyword, and a schema with a name', async () => {
  const properties = { examples: { $anchor: 'p', ...b } }
  const schema = { type: 'object', properties, $ref: '#p' }
  expect(await check(schema, '{"b":"x","examples":{"b":"x"}}')).toMatchObject({ ok: true })
})

test.each([
  ['at the top', { ...a, additionalProperties: { type: 'number' }, allOf: [b] }],
  ['at the top, by a pattern', { ...a, patternProperties: { '^x-': text } }],
  ['in a part', { ...a, allOf: [{ additionalProperties: true }] }],
  ['in a part, by a pattern', { ...a, allOf: [{ patternProperties: { '^x-': text } }] }],
  ['by closing it', { ...a, additionalProperties: false, allOf: [b] }],
])('a schema that says which other members there may be stays as it is: %s', (_, schema) => {
  expect(closeSchema(schema)).toBe(schema)
})

test('only what is missing is added', () => {
  expect(closeSchema({ ...a, allOf: [b] })).toEqual({
    ...a,
    properties: { a: text, b: {} },
    allOf: [b],
    additionalProperties: false,
  })
  expect(closeSchema(a)).toEqual({ ...a, additionalProperties: false })
})

test('a schema that refers to itself is read once', () => {
  expect(closeSchema({ ...a, allOf: [{ $ref: '#' }, b] })).toMatchObject({
    properties: { a: text, b: {} },
  })
})

test('alternatives of a schema library are closed', async () => {
  const input = z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('a'), to: z.string() }),
    z.object({ kind: z.literal('b') }),
  ])
  const tool = defineTool({ name: 't', description: 'd', input, execute: () => 1 })
  expect(tool.input['additionalProperties']).toBe(false)
})
