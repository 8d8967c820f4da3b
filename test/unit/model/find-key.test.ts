import { expect, test } from 'vitest'
import { openrouterAccount } from '../../../src/model/account.ts'
import { openaiCompatible } from '../../../src/model/compatible.ts'
import { fakeProvider } from '../../../src/testing/fake-provider.ts'
import { lawBreaks } from '../../conformance/wire/support.ts'
import { collect } from '../../support/agent.ts'

const request = { messages: [{ role: 'user', content: 'hello' }], tools: [] } as const

/** Asks for a key that never comes. */
async function unanswered(aborts: (controller: AbortController) => void, totalMs = 60_000) {
  await using provider = await fakeProvider({ turns: () => ({ text: 'hi' }) })
  const controller = new AbortController()
  const model = openaiCompatible({
    baseUrl: provider.baseUrl,
    model: 'm',
    apiKey: () => {
      aborts(controller)
      return new Promise(() => {})
    },
    timeouts: { totalMs, firstEventMs: totalMs },
    retry: { attempts: 1 },
  })
  const events = await collect(model.stream(request, { signal: controller.signal }))
  await model.close()
  expect(lawBreaks(events)).toEqual([])
  expect(provider.requests).toEqual([])
  return events
}

test('S0-11 who waits for a key can be cancelled', async () => {
  for (const aborts of [
    (controller: AbortController) => controller.abort(),
    (controller: AbortController) => setImmediate(() => controller.abort()),
  ]) {
    const [first] = await unanswered(aborts)
    expect(first).toMatchObject({ type: 'error', error: { code: 'cancelled' } })
  }
})

test('a key that does not come is given up', async () => {
  const [first] = await unanswered(() => {}, 50)
  expect(first).toMatchObject({ type: 'error', error: { code: 'model-timeout' } })
})

test('questions to an account do not wait for ever for a key either', async () => {
  const account = openrouterAccount({
    baseUrl: 'http://127.0.0.1:9/v1',
    apiKey: () => new Promise(() => {}),
    timeouts: { totalMs: 50, firstEventMs: 50 },
  })
  await expect(account.keyInfo()).rejects.toMatchObject({ code: 'model-timeout' })
  const controller = new AbortController()
  controller.abort()
  await expect(account.keyInfo({ signal: controller.signal })).rejects.toMatchObject({
    code: 'cancelled',
  })
})

test('a key that comes late goes nowhere', async () => {
  const late = Promise.withResolvers<string>()
  await using provider = await fakeProvider({ turns: () => ({ text: 'hi' }) })
  const model = openaiCompatible({
    baseUrl: provider.baseUrl,
    model: 'm',
    apiKey: () => late.promise,
    timeouts: { totalMs: 30, firstEventMs: 30 },
    retry: { attempts: 1 },
  })
  const { signal } = new AbortController()
  const events = await collect(model.stream(request, { signal }))
  late.resolve('sk-late')
  await new Promise((resolve) => setImmediate(resolve))
  expect(events.map(({ type }) => type)).toEqual(['error', 'end'])
  expect(provider.requests).toEqual([])
  await model.close()
})

test('what goes wrong with a key does not show it', async () => {
  const model = openaiCompatible({
    baseUrl: 'http://127.0.0.1:9/v1',
    model: 'm',
    apiKey: () => {
      throw new Error('no vault for sk-or-v1-0123456789abcdef (Bearer abc.def.ghi)')
    },
    retry: { attempts: 1 },
  })
  const events = await collect(model.stream(request, { signal: new AbortController().signal }))
  expect(events[0]).toMatchObject({
    error: {
      code: 'model-unauthorized',
      message: 'the key cannot be found: no vault for [redacted] ([redacted]',
    },
  })
  await model.close()
})
