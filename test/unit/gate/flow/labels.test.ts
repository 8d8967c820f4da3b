import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../../../src/base/json.ts'
import { hasShape } from '../../../../src/gate/flow/endorsement.ts'
import { strictLeavesOf, type Leaf } from '../../../../src/gate/flow/leaves.ts'
import { Shape, unknownShape } from '../../../../src/gate/flow/shape.ts'
import type { Endorsement, OutputFacts } from '../../../../src/protocol/facts.ts'

const shown = (leaves: readonly Leaf[]): readonly string[] =>
  leaves.map(
    ({ pointer, value: scalar, trust, secrecy, endorsed }) =>
      `${pointer} ${JSON.stringify(scalar)} ${trust} ${secrecy}${endorsed ? ' endorsed' : ''}`,
  )

const leaves = (value: JsonValue, ...labels: readonly OutputFacts[]): readonly string[] =>
  shown(strictLeavesOf(value, labels).filter(({ isPlainName }) => !isPlainName))

const names = (value: JsonValue, labels: readonly OutputFacts[], schema?: JsonValue) =>
  shown(strictLeavesOf(value, labels, schema).filter(({ isPlainName }) => isPlainName))

describe('the label of a plain name', () => {
  const open = { output: { trust: 'trusted', secrecy: 'public' } } as const

  test('is that of its place, once for each label', () => {
    const fields = { '/0': { trust: 'untrusted' }, '/3/c': { secrecy: 'secret' } } as const
    expect(names([{ a: 1 }, { a: 2 }, { a: { a: 3, b: 4 } }], [{ ...open, fields }])).toEqual([
      '/0/a "a" untrusted public',
      '/1/a "a" trusted public',
      '/2/a/b "b" trusted public',
    ])
  })

  test('under several labels is the stricter', () => {
    expect(names({ a: 1 }, [open, {}])).toEqual(['/a "a" untrusted private'])
    const shaped = { output: { trust: 'untrusted', endorse: 'identifier' } } as const
    expect(names({ a: 1 }, [shaped])).toEqual(['/a "a" trusted internal endorsed'])
  })

  test('is not asked for where labels or the schema state the name', () => {
    const fields = { '/b/*/c': { trust: 'untrusted' } } as const
    expect(names({ b: [{ c: 1, d: 2 }] }, [{ ...open, fields }, {}])).toEqual([
      '/b/0/d "d" untrusted private',
    ])
    const schema = { type: 'array', items: { properties: { a: { properties: { b: {} } } } } }
    const value = [{ a: { b: 1, a: 2, hasOwnProperty: 3 } }]
    expect(names(value, [{}], schema)).toEqual([
      '/0/a/a "a" untrusted private',
      '/0/a/hasOwnProperty "hasOwnProperty" untrusted private',
    ])
  })

  test('is of no other name, and of no index', () => {
    expect(names({ 'a b': [1], ['x'.repeat(33)]: 2 }, [open])).toEqual([])
  })
})

