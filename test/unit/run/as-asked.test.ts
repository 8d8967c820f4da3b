import { expect, test } from 'vitest'
import { openaiCompatible } from '../../../src/model/compatible.ts'
import type { ApprovalAnswer } from '../../../src/gate/verdict.ts'
import type { RunEvent } from '../../../src/protocol/run-event.ts'
import { createRuntime } from '../../../src/runtime.ts'
import { fakeProvider } from '../../../src/testing/fake-provider.ts'
import type { FakeProvider } from '../../../src/testing/fake-provider.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import { noUsage } from '../../../src/protocol/usage.ts'
import type { RunState } from '../../../src/run/stop.ts'
import type { RunResult } from '../../../src/runtime-options.ts'
import {
  agentOf,
  allowing,
  collect,
  noting,
  policyOf,
  toolOf,
  user as caller,
} from '../../support/agent.ts'

const calls = [{ tool: 'read', args: {} }]

function runtimeOf({ baseUrl }: FakeProvider, more: object = {}) {
  const model = openaiCompatible({ baseUrl, model: 'm', apiKey: 'k' })
  return createRuntime({ model, ...more })
}

function sentTo({ requests }: FakeProvider): readonly unknown[] {
  return requests.map(({ body }) => body['messages'])
}

const user = (content: string): object => ({ role: 'user', content })

test('messages that a host changes between two runs are sent as they are', async () => {
  await using provider = await fakeProvider({ turns: () => ({ text: 'ok' }) })
  await using runtime = runtimeOf(provider)
  const messages = [{ role: 'user' as const, content: 'my card is 4111' }]
  await runtime.run({ input: 'a', messages }).result()
  messages[0]!.content = 'my card is gone'
  const { messages: told } = await runtime.run({ input: 'b', messages }).result()
  expect(sentTo(provider)).toEqual([
    [user('my card is 4111'), user('a')],
    [user('my card is gone'), user('b')],
  ])
  expect(told[0]).toEqual(user('my card is gone'))
})

/** Writes over every text and number that can be written over. */
function overwrite(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const [key, member] of Object.entries(value)) {
    if (typeof member === 'string') Reflect.set(value, key, 'changed')
    else if (typeof member === 'number') Reflect.set(value, key, 7_777_777_777)
    else overwrite(member)
  }
}

test('what a host does to messages and events of a run reaches neither model nor record', async () => {
  const journal = memoryJournal()
  const of = async (follow: (event: RunEvent, given: object) => void) => {
    await using provider = await fakeProvider({
      turns: [{ text: 'one', calls }, { text: 'two', calls }, { text: 'three' }],
    })
    await using runtime = runtimeOf(provider, {
      journal,
      prepareTurn: ({ turn }: { turn: number }) =>
        turn === 3 ? { messages: [{ role: 'user', content: 'short' }] } : undefined,
    })
    const given = {
      input: [{ type: 'text' as const, text: 'hi' }],
      messages: [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'before' }] }],
    }
    const run = runtime.run(given)
    run.steer('more')
    for await (const event of run) follow(event, given)
    const { report, messages: _transcript, ...result } = await run.result()
    const events = await collect(journal.read(run.id))
    const ids = /run_[0-9A-Za-z]+/g
    const sent: unknown = JSON.parse(JSON.stringify(sentTo(provider)).replaceAll(ids, ''))
    return { sent, told: JSON.stringify([report, result, events]) }
  }
  const plain = await of(() => {})
  const followed = await of((event, given) => {
    overwrite(given)
    overwrite(event)
  })
  expect(followed.sent).toEqual(plain.sent)
  expect(followed.told).not.toMatch(/changed|7777777777/)
})

/** Writes over every number. */
function spoil({ usage, cost }: Pick<RunResult, 'usage'> & Partial<RunState>): undefined {
  for (const counts of [usage, cost]) {
    if (counts !== undefined) for (const key of Object.keys(counts)) Reflect.set(counts, key, 999)
  }
}

