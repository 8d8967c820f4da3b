import { expect, test } from 'vitest'
import { decideOn, policyOf } from './build.ts'

const allow = { id: 'may', allow: ['tool'] }

test('a deny in shadow is recorded and does not deny', () => {
  const policy = policyOf({ rules: [allow, { id: 'quiet', deny: ['tool'], shadow: true }] })
  expect(decideOn(policy)).toMatchObject({
    effect: 'allow',
    rule: 'may',
    rules: [{ id: 'may' }, { id: 'quiet', effect: 'deny', shadow: true }],
  })
})

test('an allow in shadow allows nothing', () => {
  const policy = policyOf({ rules: [{ ...allow, shadow: true }] })
  expect(decideOn(policy)).toMatchObject({
    effect: 'deny',
    rule: 'default',
    rules: [{ id: 'may', effect: 'allow', shadow: true }],
  })
})

test('an ask in shadow asks nobody', () => {
  const policy = policyOf({ rules: [allow, { id: 'quiet', ask: ['tool'], shadow: true }] })
  expect(decideOn(policy)).toMatchObject({ effect: 'allow', obligations: [] })
})
