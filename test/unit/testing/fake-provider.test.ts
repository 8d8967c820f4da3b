import { expect, test } from 'vitest'
import { fakeProvider } from '../../../src/testing/fake-provider.ts'

async function post(baseUrl: string, body: unknown): Promise<Response> {
  return fetch(`${baseUrl}/chat/completions`, { method: 'POST', body: JSON.stringify(body) })
}

test('recorded answers are sent byte for byte', async () => {
  const body = new Uint8Array([0, 255, 10])
  await using provider = await fakeProvider({
    turns: [{ status: 418, headers: { 'x-kind': 'tea' }, body, fault: { split: 1 } }],
  })
  const response = await post(provider.baseUrl, {})
  expect(response.status).toBe(418)
  expect(response.headers.get('x-kind')).toBe('tea')
  expect(new Uint8Array(await response.arrayBuffer())).toEqual(body)
})

test('the request decides whether the answer is streamed', async () => {
  await using provider = await fakeProvider({ turns: () => ({ text: 'x' }) })
  const streamed = await (await post(provider.baseUrl, { stream: true })).text()
  expect(streamed).toMatch(/^data: .*data: \[DONE\]\n\n$/s)
  const whole = await (await post(provider.baseUrl, {})).json()
  expect(whole).toMatchObject({ choices: [{ message: { content: 'x' }, finish_reason: 'stop' }] })
  expect(provider.requests.map(({ body }) => body)).toEqual([{ stream: true }, {}])
})

test('a truncated answer ends as if it were complete, a reset one breaks', async () => {
  await using provider = await fakeProvider({
    turns: [
      { body: '0123456789', fault: { truncate: 4 } },
      { body: '0123456789', fault: { reset: 4 } },
    ],
  })
  expect(await (await post(provider.baseUrl, {})).text()).toBe('0123')
  await expect(post(provider.baseUrl, {}).then((response) => response.text())).rejects.toThrow()
})

test('a request without a turn is refused', async () => {
  await using provider = await fakeProvider({ turns: [] })
  expect((await post(provider.baseUrl, {})).status).toBe(400)
})

test('a stalled answer holds until the client leaves', async () => {
  await using provider = await fakeProvider({ turns: [{ body: 'abc', fault: { stall: 2 } }] })
  const controller = new AbortController()
  const response = await fetch(provider.baseUrl, { method: 'POST', signal: controller.signal })
  const reader = response.body!.getReader()
  expect(Buffer.from((await reader.read()).value!).toString()).toBe('ab')
  controller.abort()
  await provider.aborted()
})

test.each([undefined, null, 7, [], { turn: [] }, {}, { turns: 'hi' }])(
  'what is no list of turns is refused, such as %j',
  async (options) => {
    await expect(fakeProvider(options as never)).rejects.toMatchObject({
      code: 'bad-option',
      help: expect.any(String),
    })
  },
)
