import { expect, test } from 'vitest'
import { isSallyportError, type SallyportError } from '../../../src/base/errors.ts'
import { compilePolicy } from '../../../src/policy/compile.ts'
import { readScope, wrongScope } from '../../../src/policy/scope.ts'
import type { ScopePart } from '../../../src/protocol/run-event.ts'
import { decideOn } from './build.ts'

function refusal(parts: readonly unknown[]): SallyportError {
  try {
    readScope(parts as readonly ScopePart[])
  } catch (error) {
    if (isSallyportError(error)) return error
    throw error
  }
  throw new Error('nothing is wrong')
}

test('a scope is a policy that allows what each of its parts names', () => {
  const file = readScope([
    { tools: ['a.*', 'b'] },
    { tools: ['c'], args: { n: { maximum: 5 } }, onlyArgs: ['n', 'm'] },
  ])
  expect(file).toMatchObject({ name: 'scope', source: { file: 'scope' } })
  expect(file.rules.map(({ id, effect }) => [id, effect])).toEqual([
    ['scope-1', 'allow'],
    ['scope-2', 'allow'],
  ])
  const policy = compilePolicy(file)
  const effect = (tool: string, args: Record<string, number> = {}): string =>
    decideOn(policy, args, { tool }).effect
  expect([effect('a.x'), effect('b', { n: 9 }), effect('d')]).toEqual(['allow', 'allow', 'deny'])
  expect(effect('c', { n: 5, m: 1 })).toBe('allow')
  expect([effect('c', { n: 6 }), effect('c', { n: 5, o: 1 })]).toEqual(['deny', 'deny'])
})

test('an empty scope allows nothing', () => {
  expect(decideOn(compilePolicy(readScope([])), {}, { tool: 'a' }).effect).toBe('deny')
})

test.each([[null], ['tool'], [['tool']], [7]])('%j is no part of a scope', (part) => {
  const { code, message, help } = refusal([part])
  expect([code, message, help]).toEqual([
    'bad-option',
    '`scope` is not an object or a list of objects',
    'write `tools` and, where needed, `args` and `onlyArgs` as in an allow rule',
  ])
})

test.each([[undefined], [7], ['mail.*'], [['mail.*', 7]]])(
  'tools of a scope that are %j are no list of names',
  (tools) => {
    const { code, message, help } = refusal([{ tools }])
    expect([code, message, help]).toEqual([
      'bad-option',
      '`tools` of the `scope` is not a list of names',
      'list tools and globs, such as `[read_file, mail.*]`',
    ])
  },
)

test.each(['who', 'shadow', 'until', 'from', 'except', 'id', 'allow', 'deny', 'reason'])(
  '`%s`, which would make a scope look wider than it is, is unknown',
  (key) => {
    const { code, message, help } = refusal([{ tools: ['t'] }, { tools: ['t'], [key]: [] }])
    expect([code, message, help]).toEqual([
      'bad-option',
      `\`scope\` has no member \`${key}\``,
      'the members are `tools`, `args` and `onlyArgs`',
    ])
  },
)

test('what no rule could say is told with the place in the scope, and how a scope is written', () => {
  const error = refusal([{ tools: ['t'], args: {} }])
  expect(error).toMatchObject({
    code: 'bad-option',
    message: expect.stringMatching(
      /^the `scope` of the run: scope:1:\d+: `args` names no argument$/,
    ),
    help: 'write `tools` and, where needed, `args` and `onlyArgs` as in an allow rule',
    cause: { code: 'bad-policy' },
  })
})

test('an error that is not about the scope stays what it is', () => {
  const error = new TypeError('x')
  expect(wrongScope(error)).toBe(error)
})
