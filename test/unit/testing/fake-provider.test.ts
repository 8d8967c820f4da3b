import { expect, test } from 'vitest'
import { fakeProvider, type FakeTurn } from '../../../src/testing/fake-provider.ts'

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

const malformed: readonly (readonly [string, object, string])[] = [
  ['a misspelt fault', { text: 'x', fault: { trunkate: 1 } }, '`…fault` has no member `trunkate`'],
  ['a fault that is a word', { body: 'x', fault: 'reset' }, '`…fault` is not a fault'],
  [
    'a fault without a place',
    { text: 'x', fault: { reset: NaN } },
    '`…fault.reset` is not a whole',
  ],
  ['a misspelt status', { body: 'x', stauts: 500 }, 'has no member `stauts`'],
  ['a status that is none', { body: 'x', status: 99 }, '`….status` is not a status'],
  ['a body that is a number', { body: 5 }, '`….body` is not a text or bytes'],
  ['headers that are a list', { body: 'x', headers: ['a'] }, '`….headers` is not an object'],
  [
    'a name that no header can have',
    { body: 'x', headers: { 'x y': 'z' } },
    '`….headers` is not an object',
  ],
  ['two lines in a header', { body: 'x', headers: { x: 'a\nb' } }, '`….headers` is not an object'],
]

test.each(malformed)('an answer with %s is refused', async (_, turn, message) => {
  const turns = [turn as FakeTurn]
  await expect(fakeProvider({ turns })).rejects.toMatchObject({
    code: 'bad-option',
    message: expect.stringContaining(message.replace(/…\.?/, 'turns[0].')),
  })
  await using provider = await fakeProvider({ turns: () => turn as never })
  const response = await post(provider.baseUrl, {})
  expect(response.status).toBe(400)
  expect(await response.text()).toContain(message.replace(/…\.?/, 'turns[0]().'))
})

test('what a function of a test throws is told to the client', async () => {
  await using provider = await fakeProvider({ turns: () => expect.fail('another question') })
  const response = await post(provider.baseUrl, {})
  expect(response.status).toBe(400)
  expect(await response.text()).toContain('another question')
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
