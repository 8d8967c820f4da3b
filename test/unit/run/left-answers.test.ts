import { describe, expect, test } from 'vitest'
import type { Journal } from '../../../src/journal/journal.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
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
  const leave = (subject: string, role: string): Promise<void> => {
    const by = { subject, roles: [role] }
    return journal.leaveAnswer(
      runId,
      JSON.stringify({ id: approvals[0]!.id, action: 'approve', by }),
    )
  }
  const resume = (over: Journal = journal) =>
    agentOf([{ text: 'paid' }], { journal: over, policy, tools: [tool] })
      .runtime.resume(runId)
      .result()
  return { calls, journal, leave, resume, runId }
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
