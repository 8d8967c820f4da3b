import { describe, expect, test } from 'vitest'
import { required } from '../requirements/required.ts'
import { idsIn, namedIds } from '../requirements/titles.ts'

describe('the requirements', () => {
  test('are each named by the title of a test', () => {
    const named = namedIds()
    expect(Object.keys(required).filter((id) => !named.has(id))).toEqual([])
  })

  test('are all those that titles name', () => {
    expect([...namedIds().keys()].filter((id) => !Object.hasOwn(required, id))).toEqual([])
  })
})

// written by parts, or the titles in these texts would count themselves
const area = ['S0', ''].join('-')

describe('the id of a requirement', () => {
  test.each([
    "test('#01 #T2 is kept', () => {",
    '  test(\n    `#01 #T2 over ${path}`,',
    "describe.each(ways)('#01 #T2 %s', (way) => {",
    "test.each([\n  [1],\n])(\n  '#01 #T2 it\\'s %s',",
    "test.each`a\n${1}`('#01 #T2 $a', () => {",
  ])('counts in %j', (text) => {
    expect(idsIn(text.replaceAll('#', area))).toEqual([`${area}01`, `${area}T2`])
  })

  test.each([
    "// test of #01\nconst a = '#01'",
    "test.skip('#01 is kept', () => {",
    "test.todo('#01 is kept')",
    "describe.skip('#01 is kept', () => {",
    "test('keeps', () => { expect('#01').toBe(1)",
    "test('X#01 #011')",
  ])('does not count in %j', (text) => {
    expect(idsIn(text.replaceAll('#', area))).toEqual([])
  })
})
