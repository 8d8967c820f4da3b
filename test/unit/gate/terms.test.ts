import { expect, test } from 'vitest'
import { PermitTerms } from '../../../src/gate/terms.ts'
import { policyOf } from '../policy/build.ts'

const policyWith = (timeout: string) =>
  policyOf({
    rules: [],
    tools: { t: { kind: 'write', timeout }, u: { kind: 'write' } },
    guards: { paths: [{ tools: ['t'], arg: '/path', root: '/srv' }] },
    output: [{ tools: ['t'], redact: [{ what: 'secrets' }] }],
  })

test('the terms of permits are those of the policy about the tool', () => {
  const terms = new PermitTerms(['hunter2-value'])
  const { timeoutMs, access, refine } = terms.of(policyWith('5s'), 't')
  expect(timeoutMs).toBe(5_000)
  expect(access).toBeDefined()
  expect(refine!('hunter2-value').value).toBe('[redacted]')
  expect(terms.of(policyWith('5s'), 'u')).toEqual({
    timeoutMs: undefined,
    access: undefined,
    refine: undefined,
  })
})

test('the terms are made once for each tool under each policy', () => {
  const terms = new PermitTerms()
  const [one, other] = [policyWith('5s'), policyWith('6s')]
  const made = terms.of(one, 't')
  expect(terms.of(one, 't')).toBe(made)
  expect(terms.of(other, 't')).not.toBe(made)
  expect(terms.of(other, 't').timeoutMs).toBe(6_000)
  expect(terms.of(one, 't')).toBe(made)
})
