import { describe, expect, test } from 'vitest'
import type { Journal } from '../../../src/journal/journal.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import type { LoadedPolicy } from '../../../src/loading/file.ts'
import { verifyChain } from '../../../src/report/verify.ts'
import { readPast } from '../../../src/run/past.ts'
import { openQuestions } from '../../../src/run/past-questions.ts'
import type { ResumeOptions } from '../../../src/resume-options.ts'
import type { Runtime } from '../../../src/runtime-handle.ts'
import type { RuntimeOptions } from '../../../src/runtime-options.ts'
import { createRuntime } from '../../../src/runtime.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import { scripted, type ScriptedStep } from '../../../src/testing/scripted.ts'
import { agentOf, allowing, collect, policyOf, toolOf, user } from '../../support/agent.ts'
import { cutAt } from '../../support/course.ts'

const calling = { calls: [{ tool: 'pay', args: {} }] }
const lead = { subject: 'lena', roles: ['lead'] }
const approvers = { roles: ['lead'], count: 2 }
const askingOf = (count: number): LoadedPolicy => {
  const rule = { id: 'paying', ask: ['pay'], who: { roles: ['user'] } }
  return policyOf({ rules: [{ ...rule, approvers: { roles: ['lead'], count } }] })
}
const asking = askingOf(2)

function runtimeOver(
  journal: Journal,
  policy: LoadedPolicy,
  paid: string[],
  steps: readonly ScriptedStep[] = [{ text: 'done' }],
  options: Partial<RuntimeOptions> = {},
): Runtime {
  const pay = toolOf('pay', {
    annotations: { idempotent: true },
    execute: (_, { idempotencyKey }) => void paid.push(idempotencyKey),
  })
  return createRuntime({
    model: scripted(steps),
    tools: [pay],
    policy,
    journal,
    authenticator: async (given) => ({ ...user, ...(given as object) }),
    ...options,
  })
}

/** The record of a run whose process has died while the tool was at work. */
async function diedAtWork(): Promise<{ readonly runId: string; readonly journal: Journal }> {
  const journal = memoryJournal()
  const runtime = runtimeOver(journal, allowing('pay'), [], [calling, { text: 'done' }])
  const { runId } = await runtime.run({ input: 'go', auth: { custom: {} } }).result()
  const types = (await collect(journal.read(runId))).map(
    ({ line }) => (JSON.parse(line) as { readonly type: string }).type,
  )
  return { runId, journal: await cutAt(journal, runId, types.indexOf('execution-start') + 1) }
}

test('a question about a call that was started before can be answered like any other', async () => {
  const { journal, runId } = await diedAtWork()
  const paid: string[] = []
  const resting = await runtimeOver(journal, asking, paid).resume(runId).result()
  expect([resting.status, paid]).toEqual(['needs-approval', []])
  const [{ id } = { id: '' }] = resting.approvals
  const answers = ['lena', 'lars'].map((subject) => ({ ...lead, subject }))
  for (const answeredBy of answers) {
    const decisions = [{ id, action: 'approve' as const }]
    const options = { decisions, answeredBy: { custom: answeredBy } }
    await runtimeOver(journal, asking, paid).resume(runId, options).result()
  }
  expect(paid).toHaveLength(1)
  const past = await readPast(runId, journal.read(runId))
  expect([past.status, openQuestions(past)]).toEqual(['completed', []])
})

test('an open question tells who has said yes to it', async () => {
  const { journal, runId } = await diedAtWork()
  const [asked] = (await runtimeOver(journal, asking, []).resume(runId).result()).approvals
  const decisions = [{ id: asked!.id, action: 'approve' as const }]
  const options = { decisions, answeredBy: { custom: lead } }
  await runtimeOver(journal, asking, []).resume(runId, options).result()
  const [open] = openQuestions(await readPast(runId, journal.read(runId)))
  expect(open).toEqual({ ...asked, approvedBy: ['lena'] })
})

test('setting the wall clock back lets a question wait no longer than it was to at first', async () => {
  const { journal, runId } = await diedAtWork()
  const [asked] = (await runtimeOver(journal, asking, []).resume(runId).result()).approvals
  const clock = manualClock(Date.now() - 86_400_000)
  const answering = runtimeOver(journal, asking, [], [{ text: 'done' }], {
    clock,
    approve() {
      clock.advance(900_001)
      return { action: 'approve', by: lead }
    },
  })
  const result = await answering.resume(runId).result()
  expect(Date.parse(asked!.expiresAt)).toBeGreaterThan(clock.now())
  expect(result.report.rows).toMatchObject([
    { status: 'unknown-outcome', approvals: [{ answers: [{ action: 'expire' }] }] },
  ])
})

