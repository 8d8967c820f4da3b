import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import { createCosts } from '../../../src/cost/costs.ts'
import type { Journal, JournalRecord } from '../../../src/journal/journal.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import type { LoadedPolicy } from '../../../src/loading/file.ts'
import type { Runtime } from '../../../src/runtime-handle.ts'
import type { RuntimeOptions } from '../../../src/runtime-options.ts'
import type { PrepareTurn } from '../../../src/run/prepare.ts'
import { createRuntime } from '../../../src/runtime.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import type { ScriptedTurn } from '../../../src/testing/turn.ts'
import type { Tool, ToolDefinition } from '../../../src/tools/tool.ts'
import { noting, policyOf, toolOf, user } from '../../support/agent.ts'

const auth = { custom: 'user' }
const who = { roles: ['user'] }

/** A process of its own over a journal; its model says the turn that follows those it is told. */
function process(
  journal: Journal,
  turns: readonly ScriptedTurn[],
  tools: readonly Tool[],
  options: Partial<RuntimeOptions> = {},
): Runtime {
  const steps = Array.from(
    { length: 10 },
    () =>
      ({ messages }: { readonly messages: readonly { readonly role: string }[] }) =>
        turns[messages.filter(({ role }) => role === 'assistant').length]!,
  )
  return createRuntime({
    model: scripted(steps),
    tools,
    journal,
    authenticator: async () => user,
    ...options,
  })
}

/** The journal as a crash leaves it: up to the record that the test is true for, that included. */
async function crashed(
  journal: Journal,
  runId: string,
  isLast: (line: string) => boolean,
): Promise<Journal> {
  const records: JournalRecord[] = []
  for await (const record of journal.read(runId)) {
    records.push(record)
    if (isLast(record.line)) break
  }
  const cut = memoryJournal()
  await cut.append(runId, 0, records)
  return cut
}

const isType =
  (type: string) =>
  (line: string): boolean =>
    (JSON.parse(line) as { type: string }).type === type

describe('an edit at which the process has died', () => {
  const asking = policyOf({
    rules: [{ id: 'paying', ask: ['pay'], who, approvers: { roles: ['lead'], count: 2 } }],
  })
  const turns = [{ calls: [{ tool: 'pay', args: { sum: 5 } }] }, { text: 'over' }]

  async function edited(answers: readonly ('approve' | 'edit')[]) {
    const journal = memoryJournal()
    const pay = noting('pay', { editable: ['/sum'] })
    let count = 0
    const result = await process(journal, turns, [pay.tool], {
      policy: asking,
      approve: async () => {
        const action = answers[count++]
        if (action === undefined) return undefined
        const by = { subject: `lead-${count}`, roles: ['lead'] }
        return { action, by, ...(action === 'edit' ? { args: { sum: 900 } } : {}) }
      },
    })
      .run({ input: 'go', auth })
      .result()
    expect(result.status).toBe('needs-approval')
    const cut = await crashed(journal, result.runId, (line) => line.includes('"action":"edit"'))
    return { journal: cut, runId: result.runId, ...pay }
  }

  test('does not count for it who has agreed before', async () => {
    const { calls, journal, runId, tool } = await edited(['approve', 'edit'])
    const again = process(journal, turns, [tool], { policy: asking })
    const { approvals, status } = await again.resume(runId).result()
    expect(calls).toEqual([])
    expect(status).toBe('needs-approval')
    expect(approvals).toMatchObject([{ args: { sum: 900 }, approvedBy: ['lead-2'] }])
  })

  test('is asked about as it is', async () => {
    const { calls, journal, runId, tool } = await edited(['edit'])
    const again = process(journal, turns, [tool], { policy: asking })
    const seen: unknown[] = []
    const { status } = await again
      .resume(runId, {
        approve: async ({ args, approvedBy }) => {
          seen.push([args, approvedBy])
          return { action: 'approve', by: { subject: 'lead-2', roles: ['lead'] } }
        },
      })
      .result()
    expect(seen).toEqual([[{ sum: 900 }, ['lead-1']]])
    expect([status, calls]).toEqual(['completed', [{ sum: 900 }]])
  })
})

