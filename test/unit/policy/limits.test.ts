import { expect, test } from 'vitest'
import { policyOf, user } from './build.ts'

const limit = (id: string, fields: object = {}): object => ({
  id,
  tools: ['**'],
  per: 'session',
  max: 1,
  ...fields,
})

test('limits stand in the order of their ids, as they are written', () => {
  const ids = ['c', 'e', 'a', 'b', 'd']
  const { limits } = policyOf({
    rules: [],
    limits: ids.map((id) =>
      limit(
        id,
        id === 'c' ? { sum: '/a/b', window: '1m', over: 'ask', per: 'tenant', max: 2.5 } : {},
      ),
    ),
  })
  expect(limits.map(({ id }) => id)).toEqual(ids.toSorted())
  const { matches: _matches, concerns: _concerns, ...c } = limits[2]!
  expect(c).toStrictEqual({
    id: 'c',
    per: 'tenant',
    count: 'calls',
    sum: ['a', 'b'],
    max: 2.5,
    windowMs: 60_000,
    over: 'ask',
    position: { file: 'test.json', line: 1, column: expect.any(Number) },
  })
})

test.each([
  ['of everybody', {}, [true, true, true]],
  ['of a role', { who: { roles: ['lead'] } }, [false, true, true]],
  ['of a scope', { who: { scopes: ['x'] } }, [false, false, true]],
])('a limit %s concerns these callers, and one who is not known', (_, fields, expected) => {
  const [one] = policyOf({ rules: [], limits: [limit('a', fields)] }).limits
  const callers = [user, { ...user, roles: ['lead'] }, null]
  expect(callers.map((caller) => one!.concerns(caller))).toEqual(expected)
  expect(callers.map((caller) => one!.matches('t', caller))).toEqual(expected)
})

test('a limit counts calls of the tools that it names', () => {
  const [one] = policyOf({ rules: [], limits: [limit('a', { tools: ['x', 'y.*'] })] }).limits
  expect(['x', 'y.a', 'y', 'xx'].map((tool) => one!.matches(tool, user))).toEqual([
    true,
    true,
    false,
    false,
  ])
  expect(one!.concerns(user)).toBe(true)
})
