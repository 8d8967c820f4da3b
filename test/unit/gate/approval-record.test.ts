import { describe, expect, test } from 'vitest'
import {
  isOverdue,
  isSatisfied,
  needsOthers,
  reopen,
  revive,
  withAsked,
  withYes,
} from '../../../src/gate/approval.ts'
import type { Approver } from '../../../src/gate/verdict.ts'
import type { Approvers, Decision } from '../../../src/protocol/decision.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import { user } from '../../support/agent.ts'
import { asks, callOf, context, opened, policy, start } from './approval-fixtures.ts'

const rolesOf = ({ roles = [] }: Approver): ReadonlySet<string> => new Set(roles)

describe('a request', () => {
  test('is a frozen record of everything an answer is about', () => {
    const examined = callOf(
      { amount: 1, card: '4111' },
      { sensitive: ['/card'], editable: ['/amount'] },
    )
    const decision = asks({ roles: ['lead'], count: 2 }, { count: 1 })
    const open = opened(decision, examined)
    expect(open).toEqual({
      request: {
        id: expect.stringMatching(/^apr_/),
        runId: 'run_1',
        callId: 'c1',
        tool: 'pay',
        args: { amount: 1, card: '[redacted]' },
        argsDigest: examined.argsDigest,
        askedBy: user,
        rules: decision.rules,
        reasons: ['a person decides'],
        approvers: [{ roles: ['lead'], count: 2 }, { count: 1 }],
        expiresAt: '2027-01-15T08:01:00.000Z',
        editable: ['/amount'],
        approvedBy: [],
      },
      examined,
      context,
      yes: [],
      deadline: 60_000,
      policy,
    })
    expect(Object.isFrozen(open.request)).toBe(true)
    expect(Object.isFrozen(open.request.approvers)).toBe(true)
  })

  test('is to anybody where no more is said, and shows all of a call whose tool is not known', () => {
    const { request } = opened(asks(), { ...callOf({ amount: 1 }), tool: undefined })
    expect(request).toMatchObject({ approvers: [{ count: 1 }], editable: [], args: { amount: 1 } })
  })

  test('has an id of its own each time', () => {
    const decision = asks()
    expect(opened(decision).request.id).not.toBe(opened(decision).request.id)
  })

  test('has expired already where no time is known', () => {
    const clock = { ...manualClock(start), now: () => Number.NaN }
    expect(opened(asks(), undefined, clock).request.expiresAt).toBe('1970-01-01T00:01:00.000Z')
  })

  test.each([
    [59_999, 59_999, false],
    [60_000, 60_000, false],
    [60_001, 60_000, true],
    [60_000, 60_001, true],
    [60_001, 60_001, true],
    [Number.NaN, 0, true],
    [0, Number.NaN, true],
  ])('is overdue by either clock: %d ms on the wall, %d ms monotonic', (wall, elapsed, isOver) => {
    const clock = { now: () => start + wall, monotonic: () => elapsed }
    expect(isOverdue(opened(asks()), clock)).toBe(isOver)
  })
})

describe('a request in place of another', () => {
  test('keeps the time and the answers of the first, and tells of the new arguments and people', () => {
    const clock = manualClock(start)
    const first = withYes(opened(asks({ count: 2 }), undefined, clock), { subject: 'ada' })
    clock.advance(40_000)
    const other = callOf({ amount: 2 })
    const stricter = { approvals: { ttlMs: 1, selfApproval: false } }
    const second = reopen(first, other, asks({ roles: ['lead'], count: 3 }), stricter, clock)
    expect(second).toMatchObject({
      request: {
        args: { amount: 2 },
        approvers: [{ roles: ['lead'], count: 3 }],
        approvedBy: ['ada'],
        expiresAt: first.request.expiresAt,
      },
      examined: other,
      context,
      yes: [{ subject: 'ada' }],
      deadline: first.deadline,
      policy: stricter,
    })
    expect(second.request.id).not.toBe(first.request.id)
    expect(Object.isFrozen(second.request)).toBe(true)
  })
})

const asked = (askedAt = '2027-01-15T08:00:00.000Z') => ({
  request: { ...opened(asks({ count: 2 })).request },
  askedAt,
  yes: [{ subject: 'ada' }],
})

