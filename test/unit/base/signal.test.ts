import { getEventListeners } from 'node:events'
import { afterEach, expect, test, vi } from 'vitest'
import {
  after,
  childController,
  sleep,
  StopError,
  stopReason,
  withGrace,
} from '../../../src/base/signal.ts'

afterEach(() => void vi.useRealTimers())

test('a child follows its parent with the reason', () => {
  const parent = new AbortController()
  const child = childController(parent.signal)
  parent.abort(new StopError('run-timeout'))
  expect(stopReason(child.signal)).toBe('run-timeout')
})

test('a child of an aborted parent is aborted', () => {
  expect(childController(AbortSignal.abort()).signal.aborted).toBe(true)
})

test('a foreign reason counts as cancelled', () => {
  expect(stopReason(AbortSignal.abort('whatever'))).toBe('cancelled')
})

test('a child stops alone, and once disposed leaves nothing on its parent', () => {
  const parent = new AbortController()
  const child = childController(parent.signal)
  child.abort('tool-timeout')
  expect(parent.signal.aborted).toBe(false)
  expect(stopReason(child.signal)).toBe('tool-timeout')
  child.dispose()
  expect(getEventListeners(parent.signal, 'abort')).toEqual([])
})

test('a signal without its prototype hurts nobody who aborts it', () => {
  const parent = new AbortController()
  const child = childController(parent.signal)
  const own = childController(undefined)
  Object.setPrototypeOf(child.signal, null)
  Object.setPrototypeOf(own.signal, null)
  const heard = vi.fn()
  parent.signal.addEventListener('abort', heard)
  parent.abort(new StopError('run-timeout'))
  own.abort('cancelled')
  expect(heard).toHaveBeenCalledOnce()
})

test('a delay beyond the longest timer does not fire early', () => {
  vi.useFakeTimers()
  const action = vi.fn()
  after(2 ** 31 + 5, action)
  vi.advanceTimersByTime(2 ** 31 + 4)
  expect(action).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(action).toHaveBeenCalledOnce()
})

test('a cancelled delay never fires', () => {
  vi.useFakeTimers()
  const action = vi.fn()
  const cancel = after(2 ** 31 + 5, action)
  vi.advanceTimersByTime(2 ** 31)
  cancel()
  vi.runAllTimers()
  expect(action).not.toHaveBeenCalled()
})

test('a sleep ends by its time or by the signal, and leaves no listener', async () => {
  vi.useFakeTimers()
  const controller = new AbortController()
  const slept = sleep(50, controller.signal)
  vi.advanceTimersByTime(50)
  await slept
  const stopped = sleep(50, controller.signal)
  controller.abort(new StopError('cancelled'))
  await expect(stopped).rejects.toMatchObject({ name: 'AbortError', reason: 'cancelled' })
  await expect(sleep(50, controller.signal)).rejects.toMatchObject({ reason: 'cancelled' })
  expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
})

test('work is waited for without end, but after an abort only for its time of grace', async () => {
  vi.useFakeTimers()
  const controller = new AbortController()
  const { signal } = controller
  let outcome: boolean | undefined
  void withGrace(new Promise(() => {}), signal, 100).then((given) => (outcome = given))
  await vi.advanceTimersByTimeAsync(10_000)
  expect(outcome).toBeUndefined()
  controller.abort()
  await vi.advanceTimersByTimeAsync(99)
  expect(outcome).toBeUndefined()
  await vi.advanceTimersByTimeAsync(1)
  expect(outcome).toBe(false)
  expect(await withGrace(Promise.resolve(), signal, 100)).toBe(true)
  await expect(withGrace(Promise.reject(new Error('no')), signal, 100)).rejects.toThrow('no')
  expect(getEventListeners(signal, 'abort')).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
})