/** A policy that asks about payments, or allows them. */
function payingBy(effect: 'ask' | 'allow') {
  const approvers = effect === 'ask' ? { approvers: { roles: ['lead'], count: 1 } } : {}
  return policyOf({
    rules: [
      { id: 'looking', allow: ['look'], who },
      { id: 'paying', [effect]: ['pay'], who, ...approvers },
    ],
  })
}

test('a call that was to be asked about is asked about, also when the question is missing', async () => {
  const journal = memoryJournal()
  const [look, pay] = [noting('look'), noting('pay')]
  const tools = [look.tool, pay.tool]
  const turns = [{ calls: [{ tool: 'look' }, { tool: 'pay' }] }, { text: 'over' }]
  const { runId } = await process(journal, turns, tools, { policy: payingBy('ask') })
    .run({ input: 'go', auth })
    .result()
  const cut = await crashed(journal, runId, isType('execution-start'))
  const { approvals, status } = await process(cut, turns, tools, { policy: payingBy('allow') })
    .resume(runId)
    .result()
  expect(pay.calls).toEqual([])
  expect(status).toBe('needs-approval')
  expect(approvals).toMatchObject([{ tool: 'pay', approvers: [{ roles: ['lead'] }] }])
})

test('no call runs of a turn that asked for an answer again, whoever carries it on', async () => {
  const journal = memoryJournal()
  const { calls, tool } = noting('act')
  const turns = [{ text: 'no json' }, { calls: [{ tool: 'act' }] }, { text: 'over' }]
  const policy = policyOf({ rules: [{ id: 'acting', allow: ['act'], who }] })
  const { runId } = await process(journal, turns, [tool], { policy })
    .run({ input: 'go', auth, output: {} })
    .result()
  let usages = 0
  const cut = await crashed(journal, runId, (line) => isType('usage')(line) && ++usages === 2)
  const { report } = await process(cut, turns, [tool], { policy }).resume(runId).result()
  expect(calls).toEqual([])
  expect(report.rows.map(({ status }) => status)).toEqual(['skipped'])
})

function limited(sections: JsonObject = {}): LoadedPolicy {
  const limit = { id: 'money', tools: ['pay'], per: 'subject', sum: '/sum', max: 100, over: 'deny' }
  const rules = [{ id: 'paying', allow: ['pay'], who }]
  return policyOf({ rules, limits: [limit], ...sections })
}

describe('limits of a subject in another process', () => {
  const turns = [{ calls: [{ tool: 'pay', args: { sum: 70 } }] }, { text: 'over' }]
  /** Takes a run up where it has crashed, and then starts the same again. */
  async function twice(
    policy: LoadedPolicy,
    isLast: (line: string) => boolean,
    fields: Partial<ToolDefinition> = {},
    session: { readonly session?: string } = {},
  ) {
    const journal = memoryJournal()
    const { calls, tool } = noting('pay', fields)
    const { runId } = await process(journal, turns, [tool], { policy })
      .run({ input: 'go', auth, ...session })
      .result()
    const cut = await crashed(journal, runId, isLast)
    const runtime = process(cut, turns, [tool], { policy })
    const { inDoubt } = await runtime.resume(runId).result()
    const { report } = await runtime.run({ input: 'again', auth, ...session }).result()
    return { calls, inDoubt, rules: report.rows.map(({ decision }) => decision?.rule) }
  }

  test.each([{}, { session: 's' }])('are used by a call in doubt, %j', async (session) => {
    const isLast = isType('execution-start')
    const { calls, inDoubt, rules } = await twice(limited(), isLast, {}, session)
    expect(inDoubt).toHaveLength(1)
    expect([calls.length, rules]).toEqual([1, ['limits.money']])
  })

  test('are used by a call that might run again and is kept from it', async () => {
    let asked = 0
    const concurrencyKey = (): string => {
      if (asked++ === 1) throw new Error('no key')
      return 'key'
    }
    const fields = { annotations: { idempotent: true }, concurrencyKey }
    const { calls, inDoubt, rules } = await twice(limited(), isType('execution-start'), fields)
    expect(inDoubt).toHaveLength(1)
    expect([calls.length, rules]).toEqual([1, ['limits.money']])
  })

  test('are used up by a call whose amount is not on record', async () => {
    const policy = limited({ audit: { args: 'hash' } })
    const { calls, inDoubt, rules } = await twice(policy, isType('tool-result'))
    expect(inDoubt).toEqual([])
    expect([calls.length, rules]).toEqual([1, ['limits.money']])
  })
})

