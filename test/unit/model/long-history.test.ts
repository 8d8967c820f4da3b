import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Agent, type Dispatcher } from 'undici'
import { expect, test } from 'vitest'
import { openaiCompatible } from '../../../src/model/compatible.ts'
import type { Model } from '../../../src/protocol/model.ts'
import type { Message } from '../../../src/protocol/message.ts'
import { fakeProvider } from '../../../src/testing/fake-provider.ts'
import { collect } from '../../support/agent.ts'

// long enough to be kept as bytes, some of them of characters that take more than one
const long = 'what was said before – '.repeat(1_000)

const said = (content: string): Message => ({ role: 'user', content })

function stream(model: Model, messages: readonly Message[]) {
  const { signal } = new AbortController()
  return model.stream({ messages, tools: [] }, { signal })
}

function sent(messages: readonly Message[]) {
  return messages.map(({ role, content }) => ({ role, content }))
}

test('every request of a growing history holds what was said, and nothing else', async () => {
  await using provider = await fakeProvider({ turns: () => ({ text: 'x' }) })
  const model = openaiCompatible({ baseUrl: provider.baseUrl, model: 'm' })
  const messages = [said(long)]
  const expected: unknown[] = []
  for (const length of [10, 30_000, 1, 60_000, 10, 10]) {
    await collect(stream(model, messages))
    expected.push(sent(messages))
    messages.push(said('y'.repeat(length)))
  }
  expect(provider.requests.map(({ body }) => body['messages'])).toEqual(expected)
  await model.close()
})

test('a request is written where the last one lay whose answer was read, and nowhere else', async () => {
  const left = { text: ['a', 'b', 'c', 'd'], fault: { stall: 400 } }
  await using provider = await fakeProvider({
    turns: ({ number }) => (number === 3 ? left : { text: 'x' }),
  })
  const model = openaiCompatible({ baseUrl: provider.baseUrl, model: 'm' })
  const memory: ArrayBufferLike[] = []
  const note = (created: unknown): void => {
    const { body, origin } = (created as { readonly request: Dispatcher.RequestOptions }).request
    if (provider.baseUrl.startsWith(String(origin))) memory.push((body as Buffer).buffer)
  }
  subscribe('undici:request:create', note)
  const messages = [said(long)]
  for (const word of ['one', 'two', 'three']) {
    messages.push(said(word))
    await collect(stream(model, messages))
  }
  for await (const _event of stream(model, messages)) break
  await collect(stream(model, messages))
  unsubscribe('undici:request:create', note)
  expect(memory.map((each) => memory.indexOf(each))).toEqual([0, 0, 0, 0, 4])
  await model.close()
})

test('a request that is tried again is the same, whatever was sent of its beginning meanwhile', async () => {
  const turns = [
    { error: { code: 502, message: 'gone' } },
    ...['a', 'b', 'c', 'd'].map((text) => ({ text })),
  ]
  await using provider = await fakeProvider({ turns })
  const model = openaiCompatible({
    baseUrl: provider.baseUrl,
    model: 'm',
    retry: { baseDelayMs: 0 },
  })
  const one = [said(long), said('one')]
  const other = [...one, said('another')]
  const more = [...other, said('more')]
  for await (const event of stream(model, one)) {
    if (event.type !== 'retry') continue
    await collect(stream(model, other))
    await collect(stream(model, more))
  }
  const bodies = provider.requests.map(({ body }) => body['messages'])
  expect(bodies).toEqual([one, other, more, one].map(sent))
  await model.close()
})

test('bodies stay as they are for a dispatcher that keeps them', async () => {
  await using provider = await fakeProvider({ turns: () => ({ text: 'x' }) })
  const agent = new Agent()
  const kept: Buffer[] = []
  const dispatcher: Pick<Dispatcher, 'dispatch'> = {
    dispatch: (options, handler) => {
      kept.push(options.body as Buffer)
      return agent.dispatch(options, handler)
    },
  }
  const model = openaiCompatible({
    baseUrl: provider.baseUrl,
    model: 'm',
    transport: { dispatcher },
  })
  const messages = [said(long)]
  for (const word of ['one', 'two', 'three']) {
    messages.push(said(word))
    await collect(stream(model, messages))
  }
  expect(kept.map((body) => body.toString())).toEqual(provider.requests.map(({ text }) => text))
  expect(kept[0]).toBeInstanceOf(Uint8Array)
  await model.close()
  await agent.close()
})
