import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import type { LoadedPolicy } from '../../../src/loading/file.ts'
import type { Policy } from '../../../src/policy/policy.ts'
import type { ApprovalRequest } from '../../../src/gate/verdict.ts'
import { verifyChain } from '../../../src/report/verify.ts'
import type { RuntimeOptions } from '../../../src/runtime-options.ts'
import type { Approve } from '../../../src/run/environment.ts'
import type { ToolDefinition } from '../../../src/tools/tool.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import { agentOf, policyOf, toolOf, type Agent } from '../../support/agent.ts'

const who = { roles: ['user'] }
const all = { id: 'all', allow: ['**'], who }
const never = { id: 'never', deny: ['act'] }
const asks = (...roles: string[]): JsonObject => {
  return { id: 'asked', ask: ['act'], who, approvers: { roles, count: 1 } }
}
const leads = (count: number): JsonObject => {
  return { rules: [{ ...asks('lead'), approvers: { roles: ['lead'], count } }] }
}
/** Heads are leads as long as they inherit it. */
const heads = (inherits: string[]): JsonObject => {
  return { user: {}, lead: {}, head: inherits.length === 0 ? {} : { inherits } }
}
const two = { calls: [0, 1].map((n) => ({ tool: 'act', args: { n } })) }

interface Waiting extends Agent {
  /** Resolves when one call is at work; the other one waits for it. */
  readonly atWork: Promise<void>
  readonly worked: string[]
  finish(): void
  /** These sections are in force from now on. */
  change(sections: JsonObject): void
}

/** An agent whose two calls run one after the other, for their key unless told otherwise, under a policy that changes meanwhile. */
function waiting(
  sections: JsonObject,
  options: Partial<RuntimeOptions> = {},
  tool: Partial<ToolDefinition> = { concurrencyKey: () => 'k' },
): Waiting {
  let loaded = policyOf(sections)
  const compiled = new Map<LoadedPolicy, Policy>()
  const atWork = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  const worked: string[] = []
  const act = toolOf('act', {
    async execute(_, { callId }) {
      worked.push(callId.slice(-1))
      atWork.resolve()
      await finish.promise
      return 'acted'
    },
    ...tool,
  })
  const policy = {
    compile: () => loaded.compile([act]),
    follow: () => () => {
      const known = compiled.get(loaded) ?? loaded.compile([act])
      compiled.set(loaded, known)
      return known
    },
  } as unknown as LoadedPolicy
  return {
    ...agentOf([two, { text: 'done' }], { tools: [act], policy, ...options }),
    atWork: atWork.promise,
    worked,
    finish: () => finish.resolve(),
    change(changed) {
      loaded = policyOf(changed)
    },
  }
}

/** Says yes to what leads alone are asked about. */
const lead: Approve = ({ approvers }) =>
  approvers.length === 1
    ? { action: 'approve', by: { subject: 'lena', roles: ['lead'] } }
    : undefined

