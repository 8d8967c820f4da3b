import { describe, expect, test } from 'vitest'
import { readAnswer } from '../../../src/gate/answer.ts'

const edit = (args: unknown): object => readAnswer({ action: 'edit', args })

const nested = (levels: number): object => (levels === 1 ? {} : { a: nested(levels - 1) })

const by = { subject: 'ada', roles: ['lead'] }

describe('an answer', () => {
  test.each<[unknown]>([
    [{ action: 'approve' }],
    [{ action: 'approve', by, reason: 'fine', remember: true }],
    [{ action: 'approve', by: { subject: 'ada' }, remember: false }],
    [{ action: 'approve', by: { subject: 'ada', roles: [] }, reason: '' }],
    [{ action: 'deny', by, reason: 'no' }],
    [{ action: 'edit', by, args: { amount: 1, list: [null, { a: 'b' }] } }],
    [{ action: 'edit', args: {} }],
  ])('%j is read as it is', (answer) => {
    expect(readAnswer(answer)).toEqual(answer)
  })

  test('is a copy, without what was not said', () => {
    const roles = ['lead']
    const args = { list: [1] }
    const read = readAnswer({
      action: 'edit',
      by: { subject: 'ada', roles },
      reason: undefined,
      remember: undefined,
      args,
    })
    roles.push('owner')
    args.list.push(2)
    expect(read).toStrictEqual({ action: 'edit', by, args: { list: [1] } })
    expect(readAnswer({ action: 'deny', by: { subject: 'ada', roles: undefined } })).toStrictEqual({
      action: 'deny',
      by: { subject: 'ada' },
    })
  })

  test('takes of who answers no more than the subject and the roles', () => {
    const stranger = { subject: 'ada', scopes: ['all'], issuer: 'https://id.example' }
    expect(readAnswer({ action: 'deny', by: stranger })).toStrictEqual({
      action: 'deny',
      by: { subject: 'ada' },
    })
  })

  test('has a reason that can be written down', () => {
    expect(readAnswer({ action: 'deny', reason: 'no \ud800!' })).toEqual({
      action: 'deny',
      reason: 'no \ufffd!',
    })
  })

  const approver = '`by` needs a `subject`, and texts as `roles`, `agent` and `tenant`'
  const action = 'the `action` is not `approve`, `edit` or `deny`'
  const complete = 'an edit needs the complete `args`'

  test.each<[string, unknown]>([
    ['an answer is an object with an `action`', undefined],
    ['an answer is an object with an `action`', null],
    ['an answer is an object with an `action`', 'approve'],
    ['an answer is an object with an `action`', ['approve']],
    ['an answer has no `approver`', { action: 'approve', approver: 'ada' }],
    ['an answer has no `toString`', { toString: 'approve', action: 'approve' }],
    [action, {}],
    [action, { action: undefined }],
    [action, { action: 'Approve' }],
    [action, { action: ['approve'] }],
    [action, { action: true }],
    ['`reason` is not a text', { action: 'deny', reason: null }],
    ['`reason` is not a text', { action: 'deny', reason: ['no'] }],
    ['`remember` is not true or false', { action: 'approve', remember: 'true' }],
    ['`remember` is not true or false', { action: 'approve', remember: null }],
    ['`remember` is not true or false', { action: 'approve', remember: 1 }],
    [approver, { action: 'approve', by: null }],
    [approver, { action: 'approve', by: 'ada' }],
    [approver, { action: 'approve', by: ['ada'] }],
    [approver, { action: 'approve', by: { roles: ['lead'] } }],
    [approver, { action: 'approve', by: { subject: '' } }],
    [approver, { action: 'approve', by: { subject: 7 } }],
    [approver, { action: 'approve', by: { subject: 'ada', roles: 'lead' } }],
    [approver, { action: 'approve', by: { subject: 'ada', roles: null } }],
    [approver, { action: 'approve', by: { subject: 'ada', agent: ['bot'] } }],
    [approver, { action: 'approve', by: { subject: 'ada', agent: '' } }],
    [approver, { action: 'approve', by: { subject: 'ada', tenant: null } }],
    [approver, { action: 'approve', by: { subject: 'ada', roles: ['lead', 7] } }],
    [approver, { action: 'approve', by: { subject: 'ada', roles: { 0: 'lead' } } }],
    ['only an `edit` has `args`', { action: 'approve', args: {} }],
    ['only an `edit` has `args`', { action: 'deny', args: null }],
    [complete, { action: 'edit' }],
    [complete, { action: 'edit', args: null }],
    [complete, { action: 'edit', args: [] }],
    [complete, { action: 'edit', args: '{}' }],
    [
      'the edited arguments are no JSON: a bigint has no JSON form',
      { action: 'edit', args: { a: 1n } },
    ],
    [
      'the edited arguments are no JSON: a number that is not finite has no JSON form',
      { action: 'edit', args: { a: NaN } },
    ],
  ])('is invalid: %s', (message, answer) => {
    expect(readAnswer(answer)).toEqual({ code: 'approval-invalid', message, retryable: false })
  })

  test('bounds the edited arguments: 64 levels and 4 Mi characters', () => {
    expect(edit(nested(64))).toHaveProperty('args')
    expect(edit(nested(65))).toMatchObject({
      message:
        'the edited arguments are no JSON: the value is cyclic or nested deeper than 64 levels',
    })
    const bytes = 4 * 1024 * 1024
    // braces, name, quotes
    const longest = bytes - 2 - 5 - 2
    expect(edit({ a: 'x'.repeat(longest) })).toHaveProperty('args')
    expect(edit({ a: 'x'.repeat(longest + 1) })).toMatchObject({
      message: `the edited arguments are no JSON: the value is longer than ${bytes} characters of JSON`,
    })
  })
})
