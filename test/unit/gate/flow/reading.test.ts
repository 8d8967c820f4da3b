import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../../../src/base/json.ts'
import { Allowance, lengthRead, maxRead } from '../../../../src/gate/flow/allowance.ts'
import { readsFrom } from '../../../../src/gate/flow/readings.ts'
import { scalarsOf, valuesOf } from '../../../../src/gate/flow/scalars.ts'
import { Shape } from '../../../../src/gate/flow/shape.ts'
import { structureOf } from '../../../../src/gate/flow/structured.ts'
import type { OutputFacts } from '../../../../src/protocol/facts.ts'
import { flowPolicy } from './support.ts'

const places = (value: JsonValue, schema?: JsonValue): readonly string[] | undefined =>
  scalarsOf(value, '/x', Shape.of(schema))?.map(
    ({ pointer, value: scalar, isPlainName }) =>
      `${pointer} ${JSON.stringify(scalar)}${isPlainName ? ' name' : ''}`,
  )

const list = (length: number): JsonValue => Array.from({ length }, () => 1)

describe('the scalars of a value', () => {
  test('are told with their places, names of members too', () => {
    expect(places({ a: [1, 'b'], 'c/d': null })).toEqual([
      '/x/c~1d "c/d"',
      '/x/a "a" name',
      '/x/a/0 1',
      '/x/a/1 "b"',
      '/x/c~1d null',
    ])
    expect(places(true)).toEqual(['/x true'])
    expect(scalarsOf('a')).toEqual([{ pointer: '', value: 'a', isPlainName: false }])
  })

  test.each(['a', '_a', 'A-9_z', 'x'.repeat(32)])('have plain names: %s', (name) => {
    expect(places({ [name]: 1 })).toEqual([`/x/${name} "${name}" name`, `/x/${name} 1`])
  })

  test.each(['9a', '-a', 'a b', 'a.b', 'é', ' a', 'a ', 'x'.repeat(33), ''])(
    'have names that are values: %j',
    (name) => expect(valuesOf({ [name]: 1 })).toEqual([name, 1]),
  )

  test.each([
    [{ properties: { a: {} } }, true],
    [{ properties: { b: {} } }, false],
    [{}, false],
    [{ properties: 1 }, false],
    [undefined, true],
    [true, false],
  ] as const)('have no plain name where the schema leaves it open: %j', (schema, isPlain) => {
    expect(places({ a: 1 }, schema as JsonValue)![0]).toBe(`/x/a "a"${isPlain ? ' name' : ''}`)
  })

  test('have the schema of all such members below a name that is open', () => {
    const closed = { properties: { b: {} } }
    expect(places({ a: { b: 1 } }, { additionalProperties: closed })![1]).toBe('/x/a/b "b" name')
    expect(places({ a: { b: 1 } }, { additionalProperties: true })![1]).toBe('/x/a/b "b"')
    expect(places({ a: { b: 1 } }, { properties: { a: closed } })![1]).toBe('/x/a/b "b" name')
    expect(places([{ b: 1 }], { items: closed })![0]).toBe('/x/0/b "b" name')
  })

  test('are at most 4096, names counted, and as much text as is read', () => {
    expect(scalarsOf(list(4096))).toHaveLength(4096)
    expect(scalarsOf(list(4097))).toBeUndefined()
    expect(scalarsOf({ a: list(4095) })).toHaveLength(4096)
    expect(scalarsOf({ a: list(4096) })).toBeUndefined()
    expect(scalarsOf('x'.repeat(maxRead))).toHaveLength(1)
    expect(scalarsOf('x'.repeat(maxRead + 1))).toBeUndefined()
    expect(scalarsOf({ [`${'x'.repeat(maxRead - 1)}`]: 'y' })).toHaveLength(2)
    expect(scalarsOf({ [`${'x'.repeat(maxRead - 1)}`]: 'yz' })).toBeUndefined()
    expect(scalarsOf('\ufdfa'.repeat(maxRead / 18 + 1))).toBeUndefined()
    expect(valuesOf(list(4097))).toBeUndefined()
  })
})

describe('what is read of a message', () => {
  test('is a bounded length in all, up to the end of a word', () => {
    const allowance = new Allowance()
    expect(allowance.take('a'.repeat(maxRead - 8))).toHaveLength(maxRead - 8)
    expect(allowance.take(1234)).toBe(1234)
    expect(allowance.take(12_345)).toBeNull()
    expect(allowance.take(true)).toBe(true)
    expect(allowance.take(null)).toBeNull()
    expect(allowance.take('')).toBe('')
    expect(allowance.take('a')).toBe('')
  })

  test.each([
    [`b ${'a'.repeat(maxRead)}`, 'b'],
    [`b\n${'a'.repeat(maxRead)}`, 'b'],
    [`b c\n${'a'.repeat(maxRead)}`, 'b c'],
    [`b\nc ${'a'.repeat(maxRead)}`, 'b\nc'],
    [`${'a'.repeat(maxRead)} b`, 'a'.repeat(maxRead)],
    [`${'a'.repeat(maxRead + 1)} b`, ''],
  ])('of a long text is its beginning', (text, read) => {
    const allowance = new Allowance()
    expect(allowance.take(text)).toBe(read)
    expect(allowance.take('more')).toBe('')
  })

  test('is bounded as it is once characters that stand for several are written out', () => {
    const read = new Allowance().take('\ufdfa'.repeat(maxRead / 16)) as string
    expect(read.length).toBeGreaterThan(maxRead - 18)
    expect(read.length).toBeLessThanOrEqual(maxRead)
  })

  test('is as long as it is once characters that stand for several are written out', () => {
    expect(lengthRead('\ufdfa', 1)).toBe(18)
    expect(lengthRead('\ufdfa', 0)).toBe(1)
    expect(lengthRead('abc', 3)).toBe(3)
  })
})

