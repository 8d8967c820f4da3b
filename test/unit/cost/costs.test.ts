import { describe, expect, test } from 'vitest'
import { perMillion } from '../../../src/cost/bound.ts'
import { createCosts, type Costs, type Purchase, type Purchasing } from '../../../src/cost/costs.ts'
import { priceTable } from '../../../src/cost/price-table.ts'
import type { ModelCaller } from '../../../src/protocol/model.ts'
import type { ModelRequest } from '../../../src/protocol/request.ts'
import { noUsage, type Cost, type Usage } from '../../../src/protocol/usage.ts'

const prices = priceTable({ models: [{ model: 'm', input: '1', output: '10' }] })
const asked = { provider: 'p', model: 'm' }
const tokens = (inputTokens: number, outputTokens = 0): Usage => ({
  ...noUsage,
  inputTokens,
  outputTokens,
})
const dollars = (amount: number): Cost => ({ amount, currency: 'USD', source: 'provider' })

/** Costs at most 0.1 dollars for its output and less than 0.01 for its input. */
const request: ModelRequest = {
  messages: [{ role: 'user', content: 'hello' }],
  tools: [],
  settings: { maxOutputTokens: 10_000 },
}

function purchase(session: string, fields: Partial<Purchase> = {}): Purchase {
  return { ...asked, request, caller: { runId: `run-of-${session}`, session }, ...fields }
}

function opened(costs: Costs, wanted: Purchase): Purchasing {
  const result = costs.open(wanted)
  if ('refused' in result) throw new Error(result.refused.message)
  return result
}

function refusal(costs: Costs, wanted: Purchase) {
  const result = costs.open(wanted)
  return 'refused' in result ? result.refused : undefined
}

function spend(costs: Costs, session: string, amount: number, fields: Partial<Purchase> = {}) {
  return opened(costs, purchase(session, fields)).settle(tokens(1), dollars(amount))
}

describe('the price of an answer', () => {
  test('S3-36 comes from the provider, then the table, then the rate, then from nobody', () => {
    const costs = createCosts({ prices })
    expect(costs.price(asked, tokens(1_000_000), dollars(7))).toEqual(dollars(7))
    expect(costs.price(asked, tokens(1_000_000), undefined)).toMatchObject({
      amount: 1,
      source: 'registry',
    })
    const other = { provider: 'p', model: 'unheard' }
    expect(costs.price(other, tokens(1000), undefined)).toMatchObject({
      amount: 0,
      source: 'unknown',
    })
    const rated = createCosts({ prices: priceTable({ fallback: '2' }) })
    expect(rated.price(other, tokens(500_000, 500_000), undefined)).toMatchObject({
      amount: 2,
      source: 'fallback',
    })
  })

  test('S3-37 without a table a thousand tokens are taken for a cent', () => {
    expect(createCosts().price(asked, tokens(400, 600), undefined)).toEqual({
      amount: 0.01,
      currency: 'USD',
      source: 'fallback',
    })
  })

  test('has the pictures that were sent in it, each time they are', () => {
    const picture = { type: 'image', url: 'https://x.example/p.png' } as const
    const listed = { model: 'm', input: '1', output: '1', request: '0.001', image: '0.01' }
    const costs = createCosts({ prices: priceTable({ models: [listed] }) })
    const seen: ModelRequest = {
      ...request,
      messages: [
        { role: 'user', content: [picture, { type: 'text', text: 'and' }, picture] },
        { role: 'user', content: [picture] },
      ],
    }
    expect(costs.price({ ...asked, request: seen }, tokens(1000), undefined).amount).toBe(0.032)
    expect(costs.price({ ...asked, request }, tokens(1000), undefined).amount).toBe(0.002)
    opened(costs, purchase('s', { request: seen })).settle(tokens(1000), undefined)
    expect(costs.tracker.sessionCost('s')).toBe(0.032)
  })

  test('S3-T4 a reported cost of zero is a cost, not a missing one', () => {
    expect(createCosts({ prices }).price(asked, tokens(1_000_000), dollars(0)).amount).toBe(0)
  })
})

