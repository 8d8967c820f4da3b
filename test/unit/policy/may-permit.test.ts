import { expect, test } from 'vitest'
import { compilePolicy } from '../../../src/policy/compile.ts'
import { mayPermit } from '../../../src/policy/may-permit.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import { policyOf } from './build.ts'

test.each<[string, object, boolean]>([
  ['allows it', { allow: ['x', 'tool'] }, true],
  ['asks about it', { ask: ['to*'] }, true],
  ['allows it to somebody for some calls', { allow: ['**'], who: { scopes: ['s'] } }, true],
  ['denies it', { deny: ['tool'] }, false],
  ['allows another one', { allow: ['toolx', 'too'] }, false],
  ['only records that it allows it', { allow: ['tool'], shadow: true }, false],
])('a tool about which a rule %s', (_, rule, expected) => {
  expect(mayPermit(policyOf({ rules: [{ id: 'a', ...rule }] }), 'tool')).toBe(expected)
})

const parentOf = (effect: string): ReturnType<typeof readPolicy> =>
  readPolicy(`{"sallyport":1,"name":"base","rules":[{"id":"p","${effect}":["**"]}]}`, {
    file: 'base',
    asParent: true,
  })

test('one rule that may permit is enough, and every layer needs one', () => {
  const rules = [
    { id: 'a', deny: ['tool'] },
    { id: 'b', allow: ['tool'] },
  ]
  expect(mayPermit(policyOf({ rules }), 'tool')).toBe(true)
  expect(mayPermit(policyOf({ rules: [] }), 'tool')).toBe(false)
  const child = JSON.stringify({ sallyport: 1, name: 't', extends: ['./base.yaml'], rules })
  const under = (effect: string): boolean =>
    mayPermit(compilePolicy(readPolicy(child, { file: 'p', parents: [parentOf(effect)] })), 'tool')
  expect([under('ask'), under('deny')]).toEqual([true, false])
})
