import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { ScriptedTurn } from '../../../src/testing/turn.ts'
import {
  agentOf,
  allowing,
  finish,
  noting,
  only,
  policyOf,
  statusesOf,
  toolOf,
  user,
  ways,
} from '../../support/agent.ts'

const number = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] } as const
const tools = [
  toolOf('add', { input: number, execute: ({ n }) => ({ sum: (n as number) + 1 }) }),
  toolOf('odd', { output: { type: 'string' }, execute: () => 1 }),
  toolOf('secret'),
  toolOf('boom', {
    execute() {
      throw new Error('boom')
    },
  }),
]
const policy = allowing('add', 'boom', 'odd')

const everyFailure: ScriptedTurn = {
  calls: [
    { tool: 'add', args: { n: 1 } },
    { tool: 'add', rawArgs: '{"n":' },
    { tool: 'add', args: { n: 'x' } },
    { tool: 'secret' },
    { tool: 'boom' },
    { tool: 'odd' },
    { tool: 'nobody' },
  ],
  usage: { inputTokens: 7, outputTokens: 3, cost: 0.1 },
}
const done: ScriptedTurn = { text: 'done', usage: { inputTokens: 2, outputTokens: 1, cost: 0.2 } }
const kinds = [
  'success',
  'error-parsing',
  'error-validation',
  'error-security',
  'error-execution',
  'error-output',
  'error-not-found',
]

describe.each(ways)('the calls of a run, %s', (way) => {
  test('S2-21 S2-22 S2-23 S2-38 have a row each, with what was sent, its status and its times', async () => {
    const { start } = agentOf([everyFailure, done], { tools, policy })
    const finished = await finish(start(), way)
    const { rows } = finished.result.report
    expect(statusesOf(finished)).toEqual(kinds)
    for (const [index, row] of rows.entries()) {
      expect(row).toMatchObject({ index, turn: 1, providerId: `call_0_${index}` })
      expect(row.argsDigest).toMatch(/^sha256:/)
      expect(Math.min(row.queueMs, row.approvalMs, row.executionMs)).toBeGreaterThanOrEqual(0)
      expect(row.error === undefined).toBe(row.status === 'success')
    }
    expect(rows.map(({ args }) => args)).toEqual([{ n: 1 }, null, { n: 'x' }, {}, {}, {}, {}])
    expect(rows[0]).toMatchObject({ attempts: 1, resultBytes: '{"sum":2}'.length })
    expect(rows.filter(({ attempts }) => attempts > 0).map(({ tool }) => tool)).toEqual([
      'add',
      'boom',
      'odd',
    ])
    const proposed = only(finished.events, 'tool-call').map(({ rawArgs }) => rawArgs)
    expect(proposed.slice(0, 3)).toEqual(['{"n":1}', '{"n":', '{"n":"x"}'])
    const results = only(finished.recorded, 'tool-result')
    expect(results).toHaveLength(kinds.length)
    expect(results.find(({ status }) => status === 'success')).toMatchObject({
      callId: rows[0]?.callId,
      result: { sum: 2 },
    })
  })

  test('S2-24 S0-43 are all answered to the model in their order, failures with what was wrong', async () => {
    const { start, model } = agentOf([everyFailure, done], { tools, policy })
    const { rows } = (await finish(start(), way)).result.report
    const answers = model.requests[1]!.messages.filter(({ role }) => role === 'tool')
    expect(answers).toMatchObject(
      rows.map(({ callId, providerId, tool, status }) => ({
        callId,
        providerId,
        tool,
        isError: status !== 'success',
      })),
    )
    const contents = answers.map(({ content }) => content)
    expect(contents).toEqual([
      '{"sum":2}',
      expect.stringContaining('not JSON'),
      expect.stringContaining('/n'),
      expect.stringContaining('no rule allows `secret`'),
      expect.stringContaining('boom'),
      expect.stringContaining('result must be string'),
      expect.stringContaining('there is no tool `nobody`'),
    ])
  })

  test('S2-25 are summed up in the report, with usage, cost and time', async () => {
    const { start } = agentOf([everyFailure, done], { tools, policy })
    const { report } = (await finish(start(), way)).result
    expect(report.totals).toMatchObject({
      calls: 7,
      turns: 2,
      byStatus: Object.fromEntries(kinds.map((kind) => [kind, 1])),
      usage: { inputTokens: 9, outputTokens: 4 },
      cost: { amount: 0.3, source: 'provider' },
    })
    const { startedAt, endedAt, durationMs } = report.header
    expect(Date.parse(endedAt!) - Date.parse(startedAt)).toBe(durationMs)
  })
})

