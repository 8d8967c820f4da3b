import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Journal } from '../../../src/journal/journal.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import type { SharedCounters } from '../../../src/journal/shared-counters.ts'
import type { LoadedPolicy } from '../../../src/loading/file.ts'
import { watchPolicy } from '../../../src/loading/watched.ts'
import { verifyJournal } from '../../../src/report/verify-journal.ts'
import { readReport } from '../../../src/report/read.ts'
import { toolCalled, turnCountIs, type StopCondition } from '../../../src/run/stop.ts'
import type { RuntimeOptions } from '../../../src/runtime-options.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import type { ToolContext } from '../../../src/tools/tool.ts'
import { agentOf, allowing, collect, policyOf, toolOf } from '../../support/agent.ts'
import { asking, subAgent } from '../../support/agent-tree.ts'
import { temporaryFolder } from '../../support/folder.ts'

/** A run whose agent `inner` calls a tool `act`, which works until it is told to finish. */
function held(options: Partial<RuntimeOptions> = {}) {
  const atWork = Promise.withResolvers<ToolContext>()
  const finish = Promise.withResolvers<void>()
  const journal = memoryJournal()
  const act = toolOf('act', {
    async execute(_, context) {
      atWork.resolve(context)
      await finish.promise
      return 'acted'
    },
  })
  const acting = { calls: [{ tool: 'act' }] }
  const inner = subAgent('inner', [acting, acting, { text: 'said' }, { text: 'said' }], {
    tools: [act],
  })
  const outer = [{ calls: [asking('inner')] }, { calls: [{ tool: 'other' }] }, { text: 'done' }]
  const agent = agentOf(outer, {
    tools: [inner.tool, toolOf('other')],
    policy: allowing('**'),
    journal,
    ...options,
  })
  const rowsOf = async (runId: string) =>
    (await readReport(journal.read(runId))).rows.map(({ error, status, tool }) =>
      [tool, status, ...(error === undefined ? [] : [error.code])].join(' '),
    )
  return { ...agent, atWork: atWork.promise, finish: () => finish.resolve(), journal, rowsOf }
}

const stopped = ['act cancelled stopped']

describe('a stop while an agent is at work', () => {
  test.each<[string, (runId: string) => object]>([
    ['of everything', () => ({})],
    ['of the run above', (run) => ({ run })],
    ['of the caller', () => ({ principal: 'user-1' })],
  ])('%s ends both runs', async (_, request) => {
    const { atWork, finish, journal, rowsOf, runtime, start } = held()
    const run = start()
    const { runId: childId, signal } = await atWork
    expect(childId).not.toBe(run.id)
    const lift = await runtime.stop(request(run.id))
    expect((await run.result()).status).toBe('cancelled')
    expect(signal.aborted).toBe(true)
    expect(await rowsOf(childId)).toEqual(stopped)
    expect(await rowsOf(run.id)).toEqual(['inner cancelled stopped'])
    const found = await collect(verifyJournal(journal))
    expect(found.map(({ verdict }) => verdict)).toEqual(['CONSISTENT', 'CONSISTENT'])
    lift()
    finish()
  })

  test.each<[string, (childId: string) => object, string, string[]]>([
    ['of its run', (run) => ({ run }), 'inner error-execution tool-failed', stopped],
    ['of the agent', () => ({ tool: 'inner' }), 'inner cancelled stopped', stopped],
    [
      'of its tool',
      () => ({ tool: 'act' }),
      'inner success',
      [...stopped, 'act error-security stopped'],
    ],
  ])('%s lets the run above go on', async (_, request, innerCall, acts) => {
    const { atWork, finish, rowsOf, runtime, start } = held()
    const run = start()
    const { runId: childId, signal } = await atWork
    await runtime.stop(request(childId))
    expect(signal.aborted).toBe(true)
    const { status } = await run.result()
    finish()
    expect(status).toBe('completed')
    expect(await rowsOf(childId)).toEqual(acts)
    expect(await rowsOf(run.id)).toEqual([innerCall, 'other success'])
  })
})

