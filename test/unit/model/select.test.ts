import { expect, test } from 'vitest'
import { createCosts } from '../../../src/cost/costs.ts'
import { priceTable } from '../../../src/cost/price-table.ts'
import { openaiCompatible, type CompatibleOptions } from '../../../src/model/compatible.ts'
import { metered } from '../../../src/model/metered.ts'
import { modelSelector, type SelectOptions } from '../../../src/model/select.ts'
import type { ModelEvent } from '../../../src/protocol/event.ts'
import type { ModelRequest } from '../../../src/protocol/request.ts'
import { fakeProvider, type FakeAnswer } from '../../../src/testing/fake-provider.ts'
import { lawBreaks } from '../../conformance/wire/support.ts'
import { collect } from '../../support/agent.ts'
import { answer } from '../../support/models.ts'

const request: ModelRequest = { messages: [{ role: 'user', content: 'hello' }], tools: [] }

test('S1-10 S1-11 failover takes the first that has not failed, and begins anew when all have', () => {
  const selector = modelSelector(['a', 'b', 'c'])
  expect(selector.strategy).toBe('failover')
  expect([selector.select(), selector.select()]).toEqual(['a', 'a'])
  selector.recordFailure('a')
  selector.recordFailure('nobody')
  expect(selector.select()).toBe('b')
  selector.recordFailure('b')
  selector.recordFailure('c')
  expect(selector.select()).toBe('a')
  selector.recordFailure('a')
  expect(selector.select()).toBe('b')
  selector.reset()
  expect(selector.select()).toBe('a')
})

test('S1-10 round-robin takes one after the other', () => {
  const selector = modelSelector(['a', 'b', 'c'], { strategy: 'round-robin' })
  selector.recordFailure('b')
  expect([1, 2, 3, 4].map(() => selector.select())).toEqual(['a', 'b', 'c', 'a'])
})

test('S1-10 S1-11 random takes each of them, evenly', () => {
  const selector = modelSelector(['a', 'b', 'c'], { strategy: 'random' })
  const counts: Record<string, number> = { a: 0, b: 0, c: 0 }
  for (let draw = 0; draw < 9000; draw++) counts[selector.select()]!++
  // 3000 each; ten standard deviations are 447
  for (const count of Object.values(counts)) expect(Math.abs(count - 3000)).toBeLessThan(447)
})

test('S1-12 the free variants of models', () => {
  const selector = modelSelector(['a/b', 'c/d:free', 'a/b'], { freeOnly: true })
  expect(selector.models).toEqual(['a/b:free', 'c/d:free'])
})

test.each([
  [[], {}],
  ['a', {}],
  [['a', ''], {}],
  [['a'], { strategy: 'best' }],
  [['a'], { freeOnly: 'yes' }],
  [['a'], { fre: true }],
])('S1-10 %j with %j is refused', (models, options) => {
  expect(() => modelSelector(models as string[], options as SelectOptions)).toThrow(
    expect.objectContaining({ code: 'bad-option' }),
  )
})

async function ask(
  selecting: SelectOptions,
  bad: Readonly<Record<string, number>>,
  options: Partial<CompatibleOptions> = {},
  times = 1,
) {
  await using provider = await fakeProvider({
    turns: ({ body }): FakeAnswer => {
      const status = bad[String(body['model'])]
      return status === undefined ? { text: 'hi' } : { status, body: '{"error":"no"}' }
    },
  })
  const model = openaiCompatible({
    baseUrl: provider.baseUrl,
    model: modelSelector(['a', 'b', 'c'], selecting),
    retry: { baseDelayMs: 0, maxDelayMs: 1 },
    ...options,
  })
  const answers: (readonly ModelEvent[])[] = []
  for (let time = 0; time < times; time++) {
    const { signal } = new AbortController()
    const events = await collect(model.stream(request, { signal }))
    expect(lawBreaks(events)).toEqual([])
    answers.push(events)
  }
  const asked = provider.requests.map(({ body }) => body['model'])
  await model.close()
  return { asked, answers, model }
}

test.each([404, 429, 503])(
  'S1-11 a model that gets %d is stood in for by the next',
  async (status) => {
    const { asked, answers, model } = await ask({}, { a: status }, {}, 2)
    expect(asked).toEqual(['a', 'b', 'b'])
    expect(answers[0]?.map(({ type }) => type)).toEqual(['retry', 'text-delta', 'usage', 'end'])
    expect(answers[0]?.[0]).toMatchObject({ attempt: 2, delayMs: 0 })
    expect(model).toMatchObject({ id: 'a', lastModel: 'b' })
  },
)

test.each([400, 401])('a request that gets %d is not tried with other models', async (status) => {
  expect((await ask({}, { a: status })).asked).toEqual(['a'])
})

test('what a model was chosen for is counted at its own price', async () => {
  const usage = { inputTokens: 500_000, outputTokens: 500_000 }
  await using provider = await fakeProvider({ turns: () => ({ text: 'hi', usage }) })
  const costs = createCosts({
    prices: priceTable({
      models: [
        { model: 'a', input: '1', output: '1' },
        { model: 'b', input: '3', output: '3' },
      ],
    }),
  })
  const { baseUrl } = provider
  const model = modelSelector(['a', 'b'], { strategy: 'round-robin' })
  const several = openaiCompatible({ baseUrl, provider: 'p', model })
  const amounts: unknown[] = []
  for (let time = 0; time < 2; time++) {
    const events = await answer(metered(several, costs))
    amounts.push(events.find(({ type }) => type === 'usage'))
  }
  await several.close()
  expect(amounts).toMatchObject([{ cost: { amount: 1 } }, { cost: { amount: 3 } }])
  expect(costs.tracker.models()).toMatchObject({ 'p/a': { cost: 1 }, 'p/b': { cost: 3 } })
})

test('when all models have failed the first one is asked again, within the attempts', async () => {
  const { asked, answers } = await ask(
    {},
    { a: 503, b: 503, c: 503 },
    { retry: { attempts: 5, baseDelayMs: 0 } },
  )
  expect(asked).toEqual(['a', 'b', 'c', 'a', 'b'])
  expect(answers[0]?.at(-1)).toMatchObject({ finishReason: { unified: 'error' } })
})

test('round-robin goes on with each attempt', async () => {
  const { asked } = await ask({ strategy: 'round-robin' }, { a: 503 }, {}, 3)
  expect(asked).toEqual(['a', 'b', 'c', 'a', 'b'])
})