test('what a program does to what it is told of usage changes no sum, of no run', async () => {
  const spent: number[] = []
  const turn = { calls, usage: { inputTokens: 1, outputTokens: 2, cost: 0.5 } }
  for (const status of ['completed', 'denied']) {
    await using provider = await fakeProvider({ turns: [turn, turn, { text: 'ok', usage: null }] })
    await using runtime = runtimeOf(provider, {
      prepareTurn: spoil,
      stopWhen: [spoil],
      limits: { maxTokens: 100, maxCost: 100 },
    })
    const auth = status === 'denied' ? { bearer: 'nobody' } : undefined
    const result = await runtime.run({ input: 'a', ...(auth && { auth }) }).result()
    expect(result.status).toBe(status)
    spent.push(result.usage.inputTokens, result.cost?.amount ?? 0)
    spoil(result)
  }
  expect(spent).toEqual([2, 1, 0, 0])
  expect(noUsage.inputTokens).toBe(0)
})

test('a run is for whom and for what it was started, whatever becomes of the options', async () => {
  const turns = [{ calls: [{ tool: 'look', args: {} }] }, { text: 'a' }, { text: 'b' }]
  const { runtime } = agentOf(turns, {
    policy: allowing('look'),
    tools: [toolOf('look'), toolOf('other')],
  })
  const options = {
    input: 'go',
    session: 'one',
    auth: { custom: caller },
    scope: { tools: ['other'] },
  }
  const first = runtime.run(options)
  options.session = 'two'
  options.auth.custom = { ...caller, subject: 'user-2' }
  options.scope.tools = ['look']
  const [{ report }, second] = [await first.result(), await runtime.run(options).result()]
  expect(report.header).toMatchObject({ principal: { subject: 'user-1' }, session: 'one' })
  expect(report.rows).toMatchObject([{ tool: 'look', decision: { rule: 'scope' } }])
  expect(second.report.header).toMatchObject({ principal: { subject: 'user-2' }, session: 'two' })
})

test('an answer with which a run goes on is the one that was given', async () => {
  const policy = policyOf({ rules: [{ id: 'ask', ask: ['pay'], approvers: { roles: ['lead'] } }] })
  const pay = noting('pay')
  const turns = [{ calls: [{ tool: 'pay', args: {} }] }, { text: 'no' }]
  const { runtime, start } = agentOf(turns, { policy, tools: [pay.tool] })
  const asked = await start().result()
  const decision = { id: asked.approvals[0]!.id, action: 'deny' as 'approve' | 'deny' }
  const answeredBy = { custom: { ...caller, subject: 'lead-1', roles: ['lead'] } as object }
  const resumed = runtime.resume(asked.runId, { answeredBy, decisions: [decision] })
  decision.action = 'approve'
  answeredBy.custom = caller
  expect((await resumed.result()).report.rows).toMatchObject([{ status: 'denied-by-human' }])
  expect(pay.calls).toEqual([])
})

test('who a program says has approved is read once', async () => {
  const policy = policyOf({ rules: [{ id: 'ask', ask: ['pay'], approvers: { roles: ['lead'] } }] })
  const { start } = agentOf([{ calls: [{ tool: 'pay', args: {} }] }, { text: 'paid' }], {
    policy,
    tools: [toolOf('pay')],
  })
  const names = ['lead-1']
  const approve = (): ApprovalAnswer => ({
    action: 'approve',
    get by() {
      return { subject: names.shift() ?? 'lead-2', roles: ['lead'] }
    },
  })
  const { report } = await start({ approve }).result()
  expect(report.rows[0]?.approvals[0]?.answers).toMatchObject([{ by: { subject: 'lead-1' } }])
})

test('messages that cannot be copied are refused, with help', async () => {
  await using provider = await fakeProvider({ turns: [] })
  await using runtime = runtimeOf(provider)
  const messages = [{ role: 'user' as const, content: 'hi', at: () => 1 }]
  expect(() => runtime.run({ input: 'a', messages })).toThrow(
    expect.objectContaining({ code: 'bad-option', help: expect.any(String) }),
  )
})
