import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import type { ApprovalRequest } from '../../../src/gate/verdict.ts'
import type { Journal } from '../../../src/journal/journal.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import type { ApprovalDecided } from '../../../src/protocol/run-event.ts'
import { verifyChain } from '../../../src/report/verify.ts'
import type { Approve } from '../../../src/run/environment.ts'
import { RememberedAnswers } from '../../../src/run/remembered.ts'
import type { ScriptedTurn } from '../../../src/testing/turn.ts'
import type { RuntimeOptions } from '../../../src/runtime-options.ts'
import { agentOf, collect, noting, only, policyOf, type Agent } from '../../support/agent.ts'

const who = { roles: ['user'] }
const remembering = { id: 'paying', ask: ['pay'], who, approvers: { remember: true } }
const turn = (args: JsonObject): ScriptedTurn => ({ calls: [{ tool: 'pay', args }] })
const same = [turn({ to: 'a' }), turn({ to: 'a' }), { text: 'done' }]

interface Desk extends Agent {
  readonly calls: unknown[]
  /** Ids of the calls that people were asked about. */
  readonly asked: string[]
}

/** Somebody who gives one answer after the other, and then says no more. */
function desk(
  answers: readonly Awaited<ReturnType<Approve>>[],
  rules: readonly JsonObject[] = [remembering],
  turns: Parameters<typeof agentOf>[0] = same,
  options: Partial<RuntimeOptions> = {},
): Desk {
  const { calls, tool } = noting('pay', { editable: ['/sum'] })
  const asked: string[] = []
  const left = [...answers]
  const agent = agentOf(turns, {
    tools: [tool],
    policy: policyOf({ rules }),
    approve: (request) => {
      asked.push(request.callId)
      return left.shift()
    },
    ...options,
  })
  return { ...agent, calls, asked }
}

const by = { subject: 'lena', roles: ['lead'] }
const yes = { action: 'approve', by, remember: true } as const
const no = { action: 'deny', by, reason: 'not that one' } as const

async function decisionsOf(journal: Journal, runId: string): Promise<readonly ApprovalDecided[]> {
  const { readEvents } = await import('../../../src/run/replay.ts')
  return only(await collect(readEvents(journal, runId, 0)), 'approval-decision')
}