describe('a call that waits for its key while the policy changes', () => {
  test.each<[string, JsonObject, JsonObject, string, string]>([
    ['runs where it still may', { rules: [all] }, { rules: [{ ...all, id: 'b' }] }, 'success', 'b'],
    [
      'does not run where it is denied by now',
      { rules: [all] },
      { rules: [all, never] },
      'error-security',
      'never',
    ],
    [
      'does not run where nothing is left for it',
      { rules: [all] },
      { rules: [all], limits: [{ id: 'l', tools: ['act'], per: 'session', max: 1 }] },
      'error-security',
      'limits.l',
    ],
    [
      'runs where nobody but itself would be in its way',
      { rules: [all] },
      {
        rules: [{ ...all, id: 'b' }],
        sequences: [
          { id: 's', after: ['act'], sameArg: 'n', then: { tools: ['act'], do: 'deny' } },
        ],
      },
      'success',
      'b',
    ],
  ])('%s', async (_, before, after, status, rule) => {
    const journal = memoryJournal()
    const { atWork, change, finish, start } = waiting(before, { journal })
    const run = start()
    await atWork
    change(after)
    finish()
    const { report, runId } = await run.result()
    expect(report.rows[1]).toMatchObject({ status, decision: { rule } })
    expect(await verifyChain(journal.read(runId))).toMatchObject({ verdict: 'CONSISTENT' })
  })
  test('does not run where it waited for a slot alone', async () => {
    const waits = waiting({ rules: [all] }, { limits: { maxParallel: 1 } }, {})
    const { atWork, change, finish, start, worked } = waits
    const run = start()
    await atWork
    change({ rules: [all, never] })
    finish()
    const { report } = await run.result()
    expect([worked, report.rows[1]!.decision!.rule]).toEqual([['0'], 'never'])
  })

  test('is asked about where people are asked by now, and holds nobody up', async () => {
    const journal = memoryJournal()
    const { atWork, change, finish, start, worked } = waiting(
      { rules: [all] },
      { approve: lead, journal },
    )
    const run = start()
    await atWork
    change({ rules: [all, asks('lead')] })
    finish()
    const { report, runId, status } = await run.result()
    expect([status, worked]).toEqual(['completed', ['0', '1']])
    expect(report.rows[1]).toMatchObject({ decision: { effect: 'ask' }, approvals: [{}] })
    expect(await verifyChain(journal.read(runId))).toMatchObject({ verdict: 'CONSISTENT' })
  })

  test('needs a yes of whoever is asked by now beside the one it has, also when it is resumed', async () => {
    const journal = memoryJournal()
    const { atWork, change, finish, runtime, start, worked } = waiting(
      { rules: [asks('lead')] },
      { approve: lead, journal },
    )
    const run = start()
    await atWork
    change({ rules: [asks('guest')] })
    finish()
    const { approvals, runId, status } = await run.result()
    expect([status, worked]).toEqual(['needs-approval', ['0']])
    const [{ approvers, id }] = approvals as [ApprovalRequest]
    expect(approvers.map(({ roles }) => roles)).toEqual([['guest'], ['lead']])
    const decisions = [{ id, action: 'approve' as const }]
    const answeredBy = { custom: { subject: 'gus', roles: ['guest'], scopes: [] } }
    await runtime.resume(runId, { answeredBy, decisions }).result()
    expect(worked).toEqual(['0', '1'])
    expect(await verifyChain(journal.read(runId))).toMatchObject({ verdict: 'CONSISTENT' })
  })
})

test('another request in place of one has every yes to it on its record', async () => {
  const journal = memoryJournal()
  const people = ['ada', 'bob', 'cyd']
  const asked: string[] = []
  const approve: Approve = ({ callId }) => {
    if (callId.endsWith('0')) return { action: 'deny', by: { subject: 'ada', roles: ['lead'] } }
    const subject = people[asked.length]!
    asked.push(subject)
    if (subject === 'bob') agent.change(leads(3))
    return { action: 'approve', by: { subject, roles: ['lead'] } }
  }
  const agent = waiting(leads(2), { approve, journal }, { execute: () => 'acted' })
  const { report, runId } = await agent.start().result()
  expect(report.rows.map(({ status }) => status)).toEqual(['denied-by-human', 'success'])
  expect(asked).toEqual(people)
  expect(await verifyChain(journal.read(runId))).toMatchObject({ verdict: 'CONSISTENT' })
})

