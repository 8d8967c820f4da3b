import { describe, expect, test } from 'vitest'
import { createCosts, type CostsOptions } from '../../../src/cost/costs.ts'
import { priceTable } from '../../../src/cost/price-table.ts'
import { openaiCompatible } from '../../../src/model/compatible.ts'
import { router } from '../../../src/model/router.ts'
import type { ModelCaller } from '../../../src/protocol/model.ts'
import type { LoadedPolicy } from '../../../src/loading/file.ts'
import { renderTerminal } from '../../../src/report/terminal.ts'
import { createRuntime } from '../../../src/runtime.ts'
import { fakeProvider } from '../../../src/testing/fake-provider.ts'
import { scripted, type ScriptedStep } from '../../../src/testing/scripted.ts'
import { agentOf, allowing, finish, noting, only, policyOf, user } from '../../support/agent.ts'
import { host, overloaded, times } from '../../support/models.ts'
import { expectOneRecord } from '../../support/laws.ts'

const prices = priceTable({ models: [{ model: 'scripted', input: '1', output: '2' }] })
const usage = { inputTokens: 500_000, outputTokens: 250_000 }
const settings = { maxOutputTokens: 1000 }

function counted(
  turns: readonly ScriptedStep[],
  { policy = allowing('act'), ...options }: CostsOptions & { readonly policy?: LoadedPolicy } = {},
) {
  const costs = createCosts({ prices, ...options })
  const { tool, calls } = noting('act')
  const agent = agentOf(turns, { costs, tools: [tool], policy, settings })
  return { costs, calls, ...agent }
}

describe('the costs of a run', () => {
  test('stay numbers whatever an endpoint claims', async () => {
    const huge = { inputTokens: 1.7e308, outputTokens: 1.7e308, cost: 1.7e308 }
    const turn = { calls: [{ tool: 'act' }], usage: huge }
    await using endpoint = await fakeProvider({ turns: [turn, { text: 'over', usage: huge }] })
    const { tool } = noting('act')
    const { baseUrl } = endpoint
    const { result } = await finish(
      agentOf([], {
        model: openaiCompatible({ baseUrl, model: 'm' }),
        tools: [tool],
        policy: allowing('act'),
      }).start(),
    )
    const most = 2 * Number.MAX_SAFE_INTEGER
    expect(result).toMatchObject({
      status: 'completed',
      usage: { inputTokens: most, outputTokens: most },
      cost: { amount: most },
      report: { totals: { cost: { amount: most } } },
    })
  })

  test('come from the table where the provider does not say, and are counted for everybody', async () => {
    const { costs, start } = counted([
      { calls: [{ tool: 'act' }], usage },
      { text: 'done', usage },
    ])
    const custom = { ...user, agent: 'clerk' }
    const { result } = await finish(start({ session: 's', auth: { custom } }))
    const cost = { amount: 2, currency: 'USD', source: 'registry' }
    expect(result.cost).toEqual(cost)
    expect(result.report.totals.cost).toEqual(cost)
    expect(renderTerminal(result.report, { color: false, width: 120 })).toContain(
      '$2.0000 (registry)',
    )
    const { tracker } = costs
    expect(tracker.sessionCost('s')).toBe(2)
    expect(tracker.run(result.runId)).toMatchObject({ cost: 2, answers: 2 })
    expect(tracker.agents()['clerk']).toMatchObject({ cost: 2, sessions: 1 })
    expect(tracker.models()).toMatchObject({ 'testing/scripted': { cost: 2 } })
  })

  test('are what the provider reports where it does, zero included', async () => {
    const { costs, start } = counted([{ text: 'done', usage: { ...usage, cost: 0 } }])
    const { result } = await finish(start())
    expect(result.cost).toEqual({ amount: 0, currency: 'USD', source: 'provider' })
    expect(costs.tracker.globalCost).toBe(0)
  })

  test('without a price are called unknown, not nothing', async () => {
    const { start } = counted([{ text: 'done', usage }], { prices: priceTable({}) })
    const { result } = await finish(start())
    expect(result.cost?.source).toBe('unknown')
    expect(result.report.totals).toMatchObject({ unpriced: 1 })
    expect(result.report.totals.cost).toBeUndefined()
    expect(renderTerminal(result.report, { color: false, width: 120 })).toContain('cost unknown')
  })

  describe('use limits of policies up when nobody knows them', () => {
    const limits = [
      { id: 'bill', tools: ['act'], per: 'session', count: 'cost', max: 5, over: 'deny' },
    ]
    const rules = [{ id: 'allowed', allow: ['act'], who: { roles: ['user'] } }]
    const act = { calls: [{ tool: 'act' }] }

    test.each([
      ['without a price', { ...act, usage }, { prices: priceTable({}) }],
      ['without usage', { ...act, usage: null }, { prices }],
      [
        'with usage that counts nothing',
        { ...act, usage: { inputTokens: 0, outputTokens: 0 } },
        { prices },
      ],
    ])('%s', async (_, turn, options) => {
      const { calls, start } = counted([turn, { text: 'done', usage }], {
        ...options,
        policy: policyOf({ rules, limits }),
      })
      const { recorded } = await finish(start({ session: 's' }))
      expect(calls).toEqual([])
      expect(only(recorded, 'decision')[0]?.decision.rule).toBe('limits.bill')
    })

    test('but not a failure that told no usage', async () => {
      const policy = policyOf({ rules, limits })
      const turns = [
        { ...overloaded, usage: null },
        { ...act, usage },
        { text: 'done', usage },
      ]
      const { calls, start } = counted(turns, { policy })
      await finish(start({ session: 's' }))
      await finish(start({ session: 's' }))
      expect(calls).toHaveLength(1)
    })
  })
})