describe('a limit on what model responses cost', () => {
  const usage = { inputTokens: 1, outputTokens: 1, cost: 0.5 }
  const policy = policyOf({
    rules: [
      { id: 'acting', allow: ['act'], who },
      { id: 'waiting', ask: ['wait'], who },
    ],
    limits: [{ id: 'dear', tools: ['act'], per: 'subject', count: 'cost', max: 1.2, over: 'deny' }],
  })
  const tools = [toolOf('act'), toolOf('wait')]

  test('holds for those of a run that another process has begun', async () => {
    const journal = memoryJournal()
    const turns = [
      { calls: [{ tool: 'act' }], usage },
      { text: 'over', usage },
    ]
    const { runId } = await process(journal, turns, tools, { policy })
      .run({ input: 'go', auth })
      .result()
    const runtime = process(await crashed(journal, runId, isType('usage')), turns, tools, {
      policy,
    })
    await runtime.resume(runId).result()
    const { report } = await runtime.run({ input: 'again', auth }).result()
    expect(report.rows.map(({ decision }) => decision?.rule)).toEqual(['limits.dear'])
  })

  test('counts those of a run once that goes on in its own process', async () => {
    const turns = [
      { calls: [{ tool: 'wait' }], usage },
      { calls: [{ tool: 'act' }], usage },
      { text: 'over', usage },
    ]
    const runtime = process(memoryJournal(), turns, tools, { policy })
    const { approvals, runId } = await runtime.run({ input: 'go', auth }).result()
    const decisions = [{ id: approvals[0]!.id, action: 'approve' as const }]
    const { report } = await runtime.resume(runId, { decisions }).result()
    expect(report.rows.map(({ tool, status }) => [tool, status])).toEqual([
      ['wait', 'success'],
      ['act', 'success'],
    ])
  })
})

test('what has failed is tried again, also where a process has died that was to try it', async () => {
  const journal = memoryJournal()
  const policy = policyOf({ rules: [{ id: 'acting', allow: ['act'], who }] })
  const failing = [{ error: { message: 'no' } }]
  const tools = [toolOf('act')]
  const first = await process(journal, failing, tools, { policy })
    .run({ input: 'go', auth })
    .result()
  expect(first.status).toBe('error')
  const { runId } = first
  await process(journal, failing, tools, { policy }).resume(runId).result()
  let starts = 0
  const cut = await crashed(journal, runId, (line) => isType('run-start')(line) && ++starts === 2)
  const again = await process(cut, [{ text: 'done' }], tools, { policy })
    .resume(runId)
    .result()
  expect([again.status, again.text]).toEqual(['completed', 'done'])
})

test('a run that was stopped with a call in doubt does not go on before somebody has told', async () => {
  const journal = memoryJournal()
  const turns = [{ calls: [{ tool: 'act' }] }, { text: 'over' }]
  const policy = policyOf({ rules: [{ id: 'acting', allow: ['act'], who }] })
  const { calls, tool } = noting('act')
  const { runId } = await process(journal, turns, [tool], { policy })
    .run({ input: 'go', auth })
    .result()
  const cut = await crashed(journal, runId, isType('execution-start'))
  const runtime = process(cut, turns, [tool], { policy })
  const stopped = await runtime.resume(runId, { signal: AbortSignal.abort() }).result()
  expect([stopped.status, stopped.inDoubt.length]).toEqual(['cancelled', 1])
  const again = await runtime.resume(runId).result()
  expect([again.status, again.inDoubt]).toEqual(['needs-approval', stopped.inDoubt])
  expect([again.text, calls.length]).toEqual(['', 1])
})