describe('a request of an earlier carrier', () => {
  test.each<[string, number, number]>([
    ['the time that is left', 20_000, 40_000],
    ['no time after its end', 70_000, -10_000],
    // the wall clock has gone back
    ['no more time than there was at first', -20_000, 60_000],
  ])('is open with %s', (_, elapsed, left) => {
    const clock = { now: () => start + elapsed, monotonic: () => 5_000 }
    const before = asked()
    const examined = callOf({ amount: 1 })
    const revived = revive(before, examined, context, policy, clock)
    expect(revived).toEqual({
      request: before.request,
      examined,
      context,
      yes: before.yes,
      deadline: 5_000 + left,
      policy,
    })
    expect(Object.isFrozen(revived.request)).toBe(true)
  })

  test('is over where a time cannot be told', () => {
    const clock = manualClock(start)
    for (const [given, at] of [
      [asked('yesterday'), clock],
      [asked(), { ...clock, now: () => Number.NaN }],
      [{ ...asked(), request: { ...asked().request, expiresAt: 'soon' } }, clock],
    ] as const) {
      const revived = revive(given, callOf({}), context, policy, at)
      expect(revived.deadline).toBe(-1)
      expect(isOverdue(revived, clock)).toBe(true)
    }
  })

  test('is a new one where the carrier had decided to ask and did not come to it', () => {
    const clock = manualClock(start)
    const decision = asks({ roles: ['lead'], count: 1 })
    expect(revive(decision, callOf({ amount: 1 }), context, policy, clock)).toMatchObject({
      request: { approvers: [{ roles: ['lead'], count: 1 }], approvedBy: [] },
      yes: [],
      deadline: 60_000,
    })
  })
})

describe('what is decided now', () => {
  const lead: Approvers = { roles: ['lead'], count: 1 }
  const open = opened(asks(lead))

  test('still asks whom the request asks, each once', () => {
    const obligation = { kind: 'approval', approvers: lead }
    expect(withAsked({ ...asks(), effect: 'allow' }, open)).toEqual(asks(lead))
    expect(withAsked(asks({ count: 1, roles: ['lead'] }), open).obligations).toEqual([obligation])
    expect(withAsked(asks({ count: 2 }), open).obligations).toEqual([
      { kind: 'approval', approvers: { count: 2 } },
      obligation,
    ])
  })

  test('asks nobody where it denies', () => {
    const denied: Decision = { ...asks(), effect: 'deny' }
    expect(withAsked(denied, open)).toBe(denied)
  })

  test('needs another request for other arguments or people, and not for fewer people', () => {
    expect(needsOthers(open, asks(lead))).toBe(false)
    expect(needsOthers(opened(asks(lead, { count: 1 })), asks(lead))).toBe(false)
    expect(needsOthers(open, asks(lead, { count: 2 }))).toBe(true)
    expect(needsOthers(open, asks({ ...lead, count: 2 }))).toBe(true)
    expect(needsOthers(open, asks())).toBe(true)
    expect(needsOthers({ ...open, examined: callOf({ amount: 2 }) }, asks(lead))).toBe(true)
  })
})

describe('a yes', () => {
  test('is added to the others and shown', () => {
    const before = opened(asks({ count: 3 }))
    const after = withYes(withYes(before, { subject: 'ada', roles: ['lead'] }), undefined)
    expect(after).toEqual({
      ...before,
      yes: [{ subject: 'ada', roles: ['lead'] }, { subject: '' }],
      request: { ...before.request, approvedBy: ['ada', ''] },
    })
    expect(Object.isFrozen(after.request)).toBe(true)
    expect(before.request.approvedBy).toEqual([])
  })

  const ada = { subject: 'ada', roles: ['lead', 'guest'] }
  const bob = { subject: 'bob', roles: ['lead'] }
  const eve = { subject: 'eve' }

  test.each<[string, Approvers[], (typeof ada | typeof eve)[], boolean]>([
    ['one of anybody', [], [eve], true],
    ['nobody', [], [], false],
    ['one of two', [{ count: 2 }], [eve], false],
    ['two of two', [{ count: 2 }], [eve, bob], true],
    ['more than enough', [{ count: 1 }], [eve, bob], true],
    ['somebody without the role', [{ roles: ['lead'], count: 1 }], [eve], false],
    ['somebody with one of the roles', [{ roles: ['owner', 'guest'], count: 1 }], [ada], true],
    ['one with and one without the role', [{ roles: ['guest'], count: 2 }], [ada, bob], false],
    ['nobody for no role', [{ roles: [], count: 1 }], [ada], false],
    ['one for two rules', [{ roles: ['lead'], count: 1 }, { count: 1 }], [bob], true],
    ['one of two rules', [{ roles: ['lead'], count: 1 }, { count: 2 }], [bob], false],
  ])('of %s', (_, approvers, yes, isEnough) => {
    expect(isSatisfied(asks(...approvers), yes, rolesOf)).toBe(isEnough)
  })
})