test('a stop while an agent waits for people ends its call as one that has begun', async () => {
  const journal = memoryJournal()
  const inner = subAgent('inner', [{ calls: [{ tool: 'note' }, { tool: 'pay' }] }], {
    tools: [toolOf('note'), toolOf('pay')],
  })
  const act = toolOf('act', { execute: hang })
  const both = { calls: [asking('inner'), { tool: 'act' }] }
  const { runtime, start } = agentOf([both, { calls: [asking('inner')] }, { text: 'done' }], {
    tools: [inner.tool, act],
    policy: policyOf({
      rules: [
        { id: 'free', allow: ['inner', 'act', 'note'], who: { roles: ['user'] } },
        { id: 'asked', ask: ['pay'], who: { roles: ['user'] } },
      ],
      limits: [{ id: 'once', tools: ['inner'], per: 'subject', max: 1, over: 'deny' }],
    }),
    journal,
  })
  const run = start()
  for await (const event of run) if (event.type === 'execution-progress') run.cancel()
  const { approvals, messages, report, runId, status } = await run.result()
  expect([status, approvals]).toEqual(['cancelled', []])
  expect(report.rows).toMatchObject([
    {
      status: 'cancelled',
      attempts: 1,
      child: { status: 'needs-approval', usage: { outputTokens: 5 } },
      error: { code: 'cancelled' },
    },
    { status: 'cancelled' },
  ])
  expect(JSON.stringify(messages)).not.toContain('Not executed')
  const found = await collect(verifyJournal(journal))
  expect(found.map(({ verdict }) => verdict)).toEqual(['CONSISTENT', 'CONSISTENT'])
  const again = await runtime.resume(runId).result()
  expect(again.report.rows.map((row) => row.decision?.rule)).toEqual([
    'free',
    'free',
    'limits.once',
  ])
})

test('a stop ends the calls of all agents that wait, also where nobody can count how long they took', async () => {
  const counters: SharedCounters = {
    together: (work) => work(),
    total: () => 0n,
    put() {},
    keep() {
      throw new Error('database is locked')
    },
    drop() {},
  }
  const paying = { calls: [{ tool: 'pay' }] }
  const inner = subAgent('inner', [paying, paying], { tools: [toolOf('pay')] })
  const act = toolOf('act', { execute: hang })
  const all = [asking('inner'), asking('inner'), { tool: 'act' }]
  const { start } = agentOf([{ calls: all }], {
    tools: [inner.tool, act],
    policy: policyOf({
      rules: [
        { id: 'free', allow: ['inner', 'act'], who: { roles: ['user'] } },
        { id: 'asked', ask: ['pay'], who: { roles: ['user'] } },
      ],
      limits: [
        { id: 'long', tools: ['inner'], per: 'subject', count: 'time', max: 9, over: 'deny' },
      ],
    }),
    journal: { ...memoryJournal(), counters: async () => counters },
  })
  const run = start()
  let resting = 0
  for await (const event of run) {
    if (event.type === 'execution-progress' && ++resting === 2) run.cancel()
  }
  const { report } = await run.result()
  expect(report.rows.map(({ attempts, status }) => [status, attempts])).toEqual([
    ['cancelled', 1],
    ['cancelled', 1],
    ['cancelled', 1],
  ])
  expect(report.openCalls).toEqual([])
})

