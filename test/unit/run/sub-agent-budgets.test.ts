import { describe, expect, test } from 'vitest'
import { memoryJournal } from '../../../src/journal/memory.ts'
import { verifyJournal } from '../../../src/report/verify-journal.ts'
import type { RunLimits } from '../../../src/run/stop.ts'
import type { RunResult } from '../../../src/runtime-options.ts'
import { createRuntime } from '../../../src/runtime.ts'
import { agentTool } from '../../../src/sub-agent.ts'
import type { ScriptedCall, ScriptedTurn } from '../../../src/testing/turn.ts'
import type { Principal } from '../../../src/protocol/principal.ts'
import { agentOf, allowing, collect, noting, toolOf, user } from '../../support/agent.ts'
import { answering, asking, resultsIn, subAgent } from '../../support/agent-tree.ts'

const tokens = { inputTokens: 60, outputTokens: 40, cost: 0.25 }

interface Load {
  readonly result: RunResult
  /** Requests of models, and executions of the tool. */
  readonly asked: number
  readonly worked: number
  /** Most executions at the same time. */
  readonly most: number
  readonly verdicts: readonly string[]
}

function many(agent: string, count: number): readonly ScriptedCall[] {
  return Array.from({ length: count }, (_, index) => asking(agent, `part ${index}`))
}

/** Four agents at the same time that call three each, which call two each that use a tool twice. */
async function load(limits: Partial<RunLimits>): Promise<Load> {
  let [asked, worked, atWork, most] = [0, 0, 0, 0]
  const work = toolOf('work', {
    async execute() {
      worked++
      most = Math.max(most, ++atWork)
      await new Promise((resolve) => setTimeout(resolve, 1))
      atWork--
      return 'worked'
    },
  })
  const turn = (fields: ScriptedTurn): ScriptedTurn => {
    asked++
    return { ...fields, usage: tokens }
  }
  const level = (calls: ScriptedTurn['calls'] & {}) =>
    answering((request) => turn(resultsIn(request) === 0 ? { calls } : { text: 'done' }))
  const leaf = [
    { tool: 'work', args: { n: 1 } },
    { tool: 'work', args: { n: 2 } },
  ]
  const third = agentTool({ name: 'third', description: '', tools: [work], model: level(leaf) })
  const second = agentTool({
    name: 'second',
    description: '',
    tools: [third],
    model: level(many('third', 2)),
  })
  const first = agentTool({
    name: 'first',
    description: '',
    tools: [second],
    model: level(many('second', 3)),
  })
  const journal = memoryJournal()
  const runtime = createRuntime({
    model: level(many('first', 4)),
    tools: [first],
    policy: allowing('**'),
    authenticator: (given) => given as Principal,
    journal,
    limits: { maxTurns: 1000, maxToolCalls: 1000, maxRepeatedCalls: 1000, ...limits },
  })
  const result = await runtime.run({ input: 'go', auth: { custom: user } }).result()
  const found = await collect(verifyJournal(journal))
  return { result, asked, worked, most, verdicts: found.map(({ verdict }) => verdict) }
}

