import { describe, expect, test } from 'vitest'
import { createCosts } from '../../../src/cost/costs.ts'
import { priceTable } from '../../../src/cost/price-table.ts'
import { openaiCompatible } from '../../../src/model/compatible.ts'
import { openrouter } from '../../../src/model/openrouter.ts'
import { metered } from '../../../src/model/metered.ts'
import type { ErrorCode } from '../../../src/base/codes.ts'
import type { ModelErrorData, ModelEvent } from '../../../src/protocol/event.ts'
import type { Model } from '../../../src/protocol/model.ts'
import type { ModelRequest } from '../../../src/protocol/request.ts'
import { noUsage } from '../../../src/protocol/usage.ts'
import { fakeProvider } from '../../../src/testing/fake-provider.ts'
import { modelError } from '../../../src/wire/status.ts'
import { answer } from '../../support/models.ts'

const prices = priceTable({ models: [{ model: 'm', input: '1', output: '10' }] })
const caller = { runId: 'r', session: 's' }

/** What a model says as it is. */
function saying(...events: readonly ModelEvent[]): Model {
  return {
    id: 'm',
    provider: 'p',
    async *stream() {
      yield* events
    },
  }
}

/** What one answer counts against the hard limit beyond what it is said to have cost. */
async function asked(model: Model, hard = 1) {
  const costs = createCosts({ prices, budget: { default: { hard } } })
  const events = await answer(metered(model, costs), { caller })
  const { assumed, money, open, reserved } = costs.tracker.accountOf(caller)
  expect({ open, reserved }).toEqual({ open: 0, reserved: 0n })
  return { assumed: Number(assumed) / 1e18, money: Number(money) / 1e18, events, costs }
}

const text = { type: 'text-delta', text: 'hello' } as const
const usage = used(1000, 100)
const end = { type: 'end', finishReason: { unified: 'stop', raw: 'stop' } } as const
const failed = { type: 'end', finishReason: { unified: 'error', raw: null } } as const
/** Of the request of `answer`, with 1000 tokens of output. */
const most = expect.closeTo(0.011, 3)

function used(inputTokens: number, outputTokens: number): ModelEvent {
  return { type: 'usage', usage: { ...noUsage, inputTokens, outputTokens } }
}

function error(code: ErrorCode, extra: Partial<ModelErrorData> = {}): ModelEvent {
  return { type: 'error', error: modelError(code, 'no', extra) }
}

function retry(code: ErrorCode, extra: Partial<ModelErrorData> = {}): ModelEvent {
  return { type: 'retry', attempt: 2, delayMs: 0, error: modelError(code, 'no', extra) }
}

describe('an error in place of an answer', () => {
  test.each<ErrorCode>([
    'bad-option',
    'internal',
    'model-connect',
    'model-no-key',
    'model-quota',
    'model-unauthorized',
  ])('costs nothing where nothing was sent: %s', async (code) => {
    expect((await asked(saying(error(code), failed))).assumed).toBe(0)
  })

  test.each([408, 504, 524])('may have cost all that was held back: status %i', async (status) => {
    expect((await asked(saying(error('model-timeout', { status }), failed))).assumed).toEqual(most)
  })

  test.each<readonly [string, ModelEvent]>([
    ['text', text],
    ['reasoning', { type: 'reasoning-delta', text: 'so' }],
    ['a picture', { type: 'image', url: 'https://x.example/p.png' }],
    ['a call begun', { type: 'tool-call-start', slot: 0, providerId: '', tool: 't' }],
    ['arguments begun', { type: 'tool-call-delta', slot: 0, text: '{' }],
    ['a call', { type: 'tool-call', slot: 0, providerId: '', tool: 't', arguments: '' }],
  ])('is none where there was %s before it', async (_, event) => {
    const busy = error('model-overloaded', { status: 503 })
    expect((await asked(saying(event, busy, failed))).assumed).toEqual(most)
  })

  test('counts by the text that came before it where nothing bounds the answer', async () => {
    const costs = createCosts({ prices, budget: { default: { hard: 10 } } })
    const call = { type: 'tool-call', slot: 0, providerId: '', tool: 't' } as const
    const said: readonly ModelEvent[] = [
      { type: 'reasoning-delta', text: 'x'.repeat(10_000) },
      { type: 'tool-call-delta', slot: 0, text: 'x'.repeat(10_000) },
      { ...call, arguments: 'x'.repeat(10_000) },
    ]
    const model = metered(saying(...said, error('cancelled'), failed), costs)
    await answer(model, { caller, request: { messages: [], tools: [] } })
    expect(Number(costs.tracker.accountOf(caller).assumed) / 1e18).toBeCloseTo(0.901, 3)
  })
})

test('an answer nobody has a price for takes what was held back once, also where it is cut off', async () => {
  const costs = createCosts({ prices: priceTable({}), budget: { default: { hard: 1 } } })
  const model = metered(saying(text, error('cancelled'), usage, failed), costs)
  await answer(model, { caller })
  expect(costs.tracker.accountOf(caller).assumed).toBe(10n ** 18n)
})