test.each([
  ['of the run', false],
  ['of its caller', true],
])('a stop %s as it is taken up leaves its agents where they were', async (_, ofCaller) => {
  const { atWork, finish, journal, rowsOf, runtime, start } = held()
  const run = start()
  const { runId: childId } = await atWork
  const closed = runtime.close()
  finish()
  await run.result()
  await closed
  let isStopped = !ofCaller
  const second = held({
    journal: {
      ...journal,
      async append(...records) {
        if (!isStopped) await second.runtime.stop({ principal: 'user-1' })
        isStopped = true
        return journal.append(...records)
      },
    },
  })
  const signal = ofCaller ? undefined : AbortSignal.abort()
  const kept = await second.runtime.resume(run.id, signal && { signal }).result()
  expect([kept.status, kept.report.openCalls.length]).toEqual(['cancelled', 1])
  expect(kept.inDoubt).toEqual([])
  const third = held({ journal, model: scripted([{ text: 'done' }]) })
  third.finish()
  expect((await third.runtime.resume(run.id).result()).status).toBe('completed')
  expect(await rowsOf(run.id)).toEqual(['inner success'])
  expect((await rowsOf(childId))[0]).toBe('act success')
  const found = await collect(verifyJournal(journal))
  expect(found.map(({ verdict }) => verdict)).toEqual(['CONSISTENT', 'CONSISTENT'])
})

const refusing = policyOf({
  rules: [
    { id: 'free', allow: ['**'], who: { roles: ['user'] } },
    { id: 'no', deny: ['inner'], args: { '/prompt': { const: 'do it' } } },
  ],
  limits: [{ id: 'once', tools: ['inner'], per: 'subject', max: 1, over: 'deny' }],
})

test.each<[string, 'stopped' | 'denied']>([
  ['a stop of the agent', 'stopped'],
  ['the policy', 'denied'],
])('the call of an agent that has begun counts as one where %s ends it', async (_, code) => {
  const { atWork, finish, journal, runtime, start } = held()
  const run = start()
  await atWork
  const closed = runtime.close()
  finish()
  await run.result()
  await closed
  const model = scripted([{ calls: [asking('inner', 'again')] }, { text: 'done' }])
  const second = held({ journal, policy: refusing, model })
  second.finish()
  const lift = code === 'stopped' ? await second.runtime.stop({ tool: 'inner' }) : undefined
  const resumed = second.runtime.resume(run.id)
  for await (const event of resumed) if (event.type === 'tool-result') lift?.()
  const { messages, report } = await resumed.result()
  expect(report.rows).toMatchObject([
    { status: 'error-security', attempts: 1, error: { code } },
    { decision: { rule: 'limits.once' } },
  ])
  expect(JSON.stringify(messages)).toContain('What it has done stands')
  const found = await collect(verifyJournal(journal))
  expect(found.map(({ verdict }) => verdict)).toEqual(['CONSISTENT', 'CONSISTENT'])
})

function once(...allow: string[]): LoadedPolicy {
  return policyOf({
    rules: [{ id: 'free', allow, who: { roles: ['user'] } }],
    limits: [{ id: 'once', tools: ['act'], per: 'subject', max: 1, over: 'deny' }],
  })
}

const hang = (): Promise<never> => new Promise(() => undefined)

/** A process of its own, whose tool `act` never ends, as little as `slow`. */
function processOn(journal: Journal, options: Partial<RuntimeOptions> = {}, ...more: string[]) {
  const waits = Promise.withResolvers<void>()
  const wait = toolOf('wait', {
    execute() {
      waits.resolve()
      return hang()
    },
    annotations: { idempotent: true },
  })
  const atWork = Promise.withResolvers<ToolContext>()
  const act = toolOf('act', {
    execute(_, context) {
      atWork.resolve(context)
      return hang()
    },
  })
  const slow = toolOf('slow', { execute: hang, annotations: { idempotent: true } })
  const inside = ['act', ...more].map((tool) => ({ tool }))
  const inner = subAgent('inner', [{ calls: inside }, { text: 'said' }], { tools: [act, wait] })
  const agent = agentOf([{ calls: [asking('inner'), { tool: 'slow' }] }, { text: 'done' }], {
    tools: [inner.tool, slow, act],
    policy: once('inner', 'act', 'slow', 'wait'),
    journal,
    ...options,
  })
  return { ...agent, atWork: atWork.promise, waits: waits.promise }
}