test.each([-1, Number.NaN, Infinity])('a reported cost of %s is none', (amount) => {
  const costs = createCosts({ prices })
  expect(costs.price(asked, tokens(1_000_000), dollars(amount))).toMatchObject({
    amount: 1,
    source: 'registry',
  })
})

describe('what was spent', () => {
  test('S3-33 S3-35 is known in all, by run, session and model, with tokens and sources', () => {
    const costs = createCosts({ prices })
    spend(costs, 's', 0.1)
    spend(costs, 's', 0.2)
    opened(costs, purchase('t')).settle({ ...tokens(500), cacheReadTokens: 200 }, undefined)
    const { tracker } = costs
    expect(tracker.globalCost).toBe(0.3005)
    expect(tracker.sessionCost('s')).toBe(0.3)
    expect(tracker.sessionCost('never')).toBe(0)
    expect(tracker.session('s')).toMatchObject({
      answers: 2,
      sources: { provider: 2, registry: 0 },
    })
    expect(tracker.session('t')?.usage).toMatchObject({ inputTokens: 500, cacheReadTokens: 200 })
    expect(tracker.run('run-of-s')?.cost).toBe(0.3)
    expect(tracker.models()['p/m']?.answers).toBe(3)
    expect(Object.keys(tracker.sessions())).toEqual(['s', 't'])
  })

  test('S3-33 is handed out as copies', () => {
    const costs = createCosts({ prices })
    spend(costs, 's', 0.1)
    const copy = costs.tracker.session('s')!
    Object.assign(copy, { cost: 9 })
    Object.assign(copy.usage, { inputTokens: 9 })
    Object.assign(copy.sources, { provider: 9 })
    expect(costs.tracker.session('s')).toMatchObject({
      cost: 0.1,
      usage: { inputTokens: 1 },
      sources: { provider: 1 },
    })
  })

  test('S3-33 S3-34 is known by agent: the one named, else the session up to its first colon', () => {
    const costs = createCosts({ prices })
    spend(costs, 'desk:mail:1', 1)
    spend(costs, 'desk:mail:1', 1)
    spend(costs, 'desk:chat:2', 1)
    spend(costs, 'plain', 1)
    spend(costs, 'desk:mail:3', 1, {
      caller: { runId: 'r', session: 'desk:mail:3', agent: 'night' },
    })
    const agents = costs.tracker.agents()
    expect(agents['desk']).toMatchObject({ cost: 3, answers: 3, sessions: 2 })
    expect(agents['plain']).toMatchObject({ cost: 1, sessions: 1 })
    expect(agents['night']).toMatchObject({ cost: 1, sessions: 1 })
  })

  test('S3-T6 is forgotten for the sessions used longest ago, but not while one is asking', () => {
    const costs = createCosts({ prices, maxTracked: 2, budget: { default: { hard: 100 } } })
    const waiting = opened(costs, purchase('first'))
    for (const session of ['a', 'b', 'c', 'b', 'd']) spend(costs, session, 1)
    waiting.settle(tokens(1), dollars(2))
    expect(Object.keys(costs.tracker.sessions()).toSorted()).toEqual(['d', 'first'])
    expect(costs.tracker.sessionCost('first')).toBe(2)
    expect(costs.tracker.globalCost).toBe(7)
  })

  test('S3-T6 keeps what is held back for sessions that ask, and forgets no session used since', () => {
    const costs = createCosts({ prices, maxTracked: 2, budget: { default: { hard: 0.15 } } })
    const waiting = opened(costs, purchase('first'))
    for (const session of ['a', 'b', 'c']) spend(costs, session, 0)
    expect(refusal(costs, purchase('first'))).toMatchObject({ retryable: true })
    waiting.release()
    for (const session of ['a', 'b', 'a', 'c']) spend(costs, session, 0)
    expect(Object.keys(costs.tracker.sessions()).toSorted()).toEqual(['a', 'c'])
  })

  test('S2-50 goes on from a snapshot, limits included', () => {
    const costs = createCosts({ prices, budget: { default: { hard: 1 } } })
    spend(costs, 'a:1', 0.75)
    opened(costs, purchase('a:1')).abandon(0)
    const snapshot = JSON.parse(JSON.stringify(costs.tracker.snapshot()))
    const next = createCosts({ prices, budget: { default: { hard: 1 } }, snapshot })
    expect(next.tracker.agents()).toEqual(costs.tracker.agents())
    expect(next.tracker.snapshot()).toEqual(snapshot)
    spend(next, 'a:1', 0.05)
    expect(refusal(next, purchase('a:1'))?.code).toBe('budget-exceeded')
  })

  test.each([
    [null, 'is no snapshot'],
    [{ version: 2 }, 'is no snapshot'],
    [{ version: 1 }, 'has no `runs`'],
    [{ version: 1, runs: {}, sessions: {}, agents: {}, models: {} }, 'has no account `total`'],
    [
      { version: 1, total: { cost: '-1' }, runs: {}, sessions: {}, agents: {}, models: {} },
      'an amount in `total`',
    ],
  ])('is not read from %j', (snapshot, message) => {
    expect(() => createCosts({ snapshot: snapshot as never })).toThrow(message)
  })
})