describe('a call that was edited and waits for its key', () => {
  test('is asked about as it was edited, by another request, where the yes does not count any more', async () => {
    const journal = memoryJournal()
    const requests: ApprovalRequest[] = []
    const edited = Promise.withResolvers<void>()
    const approve: Approve = (request) => {
      requests.push(request)
      if (requests.length === 2) {
        edited.resolve()
        const by = { subject: 'hana', roles: ['head'] }
        return { action: 'edit', by, args: { n: 2 } }
      }
      return { action: 'approve', by: { subject: 'lena', roles: ['lead'] } }
    }
    const ran: unknown[] = []
    const agent = waiting(
      { roles: heads(['lead']), rules: [asks('lead')] },
      { approve, journal },
      {
        concurrencyKey: () => 'k',
        editable: ['/n'],
        async execute(args) {
          ran.push(args)
          await edited.promise
          agent.change({ roles: heads([]), rules: [asks('lead')] })
          return 'acted'
        },
      },
    )
    const { report, runId, status } = await agent.start().result()
    expect(status).toBe('completed')
    expect(requests.map(({ args }) => args)).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }])
    expect(new Set(requests.map(({ id }) => id)).size).toBe(3)
    expect(ran).toEqual([{ n: 0 }, { n: 2 }])
    expect(report.rows[1]!.approvals).toHaveLength(2)
    expect(await verifyChain(journal.read(runId))).toMatchObject({ verdict: 'CONSISTENT' })
  })
})

describe('a call that waits for its key while time goes by', () => {
  const start = Date.parse('2026-01-01T00:00:00Z')
  const hour = 3_600_000

  test.each<[string, string, JsonObject]>([
    ['beyond the end of its rule', 'default', { until: '2026-01-01T00:30:00Z' }],
    ['into the beginning of another rule', 'late', {}],
  ])('does not run %s', async (_, decidedBy, time) => {
    const clock = manualClock(start)
    const late = { id: 'late', deny: ['act'], from: '2026-01-01T00:30:00Z' }
    const rules = [{ ...all, ...time }, ...(decidedBy === 'late' ? [late] : [])]
    const agent = waiting({ rules }, { clock })
    const run = agent.start()
    await agent.atWork
    clock.advance(hour)
    agent.finish()
    const { report } = await run.result()
    expect([agent.worked, report.rows[1]!.decision!.rule]).toEqual([['0'], decidedBy])
  })

  test('is asked about again once the yes is too old', async () => {
    const clock = manualClock(start)
    const asked: string[] = []
    const approve: Approve = (request, options) => {
      asked.push(request.callId.slice(-1))
      return lead(request, options)
    }
    const journal = memoryJournal()
    const sections = { rules: [asks('lead')], approvals: { ttl: '10m' } }
    const agent = waiting(sections, { approve, clock, journal })
    const run = agent.start()
    await agent.atWork
    clock.advance(hour)
    agent.finish()
    const { runId } = await run.result()
    expect([asked, agent.worked]).toEqual([
      ['0', '1', '1'],
      ['0', '1'],
    ])
    expect(await verifyChain(journal.read(runId))).toMatchObject({ verdict: 'CONSISTENT' })
  })
})

test('a call is not in its own way that waits beyond the time of its yes under a policy for ever', async () => {
  const clock = manualClock(Date.parse('2026-01-01T00:00:00Z'))
  const tool = toolOf('act', {
    concurrencyKey: () => 'k',
    execute: () => clock.advance(3_600_000),
  })
  const then = { tools: ['act'], do: 'deny' }
  const sequences = [{ id: 's', after: ['act'], sameArg: 'n', then }]
  const policy = policyOf({ rules: [asks('lead')], approvals: { ttl: '10m' }, sequences })
  const agent = agentOf([two, { text: 'done' }], { tools: [tool], policy, approve: lead, clock })
  const { report } = await agent.start().result()
  expect(report.rows.map(({ approvals, status }) => [status, approvals.length])).toEqual([
    ['success', 1],
    ['success', 2],
  ])
})

test('a call that has failed is not tried again once the policy has changed', async () => {
  const attempts: number[] = []
  const failing: Partial<ToolDefinition> = {
    annotations: { idempotent: true },
    retry: { attempts: 3, delayMs: 1 },
    execute(_, { attempt }) {
      attempts.push(attempt)
      if (attempt === 2) change({ rules: [all, never] })
      throw new Error('down')
    },
  }
  const { change, start } = waiting({ rules: [all] }, { limits: { maxToolCalls: 1 } }, failing)
  const { report } = await start().result()
  expect(attempts).toEqual([1, 2])
  expect(report.rows[0]).toMatchObject({ status: 'error-execution', attempts: 2 })
})