describe('a budget', () => {
  test('S3-30 ends the run as `limit` before the request that could pass it, with a record', async () => {
    const { calls, model, start } = counted([{ calls: [{ tool: 'act' }], usage }], {
      budget: { default: { hard: 1 } },
    })
    const run = await finish(start({ session: 's' }))
    expect(run.result.status).toBe('limit')
    expect(run.result.error).toBeUndefined()
    expect([model.requests.length, calls.length]).toEqual([1, 1])
    expect(only(run.recorded, 'limit')).toMatchObject([
      {
        limit: 'budget.hard',
        max: 1,
        message: expect.stringMatching(/^the limit of 1 US dollars could be exceeded: 1 are spent/),
      },
    ])
    expect(run.result.report.limits).toHaveLength(1)
    expectOneRecord(run)
  })

  test('S3-30 tells of its soft limit once a run, and stops nothing', async () => {
    const turns = [
      { calls: [{ tool: 'act' }], usage },
      { calls: [{ tool: 'act', args: { n: 1 } }], usage },
      { text: 'done', usage },
    ]
    const { start } = counted([...turns, { text: 'again' }], { budget: { default: { soft: 1.5 } } })
    const run = await finish(start({ session: 's' }))
    expect(run.result.status).toBe('completed')
    expect(only(run.events, 'limit')).toMatchObject([{ limit: 'budget.soft', max: 1.5, turn: 2 }])
    const next = await finish(start({ session: 's' }))
    expect(only(next.events, 'limit')).toHaveLength(1)
    const other = await finish(start({ session: 'other' }))
    expect(only(other.events, 'limit')).toEqual([])
  })

  test('S3-T5 holds for runs of one session side by side', async () => {
    const answering = { text: 'done', usage: { inputTokens: 10, outputTokens: 1000 } }
    const { costs, start } = counted(times(20, answering), {
      budget: { default: { hard: 0.02 } },
    })
    const runs = Array.from({ length: 20 }, () => finish(start({ session: 's' })))
    const statuses = (await Promise.all(runs)).map(({ result }) => result.status)
    expect(statuses).toContain('limit')
    expect(statuses).toContain('completed')
    expect(costs.tracker.sessionCost('s')).toBeLessThanOrEqual(0.02)
  })
})

describe('whom a model answers for', () => {
  test('is told to it', async () => {
    const callers: (ModelCaller | undefined)[] = []
    const inner = scripted([{ text: 'a' }, { text: 'b' }])
    const model = {
      ...inner,
      stream(...[request, options]: Parameters<typeof inner.stream>) {
        callers.push(options.caller)
        return inner.stream(request, options)
      },
    }
    const { start } = agentOf([], { model })
    const { runId } = await start({
      session: 's',
      auth: { custom: { ...user, agent: 'clerk' } },
    }).result()
    const other = await start().result()
    expect(callers).toEqual([{ runId, session: 's', agent: 'clerk' }, { runId: other.runId }])
  })
})

describe('a router in a runtime', () => {
  const rules = [{ trigger: 'error', action: 'switch_provider', provider: 'b' }] as const
  const reported = { ...usage, cost: 0.5 }

  test('S3-26 tells of a fallback, and no text of the failed attempt stays', async () => {
    const providers = [
      host('a', [{ text: 'dead', calls: [{ tool: 'act' }], usage: reported, ...overloaded }]),
      host('b', [{ text: 'alive', usage: reported }]),
    ]
    const { tool, calls } = noting('act')
    const model = router({ providers, rules, costs: createCosts() })
    const { start } = agentOf([], { model, tools: [tool], policy: allowing('act') })
    const run = await finish(start())
    expect(run.result).toMatchObject({ status: 'completed', text: 'alive', cost: { amount: 1 } })
    expect(calls).toEqual([])
    expect(only(run.events, 'text-delta').map(({ text }) => text)).toEqual(['dead', 'alive'])
    expect(only(run.recorded, 'fallback')).toMatchObject([{ from: 'a/a-1', to: 'b/b-1' }])
    expect(run.result.report.modelCalls[0]).toMatchObject({
      attempts: 2,
      fallbacks: [{ to: 'b/b-1' }],
    })
    expect(run.result.messages.at(-1)?.content).toEqual([{ type: 'text', text: 'alive' }])
    expectOneRecord(run)
  })

  test('counts with the costs of the runtime, each model by itself', async () => {
    const costs = createCosts()
    const providers = [
      host('a', [{ usage: reported, ...overloaded }]),
      host('b', [{ usage: reported }]),
    ]
    const { start } = agentOf([], { model: router({ providers, rules }), costs })
    await start().result()
    expect(Object.keys(costs.tracker.models())).toEqual(['a/a-1', 'b/b-1'])
    expect(costs.tracker.globalCost).toBe(1)
  })

  test('brings its own costs, budgets included', async () => {
    const costs = createCosts({ budget: { default: { hard: 0.4 } } })
    const providers = [host('a', [{ text: 'x', usage: reported }, { text: 'y' }])]
    const { start } = agentOf([], { model: router({ providers, costs }) })
    expect((await start({ session: 's' }).result()).status).toBe('completed')
    expect((await start({ session: 's' }).result()).status).toBe('limit')
    expect(costs.tracker.globalCost).toBe(0.5)
  })

  test('does not count twice, nor with two books', async () => {
    const costs = createCosts()
    const model = router({ providers: [host('a', [{ usage: reported }])], costs })
    await agentOf([], { model, costs }).start().result()
    expect(costs.tracker.globalCost).toBe(0.5)
    expect(() => createRuntime({ model, costs: createCosts() })).toThrow(
      '`costs` is not what the model counts its costs with',
    )
    expect(() => createRuntime({ model, costs: {} as never })).toThrow(
      '`costs` is not what counts costs',
    )
  })
})
