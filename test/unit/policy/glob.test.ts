import { expect, test } from 'vitest'
import { compileGlob, compileGlobs, globProblem } from '../../../src/policy/glob.ts'

test.each([
  ['refund', 'refund', true],
  ['refund', 'refund2', false],
  ['refund', 'Refund', false],
  ['get_*', 'get_user', true],
  ['get_*', 'get_', true],
  ['get_*', 'get_user.all', false],
  ['get_*', 'forget_user', false],
  ['*', 'refund', true],
  ['*', 'desk.refund', false],
  ['**', 'desk.refund', true],
  ['desk.*', 'desk.refund', true],
  ['desk.*', 'desk.refund.now', false],
  ['desk.**', 'desk.refund.now', true],
  ['desk.**', 'desk', false],
  ['desk.**', 'deskx.refund', false],
  ['*.read', 'files.read', true],
  ['*.read', 'files.deep.read', false],
  ['**.read', 'files.deep.read', true],
  ['**.read', 'files.deepread', false],
  ['**.read', '.read', true],
  ['a*b*c', 'a--b--b--c', true],
  ['a*b*c', 'a--b--b--', false],
  ['*a**', 'xa.y', true],
])('%s on %s is %s', (glob, name, expected) => {
  expect(compileGlob(glob)(name)).toBe(expected)
})

test('a glob of many stars costs no more than its length times that of the name', () => {
  const matches = compileGlob(`${'*a'.repeat(60)}*b`)
  expect(matches('a'.repeat(128))).toBe(false)
  expect(matches(`${'a'.repeat(100)}b`)).toBe(true)
})

test.each(['', 'a b', '{a,b}', '+(a)', '[a-z]', 'a?', 'é', 'a***'])(
  '`%s` is not a glob',
  (glob) => {
    expect(globProblem(glob)).toMatch(/is not a tool name or glob|two stars in a row/)
  },
)

test('what is not a glob is repeated, but not at any length', () => {
  expect(globProblem('a b')).toBe('`a b` is not a tool name or glob')
  expect(globProblem('a***')).toBe('a glob has at most two stars in a row')
  expect(globProblem(' '.repeat(10_000))!.length).toBeLessThan(100)
})

test('any of several globs will do, with or without its place', () => {
  const matches = compileGlobs(['a.*', { text: 'b' }, { text: 'c**' }])
  expect(['a.x', 'b', 'c', 'cx.y'].map(matches)).toEqual([true, true, true, true])
  expect(['a', 'a.x.y', 'bx', 'xc', ''].map(matches)).toEqual(Array(5).fill(false))
  expect(compileGlobs([])('a')).toBe(false)
})