describe('an attempt that is given up for another one', () => {
  test.each([
    ['was silent for too long', retry('model-timeout')],
    ['broke off', retry('model-incomplete')],
    ['was given up by a gateway', retry('model-overloaded', { status: 504 })],
  ])('counts as what it can have cost at most where it %s', async (_, again) => {
    const { assumed, money } = await asked(saying(again, text, usage, end))
    expect({ assumed, money }).toEqual({ assumed: most, money: 0.002 })
  })

  test('counts where another model takes its place as well', async () => {
    const late = modelError('model-timeout', 'no')
    const other: ModelEvent = { type: 'fallback', from: 'p/a', to: 'p/m', error: late }
    expect((await asked(saying(other, text, usage, end))).assumed).toEqual(most)
  })

  test('counts once for each of them, also where nothing comes of the last one', async () => {
    const again = retry('model-timeout')
    const { assumed } = await asked(saying(again, again, error('model-connect'), failed))
    expect(assumed).toBeCloseTo(0.022, 2)
  })

  test.each([
    ['was turned away', retry('model-overloaded', { status: 503 })],
    ['has reached nobody', retry('model-connect')],
  ])('counts nothing where it %s', async (_, again) => {
    const { assumed, money } = await asked(saying(again, text, usage, end))
    expect({ assumed, money }).toEqual({ assumed: 0, money: 0.002 })
  })

  test('counts what it has told and what more it can have cost', async () => {
    const { assumed, money } = await asked(
      saying(text, used(1000, 1), retry('model-incomplete'), text, usage, end),
    )
    expect({ assumed, money }).toEqual({ assumed: expect.closeTo(0.01, 3), money: 0.00301 })
  })
})

test('a connection that breaks when the request was sent counts as what it can have cost', async () => {
  await using provider = await fakeProvider({
    turns: [{ text: 'a', fault: { reset: 0 } }, { text: 'b' }],
  })
  const { baseUrl } = provider
  const model = openaiCompatible({ baseUrl, model: 'm', retry: { baseDelayMs: 0 } })
  const { assumed, events } = await asked(model)
  await model.close()
  expect(events[0]).toMatchObject({ type: 'retry', error: { code: 'model-incomplete' } })
  expect(assumed).toEqual(most)
})

describe('another attempt', () => {
  const broken = modelError('model-incomplete', 'no')
  const fallback: ModelEvent = { type: 'fallback', from: 'p/a', to: 'p/m', error: broken }

  test.each([
    ['the same model', retry('model-incomplete')],
    ['another model', fallback],
  ])('of %s is not made where it could pass what is left', async (_, again) => {
    const { events, assumed, money } = await asked(saying(text, again, text, usage, end), 0.02)
    expect(events).toMatchObject([
      text,
      { type: 'error', error: { code: 'budget-exceeded', details: { limit: 0.02, spent: most } } },
      { type: 'end', finishReason: { unified: 'error' } },
    ])
    expect({ assumed, money }).toEqual({ assumed: most, money: 0 })
  })

  test('is made as often as there is room for it', async () => {
    const again = retry('model-incomplete')
    const { events, assumed } = await asked(saying(again, again, usage, end), 0.03)
    expect(events.map(({ type }) => type)).toEqual(['retry', 'error', 'end'])
    expect(assumed).toBeCloseTo(0.022, 2)
  })

  test('has no room beside those before it that have told nothing', async () => {
    const untold = [text, used(0, 0), retry('model-incomplete')]
    const { events, assumed } = await asked(saying(...untold, ...untold, text, usage, end), 0.03)
    expect(events.map(({ type }) => type).join(' ')).toBe(
      'text-delta usage retry text-delta usage error end',
    )
    expect(assumed).toBeCloseTo(0.022, 2)
  })

  test('does not make one that has told nothing count again', async () => {
    const untold = [text, used(0, 0), retry('model-incomplete')]
    const { assumed, money } = await asked(saying(...untold, text, usage, end))
    expect({ assumed, money }).toEqual({ assumed: most, money: 0.002 })
  })

  test('has no room beside what those before it have told', async () => {
    const busy = retry('model-overloaded')
    const { events, money } = await asked(saying(usage, busy, usage, end), 0.012)
    expect(events.at(-2)).toMatchObject({
      error: { code: 'budget-exceeded', details: { spent: 0.002 } },
    })
    expect(money).toBe(0.002)
  })

  test('has room where the one before cost nothing', async () => {
    const turnedAway = retry('model-overloaded', { status: 503 })
    const { events, money } = await asked(saying(turnedAway, turnedAway, usage, end), 0.012)
    expect(events.at(-1)).toEqual(end)
    expect(money).toBe(0.002)
  })

  test('keeps what was told before it from others while it is under way', async () => {
    const costs = createCosts({ prices, budget: { default: { hard: 1 } } })
    const model = metered(saying(usage, retry('model-overloaded'), usage, end), costs)
    const request = { messages: [], tools: [], settings: { maxOutputTokens: 1000 } }
    const { signal } = new AbortController()
    const reserved: number[] = []
    for await (const { type } of model.stream(request, { signal, caller })) {
      if (type === 'retry') reserved.push(Number(costs.tracker.accountOf(caller).reserved) / 1e18)
    }
    expect(reserved).toEqual([expect.closeTo(0.013, 3)])
  })

  test('of a request that nothing bounds is not made after one that may have cost all', async () => {
    const costs = createCosts({ prices: priceTable({}), budget: { default: { hard: 1 } } })
    const model = metered(saying(retry('model-incomplete'), usage, end), costs)
    expect((await answer(model, { caller })).map(({ type }) => type)).toEqual(['error', 'end'])
    expect(costs.tracker.accountOf(caller).assumed).toBe(10n ** 18n)
  })

  test('is not asked for over the wire where there is no room for it', async () => {
    await using server = await fakeProvider({
      turns: [{ text: 'a', fault: { reset: 0 } }, { text: 'b' }],
    })
    const { baseUrl } = server
    const model = openaiCompatible({ baseUrl, model: 'm', retry: { baseDelayMs: 0 } })
    const { events } = await asked(model, 0.02)
    await model.close()
    expect(events[0]).toMatchObject({ type: 'error', error: { code: 'budget-exceeded' } })
    expect(server.requests).toHaveLength(1)
  })
})

