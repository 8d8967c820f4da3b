// A provider breaks off amid its answer, another one takes over; a session costs no more than it may.
import assert from 'node:assert/strict'
import { createRuntime, defineTool, parsePolicy } from 'sallyport'
import { createCosts, openaiCompatible, priceTable, router } from 'sallyport/models'
import { fakeProvider } from 'sallyport/testing'

const usage = { inputTokens: 2000, outputTokens: 300 }
const booking = { calls: [{ tool: 'book', args: { amount: 5 } }], usage }

// the first provider is cut off in the middle of a call
await using breaking = await fakeProvider({
  turns: () => ({ text: 'I book', ...booking, fault: { reset: 600 } }),
})
await using working = await fakeProvider({
  turns: ({ body }) =>
    JSON.stringify(body).includes('"tool"') ? { text: 'Booked.', usage } : booking,
})
const first = openaiCompatible({ baseUrl: breaking.baseUrl, model: 'large', provider: 'first' })
const second = openaiCompatible({ baseUrl: working.baseUrl, model: 'small', provider: 'second' })

const prices = priceTable({
  models: [
    { model: 'large', input: '3', output: '15' },
    { model: 'small', input: '0.25', output: '2' },
  ],
})
const costs = createCosts({ prices, budget: { default: { soft: 0.002, hard: 0.03 } } })
const model = router({
  providers: [first, second],
  costs,
  rules: [
    { trigger: 'rate_limit', action: 'wait_and_retry', maxRetries: 3 },
    { trigger: 'error', action: 'switch_provider', provider: 'second' },
    { trigger: 'cost_limit', action: 'switch_provider', provider: 'second' },
  ],
})

const booked: number[] = []
const book = defineTool<{ amount: number }>({
  name: 'book',
  description: 'Books an amount.',
  input: { type: 'object', properties: { amount: { type: 'number' } }, required: ['amount'] },
  execute({ amount }) {
    booked.push(amount)
    return 'booked'
  },
})
const policy = await parsePolicy(`
  sallyport: 1
  name: books
  identity: { anonymous: role, anonymousRole: clerk }
  roles: { clerk: {} }
  rules: [{ id: bookings, allow: [book] }]
`)
const settings = { maxOutputTokens: 500 }
const runtime = createRuntime({ model, tools: [book], policy, settings })

let answer = ''
for await (const event of runtime.run({ input: 'book 5', session: 'desk:1' })) {
  // a failed attempt never happened: what it said is void
  if (event.type === 'fallback' || event.type === 'retry') answer = ''
  if (event.type === 'turn-start') answer = ''
  if (event.type === 'text-delta') answer += event.text
  if (event.type === 'fallback') console.log(`${event.from} > ${event.to}: ${event.error.message}`)
}
assert.equal(answer, 'Booked.')
assert.deepEqual(booked, [5], 'the call of the answer that broke off has not run')

// ten runs side by side: each request holds back what it can cost at most
const runs = Array.from({ length: 10 }, () =>
  runtime.run({ input: 'book 5', session: 'desk:1' }).result(),
)
const statuses = (await Promise.all(runs)).map(({ status }) => status)
assert(statuses.includes('limit'), 'some are refused')

const { cost, sources } = costs.tracker.session('desk:1')!
console.log(`the session has cost ${cost} dollars, prices by ${JSON.stringify(sources)}`)
assert(cost <= 0.03, 'never more than the hard limit')
assert.deepEqual(Object.keys(costs.tracker.agents()), ['desk'])
await model.close()
