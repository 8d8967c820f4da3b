import { describe, expect, test } from 'vitest'
import type { JsonPrimitive } from '../../../src/base/json.ts'
import {
  repairBoolean,
  repairList,
  repairMapping,
  repairNumber,
  repairTest,
  repairText,
} from '../../../src/policy/repair.ts'
import { Entries, type Node } from '../../../src/policy/tree.ts'

const at = { start: 0, end: 0 }
const scalar = (value: JsonPrimitive): Node => ({ kind: 'scalar', value, ...at })
const list: Node = { kind: 'list', items: [], ...at }
const map: Node = { kind: 'map', entries: new Entries(), ...at }

describe('in place of a boolean', () => {
  test.each<[JsonPrimitive, boolean]>([
    ['true', true],
    ['yes', true],
    ['on', true],
    ['y', true],
    ['YES', true],
    ['On', true],
    ['false', false],
    ['no', false],
    ['off', false],
    ['n', false],
    ['Off', false],
  ])('%j stands for %s', (value, meant) => {
    expect(repairBoolean(scalar(value))).toEqual({
      help: `write \`${meant}\`, without quotes: in YAML 1.2 \`yes\`, \`no\`, \`on\` and \`off\` are texts`,
      suggestion: String(meant),
    })
  })

  test('anything else stands for none', () => {
    for (const node of [scalar(1), scalar(null), scalar(''), scalar('yess'), list, map]) {
      expect(repairBoolean(node)).toEqual({ help: 'write `true` or `false`' })
    }
  })
})

describe('in place of a number', () => {
  test.each(['0', '7', '-7', '10', '0.5', '-0.5', '123456789012345', '1.123456789012345'])(
    '%j stands for one',
    (text) => {
      expect(repairNumber(scalar(text))).toEqual({
        help: `write \`${text}\`, without quotes`,
        suggestion: text,
      })
    },
  )

  test.each([
    '',
    '-',
    '07',
    '.5',
    '5.',
    '+5',
    '1e5',
    '5kg',
    'x5',
    ' 5',
    '5\n',
    '1.1.1',
    '1234567890123456',
    '1.1234567890123456',
    '--5',
    'a.5',
    '0x1',
  ])('%j stands for none', (text) => {
    const help = 'write digits alone, without a unit, such as `10`'
    expect(repairNumber(scalar(text))).toEqual({ help })
  })

  test('what is no text stands for none', () => {
    for (const node of [scalar(null), scalar(true), list, map]) {
      expect(repairNumber(node)).toEqual({
        help: 'write digits alone, without a unit, such as `10`',
      })
    }
  })
})

describe('in place of a text', () => {
  test('a short value stands in quotes', () => {
    expect(repairText(scalar(7), '7', 'ignored')).toEqual({
      help: 'put it in quotes: `"7"`',
      suggestion: '"7"',
    })
    const longest = '7'.repeat(64)
    expect(repairText(scalar(7), longest, undefined).suggestion).toBe(`"${longest}"`)
    expect(repairText(scalar(7), `${longest}7`, undefined)).toEqual({ help: 'put it in quotes' })
    for (const lines of ['7\n8', '7\r8']) {
      expect(repairText(scalar(7), lines, undefined)).toEqual({ help: 'put it in quotes' })
    }
    expect(repairText(scalar(7), '\u200b', undefined).help).toBe('put it in quotes: `"\\u{200b}"`')
  })

  test('what is no value is told, in the words of the text where it has some', () => {
    expect(repairText(list, '[]', undefined)).toEqual({
      help: 'write one text, without brackets or braces',
    })
    expect(repairText(scalar(null), '', undefined)).toEqual({ help: 'write a text behind the key' })
    for (const node of [list, map, scalar(null)]) {
      expect(repairText(node, '', 'write a path')).toEqual({ help: 'write a path' })
    }
  })
})

test('in place of a list, an item stands in brackets', () => {
  expect(repairList('a', true)).toEqual({ help: 'put it in brackets: `[a]`', suggestion: '[a]' })
  expect(repairList('\u200b', true).help).toBe('put it in brackets: `[\\u{200b}]`')
  expect(repairList('a'.repeat(64), true).suggestion).toBe(`[${'a'.repeat(64)}]`)
  expect(repairList('a'.repeat(65), true)).toEqual({
    help: 'put brackets around it, or `- ` in front of it: it is one of a list',
  })
  expect(repairList('a', false)).toEqual({
    help: 'write a list: `[a, b]`, or a line that begins with `- ` for each item',
  })
})

test('in place of a mapping, up to six keys are named', () => {
  const keys = ['a', 'b', 'c', 'd', 'e', 'f']
  const all = '`a`, `b`, `c`, `d`, `e`, `f`'
  const help = 'write `key: value` in braces or line by line; the keys are '
  expect(repairMapping(['a'])).toEqual({ help: `${help}\`a\`` })
  expect(repairMapping(keys)).toEqual({ help: help + all })
  expect(repairMapping([...keys, 'g', 'h'])).toEqual({ help: `${help}${all} and 2 more` })
})

const help = (shown: string): string => `write a test of the value, such as \`${shown}\``

test('in place of a test, a value stands in one', () => {
  expect(repairTest(scalar(7), '7')).toEqual({
    help: help('{ const: 7 }'),
    suggestion: '{ const: 7 }',
  })
  expect(repairTest(list, '[a]')).toEqual({
    help: help('{ enum: [a] }'),
    suggestion: '{ enum: [a] }',
  })
  expect(repairTest(scalar('\u200b'), '\u200b').help).toBe(help('{ const: \\u{200b} }'))
  for (const node of [scalar(null), map]) {
    expect(repairTest(node, 'x')).toEqual({ help: help('{ type: string }') })
  }
  expect(repairTest(list, 'x'.repeat(65))).toEqual({ help: help('{ type: string }') })
})
