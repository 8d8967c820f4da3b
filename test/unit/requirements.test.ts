import { describe, expect, test } from 'vitest'
import { later } from '../requirements/later.ts'
import { required } from '../requirements/required.ts'
import { idsIn, namedIds } from '../requirements/titles.ts'

describe('the requirements', () => {
  test('are each named by the title of a test', () => {
    const named = namedIds()
    expect(Object.keys(required).filter((id) => !named.has(id))).toEqual([])
  })

  test('are all those that titles name', () => {
    const known = { ...required, ...later }
    expect([...namedIds().keys()].filter((id) => !Object.hasOwn(known, id))).toEqual([])
  })
})

describe('the id of a requirement', () => {
  test.each([
    "test('S0-01 S0-T2 is kept', () => {",
    '  test(\n    `S0-01 S0-T2 over ${path}`,',
    "describe.each(ways)('S0-01 S0-T2 %s', (way) => {",
    "test.each([\n  [1],\n])(\n  'S0-01 S0-T2 it\\'s %s',",
    "test.each`a\n${1}`('S0-01 S0-T2 $a', () => {",
  ])('counts in %j', (text) => {
    expect(idsIn(text)).toEqual(['S0-01', 'S0-T2'])
  })

  test.each([
    "// test of S0-01\nconst a = 'S0-01'",
    "test.skip('S0-01 is kept', () => {",
    "test.todo('S0-01 is kept')",
    "describe.skip('S0-01 is kept', () => {",
    "test('keeps', () => { expect('S0-01').toBe(1)",
    "test('XS0-01 S0-011')",
  ])('does not count in %j', (text) => {
    expect(idsIn(text)).toEqual([])
  })
})