const budgeted = () => createCosts({ budget: { default: { hard: 0.5 } } })

test('what has been spent counts against the budget in another process', async () => {
  const journal = memoryJournal()
  const turns = [
    { calls: [{ tool: 'act' }], usage: { inputTokens: 1, outputTokens: 1, cost: 0.9 } },
    { text: 'over', usage: { inputTokens: 1, outputTokens: 1, cost: 0.9 } },
  ]
  const policy = policyOf({ rules: [{ id: 'acting', allow: ['act'], who }] })
  const tool = toolOf('act')
  const { runId, status } = await process(journal, turns, [tool], { policy, costs: budgeted() })
    .run({ input: 'go', auth })
    .result()
  expect(status).toBe('limit')
  const cut = await crashed(journal, runId, isType('turn-end'))
  const own = budgeted()
  const again = await process(cut, turns, [tool], { policy, costs: own }).resume(runId).result()
  expect([again.status, own.tracker.run(runId)?.cost]).toEqual(['limit', 0.9])
})

describe('a request that the budget had no room for', () => {
  const usage = { inputTokens: 1, outputTokens: 1, cost: 0.9 }
  const policy = policyOf({ rules: [{ id: 'acting', allow: ['act'], who }] })
  const tools = [toolOf('act')]
  const turns = [
    { calls: [{ tool: 'act' }], usage },
    { text: 'over', usage },
  ]

  /** A journal with a run that has ended so. */
  async function overspent(): Promise<{ readonly journal: Journal; readonly runId: string }> {
    const journal = memoryJournal()
    const { runId, status } = await process(journal, turns, tools, { policy, costs: budgeted() })
      .run({ input: 'go', auth })
      .result()
    expect(status).toBe('limit')
    return { journal, runId }
  }

  test('is made where there is room for it', async () => {
    const { journal, runId } = await overspent()
    const costs = createCosts({ budget: { default: { hard: 20 } } })
    const runtime = process(journal, turns, tools, { policy, costs })
    const { status, text } = await runtime.resume(runId).result()
    expect([status, text]).toEqual(['completed', 'over'])
  })

  test('ends the run at the limit again where there is none', async () => {
    const { journal, runId } = await overspent()
    const cut = await crashed(journal, runId, isType('limit'))
    for (const kept of [journal, cut]) {
      const runtime = process(kept, turns, tools, { policy, costs: budgeted() })
      const { error, status } = await runtime.resume(runId).result()
      expect([status, error]).toEqual(['limit', undefined])
    }
  })
})

test('what turns with a model of their own have cost is counted for that model in another process', async () => {
  const journal = memoryJournal()
  const usage = { inputTokens: 1, outputTokens: 1, cost: 0.5 }
  const acting = { calls: [{ tool: 'act' }], usage }
  const turns = [acting, acting, { text: 'over', usage }]
  const policy = policyOf({ rules: [{ id: 'acting', allow: ['act'], who }] })
  const tool = toolOf('act')
  const dear = { ...scripted([acting]), provider: 'dear', id: 'b' }
  const prepareTurn: PrepareTurn = ({ turn }) => (turn === 1 ? { model: dear } : {})
  const { runId } = await process(journal, turns, [tool], { policy, prepareTurn })
    .run({ input: 'go', auth })
    .result()
  const costs = createCosts()
  const cut = await crashed(journal, runId, isType('turn-end'))
  await process(cut, turns, [tool], { policy, costs }).resume(runId).result()
  const spent = Object.entries(costs.tracker.models()).map(([name, { cost }]) => [name, cost])
  expect(Object.fromEntries(spent)).toEqual({ 'dear/b': 0.5, 'testing/scripted': 1 })
})