describe('usage that was told before the answer was cut off', () => {
  test.each<ErrorCode>([
    'cancelled',
    'run-timeout',
    'model-timeout',
    'model-incomplete',
    'model-protocol',
    'model-too-large',
  ])('is not taken for all of it: %s', async (code) => {
    const { assumed, money } = await asked(saying(text, error(code), used(1000, 1), failed))
    expect({ assumed, money }).toEqual({ assumed: expect.closeTo(0.01, 3), money: 0.00101 })
  })

  test('is not taken for all of it when the answer is left', async () => {
    const costs = createCosts({ prices, budget: { default: { hard: 1 } } })
    const model = metered(saying(text, used(1000, 1), text, usage, end), costs)
    const { signal } = new AbortController()
    for await (const event of model.stream({ messages: [], tools: [] }, { signal, caller })) {
      if (event.type === 'usage') break
    }
    expect(costs.tracker.accountOf(caller).assumed).toBeGreaterThan(0n)
  })

  test('is all of it where the provider has ended the answer itself', async () => {
    const { assumed } = await asked(saying(text, error('model-refused'), usage, failed))
    expect(assumed).toBe(0)
  })
})

test('pictures that were sent are in the cost of the answer', async () => {
  const models = [{ model: 'm', input: '1', output: '10', image: '0.5' }]
  const costs = createCosts({ prices: priceTable({ models }) })
  const picture = { type: 'image', url: 'https://x.example/p.png' } as const
  const request: ModelRequest = { messages: [{ role: 'user', content: [picture] }], tools: [] }
  const events = await answer(metered(saying(text, usage, end), costs), { caller, request })
  expect(events[1]).toMatchObject({ cost: { amount: 0.502, source: 'registry' } })
})

test('models that the endpoint may ask in its place are held back for', async () => {
  const listed = [
    { model: 'm', input: '1', output: '1' },
    { model: 'dear', input: '1', output: '1000' },
  ]
  const costs = createCosts({
    prices: priceTable({ models: listed }),
    budget: { default: { hard: 0.5 } },
  })
  const endpoint = { baseUrl: 'http://127.0.0.1:1', apiKey: 'sk-or-x', model: 'm' }
  const model = metered(openrouter({ ...endpoint, models: ['dear'] }), costs)
  expect(await answer(model)).toMatchObject([{ error: { code: 'budget-exceeded' } }, failed])
})

test('the books are done before anybody sees the end of an answer', async () => {
  const costs = createCosts({ prices, budget: { default: { hard: 1 } } })
  const model = metered(saying(text, usage, end), costs)
  const { signal } = new AbortController()
  for await (const { type } of model.stream({ messages: [], tools: [] }, { signal, caller })) {
    const { open } = costs.tracker.accountOf(caller)
    expect([type, open]).toEqual([type, type === 'end' ? 0 : 1])
  }
})

describe('usage that counts nothing', () => {
  test('is no price, and uses up what was held back', async () => {
    const { assumed, events } = await asked(saying(text, used(0, 0), end))
    expect(events[1]).toMatchObject({ cost: { amount: 0, source: 'unknown' } })
    expect(assumed).toEqual(most)
  })

  test('is one where tokens cost nothing, or the provider says so', async () => {
    const free = priceTable({ models: [{ model: 'm', input: '0', output: '0' }] })
    const costs = createCosts({ prices: free })
    const none = { provider: 'p', model: 'm' }
    expect(costs.price(none, noUsage, undefined)).toMatchObject({ amount: 0, source: 'registry' })
    const said = { amount: 0, currency: 'USD', source: 'provider' } as const
    expect(createCosts({ prices }).price(none, noUsage, said)).toEqual(said)
  })
})
