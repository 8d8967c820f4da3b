import { expect, onTestFinished, test, vi } from 'vitest'
import type { JsonValue } from '../../../src/base/json.ts'
import { deferred, run, trap } from './support.ts'

const idempotent = { idempotent: true }

test('what a generator yields is progress, what it returns is the result', async () => {
  const progress: JsonValue[] = []
  const execution = await run(
    {
      async *execute() {
        yield { done: 1 }
        yield 1n
        return 'all'
      },
    },
    { onProgress: (value) => progress.push(value) },
  )
  expect(execution).toMatchObject({ status: 'success', result: 'all' })
  expect(progress).toEqual([{ done: 1 }, '[unreadable progress: a bigint has no JSON form]'])
})

test('the first 1,000 values of progress of a call are reported, over all its attempts', async () => {
  let last: JsonValue = -1
  let count = 0
  let made = 0
  const execution = await run(
    {
      annotations: idempotent,
      retry: { attempts: 2, delayMs: 1 },
      async *execute() {
        const attempt = ++made
        for (let value = 1; value <= 600; value++) yield attempt * 1_000 + value
        if (attempt === 1) throw new Error('half way')
        return 'all'
      },
    },
    {
      onProgress(value) {
        last = value
        count++
      },
    },
  )
  expect(execution).toMatchObject({ status: 'success', result: 'all', attempts: 2 })
  expect([count, last]).toEqual([1_000, 2_400])
})

test('a value of progress that is too long or too deep is reported as unreadable', async () => {
  const progress: JsonValue[] = []
  let deep: JsonValue = 1
  for (let level = 0; level < 40; level++) deep = [deep]
  await run(
    {
      async *execute() {
        yield 'x'.repeat(70_000)
        yield deep
        return 'all'
      },
    },
    { onProgress: (value) => progress.push(value) },
  )
  expect(progress).toEqual([
    expect.stringMatching(/^\[unreadable progress: /),
    expect.stringMatching(/^\[unreadable progress: /),
  ])
})

test('a generator that throws is a failure', async () => {
  const execution = await run({
    async *execute() {
      yield 1
      throw new Error('half way')
    },
  })
  expect(execution).toMatchObject({ status: 'error-execution', error: { message: 'half way' } })
})

test('a generator without end is stopped by its time and closed', async () => {
  let closed = false
  let count = 0
  const execution = await run(
    {
      timeoutMs: 20,
      async *execute() {
        try {
          for (;;) yield 1
        } finally {
          closed = true
        }
      },
    },
    { onProgress: () => count++ },
  )
  expect(execution.status).toBe('timeout')
  expect(count).toBeLessThanOrEqual(1_000)
  expect(closed).toBe(true)
})

test('a generator that does not close is not waited for', async () => {
  const started = deferred()
  const controller = new AbortController()
  const running = run(
    {
      async *execute() {
        started.resolve()
        yield await new Promise(() => undefined)
      },
    },
    { signal: controller.signal },
  )
  await started.promise
  controller.abort()
  expect(await running).toMatchObject({ status: 'cancelled' })
})

test('a listener that throws changes nothing', async () => {
  const execution = await run(
    {
      async *execute() {
        yield 1
        return 'all'
      },
    },
    { onProgress: trap },
  )
  expect(execution).toMatchObject({ result: 'all' })
})

test('an idempotent tool is tried again with the same key', async () => {
  const seen: unknown[] = []
  const execution = await run({
    annotations: idempotent,
    retry: { attempts: 3, delayMs: 0 },
    execute: (_, { attempt, idempotencyKey }) => {
      seen.push([attempt, idempotencyKey])
      if (attempt < 3) throw new Error('try again')
      return 'done'
    },
  })
  expect(execution).toMatchObject({ status: 'success', result: 'done', attempts: 3 })
  expect(seen).toEqual([
    [1, 'key'],
    [2, 'key'],
    [3, 'key'],
  ])
})

test('after the last attempt the failure stands', async () => {
  const execution = await run({
    annotations: idempotent,
    retry: { attempts: 2, delayMs: 0 },
    execute: (_, { attempt }) => {
      throw new Error(`attempt ${attempt}`)
    },
  })
  expect(execution).toMatchObject({ attempts: 2, error: { message: 'attempt 2' } })
})

test('an unusable result is not tried again', async () => {
  const retry = { attempts: 3, delayMs: 0 }
  const execution = await run({ annotations: idempotent, retry, execute: () => 1n })
  expect(execution).toMatchObject({ status: 'error-output', attempts: 1 })
})

test('a stop during the pause between attempts ends the call', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const controller = new AbortController()
  const execution = await run(
    {
      annotations: idempotent,
      retry: { attempts: 2, delayMs: 60_000 },
      execute: () => {
        queueMicrotask(() => setImmediate(() => controller.abort()))
        throw new Error('x')
      },
    },
    { signal: controller.signal },
  )
  expect(execution).toMatchObject({ status: 'cancelled', attempts: 1 })
  expect(vi.getTimerCount()).toBe(0)
})