describe('a yes that is to be remembered', () => {
  test('counts for an equal call of the run, on record as a repetition', async () => {
    const journal = memoryJournal()
    const { asked, calls, start } = desk([yes], [remembering], same, { journal })
    const { report, runId, status } = await start().result()
    expect([status, calls.length, asked.length]).toEqual(['completed', 2, 1])
    const [first, second] = await decisionsOf(journal, runId)
    expect(first).toMatchObject({ action: 'approve', remember: true })
    expect(second).toMatchObject({ action: 'approve', by, remembered: first!.approvalId })
    expect(second).not.toHaveProperty('remember')
    expect(report.rows[1]!.approvals[0]!.answers[0]).toMatchObject({
      remembered: first!.approvalId,
    })
    expect(await verifyChain(journal.read(runId))).toMatchObject({ verdict: 'CONSISTENT' })
  })

  test('counts for no other arguments, and for no other run', async () => {
    const turns = [turn({ to: 'a' }), turn({ to: 'b' }), { text: 'done' }, turn({ to: 'a' })]
    const { asked, calls, start } = desk([yes, no], [remembering], turns)
    await start().result()
    expect([asked.length, calls]).toEqual([2, [{ to: 'a' }]])
    expect((await start().result()).status).toBe('needs-approval')
    expect([asked.length, calls.length]).toEqual([3, 1])
  })

  test.each<[string, readonly JsonObject[]]>([
    ['the rule', [{ id: 'paying', ask: ['pay'], who }]],
    ['another rule that asks', [remembering, { id: 'other', ask: ['**'], who }]],
  ])('does not count at all where %s does not permit it', async (_, rules) => {
    const { calls, start } = desk([yes, yes, yes], rules)
    const { report, status } = await start().result()
    expect([status, calls]).toEqual(['needs-approval', []])
    expect(report.rows[0]!.approvals[0]!.answers).toEqual([])
  })

  test('is one of several where more people have to agree', async () => {
    const two = { ...remembering, approvers: { count: 2, remember: true } }
    const other = { action: 'approve', by: { subject: 'olga' } } as const
    const { asked, calls, start } = desk([yes, other, other], [two])
    expect((await start().result()).status).toBe('completed')
    expect([asked.length, calls.length]).toEqual([3, 2])
  })

  test('is weighed again: what the rules have become counts', async () => {
    const journal = memoryJournal()
    const guest = { ...yes, by: { subject: 'lena', roles: ['guest'] } }
    const { start } = desk([guest], [remembering], [turn({}), turn({ x: 1 })], { journal })
    const { runId } = await start().result()
    const strict = { ...remembering, approvers: { roles: ['lead'], remember: true } }
    const turns = [turn({}), { text: 'done' }]
    const next = desk([no], [strict], turns, { journal })
    expect((await next.runtime.resume(runId).result()).status).toBe('needs-approval')
    expect([next.asked.length, next.calls]).toEqual([2, []])
  })

  test('is still remembered by another process, until it is revoked', async () => {
    const stops = [turn({ to: 'a' }), turn({ to: 'b' })]
    const journal = memoryJournal()
    const { runId } = await desk([yes], [remembering], stops, { journal }).start().result()
    const { approvalId } = (await decisionsOf(journal, runId))[0]!
    const again = desk([no], [remembering], [turn({ to: 'a' }), turn({ to: 'c' })], { journal })
    await again.runtime.resume(runId).result()
    expect([again.calls, again.asked.length]).toEqual([[{ to: 'a' }], 2])
    const last = desk([no, no], [remembering], [turn({ to: 'a' }), { text: 'done' }], { journal })
    const resumed = last.runtime.resume(runId, { revoke: [approvalId] })
    expect((await resumed.result()).status).toBe('completed')
    expect(last.calls).toEqual([])
    expect((await decisionsOf(journal, runId)).map(({ action }) => action)).toContain('revoke')
    expect(await verifyChain(journal.read(runId))).toMatchObject({ verdict: 'CONSISTENT' })
  })

  test('once revoked does not count for another request in place of one it was repeated for', async () => {
    const two = { ...remembering, approvers: { remember: true, count: 2 } }
    const leads = { id: 'also', ask: ['pay'], who, approvers: { roles: ['lead'] } }
    const journal = memoryJournal()
    const stops = [turn({ to: 'a' }), turn({ to: 'b' })]
    const { runId } = await desk([yes], [remembering], stops, { journal }).start().result()
    const { approvalId } = (await decisionsOf(journal, runId))[0]!
    const again = desk([no], [two], [turn({ to: 'a' })], { journal })
    expect((await again.runtime.resume(runId).result()).status).toBe('needs-approval')
    const others = desk([], [two, leads], [], { journal })
    const { report } = await others.runtime.resume(runId).result()
    expect(report.rows.at(-1)!.approvals).toHaveLength(2)
    const olga = { action: 'approve', by: { subject: 'olga', roles: ['lead'] } } as const
    const last = desk([olga], [two, leads], [{ text: 'done' }], { journal })
    const resumed = await last.runtime.resume(runId, { revoke: [approvalId] }).result()
    expect([resumed.status, last.calls]).toEqual(['needs-approval', []])
    expect(await verifyChain(journal.read(runId))).toMatchObject({ verdict: 'CONSISTENT' })
  })

  test('is revoked by whoever answers, with the agent that acts for them', async () => {
    const journal = memoryJournal()
    const { runId } = await desk([yes], [remembering], [turn({})], { journal })
      .start()
      .result()
    const { approvalId } = (await decisionsOf(journal, runId))[0]!
    const { runtime } = desk([], [remembering], [{ text: 'done' }], { journal })
    const answeredBy = { custom: { ...by, scopes: [], agent: 'assistant' } }
    await runtime.resume(runId, { revoke: [approvalId], answeredBy }).result()
    expect(await decisionsOf(journal, runId)).toContainEqual(
      expect.objectContaining({ action: 'revoke', by: { ...by, agent: 'assistant' } }),
    )
  })

  test('cannot be revoked for a request that was never made', async () => {
    const journal = memoryJournal()
    const { runId } = await desk([], [remembering], same, { journal }).start().result()
    const { runtime } = desk([], [remembering], same, { journal })
    await expect(runtime.resume(runId, { revoke: ['apr_0'] }).result()).rejects.toMatchObject({
      code: 'approval-unknown',
    })
  })
})

describe('a no', () => {
  test.each([
    ['a rule that lets a yes be remembered', remembering],
    ['a rule that does not', { id: 'paying', ask: ['pay'], who }],
  ])('is given again to an equal call, under %s', async (_, rule) => {
    const { asked, calls, start } = desk([no], [rule])
    const { report, status } = await start().result()
    expect([status, calls, asked.length]).toEqual(['completed', [], 1])
    for (const row of report.rows) {
      expect(row).toMatchObject({
        status: 'denied-by-human',
        error: { code: 'approval-denied', message: 'not that one' },
      })
    }
  })

  test('is given again by another process', async () => {
    const journal = memoryJournal()
    const stops = [turn({ to: 'a' }), turn({ to: 'b' })]
    const { runId } = await desk([no], [remembering], stops, { journal }).start().result()
    const next = desk([no], [remembering], [turn({ to: 'a' }), { text: 'done' }], { journal })
    expect((await next.runtime.resume(runId).result()).status).toBe('completed')
    expect([next.calls, next.asked.length]).toEqual([[], 1])
  })
})