describe('the data in a text', () => {
  test.each([
    ['[1, "a"]', [1, 'a']],
    ['{"a": 1}', { a: 1 }],
    ['a: 1\nb: [c]', { a: 1, b: ['c'] }],
    ['- 1\n- x: y', [1, { x: 'y' }]],
    ['- - a', [['a']]],
    ['a: yes', { a: 'yes' }],
    ['a: 2026-05-03', { a: '2026-05-03' }],
  ])('is JSON or YAML: %j', (text, data) => expect(structureOf(text)).toEqual(data))

  test.each(['"a"', '5', 'null', 'plain text', '', 'a: 1\na: 2', '- &a 1\n- *a', 'a: [1'])(
    'is none in %j',
    (text) => expect(structureOf(text)).toBeUndefined(),
  )

  test('is only looked for in YAML of 128 Ki characters', () => {
    const text = `a: ${'x'.repeat(128 * 1024 - 3)}`
    expect(structureOf(text)).toEqual({ a: text.slice(3) })
    expect(structureOf(`${text}x`)).toBeUndefined()
  })

  test.each(['[]', '{}'])('is only looked for where %s nest 32 deep', ([open, close]) => {
    const nested = (depth: number): string =>
      open === '['
        ? `${open.repeat(depth)}a${close!.repeat(depth)}`
        : `${'{a: '.repeat(depth)}b${close!.repeat(depth)}`
    expect(structureOf(nested(32))).toBeDefined()
    expect(structureOf(nested(33))).toBeUndefined()
    // what is closed again counts no more
    const items = `- ${nested(1)}\n`
    expect(structureOf(items.repeat(40))).toHaveLength(40)
    expect(structureOf(`- ']]]}}}'\n- ${nested(32)}`)).toHaveLength(2)
    expect(structureOf(`- ']]]}}}'\n- ${nested(33)}`)).toBeUndefined()
  })

  test.each(['- ', '? '])('is only looked for where bullets nest 31 deep: %j', (bullet) => {
    expect(structureOf(`${bullet.repeat(31)}a`)).toBeDefined()
    expect(structureOf(`${bullet.repeat(32)}a`)).toBeUndefined()
  })

  test('is only looked for among 20,000 brackets and double bullets', () => {
    expect(structureOf('- [a]\n'.repeat(1000))).toHaveLength(1000)
    expect(structureOf('- [a]\n'.repeat(10_001))).toBeUndefined()
    expect(structureOf('- - a\n'.repeat(20_001))).toBeUndefined()
  })
})

describe('how a result that is a text is read', () => {
  const { document } = flowPolicy({
    act: { args: { to: { steers: true, idsFrom: ['list*'] }, body: { carries: true } } },
  })
  const read = (tool: string, value: JsonValue, facts: OutputFacts = {}): object =>
    readsFrom(document).read(tool, value, facts)

  test('as data where it has the look of JSON, or where its fields are declared', () => {
    expect(read('t', ' [1]')).toEqual({ read: [1], ids: [] })
    expect(read('t', '\n{"a":1}')).toEqual({ read: { a: 1 }, ids: [] })
    expect(read('t', '{broken')).toEqual({ read: '{broken', ids: [] })
    expect(read('t', 'a: 1')).toEqual({ read: 'a: 1', ids: [] })
    expect(read('t', 'a: 1', { fields: {} })).toEqual({ read: { a: 1 }, ids: [] })
    expect(read('t', 'plain', { fields: {} })).toEqual({ read: 'plain', ids: [] })
    expect(read('t', { a: 'b: 1' }, { fields: {} })).toEqual({ read: { a: 'b: 1' }, ids: [] })
  })

  test('with the ids of its lines where ids are taken from it', () => {
    const text = ' Hotels: Good Night \n\n- a\n* b: c: d\n• e\n12. f\n3) g\n12345. h\n-i\nj:k'
    expect(read('list_all', text)).toEqual({
      read: text,
      ids: [
        'Hotels: Good Night',
        'Good Night',
        'a',
        'a',
        'b: c: d',
        'c: d',
        'e',
        'e',
        'f',
        'f',
        'g',
        'g',
        '12345. h',
        '12345. h',
        '-i',
        '-i',
        'j:k',
        'j:k',
      ],
    })
    expect(read('list', 'a: 1')).toEqual({ read: { a: 1 }, ids: ['a: 1', '1'] })
    expect(read('list', ['x'])).toEqual({ read: ['x'], ids: [] })
  })

  test('up to 10,000 lines of it', () => {
    const { ids } = readsFrom(document).read('list', 'a\n'.repeat(10_001), {})
    expect(ids).toHaveLength(20_000)
  })
})