test('a run is not taken from its own runtime, whose gate would forget what it has read', async () => {
  const journal = memoryJournal()
  const turns = [
    { calls: [{ tool: 'read' }] },
    { calls: [{ tool: 'wait' }] },
    { calls: [{ tool: 'send', args: { to: 'm@evil.example' } }] },
    { text: 'over' },
  ]
  const send = noting('send')
  const policy = policyOf({
    tools: {
      read: { kind: 'read', output: { trust: 'untrusted' } },
      send: { kind: 'write', sink: 'external', args: { to: { steers: true } } },
    },
    flow: { untrustedSteering: 'deny' },
    rules: [
      { id: 'free', allow: ['read', 'send'], who },
      { id: 'waiting', ask: ['wait'], who, approvers: { roles: ['lead'], count: 1 } },
    ],
  })
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<undefined>()
  const tools = [toolOf('read', { execute: () => 'm@evil.example' }), toolOf('wait'), send.tool]
  const runtime = process(journal, turns, tools, { policy })
  const first = runtime.run({
    input: 'go',
    auth,
    approve: () => {
      asked.resolve()
      return answer.promise
    },
  })
  await asked.promise
  const approve = async () => {
    answer.resolve(undefined)
    await first.result()
    return { action: 'approve' as const, by: { subject: 'lena', roles: ['lead'] } }
  }
  await expect(
    runtime.resume(first.id, { takeOver: true, approve }).result(),
  ).rejects.toMatchObject({ code: 'run-carried' })
  answer.resolve(undefined)
  expect(await first.result()).toMatchObject({ status: 'needs-approval' })
  expect(await runtime.resume(first.id, { approve }).result()).toMatchObject({
    status: 'completed',
  })
  expect(send.calls).toEqual([])
})

describe('calls whose arguments are not on record', () => {
  const turns = [
    { calls: [{ tool: 'pay', args: { to: 'x' } }] },
    { calls: [{ tool: 'send', args: { to: 'y' } }] },
    { text: 'over' },
  ]
  const output = { trust: 'trusted' }
  const steered = { kind: 'write', sink: 'external', output, args: { to: { steers: true } } }
  const policy = policyOf({
    audit: { args: 'hash' },
    tools: { pay: steered, send: steered },
    flow: { untrustedSteering: 'deny' },
    sequences: [
      { id: 'once', after: ['pay'], sameArg: 'to', then: { tools: ['send'], do: 'deny' } },
    ],
    rules: [{ id: 'free', allow: ['pay', 'send'], who }],
  })
  const input = { type: 'object', properties: { to: { type: 'string' } } }

  test.each(['execution-start', 'tool-result'])(
    'have been made with any, as far as later ones are concerned, when a crash follows %s',
    async (type) => {
      const journal = memoryJournal()
      const [pay, send] = [noting('pay', { input }), noting('send', { input })]
      const start = (on: Journal) => process(on, turns, [pay.tool, send.tool], { policy })
      const { runId } = await start(journal).run({ input: 'x y', auth }).result()
      expect(send.calls).toHaveLength(1)
      const runtime = start(await crashed(journal, runId, isType(type)))
      let result = await runtime.resume(runId).result()
      const resolve = Object.fromEntries(result.inDoubt.map((id) => [id, 'success' as const]))
      if (result.inDoubt.length > 0) result = await runtime.resume(runId, { resolve }).result()
      expect(result.error).toBeUndefined()
      expect(result.report.rows).toMatchObject([
        { status: 'success' },
        { status: 'error-security', decision: { rule: 'sequences.once' } },
      ])
      expect(send.calls).toHaveLength(1)
    },
  )
})