test('every no to a call is given again: not everybody may answer each request', () => {
  const remembered = new RememberedAnswers()
  const request = { tool: 'pay', argsDigest: 'd', approvers: [] } as unknown as ApprovalRequest
  for (const approvalId of ['apr_1', 'apr_2']) {
    remembered.note(request, { ...no, approvalId })
  }
  const given = remembered.answersTo(request).map((answer) => answer.remembered)
  expect(given).toEqual(['apr_1', 'apr_2'])
})

describe('a no to one of several equal calls of a turn', () => {
  const call = { tool: 'pay', args: { to: 'a' } }
  const turns = [{ calls: [call, call, { tool: 'pay', args: { to: 'b' } }] }, { text: 'done' }]
  const plain = { id: 'paying', ask: ['pay'], who }

  test('refuses the others, whatever is said to them after it', async () => {
    const said = Promise.withResolvers<void>()
    const approve: Approve = async ({ args, callId }) => {
      if ((args as JsonObject)['to'] === 'b') return { action: 'approve', by }
      if (callId.endsWith('-0')) return no
      await said.promise
      return { action: 'approve', by }
    }
    const { calls, start } = desk([], [plain], turns, { approve })
    const run = start()
    for await (const event of run) {
      if (event.type === 'approval-decision' && event.action === 'deny') said.resolve()
    }
    const { report, status } = await run.result()
    expect([status, calls]).toEqual(['completed', [{ to: 'b' }]])
    expect(report.rows.map((row) => row.status)).toEqual([
      'denied-by-human',
      'denied-by-human',
      'success',
    ])
    const [first, second] = report.rows.map(({ approvals }) => approvals[0]!)
    expect(second!.answers).toMatchObject([{ action: 'deny', by, remembered: first!.approvalId }])
  })

  test('ends the questions about the others', async () => {
    const ended: string[] = []
    const approve: Approve = ({ callId }, { signal }) => {
      if (callId.endsWith('-0')) return no
      const { promise, resolve } = Promise.withResolvers<undefined>()
      signal.addEventListener('abort', () => {
        ended.push(callId.slice(-1))
        resolve(undefined)
      })
      return promise
    }
    const { calls, start } = desk([], [plain], [{ calls: [call, call] }, { text: 'done' }], {
      approve,
    })
    expect((await start().result()).status).toBe('completed')
    expect([calls, ended]).toEqual([[], ['1']])
  })

  test('leaves one of them alone that an edit has made another', async () => {
    const edited = Promise.withResolvers<void>()
    const refused = Promise.withResolvers<void>()
    const approve: Approve = async ({ args, callId }) => {
      if ((args as JsonObject)['sum'] === 5) {
        edited.resolve()
        await refused.promise
        return { action: 'approve', by: { subject: 'olga' } }
      }
      if (callId.endsWith('-0')) return { action: 'edit', args: { to: 'a', sum: 5 }, by }
      await edited.promise
      return no
    }
    const sum = { tool: 'pay', args: { to: 'a', sum: 9 } }
    const rule = { ...plain, approvers: { count: 2 } }
    const { calls, start } = desk([], [rule], [{ calls: [sum, sum] }, { text: 'done' }], {
      approve,
    })
    const run = start()
    for await (const event of run) {
      if (event.type === 'decision' && event.decision.rule === 'approval_denied') refused.resolve()
    }
    const { report, status } = await run.result()
    expect([status, calls]).toEqual(['completed', [{ to: 'a', sum: 5 }]])
    expect(report.rows.map((row) => row.status)).toEqual(['success', 'denied-by-human'])
  })

  test.each([1, 2])(
    'refuses one of them that an edit makes equal, and asks nobody else: %i to agree',
    async (count) => {
      const five = { to: 'a', sum: 5 }
      const edit = { action: 'edit', args: five, by: { subject: 'olga' } } as const
      const rule = { ...plain, approvers: { count } }
      const said = [turn(five), turn({ to: 'a', sum: 9 }), { text: 'done' }]
      const journal = memoryJournal()
      const { asked, calls, start } = desk([no, edit], [rule], said, { journal })
      const { report, runId, status } = await start().result()
      expect([status, calls, asked.length]).toEqual(['completed', [], 2])
      expect(report.rows[1]).toMatchObject({ status: 'denied-by-human' })
      expect(await verifyChain(journal.read(runId))).toMatchObject({ verdict: 'CONSISTENT' })
    },
  )
})
