import { expect, test } from 'vitest'
import type { ModelErrorData, ModelEvent } from '../../../src/protocol/event.ts'
import { delayAfter, retrying } from '../../../src/wire/retry.ts'
import { defaultRetry } from '../../../src/wire/settings.ts'
import { modelError } from '../../../src/wire/status.ts'

const overloaded = modelError('model-overloaded', 'busy', { status: 503 })

async function run(errors: readonly (ModelErrorData | undefined)[], attempts = 3) {
  let started = 0
  let closed = 0
  const events: ModelEvent[] = []
  const start = async () => ({ failure: errors[started++], close: () => void closed++ })
  const starting = retrying(
    await start(),
    start,
    { attempts, baseDelayMs: 1, maxDelayMs: 10 },
    new AbortController().signal,
    () => 0,
  )
  let step = await starting.next()
  for (; step.done !== true; step = await starting.next()) events.push(step.value)
  return { started, closed, events, failure: step.value.failure }
}

test('an attempt that begins well is the one', async () => {
  expect(await run([undefined])).toEqual({ started: 1, closed: 0, events: [], failure: undefined })
})

test('a failed attempt is closed, announced and made again', async () => {
  expect(await run([overloaded, undefined])).toEqual({
    started: 2,
    closed: 1,
    events: [{ type: 'retry', attempt: 2, delayMs: 0, error: overloaded }],
    failure: undefined,
  })
})

test('the last attempt is handed out as it failed', async () => {
  const { started, closed, failure } = await run([overloaded, overloaded, overloaded, undefined])
  expect({ started, closed, failure }).toEqual({ started: 3, closed: 2, failure: overloaded })
})

test('what is not retryable is not retried, and a plain 500 once only', async () => {
  expect((await run([modelError('model-refused', 'no')])).started).toBe(1)
  const broken = modelError('model-error', 'no', { status: 500, retryable: true })
  expect((await run([broken, broken, undefined])).started).toBe(2)
  expect((await run([overloaded, undefined], 1)).started).toBe(1)
})

test('an abort ends the wait', async () => {
  const controller = new AbortController()
  let started = 0
  const start = async () => ({
    failure: started++ === 0 ? overloaded : modelError('cancelled', 'stopped'),
    close: () => {},
  })
  const starting = retrying(
    await start(),
    start,
    { attempts: 5, baseDelayMs: 2 ** 30, maxDelayMs: 2 ** 30 },
    controller.signal,
    () => 0.9,
  )
  await starting.next()
  const waiting = starting.next()
  controller.abort()
  const step = await waiting
  expect(step.done && step.value.failure?.code).toBe('cancelled')
  expect(started).toBe(2)
})

function at(made: number, random: number): number | undefined {
  return delayAfter(overloaded, made, { ...defaultRetry, attempts: 20 }, () => random)
}

function asking(retryAfterMs: number): number | undefined {
  return delayAfter({ ...overloaded, retryAfterMs }, 1, defaultRetry, () => 0)
}

test('waits double, are spread at random, and end at the cap', () => {
  expect([1, 2, 3, 10].map((made) => at(made, 1))).toEqual([500, 1000, 2000, 60_000])
  expect(at(2, 0.25)).toBe(250)
})

test('a wait the provider asks for is kept up to the cap, and not begun beyond it', () => {
  expect(asking(1234)).toBe(1234)
  expect(asking(60_000)).toBe(60_000)
  expect(asking(60_001)).toBeUndefined()
})