describe('a yes that is revoked before its call has run', () => {
  const turns = [{ calls: [{ tool: 'pay' }] }, { text: 'over' }]
  const lena = { subject: 'lena', roles: ['lead'] }

  /** A run whose process died between the yes and the call, and the id of the request. */
  async function agreed() {
    const journal = memoryJournal()
    const { calls, tool } = noting('pay')
    const start = (on: Journal) =>
      process(on, turns, [tool, toolOf('look')], { policy: payingBy('ask') })
    const { approvals, runId } = await start(journal).run({ input: 'go', auth }).result()
    const { id } = approvals[0]!
    const yes = JSON.stringify({ id, action: 'approve', by: lena })
    await journal.leaveAnswer(runId, yes)
    await start(journal).resume(runId).result()
    const cut = await crashed(journal, runId, isType('approval-decision'))
    await cut.leaveAnswer(runId, yes)
    calls.length = 0
    const resume = (revoke: string[], on = cut) => start(on).resume(runId, { revoke })
    return { calls, cut, id, resume, runId }
  }

  test('counts as long as it stands', async () => {
    const { calls, resume } = await agreed()
    expect(await resume([]).result()).toMatchObject({ status: 'completed' })
    expect(calls).toHaveLength(1)
  })

  test('is asked for again, whatever was left in the journal', async () => {
    const { calls, id, resume } = await agreed()
    for (const revoke of [[id], []]) {
      const { approvals, status } = await resume(revoke).result()
      expect(status).toBe('needs-approval')
      expect(approvals).toMatchObject([{ tool: 'pay', approvedBy: [] }])
      expect(approvals[0]!.id).not.toBe(id)
    }
    expect(calls).toEqual([])
  })

  test('stays revoked where the process dies before it has asked again', async () => {
    const { calls, cut, id, resume, runId } = await agreed()
    await resume([id]).result()
    const dead = await crashed(cut, runId, (line) => line.includes('"revoke"'))
    const { approvals, status } = await resume([], dead).result()
    expect([status, calls]).toEqual(['needs-approval', []])
    expect(approvals).toMatchObject([{ tool: 'pay', approvedBy: [] }])
    expect(approvals[0]!.id).not.toBe(id)
  })

  test('is asked for again where it was given to an equal call that has run', async () => {
    const journal = memoryJournal()
    const { calls, tool } = noting('pay')
    const rule = { id: 'paying', ask: ['pay'], who, approvers: { remember: true } }
    const policy = policyOf({ rules: [rule] })
    const start = (on: Journal, options: Partial<RuntimeOptions> = {}): Runtime =>
      process(on, [turns[0]!, ...turns], [tool], { policy, ...options })
    const yes = { action: 'approve', by: lena, remember: true } as const
    const first = start(journal, { approve: () => yes }).run({ input: 'go', auth })
    const { report, runId } = await first.result()
    const { approvalId: id } = report.rows[0]!.approvals[0]!
    const cut = await crashed(journal, runId, (line) => line.includes('"remembered"'))
    expect(calls).toHaveLength(2)
    for (const revoke of [[id], []]) {
      const { approvals, status } = await start(cut).resume(runId, { revoke }).result()
      expect([status, approvals.length, calls.length]).toEqual(['needs-approval', 1, 2])
    }
  })
})

test('a call in doubt that is done again takes its place of a limit again', async () => {
  const policy = policyOf({
    rules: [{ id: 'free', allow: ['act'], who }],
    limits: [{ id: 'few', tools: ['**'], per: 'session', max: 2, over: 'deny' }],
  })
  const turns = [1, 2, 3].map((n) => ({ calls: [{ tool: 'act', args: { n } }] }))
  const script = [...turns, { text: 'done' }]
  const journal = memoryJournal()
  const first = noting('act')
  const { runId } = await process(journal, script, [first.tool], { policy })
    .run({ input: 'go', auth })
    .result()
  expect(first.calls).toHaveLength(2)
  const cut = await crashed(journal, runId, isType('execution-start'))

  const later = noting('act')
  const runtime = process(cut, script, [later.tool], { policy })
  const { inDoubt } = await runtime.resume(runId).result()
  expect(inDoubt).toHaveLength(1)
  const result = await runtime.resume(runId, { resolve: { [inDoubt[0]!]: 'retry' } }).result()
  expect(result.report.rows.map(({ status }) => status)).toEqual([
    'success',
    'success',
    'error-security',
  ])
  expect(later.calls).toHaveLength(2)
})
