import { describe, expect, test } from 'vitest'
import { parsePolicy } from '../../../src/loading/file.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import { policyText } from '../../support/policy-files.ts'
import { decideOn } from '../policy/build.ts'

const until = Date.parse('2027-03-01T00:00:00Z')
const day = 24 * 60 * 60_000
const rule = `roles: { user: {} }
rules:
  - { id: may, allow: [tool], until: '2027-03-01T00:00:00Z' }
`
const key = `rules: []
identity:
  apiKeys:
    - { id: ci, hash: 'sha256:${'0'.repeat(64)}', expires: '2027-02-28' }
`

async function warnings(text: string, now: number): Promise<readonly string[]> {
  const { file } = await parsePolicy(policyText(text), 'p.yaml', { clock: manualClock(now) })
  return file.warnings.map(
    ({ code, message, range: { start } }) => `${start.line}:${start.column} ${code} ${message}`,
  )
}

describe.each([
  ['rule', 'the rule `may`', rule, '5:5'],
  ['API key', 'the API key `ci`', key, '6:13'],
])('P22: an %s that ends', (_, name, text, place) => {
  test.each([
    ['is not mentioned long before', until - 14 * day - 1, []],
    ['is mentioned 14 days before', until - 14 * day, [`${place} expires-soon ${name} expires at`]],
    ['is mentioned until its last moment', until - 1, [`${place} expires-soon ${name} expires at`]],
    ['is called expired from then on', until, [`${place} expired ${name} has expired at`]],
  ])('%s', async (_when, now, expected) => {
    const time = ' 2027-03-01T00:00:00.000Z'
    expect(await warnings(text, now)).toEqual(expected.map((line) => `${line}${time}`))
  })
})

test('P22: an expired rule does nothing', async () => {
  const policy = (await parsePolicy(policyText(rule), 'p.yaml')).compile()
  expect(decideOn(policy, {}, { now: until - 1 }).effect).toBe('allow')
  expect(decideOn(policy, {}, { now: until }).effect).toBe('deny')
})

test('P20: a rule in shadow is a warning', async () => {
  const text = 'rules:\n  - { id: quiet, deny: [tool], shadow: true }\n'
  expect(await warnings(text, 0)).toEqual([
    '4:5 shadow the rule `quiet` is recorded, but not enforced',
  ])
})