/** A run that was cut after a record, with a yes of both leads in it, and goes on at another time. */
async function agreedAndResumed(
  { after, late, idempotent = false }: { after: string; late: number; idempotent?: boolean },
  options: ResumeOptions = {},
) {
  const journal = memoryJournal()
  const clock = manualClock(1_800_000_000_000)
  const paid: string[] = []
  const pay = toolOf('pay', { annotations: { idempotent }, execute: () => void paid.push('paid') })
  const people = ['lena', 'lars']
  const approve = () => ({ action: 'approve', by: { ...lead, subject: people.shift()! } }) as const
  const shared = { clock, tools: [pay], policy: asking }
  const first = agentOf([calling, { text: 'done' }], { ...shared, journal, approve })
  const { runId } = await first.start().result()
  const types = (await collect(journal.read(runId))).map(
    ({ line }) => (JSON.parse(line) as { readonly type: string }).type,
  )
  const cut = await cutAt(journal, runId, types.lastIndexOf(after) + 1)
  paid.length = 0
  clock.advance(late)
  const resume = (given: ResumeOptions) =>
    agentOf([{ text: 'done' }], { ...shared, journal: cut })
      .runtime.resume(runId, given)
      .result()
  return { asked: await resume(options), callId: `${runId}-1-0`, clock, paid, resume }
}

const minute = 60_000

describe('what people have agreed to before the process died', () => {
  test.each(['approval-decision', 'decision'])(
    'runs within the time of the request, where the record ends with the %s',
    async (after) => {
      const { asked, paid } = await agreedAndResumed({ after, late: 15 * minute })
      expect([asked.status, paid]).toEqual(['completed', ['paid']])
    },
  )

  test.each(['approval-decision', 'decision'])(
    'is asked for anew after it, of everybody, where the record ends with the %s',
    async (after) => {
      const { asked, paid, resume } = await agreedAndResumed({ after, late: 15 * minute + 1 })
      expect([asked.status, paid]).toEqual(['needs-approval', []])
      const [request] = asked.approvals
      expect(request).toMatchObject({ tool: 'pay', approvers: [approvers], approvedBy: [] })
      for (const subject of ['lena', 'lars']) {
        expect(paid).toEqual([])
        const decisions = [{ id: request!.id, action: 'approve' as const }]
        await resume({ decisions, answeredBy: { custom: { ...lead, subject, scopes: [] } } })
      }
      expect(paid).toEqual(['paid'])
    },
  )

  test('is not asked for anew where the call had begun and may be run again', async () => {
    const begun = { after: 'execution-start', late: 60 * minute, idempotent: true }
    const { asked, paid } = await agreedAndResumed(begun)
    expect([asked.status, paid]).toEqual(['completed', ['paid']])
  })

  test('does not let an operator run the call a second time after the request has expired', async () => {
    const begun = { after: 'execution-start', late: 60 * minute }
    const { asked, callId, paid, resume } = await agreedAndResumed(begun)
    expect([asked.status, asked.inDoubt?.length, paid]).toEqual(['needs-approval', 1, []])
    const retried = await resume({ resolve: { [callId]: 'retry' } })
    expect([retried.status, retried.approvals, paid]).toMatchObject([
      'needs-approval',
      [{ tool: 'pay', approvedBy: [] }],
      [],
    ])
  })
})

/** Each in turn says yes, and then nobody any more. */
function agreed(...people: string[]): Partial<RuntimeOptions> {
  return {
    approve() {
      const subject = people.shift()
      return subject === undefined
        ? undefined
        : { action: 'approve', by: { subject, roles: ['lead'] } }
    },
  }
}

test('another request in place of one that was half answered has what was answered on its record', async () => {
  const journal = memoryJournal()
  const paid: string[] = []
  const first = runtimeOver(journal, asking, paid, [calling], agreed('ada'))
  const { runId } = await first.run({ input: 'go', auth: { custom: {} } }).result()
  const last = runtimeOver(journal, askingOf(3), paid, undefined, agreed('bob', 'cyd'))
  const { status } = await last.resume(runId).result()
  expect([status, paid]).toEqual(['completed', [`${runId}-1-0`]])
  expect(await verifyChain(journal.read(runId))).toMatchObject({ verdict: 'CONSISTENT' })
})
