// Calls of one turn run side by side; those with the same key wait for each other.
import assert from 'node:assert/strict'
import { createRuntime, defineTool, parsePolicy } from 'sallyport'
import { scripted } from 'sallyport/testing'

const course: string[] = []
const secondAccountIsBusy = Promise.withResolvers<void>()

const book = defineTool<{ account: string; amount: number }>({
  name: 'book',
  description: 'Books an amount on an account.',
  input: {
    type: 'object',
    properties: { account: { type: 'string' }, amount: { type: 'number' } },
    required: ['account', 'amount'],
  },
  timeoutMs: 10_000,
  concurrencyKey: ({ account }) => account,
  async execute({ account, amount }) {
    const booking = `${account} ${amount}`
    course.push(`start ${booking}`)
    // the first booking ends only after another account has begun, so the two must overlap
    if (account === 'B') secondAccountIsBusy.resolve()
    else await secondAccountIsBusy.promise
    course.push(`end ${booking}`)
    return booking
  },
})

const model = scripted([
  {
    calls: [
      { tool: 'book', args: { account: 'A', amount: 1 } },
      { tool: 'book', args: { account: 'A', amount: 2 } },
      { tool: 'book', args: { account: 'B', amount: 3 } },
    ],
  },
  { text: 'booked' },
])

const policy = await parsePolicy(`sallyport: 1
name: books
identity: { anonymous: role, anonymousRole: clerk }
roles: { clerk: {} }
rules: [{ id: bookings, allow: [book] }]
`)

const runtime = createRuntime({ model, tools: [book], policy, limits: { maxParallel: 4 } })
const run = runtime.run({ input: 'book' })
for await (const event of run) {
  if (event.type === 'tool-result') console.log(event.callId, event.status)
}
const result = await run.result()
console.log(course.join(', '))

assert(course.indexOf('start B 3') < course.indexOf('end A 1'), 'other keys do not wait')
assert(course.indexOf('end A 1') < course.indexOf('start A 2'), 'the same key waits')

// whatever ends first, the model reads the results in the order of its calls
const told = result.messages.filter(({ role }) => role === 'tool').map(({ content }) => content)
assert.deepEqual(told, ['A 1', 'A 2', 'B 3'])
console.log(told.join(', '))
