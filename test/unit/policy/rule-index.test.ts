import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import { CompiledRule, inOrder } from '../../../src/policy/compiled-rule.ts'
import { evaluate } from '../../../src/policy/condition.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import { RuleIndex } from '../../../src/policy/rule-index.ts'
import { no } from '../../../src/policy/truth.ts'
import { user } from './build.ts'

interface Written {
  readonly id: string
  readonly args?: object
  readonly deny?: true
}

function compiled(rules: readonly Written[]): readonly CompiledRule[] {
  const written = rules.map(({ deny, ...rule }) => ({
    ...rule,
    [deny === true ? 'deny' : 'allow']: ['t'],
  }))
  const text = JSON.stringify({ sallyport: 1, name: 't', rules: written })
  const file = readPolicy(text, { file: 'p' })
  return inOrder(file.rules).map((rule, order) => new CompiledRule(rule, order, file.source))
}

interface Visited {
  readonly tried: readonly string[]
  readonly notFalse: readonly string[]
}

function visit(index: RuleIndex, args: JsonObject): Visited {
  const request = { tool: 't', args, principal: user, now: 0, at: '' }
  const tried: string[] = []
  const notFalse: string[] = []
  index.candidates(request, ({ rule }, conditions) => {
    tried.push(rule.id)
    if (evaluate(conditions, request) !== no) notFalse.push(rule.id)
  })
  return { tried: tried.toSorted(), notFalse: notFalse.toSorted() }
}

const numbered = (count: number, prefix: string, args: (index: number) => object): Written[] =>
  Array.from({ length: count }, (_, index) => ({ id: `${prefix}${index}`, args: args(index) }))

const by = (name: string) => (value: unknown) => ({ [name]: { const: value } })

test('fewer than eight rules are all tried', () => {
  const seven = new RuleIndex(compiled(numbered(7, 'r', by('x'))))
  expect(visit(seven, { x: 3 })).toEqual({
    tried: ['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6'],
    notFalse: ['r3'],
  })
  const eight = new RuleIndex(compiled(numbered(8, 'r', by('x'))))
  expect(visit(eight, { x: 3 })).toEqual({ tried: ['r3'], notFalse: ['r3'] })
  expect(visit(eight, { x: 30 }).tried).toEqual([])
  expect(visit(eight, {}).tried).toEqual([])
})

test('rules are found by the value they require, as equal values are equal', () => {
  const rules = compiled([
    ...numbered(8, 'n', by('x')),
    { id: 'text', args: { x: { const: 'é' } } },
    { id: 'again', args: { x: { const: 'e\u0301' } } },
    { id: 'list', args: { x: { enum: ['é', 'e\u0301', 5, null, true] } } },
    { id: 'more', args: { x: { const: 'é', maxLength: 0 } } },
  ])
  const index = new RuleIndex(rules)
  const found = ['again', 'list', 'more', 'text']
  expect(visit(index, { x: 'é' })).toEqual({ tried: found, notFalse: ['again', 'list', 'text'] })
  expect(visit(index, { x: 'e\u0301' }).tried).toEqual(found)
  expect(visit(index, { x: 5 }).tried).toEqual(['list', 'n5'])
  expect(visit(index, { x: null }).tried).toEqual(['list'])
  expect(visit(index, { x: true }).tried).toEqual(['list'])
  for (const x of ['5', 'e', false, [5], {}, ['é']]) expect(visit(index, { x }).tried).toEqual([])
  expect(visit(index, { y: 'é' }).tried).toEqual([])
})

test('a value that is found is not tested again, what is tested beside it is', () => {
  const index = new RuleIndex(
    compiled([
      ...numbered(8, 'n', by('x')),
      { id: 'bare', args: { x: { const: 'a' } } },
      { id: 'both', args: { x: { const: 'a' }, y: { const: 1 } } },
      { id: 'strict', args: { x: { const: 'a', matches: 'b' } } },
    ]),
  )
  expect(visit(index, { x: 'a', y: 2 })).toEqual({
    tried: ['bare', 'both', 'strict'],
    notFalse: ['bare'],
  })
  expect(visit(index, { x: 'a', y: 1 }).notFalse).toEqual(['bare', 'both'])
})

test('only the value that was found is not tested again, wherever it is written', () => {
  const index = new RuleIndex(
    compiled([
      ...numbered(8, 'n', by('x')),
      { id: 'first', args: { x: { const: 'a' }, y: { minimum: 5 }, z: { maximum: 5 } } },
      { id: 'last', args: { y: { minimum: 5 }, z: { maximum: 5 }, x: { const: 'a' } } },
      { id: 'middle', args: { y: { minimum: 5 }, x: { const: 'a' }, z: { maximum: 5 } } },
    ]),
  )
  const all = ['first', 'last', 'middle']
  expect(visit(index, { x: 'a', y: 5, z: 5 })).toEqual({ tried: all, notFalse: all })
  expect(visit(index, { x: 'a', y: 4, z: 5 })).toEqual({ tried: all, notFalse: [] })
  expect(visit(index, { x: 'a', y: 5, z: 6 })).toEqual({ tried: all, notFalse: [] })
  expect(visit(index, { x: 'b', y: 5, z: 5 })).toEqual({ tried: [], notFalse: [] })
})

