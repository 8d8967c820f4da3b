import { describe, expect, test } from 'vitest'
import { memoryJournal } from '../../../src/journal/memory.ts'
import type { ResumeOptions } from '../../../src/resume-options.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import { agentOf, noting, policyOf, user } from '../../support/agent.ts'

const who = { roles: ['user'] }
const asking = policyOf({
  rules: [{ id: 'paying', ask: ['pay'], who, approvers: { roles: ['lead'] } }],
})
/** Lets everybody pay, and would not have asked. */
const weaker = policyOf({ rules: [{ id: 'paying', allow: ['pay'], who }] })

const people: Readonly<Record<string, object>> = {
  lena: { subject: 'lena', roles: ['lead'], scopes: [] },
  guest: { subject: 'greta', roles: ['guest'], scopes: [] },
  requester: { ...user, roles: ['user', 'lead'] },
  delegate: { subject: 'lena', roles: ['lead'], scopes: [], agent: user.subject },
  bot: { subject: 'lena', roles: ['lead'], scopes: [], agent: 'desk-bot' },
  neighbour: { subject: 'nora', roles: ['lead'], scopes: [], tenant: 'globex' },
}

/** A run that waits for a yes to a payment of 5. */
async function waiting(policy = asking) {
  const journal = memoryJournal()
  const clock = manualClock(1_800_000_000_000)
  const { calls, tool } = noting('pay', { editable: ['/sum'] })
  const turn = { calls: [{ tool: 'pay', args: { sum: 5, to: 'ann' } }] }
  const options = { clock, journal, tools: [tool] }
  const started = agentOf([turn], { ...options, policy })
  const custom = { ...user, agent: 'desk-bot', tenant: 'acme' }
  const { approvals, runId } = await started.start({ auth: { custom } }).result()
  /** The code of the refusal: thrown, on record, or else how the run ended. */
  const resume = async (given: ResumeOptions, now = asking): Promise<string> => {
    const { runtime } = agentOf([{ text: 'over' }], { ...options, policy: now })
    try {
      const { report, status } = await runtime.resume(runId, given).result()
      const refused = await lastProblem(runId, journal)
      return refused ?? report.rows[0]?.error?.code ?? status
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  return { approvalId: approvals[0]!.id, calls, clock, resume, runId }
}

async function lastProblem(
  runId: string,
  journal: ReturnType<typeof memoryJournal>,
): Promise<string | undefined> {
  let code: string | undefined
  for await (const { line } of journal.read(runId)) {
    const event = JSON.parse(line) as { type: string; code?: string }
    if (event.type === 'error') code = event.code
  }
  return code
}

const by = (name: string) => ({ answeredBy: { custom: people[name] } })

describe('nothing runs for an answer', () => {
  test('to another run', async () => {
    const [one, other] = [await waiting(), await waiting()]
    const decisions = [{ id: one.approvalId, action: 'approve' as const }]
    expect(await other.resume({ ...by('lena'), decisions })).toBe('approval-unknown')
    expect([one.calls, other.calls]).toEqual([[], []])
  })

  test.each<[string, string, object, string]>([
    ['of who asked', 'requester', { action: 'approve' }, 'approval-own'],
    ['of who asked, for somebody else', 'delegate', { action: 'approve' }, 'approval-own'],
    ['of the agent that asked, for somebody', 'bot', { action: 'approve' }, 'approval-own'],
    ['of another tenant', 'neighbour', { action: 'approve' }, 'approval-not-entitled'],
    ['of somebody who is not asked', 'guest', { action: 'approve' }, 'approval-not-entitled'],
    [
      'that edits what may not be edited',
      'lena',
      { action: 'edit', args: { sum: 5, to: 'eve' } },
      'approval-edit',
    ],
    ['that leaves arguments out', 'lena', { action: 'edit', args: { sum: 1 } }, 'approval-edit'],
    [
      'that adds arguments',
      'lena',
      { action: 'edit', args: { sum: 5, to: 'ann', cc: 'eve' } },
      'approval-edit',
    ],
    ['that is none', 'lena', { action: 'approved' }, 'approval-invalid'],
    [
      'to be remembered against the rule',
      'lena',
      { action: 'approve', remember: true },
      'approval-invalid',
    ],
  ])('%s', async (_, name, answer, code) => {
    const { approvalId, calls, resume } = await waiting()
    const decisions = [{ id: approvalId, ...answer } as never]
    expect(await resume({ ...by(name), decisions })).toBe(code)
    expect(calls).toEqual([])
  })

  test('that somebody gives for another one, having given their own', async () => {
    const both = policyOf({
      rules: [{ id: 'paying', ask: ['pay'], who, approvers: { roles: ['lead'], count: 2 } }],
    })
    const { approvalId, calls, resume } = await waiting(both)
    const decisions = [{ id: approvalId, action: 'approve' as const }]
    expect(await resume({ ...by('lena'), decisions }, both)).toBe('needs-approval')
    const custom = { subject: 'mara', roles: ['lead'], scopes: [], agent: 'lena' }
    const again = { answeredBy: { custom }, decisions }
    expect(await resume(again, both)).toBe('approval-invalid')
    expect(calls).toEqual([])
  })

  test('that is given by an agent for another one, and then by the same for itself', async () => {
    const both = policyOf({
      rules: [{ id: 'paying', ask: ['pay'], who, approvers: { roles: ['lead'], count: 2 } }],
    })
    const { approvalId, calls, resume } = await waiting(both)
    const decisions = [{ id: approvalId, action: 'approve' as const }]
    const custom = { subject: 'mara', roles: ['lead'], scopes: [], agent: 'lena' }
    expect(await resume({ answeredBy: { custom }, decisions }, both)).toBe('needs-approval')
    expect(await resume({ ...by('lena'), decisions }, both)).toBe('approval-invalid')
    expect(calls).toEqual([])
  })

  test('after its time', async () => {
    const { approvalId, calls, clock, resume } = await waiting()
    clock.advance(900_001)
    const decisions = [{ id: approvalId, action: 'approve' as const }]
    expect(await resume({ ...by('lena'), decisions })).toBe('approval-expired')
    expect(calls).toEqual([])
  })

  test('that was given before', async () => {
    const { approvalId, calls, resume } = await waiting()
    const decisions = [{ id: approvalId, action: 'approve' as const }]
    expect(await resume({ ...by('lena'), decisions })).toBe('completed')
    expect(await resume({ ...by('lena'), decisions })).toBe('run-not-resumable')
    expect(calls).toHaveLength(1)
  })

  test('that a weaker policy would not have asked for, until somebody gives one', async () => {
    const { approvalId, calls, resume } = await waiting()
    expect(await resume({}, weaker)).toBe('needs-approval')
    expect(calls).toEqual([])
    const decisions = [{ id: approvalId, action: 'approve' as const }]
    expect(await resume({ ...by('requester'), decisions }, weaker)).toBe('approval-own')
    expect(calls).toEqual([])
  })
})
