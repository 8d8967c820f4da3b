import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { StopError } from '../../../src/base/signal.ts'
import type { LateNote } from '../../../src/tools/execute.ts'
import { deferred, run } from './support.ts'

test('a tool that ignores its signal is stopped by its time and its late end is told', async () => {
  const work = deferred<string>()
  const late = deferred<LateNote>()
  let signal: AbortSignal | undefined
  const execution = await run(
    {
      timeoutMs: 1,
      execute: (_, context) => {
        signal = context.signal
        return work.promise
      },
    },
    { onLate: late.resolve },
  )
  expect(execution).toMatchObject({
    status: 'timeout',
    error: { code: 'tool-timeout', message: expect.stringContaining('it may still take effect') },
    attempts: 1,
  })
  expect(signal?.reason).toMatchObject({ name: 'AbortError', reason: 'tool-timeout' })
  work.resolve('too late')
  expect(await late.promise).toEqual({
    callId: 'run_1-1-0',
    tool: 'probe',
    attempt: 1,
    outcome: 'returned',
  })
})

test('a tool that takes its signal apart is stopped by its time all the same', async () => {
  const execution = await run({
    timeoutMs: 1,
    execute: (_, { signal }) => {
      Object.setPrototypeOf(signal, null)
      return new Promise(() => undefined)
    },
  })
  expect(execution).toMatchObject({ status: 'timeout', error: { code: 'tool-timeout' } })
})

test('a late failure is told and rejects nothing', async () => {
  const work = deferred()
  const late = deferred<LateNote>()
  await run({ timeoutMs: 1, execute: () => work.promise }, { onLate: late.resolve })
  work.reject(new Error('too late'))
  expect(await late.promise).toMatchObject({ outcome: 'threw' })
})

test('a run that is stopped stops the call at once', async () => {
  const controller = new AbortController()
  const started = deferred()
  const running = run(
    {
      execute: () => {
        started.resolve()
        return new Promise(() => undefined)
      },
    },
    { signal: controller.signal },
  )
  await started.promise
  controller.abort(new StopError('cancelled'))
  expect(await running).toMatchObject({ status: 'cancelled', error: { code: 'cancelled' } })
})

test('a run out of time is told apart from a cancelled one', async () => {
  const signal = AbortSignal.abort(new StopError('run-timeout'))
  expect(await run({}, { signal })).toMatchObject({
    status: 'cancelled',
    error: { code: 'run-timeout' },
  })
})

test('a stopped run starts no tool', async () => {
  let runs = 0
  const execution = await run({ execute: () => ++runs }, { signal: AbortSignal.abort() })
  expect(execution).toMatchObject({ status: 'cancelled', attempts: 0 })
  expect(execution.content).not.toContain('may still take effect')
  expect(runs).toBe(0)
})

test('the reaction of a tool to its signal does not pass for its result', async () => {
  const controller = new AbortController()
  const started = deferred()
  const running = run(
    {
      execute: (_, { signal }) => {
        started.resolve()
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve('partial')))
      },
    },
    { signal: controller.signal },
  )
  await started.promise
  controller.abort()
  expect(await running).toMatchObject({ status: 'cancelled' })
})

test('a signal asked for after the stop is aborted', async () => {
  const controller = new AbortController()
  const aborted = deferred<boolean>()
  const gate = deferred()
  const started = deferred()
  const running = run(
    {
      execute: async (_, context) => {
        started.resolve()
        await gate.promise
        aborted.resolve(context.signal.aborted)
      },
    },
    { signal: controller.signal },
  )
  await started.promise
  controller.abort()
  await running
  gate.resolve()
  expect(await aborted.promise).toBe(true)
})

test('no listener stays on the signal of the run', async () => {
  const { signal } = new AbortController()
  await run({ execute: async () => 1 }, { signal })
  await run({ execute: () => Promise.reject(new Error('x')) }, { signal })
  await run({ timeoutMs: 1, execute: () => new Promise(() => undefined) }, { signal })
  expect(getEventListeners(signal, 'abort')).toEqual([])
})