describe('agents three deep, side by side', () => {
  test('do their work under one tree of records that verifies', async () => {
    const { result, asked, worked, verdicts } = await load({})
    expect(result.status).toBe('completed')
    // 1 + 4 + 12 + 24 runs of two turns each
    expect([asked, worked]).toEqual([82, 48])
    expect(verdicts).toHaveLength(41)
    expect(new Set(verdicts)).toEqual(new Set(['CONSISTENT']))
    expect(result.report.totals.delegated).toMatchObject({ runs: 4, turns: 80, calls: 84 })
    expect(result.usage).toMatchObject({ inputTokens: 82 * 60, outputTokens: 82 * 40 })
    expect(result.cost?.amount).toBe(82 * 0.25)
  })

  test.each([1, 7, 20, 40])('have %i turns together where the first run has', async (maxTurns) => {
    const { asked, result, verdicts } = await load({ maxTurns })
    expect(asked).toBeLessThanOrEqual(maxTurns)
    expect(['limit', 'completed']).toContain(result.status)
    expect(new Set(verdicts)).toEqual(new Set(['CONSISTENT']))
  })

  test.each([1, 5, 17, 60])(
    'have %i calls together where the first run has',
    async (maxToolCalls) => {
      const { result, verdicts, worked } = await load({ maxToolCalls })
      const { calls, delegated } = result.report.totals
      const proposed = result.report.rows.filter(({ status }) => status !== 'skipped').length
      expect(calls).toBe(4)
      expect(proposed + (delegated?.calls ?? 0)).toBeLessThanOrEqual(maxToolCalls)
      expect(worked).toBeLessThanOrEqual(maxToolCalls)
      expect(new Set(verdicts)).toEqual(new Set(['CONSISTENT']))
    },
  )

  test.each([150, 1000, 3000])(
    'use %i tokens together, and one answer that passes it',
    async (maxTokens) => {
      const { result } = await load({ maxTokens })
      const { inputTokens, outputTokens } = result.usage
      expect(inputTokens + outputTokens).toBeLessThan(maxTokens + 100)
    },
  )

  test('cost no more together than one answer that passes the bound', async () => {
    const { result } = await load({ maxCost: 3 })
    expect(result.cost!.amount).toBeLessThan(3 + 0.25)
  })

  test('run as many tools at the same time as the first run may', async () => {
    expect((await load({ maxParallel: 2 })).most).toBe(2)
    expect((await load({})).most).toBeGreaterThan(2)
  })
})

test('a call that waits for a slot with its key does not wait for an agent that waits for the key', async () => {
  const { tool, calls } = noting('work', { concurrencyKey: () => 'k' })
  const helper = subAgent('helper', [{ calls: [{ tool: 'work' }] }, { text: 'done' }], {
    tools: [tool],
  })
  const agent = agentOf([{ calls: [asking('helper'), { tool: 'work' }] }, { text: 'done' }], {
    tools: [helper.tool, tool],
    policy: allowing('**'),
    limits: { maxParallel: 1, runTimeoutMs: 5_000 },
  })
  const { report, status } = await agent.start().result()
  expect([status, report.rows.map((row) => row.status)]).toEqual([
    'completed',
    ['success', 'success'],
  ])
  expect(calls).toHaveLength(2)
})

describe('bounds of an agent', () => {
  test('are never wider than those of the run that calls it', async () => {
    const { tool, calls } = noting('work')
    const wide = { maxTurns: 100, maxToolCalls: 100 }
    const helper = subAgent(
      'helper',
      [1, 2, 3, 4, 5].map((n) => ({ calls: [{ tool: 'work', args: { n } }] })),
      { tools: [tool], limits: wide },
    )
    const agent = agentOf([{ calls: [asking('helper')] }, { text: 'done' }], {
      tools: [helper.tool],
      policy: allowing('**'),
      limits: { maxTurns: 4 },
    })
    const result = await agent.start().result()
    // one turn of four has called the agent, and one is left for the answer
    expect(calls).toHaveLength(2)
    expect(result).toMatchObject({ status: 'completed', text: 'done' })
    expect(result.report.rows[0]?.error?.message).toContain('`limit`')
  })

  test('end the agent, not whoever calls it', async () => {
    const { tool, calls } = noting('work')
    const helper = subAgent(
      'helper',
      [1, 2, 3].map((n) => ({ calls: [{ tool: 'work', args: { n } }] })),
      { tools: [tool], limits: { maxTurns: 1 } },
    )
    const agent = agentOf([{ calls: [asking('helper')] }, { text: 'done' }], {
      tools: [helper.tool],
      policy: allowing('**'),
    })
    expect((await agent.start().result()).status).toBe('completed')
    expect(calls).toHaveLength(1)
  })

  test('hold for depth: an agent at the bound has no agents', async () => {
    const { tool, calls } = noting('work')
    const inner = subAgent('inner', [{ calls: [{ tool: 'work' }] }, { text: 'ok' }], {
      tools: [tool],
    })
    const outer = subAgent('outer', [{ calls: [asking('inner')] }, { text: 'ok' }], {
      tools: [inner.tool],
    })
    const start = (maxDepth: number) =>
      agentOf([{ calls: [asking('outer')] }, { text: 'done' }], {
        tools: [outer.tool],
        policy: allowing('**'),
        limits: { maxDepth },
      }).start()
    await start(1).result()
    expect(outer.model.requests[0]?.tools).toEqual([])
    expect(calls).toHaveLength(0)
  })
})