test('S2-20 a tool is told to the model with name, description and parameters, and keeps what it requires', async () => {
  const { tool, calls } = noting('pay', {
    description: 'Pays a bill.',
    input: number,
    requires: { scopes: ['pay:write'] },
  })
  const turn: ScriptedTurn = { calls: [{ tool: 'pay', args: { n: 1 } }] }
  const open = policyOf({ rules: [{ id: 'all', allow: ['**'] }] })
  const { start, model } = agentOf([turn, done, turn, done], { tools: [tool], policy: open })
  expect(statusesOf(await finish(start()))).toEqual(['error-security'])
  expect(calls).toEqual([])
  const permitted = { custom: { ...user, scopes: ['pay:write'] } }
  expect(statusesOf(await finish(start({ auth: permitted })))).toEqual(['success'])
  expect(calls).toEqual([{ n: 1 }])
  expect(model.requests[0]?.tools).toMatchObject([
    { name: 'pay', description: 'Pays a bill.', input: { properties: number.properties } },
  ])
})

test.each([
  ['content_filter', 'model-refused'],
  ['error', 'model-error'],
])('a run whose answer ends as `%s` has failed', async (reason, code) => {
  const result = await agentOf([{ text: 'half of it', finish: reason }])
    .start()
    .result()
  expect(result).toMatchObject({ status: 'error', error: { code }, text: 'half of it' })
})

describe('a run without limits of its own', () => {
  test('S0-40 S2-01 ends after 20 turns', async () => {
    const turns = Array.from({ length: 25 }, (_, n) => ({ calls: [{ tool: 'act', args: { n } }] }))
    const { tool, calls } = noting('act')
    const { start, model } = agentOf(turns, { tools: [tool], policy: allowing('act') })
    const { result } = await finish(start())
    expect([result.status, calls.length, model.requests.length]).toEqual(['limit', 20, 20])
  })

  test('S0-40 ends after 10 minutes, whatever its model does', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const asked = Promise.withResolvers<void>()
    const silent = {
      id: 'm',
      provider: 'p',
      async *stream() {
        asked.resolve()
        yield await new Promise<never>(() => undefined)
      },
    }
    const { start } = agentOf([], { model: silent })
    const run = start()
    let isOver = false
    const over = run.result().then((result) => {
      isOver = true
      return result
    })
    await asked.promise
    await vi.advanceTimersByTimeAsync(599_000)
    expect(isOver).toBe(false)
    await vi.advanceTimersByTimeAsync(1_000)
    // what does not heed its signal is left behind a little later
    await vi.advanceTimersByTimeAsync(1_000)
    expect((await over).status).toBe('timeout')
  })
})

test.each<[string, string, (stop: AbortController) => void]>([
  ['its caller leaves', 'cancelled', (stop) => stop.abort()],
  [
    'its caller leaves in the moment its time is over',
    'cancelled',
    (stop) => {
      stop.abort()
      vi.advanceTimersByTime(5_000)
    },
  ],
  ['its time is over', 'timeout', () => void vi.advanceTimersByTime(5_000)],
])('S0-41 when %s a run ends as %s', async (_, status, end) => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const started = Promise.withResolvers<void>()
  const hang = toolOf('act', {
    execute() {
      started.resolve()
      return new Promise(() => undefined)
    },
  })
  const turns = [{ calls: [{ tool: 'act' }] }]
  const { start } = agentOf(turns, { tools: [hang], policy: allowing('act') })
  const stop = new AbortController()
  const run = start({ signal: stop.signal, limits: { runTimeoutMs: 5_000 } })
  const result = run.result()
  await started.promise
  end(stop)
  await vi.advanceTimersByTimeAsync(0)
  expect((await result).status).toBe(status)
})