describe('a call of an agent that nobody knows the outcome of', () => {
  test('is left to be settled by a stop of the run above', async () => {
    const journal = memoryJournal()
    const first = processOn(journal)
    const { id } = first.start()
    const { callId } = await first.atWork
    const second = processOn(journal)
    const run = second.runtime.resume(id, { takeOver: true })
    for await (const event of run) if (event.type === 'execution-progress') run.cancel()
    const { inDoubt, report, status } = await run.result()
    expect([status, inDoubt]).toEqual(['cancelled', [callId]])
    expect(report.rows.map(({ endedAt }) => endedAt !== undefined)).toEqual([false, true])
    const third = processOn(journal, { model: scripted([{ text: 'done' }]) })
    const settled = await third.runtime.resume(id, { resolve: { [callId]: 'failed' } }).result()
    expect(settled.status).toBe('completed')
    expect(settled.report.rows.map((row) => row.status)).toEqual(['success', 'cancelled'])
  })

  test('is left to be settled by a stop of its agent at work', async () => {
    const journal = memoryJournal()
    const first = processOn(journal, {}, 'wait')
    const { id } = first.start()
    const [{ callId }] = await Promise.all([first.atWork, first.waits])
    const second = processOn(journal, {}, 'wait')
    const run = second.runtime.resume(id, { takeOver: true })
    await second.waits
    run.cancel()
    const { inDoubt, report, status } = await run.result()
    expect([status, inDoubt]).toEqual(['cancelled', [callId]])
    expect(report.rows.map(({ endedAt }) => endedAt !== undefined)).toEqual([false, true])
  })

  test('takes its place of a limit where the agent does not go on', async () => {
    const journal = memoryJournal()
    const first = processOn(journal)
    const { id } = first.start()
    await first.atWork
    const acting = scripted([{ calls: [{ tool: 'act' }] }, { text: 'done' }])
    const second = processOn(journal, { policy: once('act'), model: acting })
    expect((await second.runtime.resume(id, { takeOver: true }).result()).status).toBe(
      'needs-approval',
    )
    const { report } = await second.start().result()
    expect(report.rows.map(({ decision }) => decision?.rule)).toEqual(['limits.once'])
  })
})

test('a policy that becomes stricter while an agent is at work holds for it and for those above', async () => {
  const path = join(temporaryFolder(), 'desk.yaml')
  const write = (rule: string): void =>
    writeFileSync(
      path,
      `sallyport: 1\nname: desk\nidentity: { anonymous: deny }\nroles: { user: {} }\nrules:\n  - ${rule}\n`,
    )
  write("{ id: free, allow: ['**'], who: { roles: [user] } }")
  const changed = Promise.withResolvers<void>()
  const policy = await watchPolicy(path, { onChange: () => changed.resolve() })
  const { atWork, finish, rowsOf, start } = held({ policy })
  const run = start()
  const { runId: childId } = await atWork
  write("{ id: closed, deny: ['**'] }")
  await changed.promise
  policy.close()
  finish()
  await run.result()
  expect(await rowsOf(childId)).toEqual(['act success', 'act error-security denied'])
  expect(await rowsOf(run.id)).toEqual(['inner success', 'other error-security denied'])
})

test.each<[string, StopCondition]>([
  ['its turns', turnCountIs(1)],
  ['the call of the agent', toolCalled('inner')],
])('a run whose agent rests as its runtime closes is not completed by %s', async (_, stop) => {
  const { atWork, finish, runtime, start } = held({ stopWhen: [stop] })
  const run = start()
  await atWork
  const closed = runtime.close()
  finish()
  const { report, status } = await run.result()
  await closed
  expect([status, report.openCalls.length]).toEqual(['cancelled', 1])
})
