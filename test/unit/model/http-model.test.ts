import { describe, expect, test } from 'vitest'
import { createModel } from '../../../src/model/http-model.ts'
import type { ModelRequest } from '../../../src/protocol/request.ts'
import { fakeProvider } from '../../../src/testing/fake-provider.ts'
import { chatWire } from '../../../src/wire/chat/chat.ts'
import type { Wire } from '../../../src/wire/wire.ts'
import { collect } from '../../support/agent.ts'

const request: ModelRequest = { messages: [{ role: 'user', content: 'hello' }], tools: [] }
const chat = chatWire({ dialect: 'compatible' })

/** A wire whose code cannot be read at the first attempt, with the number of attempts. */
function flawed(): { readonly wire: Wire; readonly attempts: () => number } {
  let attempts = 0
  const load: Wire['load'] = async () => {
    if (++attempts === 1) throw new Error('too many open files')
    return chat.load()
  }
  return { wire: { ...chat, load }, attempts: () => attempts }
}

describe('a model whose code cannot be loaded', () => {
  test.each(['stream', 'streamBatches'] as const)(
    'fails the response of `%s`, and answers the next one',
    async (way) => {
      await using endpoint = await fakeProvider({ turns: [{ text: 'hi' }] })
      const { wire } = flawed()
      const model = createModel({ wire, baseUrl: endpoint.baseUrl, provider: 'p', model: 'm' })
      const { signal } = new AbortController()
      const ask = async () => (await collect<unknown>(model[way]!(request, { signal }))).flat()

      const failed = await ask()
      expect(failed).toMatchObject([
        { type: 'error', error: { code: 'internal', retryable: false } },
        { type: 'end', finishReason: { unified: 'error', raw: null } },
      ])
      expect(endpoint.requests).toHaveLength(0)
      const answered = await ask()
      expect(answered).toContainEqual({ type: 'text-delta', text: 'hi' })
      expect(answered.at(-1)).toMatchObject({ type: 'end', finishReason: { unified: 'stop' } })
      await model.close()
    },
  )
})

test('a model loads its wire once, at its first response', async () => {
  await using endpoint = await fakeProvider({ turns: () => ({ text: 'hi' }) })
  let loads = 0
  const wire: Wire = { ...chat, load: () => (loads++, chat.load()) }
  const model = createModel({ wire, baseUrl: endpoint.baseUrl, provider: 'p', model: 'm' })
  await model.close()
  expect(loads).toBe(0)
  const { signal } = new AbortController()
  const responses = [1, 2, 3].map(() => collect(model.stream(request, { signal })))
  for (const events of await Promise.all(responses)) {
    expect(events.at(-1)).toMatchObject({ finishReason: { unified: 'stop' } })
  }
  await collect(model.stream(request, { signal }))
  expect(loads).toBe(1)
  await model.close()
})

test('a response that was cancelled while its code was loaded sends nothing', async () => {
  await using endpoint = await fakeProvider({ turns: [{ text: 'hi' }] })
  const controller = new AbortController()
  const wire: Wire = { ...chat, load: () => (controller.abort('cancelled'), chat.load()) }
  const model = createModel({ wire, baseUrl: endpoint.baseUrl, provider: 'p', model: 'm' })
  const events = await collect(model.stream(request, { signal: controller.signal }))
  expect(events).toMatchObject([{ type: 'error', error: { code: 'cancelled' } }, { type: 'end' }])
  expect(endpoint.requests).toHaveLength(0)
  await model.close()
})
