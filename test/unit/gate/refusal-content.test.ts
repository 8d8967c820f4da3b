import { expect, test } from 'vitest'
import type { ErrorCode } from '../../../src/base/codes.ts'
import { errorData } from '../../../src/base/errors.ts'
import { denial, refusalContent } from '../../../src/gate/refusal.ts'

const policy = { name: 'desk', digest: 'sha256:0', mode: 'enforce' }
const at = '2027-01-15T08:00:00.000Z'
const denied = denial(policy, 'no-mail', 'mail is closed', at)
const byRule = {
  ...denied,
  rules: [{ id: 'no-mail', effect: 'deny', file: 'desk.yaml', line: 3, column: 1 }],
} as const

test('a denial says who denied, why, when and under which policy, and leaves nothing to do', () => {
  expect(denied).toEqual({
    at,
    effect: 'deny',
    labels: [],
    obligations: [],
    policy: { name: 'desk', digest: 'sha256:0' },
    reasons: ['mail is closed'],
    rule: 'no-mail',
    rules: [],
  })
})

const noUse =
  'The same call will be denied again. Continue without it, or tell the user what is needed.'

test.each<[ErrorCode, string]>([
  ['denied', `Denied by policy \`no-mail\`: mail is closed. ${noUse}`],
  [
    'hook-denied',
    'Denied by `no-mail`: mail is closed. Continue without this call, or tell the user what is needed.',
  ],
  ['approval-denied', 'A person refused this call: mail is closed. Do not propose it again.'],
  ['approval-expired', 'Not executed: mail is closed.'],
  ['bad-json', 'Not executed: mail is closed. Correct the call if it is still needed.'],
  ['bad-args', 'Not executed: mail is closed. Correct the call if it is still needed.'],
  ['unknown-tool', 'Not executed: mail is closed. Correct the call if it is still needed.'],
  ['limit-reached', 'Not executed: mail is closed.'],
  ['internal', 'Not executed: mail is closed.'],
])('what the model is told of `%s`', (code, content) => {
  expect(refusalContent(denied, errorData(code, 'mail is closed'))).toBe(content)
})

test('a rule of the policy is called a rule', () => {
  expect(refusalContent(byRule, errorData('denied', 'mail is closed'))).toBe(
    `Denied by policy rule \`no-mail\`: mail is closed. ${noUse}`,
  )
})

const error = (code: ErrorCode) => errorData(code, 'no tool `mial`', { help: 'the tool is `mail`' })

test('help is told as a sentence, where the call can be corrected', () => {
  expect(refusalContent(denied, error('unknown-tool'))).toBe(
    'Not executed: no tool `mial`. The tool is `mail`. Correct the call if it is still needed.',
  )
  expect(refusalContent(denied, error('internal'))).toBe('Not executed: no tool `mial`.')
})