describe('the label of a scalar', () => {
  test('is untrusted and private without a label of the tool, internal with one that is silent', () => {
    expect(leaves('a', {})).toEqual([' "a" untrusted private'])
    expect(leaves('a', { output: {} })).toEqual([' "a" untrusted internal'])
    expect(leaves({ a: 1 }, { fields: {} })).toEqual(['/a 1 untrusted internal'])
    expect(leaves('a', { output: { trust: 'trusted', secrecy: 'secret' } })).toEqual([
      ' "a" trusted secret',
    ])
  })

  test('is that of the longest field, and of these the most literal', () => {
    const fields = {
      '/a/b': { secrecy: 'secret' },
      '/*/b': { secrecy: 'public', trust: 'trusted' },
      '/a': { secrecy: 'private' },
      '/*': { secrecy: 'public' },
    } as const
    expect(leaves({ a: { b: 1, c: 2 }, d: { b: 3, c: 4 }, e: 5 }, { fields })).toEqual([
      '/a/b 1 trusted secret',
      '/a/c 2 untrusted private',
      '/d/b 3 trusted public',
      '/d/c 4 untrusted public',
      // in place of an object whose field is trusted: as strict as any of them
      '/e 5 untrusted public',
    ])
  })

  test('stands for all below it, in lists and under names with signs', () => {
    const fields = { '/a~1b': { trust: 'trusted' }, '/1': { secrecy: 'secret' } } as const
    expect(leaves({ 'a/b': [1, { c: null }] }, { fields })).toEqual([
      '/a~1b "a/b" trusted internal',
      '/a~1b/0 1 trusted internal',
      '/a~1b/1/c null trusted internal',
    ])
    expect(leaves(['x', 'y'], { fields })).toEqual([
      '/0 "x" untrusted internal',
      '/1 "y" untrusted secret',
    ])
  })

  test('is also that of a name that is more than a plain word', () => {
    expect(leaves({ 'a-1_B': 1 }, { output: {} })).toHaveLength(1)
    expect(leaves({ 'a b': 1 }, { output: {} })).toEqual([
      '/a b "a b" untrusted internal',
      '/a b 1 untrusted internal',
    ])
    for (const name of [' a', 'a ', 'a.b', 'x'.repeat(33), '']) {
      expect(leaves({ [name]: 1 }, { output: {} })).toHaveLength(2)
    }
    expect(leaves({ ['x'.repeat(32)]: 1 }, { output: {} })).toHaveLength(1)
  })

  test('is as strict as the strictest field where fields were expected', () => {
    const output = { trust: 'trusted', secrecy: 'public' } as const
    const secret = { '/a': { secrecy: 'secret' }, '/b': { secrecy: 'private' } } as const
    expect(leaves('x', { output, fields: secret })).toEqual([' "x" trusted secret'])
    const untrusted = { '/a': { trust: 'untrusted' }, '/b': { trust: 'trusted' } } as const
    expect(leaves('x', { output, fields: untrusted })).toEqual([' "x" untrusted public'])
    const endorsed = { ...output, trust: 'untrusted', endorse: 'identifier' } as const
    expect(leaves('x', { output: endorsed })).toEqual([' "x" trusted public endorsed'])
    expect(leaves('x', { output: endorsed, fields: untrusted })).toEqual([' "x" untrusted public'])
  })

  test('is as strict as the strictest field where a list stands in place of an object', () => {
    const output = { trust: 'trusted', secrecy: 'public' } as const
    const fields = { '/*/body': { trust: 'untrusted' }, '/*/key': { secrecy: 'secret' } } as const
    const strict = ['/a/0/body "x" untrusted secret', '/a/0/id 1 untrusted secret']
    expect(leaves({ a: [{ body: 'x', id: 1 }] }, { output, fields })).toEqual(strict)
    expect(leaves([{ body: 'x', id: 1, key: 2 }], { output, fields })).toEqual([
      '/0/body "x" untrusted public',
      '/0/id 1 trusted public',
      '/0/key 2 trusted secret',
    ])
    expect(leaves([[{ id: 1 }]], { output, fields })).toEqual(['/0/0/id 1 untrusted secret'])
    const indexed = { '/0/body': { trust: 'untrusted' }, '/x/*': { secrecy: 'secret' } } as const
    expect(leaves([{ body: 1, id: 2 }, 3], { output, fields: indexed })).toEqual([
      '/0/body 1 untrusted secret',
      '/0/id 2 trusted secret',
      '/1 3 trusted secret',
    ])
  })

  test('is endorsed by its shape, unless a field says anew how far it is trusted', () => {
    const output = { trust: 'untrusted', endorse: 'identifier' } as const
    const fields = { '/a': { trust: 'untrusted' }, '/b': { secrecy: 'public' } } as const
    expect(leaves({ a: 'x', b: 'x', c: 'x y' }, { output, fields })).toEqual([
      '/a "x" untrusted internal',
      '/b "x" trusted public endorsed',
      '/c "x y" untrusted internal',
    ])
    expect(leaves('x', { output: { trust: 'trusted', endorse: 'identifier' } })).toEqual([
      ' "x" trusted internal',
    ])
  })

  test('under several labels is the stricter of each', () => {
    const open = { output: { trust: 'trusted', secrecy: 'public' } } as const
    const closed = { output: { trust: 'untrusted', secrecy: 'secret' } } as const
    const shaped = { output: { trust: 'untrusted', endorse: 'identifier' } } as const
    for (const labels of [
      [open, closed],
      [closed, open],
    ]) {
      expect(leaves('a', ...labels)).toEqual([' "a" untrusted secret'])
    }
    for (const labels of [
      [open, shaped],
      [shaped, open],
    ]) {
      expect(leaves('a', ...labels)).toEqual([' "a" trusted internal endorsed'])
    }
    expect(leaves('a', shaped, closed)).toEqual([' "a" untrusted secret'])
    expect(leaves('a')).toEqual([])
  })
})

