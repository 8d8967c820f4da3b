import { expect, test } from 'vitest'
import { Diagnostics } from '../../../src/policy/diagnostic.ts'
import { parseSimpleYaml } from '../../../src/policy/parse-simple-yaml.ts'
import {
  boolean,
  formed,
  listOf,
  mapping,
  numberOf,
  oneOf,
  recordOf,
  type Read,
} from '../../../src/policy/shape.ts'
import { Source } from '../../../src/policy/source.ts'
import { linesOf } from './said.ts'

/** What a reader makes of the value of `a`, and what it says about it. */
function readWith<T>(read: Read<T>, written: string): readonly [T | undefined, ...string[]] {
  const text = `a: ${written}\n`
  const diagnostics = new Diagnostics(new Source('p', text))
  const value = read(parseSimpleYaml(text)!.entries.get('a')!.value, diagnostics)
  return [value, ...linesOf(diagnostics.all())]
}

const anything: Read<string> = (node) => node.kind
const noKey = (): void => {}

test('a mapping says of each key that it needs what belongs there', () => {
  const read = mapping(
    'a thing',
    {
      flag: boolean,
      free: anything,
      table: recordOf('`table`', noKey, anything),
      list: listOf('`list`', anything),
      inner: mapping('`inner`', {}, {}),
      count: numberOf('`count`'),
      whole: numberOf('`whole`', { integer: true }),
      one: oneOf('`one`', ['x']),
      some: oneOf('`some`', ['x', 'y']),
      named: formed('a star', (node) => node.kind),
    },
    {},
  )
  const [value, ...said] = readWith(read, '{}')
  expect(value).toBeUndefined()
  expect(said.filter((line) => line.startsWith('help: '))).toEqual([
    'help: add `flag:` and `true` or `false`',
    'help: add `free:` and its value',
    'help: add `table:` and a mapping',
    'help: add `list:` and a list',
    'help: add `inner:` and a mapping',
    'help: add `count:` and a number',
    'help: add `whole:` and a whole number',
    'help: add `one:` and `x`',
    'help: add `some:` and one of `x`, `y`',
    'help: add `named:` and a star',
  ])
})

test('a mapping without its required keys is nothing, without those it only needs it is read', () => {
  const read = mapping('a thing', { a: boolean }, { b: boolean, c: boolean }, { needed: ['b'] })
  expect(readWith(read, '{ a: true, c: false }')).toEqual([
    { a: true, c: false, at: { start: 3, end: 24 } },
    '1:6-7 missing-key: a thing needs the key `b`',
    'help: add `b:` and `true` or `false`',
  ])
  expect(readWith(read, '{ b: true }')[0]).toBeUndefined()
  expect(readWith(read, '{ a: 1, b: true }')[0]).toBeUndefined()
  const [broken] = readWith(read, '{ a: true, b: true, c: 1 }')
  expect(broken).toStrictEqual({ a: true, b: true, at: { start: 3, end: 29 } })
})

test('a key that nobody has heard of is answered with words, once, and never with a member of objects', () => {
  const read = mapping('a thing', {}, { abc: boolean }, { meant: { other: 'write `abc`' } })
  expect(readWith(read, '{ other: 1, toString: 1, abd: 1 }').slice(1)).toEqual([
    '1:6-11 unknown-key: unknown key `other` in a thing',
    'help: write `abc`',
    '1:16-24 unknown-key: unknown key `toString` in a thing',
    'help: known are `abc`',
    '1:29-32 unknown-key: unknown key `abd` in a thing',
    'help: did you mean `abc`?',
    'try: abc',
  ])
})

test('a list has as many items as it may, and keeps those that can be read', () => {
  const read = listOf('`a`', numberOf('an item'), { minimum: 2, maximum: 3 })
  expect(readWith(read, '[1, 2]')).toEqual([[1, 2]])
  expect(readWith(read, '[1, 2, 3]')).toEqual([[1, 2, 3]])
  expect(readWith(read, '[1]')).toEqual([
    undefined,
    '1:4-7 bad-value: `a` needs at least 2 items',
    'help: add to the list, or remove what holds it',
  ])
  expect(readWith(read, '[1, 2, 3, 4]')).toEqual([
    undefined,
    '1:4-16 bad-value: `a` needs at most 3 items',
    'help: shorten the list',
  ])
  expect(readWith(read, '[1, x, 3]')[0]).toEqual([1, 3])
  const one = listOf('`a`', numberOf('an item'), { maximum: 1 })
  expect(readWith(one, '[1, 2]')).toEqual([
    undefined,
    '1:4-10 bad-value: `a` needs at most 1 item',
    'help: shorten the list',
  ])
  expect(readWith(one, '[]')).toEqual([
    undefined,
    '1:4-6 bad-value: `a` needs at least 1 item',
    'help: add to the list, or remove what holds it',
  ])
})

test('a table gives each name its place, and leaves out what cannot be read', () => {
  const read = recordOf('`a`', noKey, numberOf('an entry'))
  expect(readWith(read, '{}')).toEqual([[]])
  const [entries, ...said] = readWith(read, '{ b: 1, c: x }')
  expect(entries).toEqual([{ name: { text: 'b', start: 5, end: 6 }, value: 1 }])
  expect(said).toHaveLength(2)
  const filled = recordOf('`a`', noKey, numberOf('an entry'), { minimum: 1 })
  expect(readWith(filled, '{}')).toEqual([
    undefined,
    '1:4-6 bad-value: `a` needs at least one entry',
    'help: add an entry, or remove what holds it',
  ])
  expect(readWith(filled, '{ b: 1 }')[0]).toHaveLength(1)
})

test('a number lies between its bounds', () => {
  const read = numberOf('`a`', { minimum: 1, maximum: 3 })
  expect(['1', '2.5', '3'].map((written) => readWith(read, written))).toEqual([[1], [2.5], [3]])
  expect(readWith(read, '0.9')).toEqual([
    undefined,
    '1:4-7 bad-value: `a` has to be at least 1',
    'help: write `1` or more',
  ])
  expect(readWith(read, '3.1')).toEqual([
    undefined,
    '1:4-7 bad-value: `a` has to be at most 3',
    'help: write `3` or less',
  ])
  const above = numberOf('`a`', { above: 0 })
  expect(readWith(above, '0.1')).toEqual([0.1])
  expect(readWith(above, '0')).toEqual([
    undefined,
    '1:4-5 bad-value: `a` has to be above 0',
    'help: write more than `0`',
  ])
  const free = numberOf('`a`')
  expect(['-1', '0', '1e15'].map((written) => readWith(free, written)[0])).toEqual([-1, 0, 1e15])
})

test('a word is one of those that are known, with its type', () => {
  const read = oneOf('`a`', ['x', 1, null, true])
  const words = ['x', '1', '~', 'true']
  expect(words.map((written) => readWith(read, written))).toEqual([['x'], [1], [null], [true]])
  expect(readWith(read, '"1"')).toEqual([
    undefined,
    '1:4-7 bad-value: `a` cannot be the text `1`',
    'help: did you mean `1`?',
    'try: 1',
  ])
  expect(readWith(read, '2').slice(0, 2)).toEqual([undefined, '1:4-5 bad-value: `a` cannot be `2`'])
  expect(readWith(read, '[x]').slice(0, 2)).toEqual([
    undefined,
    '1:4-7 bad-value: `a` cannot be a list',
  ])
})
