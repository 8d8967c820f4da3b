import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import type { ApprovalAnswer } from '../../../src/gate/verdict.ts'
import type { Approve } from '../../../src/run/environment.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import {
  agentOf,
  finish,
  noting,
  only,
  policyOf,
  statusesOf,
  toolOf,
  ways,
} from '../../support/agent.ts'
import { expectEventOrder, expectOneRecord, expectValidHistories } from '../../support/laws.ts'
import { verifyRun } from '../../support/verify-run.ts'

const who = { roles: ['user'] }
const by = { subject: 'ada', roles: ['lead'] }

function asking(approvers?: JsonObject) {
  const rule = { id: 'asked', ask: ['refund'], who, ...(approvers ? { approvers } : {}) }
  return policyOf({
    rules: [
      rule,
      { id: 'allowed', allow: ['look'], who },
      { id: 'never', deny: ['refund'], args: { amount: { minimum: 100 } } },
    ],
  })
}

function desk(approve?: Approve, policy = asking()) {
  const journal = memoryJournal()
  const refund = noting('refund', { editable: ['/amount'], sensitive: ['/card'] })
  const look = noting('look')
  const agent = agentOf(
    [
      {
        calls: [
          { tool: 'refund', args: { amount: 10, card: '4111' } },
          { tool: 'look', args: {} },
        ],
      },
      { text: 'done' },
    ],
    {
      tools: [refund.tool, look.tool],
      policy,
      journal,
      ...(approve === undefined ? {} : { approve }),
    },
  )
  return { ...agent, journal, refund: refund.calls, look: look.calls }
}

describe.each(ways)('a call that has to be approved, %s', (way) => {
  test('runs after a yes, and everything about it is on record', async () => {
    const { start, refund, model } = desk(() => ({ action: 'approve', by, reason: 'fine' }))
    const finished = await finish(start(), way)
    expect(refund).toEqual([{ amount: 10, card: '4111' }])
    expect(finished.result).toMatchObject({ status: 'completed', approvals: [] })
    const course = finished.events.flatMap((event) =>
      'callId' in event && event.callId.endsWith('-0') ? event.type : [],
    )
    expect(course).toEqual([
      'tool-call',
      'decision',
      'approval-request',
      'approval-decision',
      'decision',
      'execution-start',
      'tool-result',
    ])
    const [row] = finished.result.report.rows
    expect(row!.approvals).toMatchObject([
      { answers: [{ action: 'approve', by, reason: 'fine' }], approvers: [{ count: 1 }] },
    ])
    expectEventOrder(finished.events)
    expectOneRecord(finished)
    expectValidHistories(model.requests)
  })

  test('does not run after a no; the model is told', async () => {
    const { start, refund, model } = desk(() => ({ action: 'deny', by, reason: 'too much' }))
    const finished = await finish(start(), way)
    expect(refund).toEqual([])
    expect(statusesOf(finished)).toEqual(['denied-by-human', 'success'])
    expect(model.requests[1]!.messages.find(({ role }) => role === 'tool')).toMatchObject({
      isError: true,
      content: expect.stringContaining('too much'),
    })
  })

  test('runs with the arguments of an edit, which are on record beside the first ones', async () => {
    const { start, refund, journal } = desk(() => ({
      action: 'edit',
      by,
      args: { amount: 5, card: '4111' },
    }))
    const finished = await finish(start(), way)
    expect(refund).toEqual([{ amount: 5, card: '4111' }])
    const [row] = finished.result.report.rows
    expect(row!.args).toEqual({ amount: 10, card: '[redacted]' })
    expect(row!.approvals[0]!.answers).toMatchObject([
      { action: 'edit', args: { amount: 5, card: '[redacted]' } },
    ])
    const [started] = only(finished.events, 'execution-start').filter((e) => e.tool === 'refund')
    const [decided] = only(finished.events, 'approval-decision')
    expect(started!.argsDigest).toBe(decided!.argsDigest)
    expectOneRecord(finished)
    await verifyRun(journal, finished.result.runId)
  })

  test('does not run when the policy refuses its edit', async () => {
    const { start, refund } = desk(() => ({
      action: 'edit',
      by,
      args: { amount: 100, card: '4111' },
    }))
    const finished = await finish(start(), way)
    expect(refund).toEqual([])
    expect(statusesOf(finished)).toEqual(['error-security', 'success'])
    expect(finished.result.report.rows[0]!.decision!.rule).toBe('never')
  })

  test.each<[string, Approve | undefined]>([
    ['without a callback', undefined],
    ['when the callback has no answer', () => undefined],
    [
      'when the callback throws',
      () => {
        throw new Error('no desk')
      },
    ],
    ['when the callback rejects', () => Promise.reject(new Error('no desk'))],
    ['when the answer is none', () => true as unknown as ApprovalAnswer],
    ['when the principal answers itself', () => ({ action: 'approve', by: { subject: 'user-1' } })],
  ])('leaves the run waiting %s', async (_, approve) => {
    const { start, refund, look, model } = desk(approve)
    const finished = await finish(start(), way)
    const { result, events } = finished
    expect(result.status).toBe('needs-approval')
    expect(result.approvals).toMatchObject([
      { tool: 'refund', args: { amount: 10, card: '[redacted]' }, approvers: [{ count: 1 }] },
    ])
    expect([refund.length, look.length, model.requests.length]).toEqual([0, 1, 1])
    expect(result.report.openCalls).toMatchObject([{ missing: 'approval' }])
    expectEventOrder(events, new Set([result.approvals[0]!.callId]))
    expectOneRecord(finished)
    expect(JSON.stringify([events, result.report, result.approvals])).not.toContain('"4111')
  })
})