describe('limits', () => {
  test('S3-30 the soft one is told of when it is passed, 0 is none', () => {
    const costs = createCosts({ prices, budget: { default: { soft: 1, hard: 0 } } })
    const who = { ...asked, caller: purchase('s').caller }
    spend(costs, 's', 1)
    expect(costs.exceeded('soft', who)).toBeUndefined()
    spend(costs, 's', 0.01)
    expect(costs.exceeded('soft', who)).toEqual({
      max: 1,
      message: 'the session has cost 1.01 US dollars, more than its soft limit of 1',
    })
    expect(costs.exceeded('hard', who)).toBeUndefined()
    expect(refusal(costs, purchase('s'))).toBeUndefined()
  })

  test('S3-30 S3-32 the hard one refuses what could pass it, and says what it knows', () => {
    const costs = createCosts({ prices, budget: { default: { hard: 0.5 } } })
    spend(costs, 's', 0.35)
    opened(costs, purchase('s'))
    const refused = refusal(costs, purchase('s'))
    expect(refused).toMatchObject({
      code: 'budget-exceeded',
      retryable: true,
      details: { limit: 0.5, spent: 0.35 },
    })
    expect(refused?.message).toMatch(
      /^the limit of 0\.5 US dollars could be exceeded: 0\.35 are spent, 0\.10\d+ reserved, and the request costs up to 0\.10\d+$/,
    )
  })

  test('S3-31 of several pairs one holds as a whole: of the agent, the provider, then all', () => {
    const budget = {
      default: { soft: 1, hard: 2 },
      providers: { cheap: { hard: 5 } },
      agents: { desk: { soft: 3 } },
    }
    const costs = createCosts({ prices, budget })
    spend(costs, 'x:1', 2.5, { caller: { runId: 'r', session: 'x:1' } })
    spend(costs, 'desk:1', 2.5)
    expect(refusal(costs, purchase('x:1'))).toBeDefined()
    expect(refusal(costs, purchase('x:1', { provider: 'cheap' }))).toBeUndefined()
    expect(refusal(costs, purchase('desk:1', { provider: 'cheap' }))).toBeUndefined()
    const of = (session: string, provider: string) =>
      costs.exceeded('soft', { provider, model: 'm', caller: { runId: 'r', session } })
    expect(of('x:1', 'p')).toBeDefined()
    expect(of('x:1', 'cheap')).toBeUndefined()
    expect(of('desk:1', 'p')).toBeUndefined()
  })

  test('count each run without a session by itself, also one named like a session', () => {
    const costs = createCosts({ prices, budget: { default: { hard: 1 } } })
    const run: ModelCaller = { runId: 's' }
    spend(costs, 's', 0.99)
    expect(refusal(costs, purchase('s'))).toBeDefined()
    expect(refusal(costs, { ...asked, request, caller: run })).toBeUndefined()
  })

  test('S3-T5 hold for requests side by side: each gets what it can cost at most', () => {
    const costs = createCosts({ prices, budget: { default: { hard: 0.5 } } })
    const started = Array.from({ length: 20 }, () => costs.open(purchase('s')))
    const sent = started.filter((result) => !('refused' in result))
    expect(sent).toHaveLength(4)
    for (const each of sent) (each as Purchasing).settle(tokens(1000, 10_000), undefined)
    expect(costs.tracker.sessionCost('s')).toBe(0.404)
  })

  test('what was held back and not needed is free again', () => {
    const costs = createCosts({ prices, budget: { default: { hard: 0.15 } } })
    opened(costs, purchase('s')).settle(tokens(10), undefined)
    opened(costs, purchase('s')).release()
    opened(costs, purchase('s')).settle(tokens(10), undefined)
    expect(costs.tracker.session('s')).toMatchObject({ cost: 0.00002, answers: 2 })
  })

  test('a request settles once, whatever is called afterwards', () => {
    const costs = createCosts({ prices, budget: { default: { hard: 0.15 } } })
    const each = opened(costs, purchase('s'))
    each.settle(tokens(10), undefined)
    each.settle(tokens(10), undefined)
    each.release()
    each.abandon(1e9)
    expect(costs.tracker.session('s')?.answers).toBe(1)
    expect(refusal(costs, purchase('s'))).toBeUndefined()
    expect(refusal(costs, purchase('s'))).toBeDefined()
  })

  test.each([
    ['there is no price', { model: 'unheard' }],
    ['nothing bounds the output', { request: { ...request, settings: {} } }],
    [
      'the body has members nobody knows',
      { request: { ...request, settings: { ...request.settings, extra: { n: 9 } } } },
    ],
    [
      'pictures are made',
      { request: { ...request, settings: { ...request.settings, modalities: ['image'] } } },
    ],
  ] as [string, Partial<Purchase>][])(
    'when %s, a request goes alone and takes what is left',
    (_, fields) => {
      const costs = createCosts({ prices, budget: { default: { hard: 1 } } })
      const alone = opened(costs, purchase('s', fields))
      const refused = refusal(costs, purchase('s'))
      expect(refused).toMatchObject({ retryable: true, details: { spent: 0, reserved: 1 } })
      expect(refusal(costs, purchase('s', fields))?.message).toMatch(/costs any amount$/)
      alone.settle(tokens(1), dollars(0.1))
      expect(refusal(costs, purchase('s', fields))).toBeUndefined()
    },
  )

  test('an answer that was cut off counts as much as it can have cost, but is not said to have', () => {
    const costs = createCosts({ prices, budget: { default: { hard: 0.15 } } })
    opened(costs, purchase('s')).abandon(3)
    expect(costs.tracker.session('s')).toMatchObject({ cost: 0, sources: { unknown: 1 } })
    expect(refusal(costs, purchase('s'))).toMatchObject({ retryable: false })
  })

  test('an answer that was cut off and not bounded counts its input and what came of it', () => {
    const costs = createCosts({ prices, budget: { default: { hard: 1 } } })
    opened(costs, purchase('s', { request: { ...request, settings: {} } })).abandon(10_000)
    const refused = refusal(
      costs,
      purchase('s', { request: { ...request, settings: { maxOutputTokens: 90_000 } } }),
    )
    expect(refused?.details).toMatchObject({ reserved: 0, spent: expect.closeTo(0.301, 2) })
  })

  test('a request that one of several models may answer is held to the dearest of them', () => {
    const listed = [
      { model: 'm', input: '1', output: '10', maxOutputTokens: 100 },
      { model: 'deep', input: '1', output: '20', maxOutputTokens: 200 },
      { model: 'wide', input: '90', output: '1' },
    ]
    const costs = createCosts({
      prices: priceTable({ models: listed }),
      budget: { default: { hard: 0.000001 } },
    })
    const bound = (model: string, ...others: string[]): unknown => {
      const models = others.length === 0 ? {} : { models: [model, ...others] }
      const wanted = { ...request, settings: {} }
      return refusal(costs, purchase('s', { request: wanted, model, ...models }))?.details
    }
    const [alone, both] = [bound('m'), bound('m', 'deep')] as { request: number }[]
    expect(both!.request - alone!.request).toBeCloseTo(0.003, 9)
    expect(bound('deep', 'm')).toEqual(both)
    // alone it takes all that is left
    expect(bound('m', 'wide')).toBeUndefined()
    expect(bound('wide', 'm')).toMatchObject({ request: null })
    expect(bound('m', 'unheard')).toMatchObject({ request: null })
  })

  test('an answer nobody has a price for uses the limit up', () => {
    const costs = createCosts({ prices, budget: { default: { hard: 1 } } })
    opened(costs, purchase('s', { model: 'unheard' })).settle(tokens(1), undefined)
    expect(refusal(costs, purchase('s'))).toMatchObject({ retryable: false })
  })

  test('the bound grows with text in bytes, with pictures, files and tools', () => {
    const costs = createCosts({ prices, budget: { default: { hard: 0.000001 } } })
    const bound = (fields: Partial<ModelRequest>): number => {
      const wanted = { ...request, settings: { maxOutputTokens: 1 }, ...fields }
      const refused = refusal(costs, purchase('s', { request: wanted }))
      expect(refused).toBeDefined()
      return (refused!.details as { request: number }).request
    }
    const plain = bound({})
    const say = (content: unknown) => bound({ messages: [{ role: 'user', content } as never] })
    expect(say('é'.repeat(1000)) - say('')).toBeCloseTo(0.002, 9)
    const picture = { type: 'image', url: `data:image/png;base64,${'A'.repeat(1e6)}` }
    expect(say([picture])).toBeCloseTo(plain + 0.04, 4)
    expect(say([{ type: 'file', name: 'f', url: 'A'.repeat(100_000) }])).toBeCloseTo(plain + 0.4, 4)
    const tool = { name: 't', description: 'x'.repeat(5000), input: {} }
    expect(bound({ tools: [tool] })).toBeGreaterThan(plain + 0.005)
    const form = { schema: { description: 'x'.repeat(5000) } }
    expect(bound({ output: form as never })).toBeGreaterThan(plain + 0.005)
  })

  test('the bound has the price of each picture, and is rounded up', () => {
    const listed = { model: 'm', input: '0', output: '0', image: '0.25' }
    const hard = { default: { hard: 0.1 } }
    const costs = createCosts({ prices: priceTable({ models: [listed] }), budget: hard })
    const picture = { type: 'image', url: 'https://x.example/p.png' } as const
    const file = { type: 'file', name: 'f', url: 'https://x.example/f.pdf' } as const
    const content = [picture, file, picture]
    const seen: ModelRequest = { ...request, messages: [{ role: 'user', content }] }
    expect(refusal(costs, purchase('s', { request: seen }))?.details).toMatchObject({
      request: 0.5,
    })
    expect([perMillion(1n, 1), perMillion(1n, 1_000_001)]).toEqual([1n, 2n])
  })

  test('what an attempt has told beyond the most it could cost earns nothing', () => {
    const costs = createCosts({ prices, budget: { default: { hard: 1 } } })
    const each = opened(costs, purchase('s'))
    each.lose(0, dollars(0.9))
    each.settle(tokens(1), dollars(0.9))
    expect(refusal(costs, purchase('s'))?.details).toMatchObject({ spent: 0.9, reserved: 0 })
  })

  test.each([
    [{ default: { hard: -1 } }, '`budget.default.hard` is no amount'],
    [{ default: { soft: 2, hard: 1 } }, 'a soft limit above the hard one'],
    [{ agents: { a: { hart: 1 } } }, 'did you mean `hard`?'],
    [{ defaults: {} }, 'did you mean `default`?'],
  ])('refuses the budget %j', (budget, message) => {
    expect(() => createCosts({ budget: budget as never })).toThrow(message)
  })
})
