import { describe, expect, test } from 'vitest'
import type { ApprovalRequest } from '../../../src/gate/verdict.ts'
import { givenAnswers } from '../../../src/given-answers.ts'
import type { Journal } from '../../../src/journal/journal.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import type { ResumeOptions } from '../../../src/resume-options.ts'
import { agentOf, noting, policyOf } from '../../support/agent.ts'

const policy = policyOf({
  rules: [
    {
      id: 'paying',
      ask: ['pay'],
      who: { roles: ['user'] },
      approvers: { roles: ['lead'], count: 2 },
    },
  ],
})

/** A run that asks whether it may pay, at rest in its journal. */
async function waiting() {
  const journal = memoryJournal()
  const { calls, tool } = noting('pay')
  const agent = agentOf([{ calls: [{ tool: 'pay', args: {} }] }], {
    journal,
    policy,
    tools: [tool],
  })
  const { approvals, runId } = await agent.start().result()
  const { id } = approvals[0]!
  const leave = (subject: string, role: string, action = 'approve'): Promise<void> => {
    const by = { subject, roles: [role] }
    return journal.leaveAnswer(runId, JSON.stringify({ id, action, by }))
  }
  const resume = (over: Journal = journal, options: ResumeOptions = {}) =>
    agentOf([{ text: 'paid' }], { journal: over, policy, tools: [tool] })
      .runtime.resume(runId, options)
      .result()
  return { calls, id, journal, leave, resume, runId }
}

describe('answers that were left for a run', () => {
  test('count after any number of others that do not, of which the record tells 20', async () => {
    const { calls, leave, resume } = await waiting()
    for (let stranger = 0; stranger < 50; stranger++) await leave(`guest-${stranger}`, 'guest')
    await leave('lena', 'lead')
    for (let again = 0; again < 50; again++) await leave('lena', 'lead')
    await leave('mara', 'lead')
    const { report, status } = await resume()
    expect([status, calls]).toEqual(['completed', [{}]])
    const answers = report.rows[0]!.approvals[0]!.answers
    expect(answers.map(({ by }) => by?.subject)).toEqual(['lena', 'mara'])
  })

  test('are read together by all requests that wait for them', async () => {
    const journal = memoryJournal()
    const { calls, tool } = noting('pay')
    const many = Array.from({ length: 100 }, (_, order) => ({ tool: 'pay', args: { order } }))
    const options = { journal, policy, tools: [tool], limits: { maxToolCalls: 100 } }
    const { approvals, runId } = await agentOf([{ calls: many }], options)
      .start()
      .result()
    for (const { id } of approvals) {
      for (const subject of ['lena', 'mara']) {
        const by = { subject, roles: ['lead'] }
        await journal.leaveAnswer(runId, JSON.stringify({ id, action: 'approve', by }))
      }
    }
    let readings = 0
    const counting: Journal = {
      ...journal,
      answers(run) {
        readings++
        return journal.answers(run)
      },
    }
    const { runtime } = agentOf([{ text: 'paid' }], { ...options, journal: counting })
    expect((await runtime.resume(runId).result()).status).toBe('completed')
    expect(calls).toHaveLength(100)
    expect(readings).toBeLessThan(20)
  })

  test('are refused by a no that comes while a yes is weighed', async () => {
    const { id, journal, leave, runId } = await waiting()
    for (const lead of ['lena', 'mara']) await leave(lead, 'lead')
    const next = givenAnswers(journal, [], undefined)
    const request = { id, runId, approvedBy: [] as string[] } as unknown as ApprovalRequest
    expect(await next(request)).toMatchObject({ by: { subject: 'lena' } })
    await leave('olga', 'lead', 'deny')
    expect(await next({ ...request, approvedBy: ['lena'] })).toMatchObject({ action: 'deny' })
    expect(await next({ ...request, approvedBy: ['lena', ''] })).toMatchObject({
      by: { subject: 'mara' },
    })
    expect(await next({ ...request, approvedBy: ['lena', ''] })).toBeUndefined()
  })

  test('count beside texts that are no answers', async () => {
    const { calls, journal, leave, resume, runId } = await waiting()
    const texts = ['null', '7', '"yes"', '[]', '{}', '{"id":null}', 'yes', '']
    for (const text of texts) await journal.leaveAnswer(runId, text)
    await leave('lena', 'lead')
    await leave('mara', 'lead')
    expect([(await resume()).status, calls]).toEqual(['completed', [{}]])
  })

  test('that do not count fill the record with no more than 20 complaints', async () => {
    const { calls, journal, leave, resume, runId } = await waiting()
    for (let stranger = 0; stranger < 100; stranger++) await leave(`guest-${stranger}`, 'guest')
    expect((await resume()).status).toBe('needs-approval')
    expect(calls).toEqual([])
    let complaints = 0
    for await (const { line } of journal.read(runId)) {
      if (line.includes('"approval-not-entitled"')) complaints++
    }
    expect(complaints).toBe(20)
  })

  test('count as a no where one of them is, whatever was left before it', async () => {
    const { calls, leave, resume } = await waiting()
    await leave('lena', 'lead')
    await leave('mara', 'lead')
    await leave('lena', 'lead', 'deny')
    const { report } = await resume()
    expect([report.rows[0]!.status, calls]).toEqual(['denied-by-human', []])
    expect(report.rows[0]!.approvals[0]!.answers).toMatchObject([
      { action: 'deny', by: { subject: 'lena' } },
    ])
  })

  test('count as a no also after a yes of the same person is on record', async () => {
    const { calls, leave, resume } = await waiting()
    await leave('lena', 'lead')
    expect((await resume()).status).toBe('needs-approval')
    await leave('lena', 'lead', 'deny')
    await leave('mara', 'lead')
    expect((await resume()).report.rows[0]!.status).toBe('denied-by-human')
    expect(calls).toEqual([])
  })

  test('count as a no also against the decision of whoever resumes', async () => {
    const { calls, id, journal, leave, resume } = await waiting()
    await leave('lena', 'lead')
    await leave('nina', 'lead', 'deny')
    const answeredBy = { custom: { subject: 'mara', roles: ['lead'], scopes: [] } }
    const decisions = [{ id, action: 'approve' as const }]
    const { report } = await resume(journal, { answeredBy, decisions })
    expect([report.rows[0]!.status, calls]).toEqual(['denied-by-human', []])
  })

  test('do not refuse where the no is from somebody who is not asked', async () => {
    const { calls, leave, resume } = await waiting()
    await leave('lena', 'lead')
    await leave('guest', 'guest', 'deny')
    await leave('mara', 'lead')
    expect([(await resume()).status, calls]).toEqual(['completed', [{}]])
  })
})

test('who loses a run to another carrier is told so, not that its record was altered', async () => {
  const { calls, journal, leave, resume, runId } = await waiting()
  await leave('lena', 'lead')
  await leave('mara', 'lead')
  let reads = 0
  const late: Journal = {
    ...journal,
    async *read(id, from) {
      yield* journal.read(id, from)
      if (reads++ === 0) await resume()
    },
  }
  await expect(resume(late)).rejects.toMatchObject({ code: 'journal-conflict' })
  expect(calls).toEqual([{}])
  expect(reads).toBeGreaterThan(0)
  let ends = 0
  for await (const { line } of journal.read(runId)) if (line.includes('"type":"end"')) ends++
  expect(ends).toBe(2)
})