describe('while a person is asked', () => {
  test('other calls go on', async () => {
    const looked = Promise.withResolvers<void>()
    const { start, refund } = (() => {
      const refundTool = noting('refund')
      const agent = agentOf([{ calls: [{ tool: 'refund' }, { tool: 'look' }] }, { text: '' }], {
        tools: [refundTool.tool, toolOf('look', { execute: () => looked.resolve() })],
        policy: asking(),
        // the answer needs the other call
        approve: () => looked.promise.then(() => ({ action: 'approve', by }) as const),
      })
      return { ...agent, refund: refundTool.calls }
    })()
    expect(statusesOf(await finish(start()))).toEqual(['success', 'success'])
    expect(refund).toHaveLength(1)
  })

  test('a run can be cancelled, and the late answer has no effect', async () => {
    const late = Promise.withResolvers<ApprovalAnswer>()
    let told: AbortSignal | undefined
    const asked = Promise.withResolvers<void>()
    const { start, refund } = desk((_, { signal }) => {
      told = signal
      asked.resolve()
      return late.promise
    })
    const run = start()
    await asked.promise
    run.cancel()
    const finished = await finish(run)
    late.resolve({ action: 'approve', by })
    await late.promise
    expect(finished.result).toMatchObject({ status: 'cancelled', approvals: [] })
    expect(told!.aborted).toBe(true)
    expect(refund).toEqual([])
    expect(statusesOf(finished)).toEqual(['cancelled', 'success'])
    expectEventOrder(finished.events)
    expectOneRecord(finished)
  })

  test('two people have to answer, each asked in turn', async () => {
    const names = ['ada', 'bob']
    const shown: unknown[] = []
    const { start, refund } = desk(
      ({ approvedBy }) => {
        shown.push(approvedBy)
        return { action: 'approve', by: { subject: names.shift()!, roles: ['lead'] } }
      },
      asking({ roles: ['lead'], count: 2 }),
    )
    const { events, result } = await finish(start())
    expect(refund).toHaveLength(1)
    expect(shown).toEqual([[], ['ada']])
    expect(only(events, 'approval-decision').map((event) => event.by!.subject)).toEqual([
      'ada',
      'bob',
    ])
    expect(result.report.rows[0]!.approvals[0]!.answers).toHaveLength(2)
  })

  test('an edit that needs a second person is asked about anew', async () => {
    const requests: { id: string; args: unknown }[] = []
    const { start, refund, journal } = desk(
      ({ id, args }) => {
        requests.push({ id, args })
        if (requests.length > 1) {
          return { action: 'approve', by: { subject: 'bob', roles: ['lead'] } }
        }
        return { action: 'edit', by, args: { amount: 5, card: '4111' } }
      },
      asking({ roles: ['lead'], count: 2 }),
    )
    const finished = await finish(start())
    expect(refund).toEqual([{ amount: 5, card: '4111' }])
    expect(requests.map(({ args }) => args)).toEqual([
      { amount: 10, card: '[redacted]' },
      { amount: 5, card: '[redacted]' },
    ])
    expect(requests[0]!.id).not.toBe(requests[1]!.id)
    expect(only(finished.events, 'approval-request')).toHaveLength(2)
    await verifyRun(journal, finished.result.runId)
    expectEventOrder(finished.events)
    expectOneRecord(finished)
  })

  test('edits that need more people do not go on for ever', async () => {
    let answers = 0
    const { start, refund } = desk(
      () => ({
        action: 'edit',
        by: { subject: `lead-${answers++}`, roles: ['lead'] },
        args: { amount: 5, card: '4111' },
      }),
      asking({ roles: ['lead'], count: 2 }),
    )
    const { result } = await finish(start())
    expect([result.status, answers, refund.length]).toEqual(['needs-approval', 20, 0])
  })

  test('time passes: an answer after it is too late, also when the wall clock is set back', async () => {
    const clock = manualClock(1_800_000_000_000)
    let setBack = 0
    const shifted = { now: () => clock.now() - setBack, monotonic: () => clock.monotonic() }
    const refund = noting('refund')
    const { start } = agentOf([{ calls: [{ tool: 'refund' }] }, { text: '' }], {
      tools: [refund.tool, toolOf('look')],
      policy: asking(),
      clock: shifted,
      approve() {
        clock.advance(900_001)
        setBack = 900_001
        return { action: 'approve', by }
      },
    })
    const finished = await finish(start())
    expect(refund.calls).toEqual([])
    expect(statusesOf(finished)).toEqual(['approval-expired'])
    expect(only(finished.events, 'approval-decision')).toMatchObject([
      { action: 'expire', by: null },
    ])
    expectOneRecord(finished)
  })

  test('nobody has to answer in time: the request expires by itself', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const asked = Promise.withResolvers<void>()
    const ask: Approve = () => {
      asked.resolve()
      return new Promise(() => undefined)
    }
    const rules = [
      { id: 'asked', ask: ['refund'], who },
      { id: 'allowed', allow: ['look'], who },
    ]
    const { start, refund } = desk(ask, policyOf({ rules, approvals: { ttl: '1m' } }))
    const run = start()
    await asked.promise
    await vi.advanceTimersByTimeAsync(60_000)
    const finished = await finish(run)
    expect(refund).toEqual([])
    expect(statusesOf(finished)).toEqual(['approval-expired', 'success'])
  })
})