describe('the shape of a value', () => {
  test.each([
    ['identifier', ['a', 'A1_.-', '1', 'a'.repeat(32)]],
    ['integer', [1, -1, 0, '1', '-1', '1'.repeat(15)]],
    ['number', [1.5, 1, '1.5', '-1.5', '1', `${'1'.repeat(15)}.${'1'.repeat(15)}`]],
    ['boolean', [true, false, 'true', 'false']],
    [
      'date',
      [
        '2026-05-03',
        '2026-05-03T10:30',
        '2026-05-03 10:30:15',
        '2026-05-03T10:30:15.123456789Z',
        '2026-05-03T10:30+02:00',
        '2026-05-03T10:30-02:00',
      ],
    ],
  ] as const)('%s has each of %j', (shape, values) => {
    for (const value of values)
      expect([value, hasShape(shape, value, unknownShape)]).toEqual([value, true])
  })

  test.each([
    ['identifier', [1, true, null, '', '-a', '_a', 'a b', 'é', 'a'.repeat(33), 'a.example', 'a\n']],
    ['integer', [1.5, '1.5', '1'.repeat(16), '--1', 'x1', '1x', '', true, null]],
    [
      'number',
      [true, null, '.5', '5.', '1.5x', 'x1.5', '1'.repeat(16), `1.${'1'.repeat(16)}`, '1,5'],
    ],
    ['boolean', [1, 0, 'True', 'yes', '', null]],
    [
      'date',
      [
        1,
        null,
        'x2026-05-03',
        '2026-05-03x',
        '2026-5-3',
        '2026-05-03T10',
        '2026-05-03T10:30:1',
        '2026-05-03T10:30.5',
        '2026-05-03T10:30:15.1234567890',
        '2026-05-03Z',
        '2026-05-03T10:30z',
        '2026-05-03T10:30+0200',
        '20260503',
      ],
    ],
  ] as const)('%s has none of %j', (shape, values) => {
    for (const value of values)
      expect([value, hasShape(shape, value, unknownShape)]).toEqual([value, false])
  })

  test.each([
    [{ enum: ['a', 1] }, 'a', true],
    [{ enum: ['a', 1] }, 1, true],
    [{ enum: ['a', 1] }, '1', false],
    [{ enum: [] }, 'a', false],
    [{ const: 'a' }, 'a', true],
    [{ const: 'a' }, 'b', false],
    [{ const: null }, null, true],
    [{ $ref: '#/$defs/x', $defs: { x: { enum: ['a'] } } }, 'a', true],
    [{ anyOf: [{ enum: ['a'] }, { type: 'null' }] }, 'a', true],
    [{ anyOf: [{ enum: ['a'] }, { type: 'null' }] }, 'b', false],
    [{ enum: 'a' }, 'a', false],
    [{}, 'a', false],
    [['a'], 'a', false],
    [undefined, 'a', false],
  ] as const)('enum is what the schema lists: %j has %j: %j', (schema, value, has) => {
    expect(hasShape('enum' satisfies Endorsement, value, Shape.of(schema as JsonValue))).toBe(has)
  })
})
