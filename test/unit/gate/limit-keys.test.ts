import { describe, expect, test } from 'vitest'
import { limitKey, ownerKey, sharedKey } from '../../../src/gate/limit-keys.ts'
import type { ApplicableLimit } from '../../../src/gate/limits.ts'
import { user } from '../../support/agent.ts'

function limitOf(fields: Partial<ApplicableLimit> = {}): ApplicableLimit {
  const position = { file: 'rules/p.yaml', line: 1, column: 1 }
  return { id: 'l', per: 'session', count: 'calls', max: 1, over: 'deny', position, ...fields }
}

const principal = { ...user, issuer: 'https://id.example', agent: 'bot', tenant: 'org' }
const owner = { session: 'session s', principal }

// other processes keep counters under these keys, also those of other versions
test.each<[Partial<ApplicableLimit>, string]>([
  [{}, '["l","rules/p.yaml calls undefined","session"]'],
  [{ windowMs: 60_000 }, '["l","rules/p.yaml calls 60000","session"]'],
  [{ sum: ['pay', 'a/b'] }, '["l","rules/p.yaml calls undefined /pay/a~1b","session"]'],
  [{ id: 'm', per: 'global', count: 'time' }, '["m","rules/p.yaml time undefined","global"]'],
])('the counters of the limit %j have the key %s', (fields, key) => {
  expect(limitKey(limitOf(fields))).toBe(key)
})

describe('who a limit counts for', () => {
  test.each<[ApplicableLimit['per'], string, string]>([
    ['session', '["session s"]', '["session s"]'],
    ['subject', '["https://id.example","user-1"]', '[null,null]'],
    ['agent', '["https://id.example","bot"]', '[null,null]'],
    ['tenant', '["https://id.example","org"]', '[null,null]'],
    ['global', '[]', '[]'],
  ])('per %s is %s, and of nobody known %s', (per, key, unknown) => {
    expect(ownerKey(limitOf({ per }), owner)).toBe(key)
    expect(ownerKey(limitOf({ per }), { ...owner, principal: null })).toBe(unknown)
  })
})

test.each(['p.yaml', 'rules/p.yaml', '/srv/a b/p.yaml', 'C:\\rules\\p.yaml', 'a/b\\p.yaml'])(
  'processes that know a file as %s count together',
  (file) => {
    const limit = limitOf({ per: 'subject', position: { file, line: 7, column: 2 } })
    expect(sharedKey(limit, owner)).toBe(
      '["l","p.yaml calls undefined","subject"]["https://id.example","user-1"]',
    )
  },
)
