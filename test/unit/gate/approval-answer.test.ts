import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import { restoreHidden, withYes, type OpenApproval } from '../../../src/gate/approval.ts'
import { checkAnswer } from '../../../src/gate/check-answer.ts'
import type { ApprovalAnswer, Approver } from '../../../src/gate/verdict.ts'
import type { Approvers } from '../../../src/protocol/decision.ts'
import { asks, callOf, context, opened, policy } from './approval-fixtures.ts'

const rolesOf = ({ roles = [] }: Approver): ReadonlySet<string> => new Set(roles)

const error = (code: string, message: string) => ({ code, message, retryable: false })

describe('an answer', () => {
  const rules = policy.approvals
  const by = { subject: 'ada', roles: ['lead'] }
  const isSecond = (earlier: Approver, later: Approver): boolean =>
    problemOf(withYes(opened(asks({ count: 3 })), earlier), { action: 'approve', by: later }) !==
    undefined
  const problemOf = (
    open: OpenApproval,
    answer: ApprovalAnswer,
    given = rules,
  ): ReturnType<typeof checkAnswer> => checkAnswer(open, answer, given, rolesOf)

  test('from who asked does not count unless the policy says so', () => {
    const own: ApprovalAnswer = { action: 'approve', by: { subject: 'user-1' } }
    expect(problemOf(opened(asks()), own)).toEqual({
      code: 'approval-own',
      message: '`user-1` asked for this call and cannot answer for it',
      retryable: false,
    })
    expect(problemOf(opened(asks()), own, { ...rules, selfApproval: true })).toBeUndefined()
    const ofNobody = { ...opened(asks()), context: { ...context, principal: null } }
    expect(problemOf(ofNobody, own)).toBeUndefined()
  })

  test('of one person counts once', () => {
    const again = {
      code: 'approval-invalid',
      message: 'the same person has answered before',
      retryable: false,
    }
    const open = withYes(opened(asks({ count: 3 })), { subject: 'ada' })
    expect(problemOf(open, { action: 'approve', by })).toEqual(again)
    expect(problemOf(open, { action: 'deny', by })).toBeUndefined()
    expect(problemOf(open, { action: 'approve', by: { subject: 'bob' } })).toBeUndefined()
    const unnamed = withYes(opened(asks()), undefined)
    expect(problemOf(unnamed, { action: 'approve' })).toEqual(again)
    expect(problemOf(unnamed, { action: 'approve', by })).toBeUndefined()
  })

  test.each<[string, ApprovalAnswer['by'], string | undefined]>([
    ['the caller', { subject: 'uma' }, 'uma'],
    ['the caller for somebody else', { subject: 'ada', agent: 'uma' }, 'uma'],
    ['who acts for the caller', { subject: 'bot' }, 'bot'],
    ['who acts for the caller, for somebody else', { subject: 'ada', agent: 'bot' }, 'bot'],
    ['who acts for that', { subject: 'ada', agent: 'desk' }, 'desk'],
    ['another one', { subject: 'ada', agent: 'phone' }, undefined],
    ['nobody', undefined, undefined],
  ])('of %s counts or not, whoever it is given for', (_, who, own) => {
    const principal = { ...context.principal!, subject: 'uma', agent: 'bot', actors: ['desk'] }
    const open = { ...opened(asks()), context: { ...context, principal } }
    for (const action of ['approve', 'deny'] as const) {
      const answer = { action, ...(who === undefined ? {} : { by: who }) }
      expect(problemOf(open, answer)?.code).toBe(own && 'approval-own')
      if (own !== undefined) expect(problemOf(open, answer)?.message).toContain(`\`${own}\` asked`)
      expect(problemOf(open, answer, { ...rules, selfApproval: true })).toBeUndefined()
    }
  })

  test('of one person counts once, in whoever else its name it is given', () => {
    const [ada, bob] = [{ subject: 'ada' }, { subject: 'bob' }]
    const [asAda, asBob] = [
      { subject: 'cy', agent: 'ada' },
      { subject: 'bob', agent: 'phone' },
    ]
    expect([isSecond(ada, asAda), isSecond(asAda, ada)]).toEqual([true, true])
    expect([isSecond(ada, bob), isSecond(ada, asBob), isSecond(asBob, ada)]).toEqual([
      false,
      false,
      false,
    ])
    // many people use one telephone
    expect(isSecond({ subject: 'ada', agent: 'phone' }, asBob)).toBe(false)
  })

  test.each([
    ['acme', 'acme', true],
    ['acme', 'globex', false],
    ['acme', undefined, true],
    [undefined, 'globex', true],
  ])('about a call of the tenant %s from one of %s counts: %s', (asked, answering, counts) => {
    const principal = { ...context.principal!, ...(asked === undefined ? {} : { tenant: asked }) }
    const open = { ...opened(asks()), context: { ...context, principal } }
    const tenant = answering === undefined ? {} : { tenant: answering }
    for (const action of ['approve', 'deny'] as const) {
      const problem = problemOf(open, { action, by: { ...by, ...tenant } })
      expect(problem?.code).toBe(counts ? undefined : 'approval-not-entitled')
      if (!counts) expect(problem?.message).toMatch(/^`[^`]+` belongs to another tenant/)
    }
  })

  test.each<[string, Approvers[], ApprovalAnswer['by'], string?]>([
    ['anybody', [{ count: 1 }], undefined],
    [
      'somebody without a name, of two',
      [{ count: 2 }],
      undefined,
      'the answer names nobody in `by`, and more than one has to agree',
    ],
    ['somebody with a name, of two', [{ count: 2 }], { subject: 'eve' }],
    [
      'nobody named, for a role',
      [{ roles: ['lead'], count: 1 }],
      undefined,
      'the answer names nobody in `by`, and somebody in the role `lead` is asked',
    ],
    [
      'another role',
      [
        { roles: ['lead', 'owner'], count: 1 },
        { roles: ['lead'], count: 2 },
      ],
      { subject: 'eve', roles: ['user'] },
      '`eve` is not in the role `lead`, `owner`, which is asked',
    ],
    ['one of the roles', [{ roles: ['owner', 'lead'], count: 1 }], by],
    [
      'one of two rules',
      [
        { roles: ['owner'], count: 1 },
        { roles: ['lead'], count: 1 },
      ],
      by,
    ],
  ])('from %s', (_, approvers, who, message) => {
    for (const action of ['approve', 'deny'] as const) {
      const answer = { action, ...(who === undefined ? {} : { by: who }) }
      expect(problemOf(opened(asks(...approvers)), answer)).toEqual(
        message === undefined ? undefined : error('approval-not-entitled', message),
      )
    }
  })

  test('is remembered only where everybody who asks permits it; a no needs no permission', () => {
    const refused = {
      code: 'approval-invalid',
      message: 'not every rule that asks lets a yes be remembered',
      retryable: false,
    }
    const remember = (action: ApprovalAnswer['action'], ...approvers: Approvers[]) =>
      problemOf(opened(asks(...approvers)), { action, by, remember: true })
    expect(remember('approve', { count: 1, remember: true })).toBeUndefined()
    expect(remember('approve', { count: 1 })).toEqual(refused)
    expect(remember('edit', { count: 1 })).toEqual(refused)
    expect(remember('approve', { count: 1, remember: true }, { count: 2 })).toEqual(refused)
    expect(remember('deny', { count: 1 })).toBeUndefined()
    const open = opened(asks({ count: 1 }))
    expect(problemOf(open, { action: 'approve', by, remember: false })).toBeUndefined()
  })

  test('that edits keeps to what may be edited', () => {
    const open = opened(asks(), callOf({ a: 1, b: 2, c: 3 }, { editable: ['/a', '/b'] }))
    const edit = (args?: JsonObject, on = open) =>
      problemOf(on, { action: 'edit', by, ...(args === undefined ? {} : { args }) })
    expect(edit({ a: 9, b: 9, c: 3 })).toBeUndefined()
    expect(edit({ c: 3, b: 2, a: 1 })).toBeUndefined()
    expect(edit({ a: 1, b: 2, c: 4 })).toEqual(error('approval-edit', 'only /a, /b may be edited'))
    expect(edit()).toEqual(error('approval-invalid', 'an edit needs the complete `args`'))
    expect(edit({ a: 1 }, opened(asks(), callOf({ a: 1 })))).toEqual(
      error('approval-edit', 'no argument of this tool may be edited'),
    )
  })
})

const restore = (
  sensitive: readonly string[],
  asked: JsonObject,
  edited: JsonObject,
): ReturnType<typeof restoreHidden> =>
  restoreHidden(opened(asks(), callOf(asked, { sensitive })), { action: 'edit', args: edited })

describe('what an approver was not shown', () => {
  const hidden = '[redacted]'

  test.each<[string[], JsonObject, JsonObject, JsonObject]>([
    [['/pin'], { pin: 'S3', to: 'x' }, { pin: hidden, to: 'y' }, { pin: 'S3', to: 'y' }],
    [['/pin'], { pin: 'S3' }, { pin: 'S4' }, { pin: 'S4' }],
    [['/pin'], { pin: 'S3' }, {}, {}],
    [['/pin'], { pin: 'S3', to: 'x' }, { pin: hidden, to: hidden }, { pin: 'S3', to: hidden }],
    [['/a', '/b'], { a: 1, b: { c: 2 } }, { a: hidden, b: hidden }, { a: 1, b: { c: 2 } }],
    [['/a/b'], { a: { b: 1, c: 2 } }, { a: { b: hidden, c: 3 } }, { a: { b: 1, c: 3 } }],
    [['/a/b'], { a: { b: 1 } }, { a: null }, { a: null }],
    [['/a/b'], { a: { b: 1 } }, { a: 'b' }, { a: 'b' }],
    [
      ['/list/*/pin'],
      { list: [{ pin: 1 }, { pin: 2 }] },
      { list: [{ pin: hidden }, { pin: 3 }] },
      { list: [{ pin: 1 }, { pin: 3 }] },
    ],
    [['/*'], { a: 1, b: 2 }, { a: hidden, b: 3 }, { a: 1, b: 3 }],
    [['/list/1'], { list: [1, 2] }, { list: [hidden, hidden] }, { list: [hidden, 2] }],
    [[''], { a: 1 }, { a: hidden }, { a: hidden }],
  ])('at %j of %j is put back into %j', (sensitive, asked, edited, restored) => {
    expect(restore(sensitive, asked, edited)).toEqual({ action: 'edit', args: restored })
  })

  test('stays a list where it was one', () => {
    const answer = restore(['/list/*'], { list: ['a', 'b'] }, { list: [hidden, 'c'] })
    expect((answer as ApprovalAnswer).args).toStrictEqual({ list: ['a', 'c'] })
  })

  test.each<[string[], JsonObject, JsonObject]>([
    [['/pin'], { to: 'x' }, { pin: hidden }],
    [['/toString'], { to: 'x' }, { toString: hidden }],
    [['/a/b'], { a: 'text' }, { a: { b: hidden } }],
    [['/a/b'], { a: null }, { a: { b: hidden } }],
    [['/a/b'], {}, { a: { b: hidden } }],
    // items may have moved, and a list is no object with numbers for names
    [['/list/*'], { list: ['a', 'b'] }, { list: [hidden] }],
    [['/list/*'], { list: ['a'] }, { list: ['a', hidden] }],
    [['/list/*'], { list: ['a'] }, { list: { 0: hidden } }],
    [['/list/*'], { list: { 0: 'a' } }, { list: [hidden] }],
    [['/a', '/b'], { a: 1 }, { a: hidden, b: hidden }],
  ])('at %j of %j cannot be put back into %j', (sensitive, asked, edited) => {
    expect(restore(sensitive, asked, edited)).toEqual({
      code: 'approval-invalid',
      message: 'nothing was hidden where the edit holds [redacted]',
      retryable: false,
    })
  })

  test('is no matter of an answer that edits nothing, or of a tool that hides nothing', () => {
    const approve: ApprovalAnswer = { action: 'approve', by: { subject: 'ada' } }
    expect(restoreHidden(opened(asks()), approve)).toBe(approve)
    expect(restore([], { a: 1 }, { a: hidden })).toEqual({ action: 'edit', args: { a: hidden } })
    const unknown = opened(asks(), { ...callOf({ a: 1 }), tool: undefined })
    const edit: ApprovalAnswer = { action: 'edit', args: { a: hidden } }
    expect(restoreHidden(unknown, edit)).toEqual(edit)
  })
})