test('rules about other arguments, about ranges and about nothing stand behind each other', () => {
  const rules = compiled([
    ...numbered(4, 'a', by('x')),
    ...numbered(9, 'b', by('y')),
    ...numbered(8, 'c', (index) => ({
      z: { type: 'number', minimum: index * 10, maximum: index * 10 + 5 },
    })),
    ...numbered(2, 'd', (index) => ({ w: { exclusiveMinimum: index } })),
    { id: 'e' },
  ])
  const index = new RuleIndex(rules)
  expect(visit(index, { x: 1, y: 8, z: 33, w: 1 })).toEqual({
    tried: ['a1', 'b8', 'c3', 'd0', 'd1', 'e'],
    notFalse: ['a1', 'b8', 'c3', 'd0', 'e'],
  })
  expect(visit(index, { z: 36 }).tried).toEqual(['e'])
  // an argument that is no number leaves a rule without a type unknown, not false
  expect(visit(index, { z: 'many', w: 'many' })).toEqual({
    tried: ['d0', 'd1', 'e'],
    notFalse: ['d0', 'd1', 'e'],
  })
  expect(visit(index, {}).tried).toEqual(['e'])
})

test('a rule is filed under what it needs, not under what it takes or can do without', () => {
  const rules = compiled([
    ...numbered(8, 'n', by('x')),
    { id: 'allow', args: { x: { const: 1, optional: true } } },
    { id: 'deny', deny: true, args: { x: { const: 1, optional: true } } },
    { id: 'inner', args: { '/x/y': { const: 1 } } },
    { id: 'list', args: { x: { const: [1] } } },
    { id: 'mixed', args: { x: { enum: [1, [1]] } } },
  ])
  const index = new RuleIndex(rules)
  expect(visit(index, { x: 1 }).tried).toEqual(['allow', 'deny', 'inner', 'list', 'mixed', 'n1'])
  expect(visit(index, {})).toEqual({
    tried: ['allow', 'inner', 'list', 'mixed'],
    notFalse: ['allow'],
  })
  // a pointer that leads into a list by a name is unknown
  expect(visit(index, { x: [1] }).notFalse).toEqual(['inner', 'list', 'mixed'])
})

test('a range counts only where the argument has to be there', () => {
  const rules = compiled([
    ...numbered(8, 'n', (index) => ({ x: { minimum: index * 10, maximum: index * 10 } })),
    { id: 'free', args: { x: { minimum: 5, optional: true } } },
    { id: 'inner', args: { '/x/y': { minimum: 5 } } },
    { id: 'other', args: { x: { multipleOf: 5 } } },
    { id: 'deny', deny: true, args: { x: { minimum: 5, optional: true } } },
    { id: 'low', args: { x: { exclusiveMaximum: 3 } } },
  ])
  const index = new RuleIndex(rules)
  expect(visit(index, { x: 2 }).tried).toEqual(['free', 'inner', 'low', 'other'])
  expect(visit(index, { x: 10 }).tried).toEqual(['deny', 'free', 'inner', 'n1', 'other'])
  expect(visit(index, {}).tried).toEqual(['free', 'inner', 'other'])
})

test('a rule whose range covers most of the line is tried whatever the argument is', () => {
  const rules = compiled([
    ...numbered(80, 'n', (index) => ({ x: { type: 'number', minimum: index, maximum: index } })),
    { id: 'wide', deny: true, args: { x: { minimum: 1 } } },
  ])
  const index = new RuleIndex(rules)
  expect(visit(index, { x: 3 })).toEqual({ tried: ['n3', 'wide'], notFalse: ['n3', 'wide'] })
  expect(visit(index, { x: 0 })).toEqual({ tried: ['n0', 'wide'], notFalse: ['n0'] })
  expect(visit(index, { x: 1000 }).notFalse).toEqual(['wide'])
  expect(visit(index, { x: 'many' }).notFalse).toEqual(['wide'])
})

test('members of the prototype are no arguments', () => {
  const rules = compiled([
    ...numbered(8, 'n', by('toString')),
    { id: 'range', args: { valueOf: { minimum: 1 } } },
    ...numbered(8, 'm', (index) => ({ valueOf: { minimum: index, maximum: index } })),
  ])
  expect(visit(new RuleIndex(rules), {}).tried).toEqual([])
})
