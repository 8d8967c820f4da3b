import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import { anthropic, type AnthropicOptions } from '../../../src/model/anthropic.ts'
import { fakeProvider, type FakeTurn } from '../../../src/testing/fake-provider.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import type { ScriptedTurn } from '../../../src/testing/turn.ts'
import { lawBreaks, listen } from '../../conformance/wire/support.ts'
import { agentOf, allowing, finish, noting } from '../../support/agent.ts'

beforeEach(() => {
  vi.stubEnv('ANTHROPIC_API_KEY', 'sk-ant-environment')
  vi.stubEnv('OPENROUTER_API_KEY', 'sk-or-environment')
})

afterEach(() => {
  vi.unstubAllEnvs()
})

async function asked(options: Partial<AnthropicOptions>, turn: FakeTurn = { text: 'hi' }) {
  await using provider = await fakeProvider({ turns: [turn] })
  const model = anthropic({
    model: 'm',
    baseUrl: provider.rootUrl,
    retry: { attempts: 1 },
    ...options,
  })
  const heard = await listen(model)
  await model.close()
  return { ...heard, request: provider.requests[0]! }
}

describe('a request', () => {
  test('goes to the messages of the base URL with key and version', async () => {
    const { request, turn } = await asked({ betas: ['a-1', 'b-2'] })
    expect(request).toMatchObject({
      path: '/v1/messages',
      headers: {
        'x-api-key': 'sk-ant-environment',
        'anthropic-version': '2023-06-01',
        'anthropic-beta': 'a-1,b-2',
      },
    })
    expect(request.headers).not.toHaveProperty('authorization')
    expect(turn.text).toBe('hi')
  })

  test('carries a key as a bearer where that is wanted', async () => {
    const { request } = await asked({ apiKey: 'own', auth: 'bearer' })
    expect(request.headers['authorization']).toBe('Bearer own')
    expect(request.headers).not.toHaveProperty('x-api-key')
    expect(request.headers).not.toHaveProperty('anthropic-beta')
  })

  test('carries the options of the wire', async () => {
    const { request } = await asked({ maxOutputTokens: 9, cache: '5m', body: { top_k: 1 } })
    expect(request.body).toMatchObject({
      max_tokens: 9,
      top_k: 1,
      messages: [{ content: [{ cache_control: { type: 'ephemeral' } }] }],
    })
  })
})

test('the host tells provider, key and header', async () => {
  expect(anthropic({ model: 'm' }).provider).toBe('anthropic')
  expect(anthropic({ model: 'm', baseUrl: 'https://openrouter.ai/api' }).provider).toBe(
    'openrouter',
  )
  expect(anthropic({ model: 'm', baseUrl: 'https://x.example' }).provider).toBe('x.example')
  const sent: Headers[] = []
  const router = anthropic({
    model: 'm',
    baseUrl: 'https://openrouter.ai/api',
    retry: { attempts: 1 },
    transport: {
      fetch: async (url, init) => {
        expect(String(url)).toBe('https://openrouter.ai/api/v1/messages')
        sent.push(new Headers(init?.headers))
        return new Response('{}', { status: 401 })
      },
    },
  })
  await listen(router)
  expect(sent[0]!.get('authorization')).toBe('Bearer sk-or-environment')
})

test.each([
  [{ model: 'm', maxTokens: 1 }, '`anthropic` has no option `maxTokens`'],
  [{ model: 'm', maxOutputTokens: 0 }, '`maxOutputTokens`'],
  [{ model: 'm', auth: 'basic' }, '`auth`'],
  [{ model: 'm', cache: true }, '`cache`'],
  [{ model: 'm', thinking: 'deep' }, '`thinking`'],
  [{ model: 'm', betas: 'a' }, '`betas`'],
  [{ model: 'm', betas: ['a\nb'] }, 'the header `anthropic-beta`'],
  [{ model: 'm', body: { stream: false } }, '`stream` cannot be replaced'],
  [{ model: '' }, '`model`'],
])('options are checked when the model is made: %j', (options, message) => {
  expect(() => anthropic(options as AnthropicOptions)).toThrow(message)
})

test('a model without a key is refused, and the message tells which one', () => {
  vi.stubEnv('ANTHROPIC_API_KEY', '')
  expect(() => anthropic({ model: 'm' })).toThrow('there is no key')
})

const turns: readonly ScriptedTurn[] = [
  { text: 'hello' },
  { text: ['a', 'b'], reasoning: ['c', 'd'], usage: { inputTokens: 1, outputTokens: 2, cost: 3 } },
  {
    calls: [
      { tool: 'f', args: { a: 1 } },
      { tool: 'g', id: 'x' },
    ],
  },
  { calls: [{ tool: 'f', rawArgs: ['{"a', '":'] }], finish: 'length' },
  { text: 'x', usage: null },
  { text: 'x', finish: 'pause_turn' },
  { text: 'x', refusal: 'no', finish: 'content_filter' },
  { text: 'x', error: { message: 'gone', code: 'overloaded_error' } },
]

test.each(turns.map((turn) => [JSON.stringify(turn), turn] as const))(
  'S3-44 a script says the same with and without this wire: %s',
  async (_, turn) => {
    const here = await listen(scripted([turn]))
    const { events, turn: there } = await asked({}, turn)
    expect(lawBreaks(events)).toEqual([])
    for (const key of ['text', 'reasoning', 'refusal', 'calls', 'cost'] as const) {
      expect(there[key]).toEqual(here.turn[key])
    }
    expect(there.finishReason.unified).toBe(here.turn.finishReason.unified)
    expect(there.error?.code).toBe(here.turn.error?.code)
    expect(there.usage?.outputTokens).toBe(here.turn.usage?.outputTokens)
  },
)

test.each(turns.filter(({ calls }) => calls?.[0]?.rawArgs === undefined))(
  'an answer comes to the same streamed and whole: %j',
  async (turn) => {
    const provider = 'local'
    const [streamed, whole] = await Promise.all([
      asked({ provider }, turn),
      asked({ provider, stream: false }, turn),
    ])
    expect(lawBreaks(whole.events)).toEqual([])
    if (turn.error !== undefined) {
      expect(whole.turn.error).toEqual(streamed.turn.error)
      return
    }
    const { usage: _usage, ...rest } = whole.turn
    expect(streamed.turn).toMatchObject(rest)
  },
)

test('a planted key appears in nothing that is said of a failure', async () => {
  const key = 'sk-ant-planted-0123456789'
  const error = { type: 'error', error: { type: 'authentication_error', message: `bad ${key}` } }
  const answers: readonly FakeTurn[] = [
    { status: 401, body: JSON.stringify(error) },
    { body: `event: error\ndata: ${JSON.stringify(error)}\n\n` },
  ]
  for (const answer of answers) {
    const { events, turn } = await asked({ apiKey: key }, answer)
    expect(turn.error?.code).toBe('model-unauthorized')
    expect(JSON.stringify(events)).not.toContain(key)
  }
})

describe('a run', () => {
  test('sends back thinking and calls as they came, with the results of all calls', async () => {
    await using provider = await fakeProvider({
      turns: [
        {
          reasoning: ['let me', ' see'],
          text: 'Looking.',
          calls: [
            { tool: 'look', args: { at: 'a' } },
            { tool: 'look', args: { at: 'b' } },
            { tool: 'forbidden', args: {} },
          ],
        },
        { text: 'done' },
      ],
    })
    const { tool, calls } = noting('look')
    const { start } = agentOf([], {
      model: anthropic({ model: 'claude-sonnet-5', baseUrl: provider.rootUrl }),
      tools: [tool, noting('forbidden').tool],
      policy: allowing('look'),
      settings: { reasoning: { effort: 'low' } },
    })
    const { result } = await finish(start())
    expect(result).toMatchObject({ status: 'completed', text: 'done' })
    expect(calls).toHaveLength(2)
    const [first, second] = provider.requests.map(({ body }) => body)
    expect(first!['thinking']).toEqual({ type: 'adaptive', display: 'summarized' })
    const [user, answer, results] = second!['messages'] as readonly {
      readonly role: string
      readonly content: readonly JsonObject[]
    }[]
    expect(user).toEqual((first!['messages'] as readonly unknown[])[0])
    expect(answer).toEqual({
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'let me see', signature: 'signature_0' },
        { type: 'text', text: 'Looking.' },
        { type: 'tool_use', id: 'call_0_0', name: 'look', input: { at: 'a' } },
        { type: 'tool_use', id: 'call_0_1', name: 'look', input: { at: 'b' } },
        { type: 'tool_use', id: 'call_0_2', name: 'forbidden', input: {} },
      ],
    })
    expect(results!.role).toBe('user')
    expect(results!.content.map((block) => [block['tool_use_id'], block['is_error']])).toEqual([
      ['call_0_0', undefined],
      ['call_0_1', undefined],
      ['call_0_2', true],
    ])
  })

  test('goes on with a paused answer by sending back what came of it', async () => {
    const server = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }
    const events = [
      { type: 'message_start', message: { id: 'm1', container: { id: 'c1' } } },
      { type: 'content_block_start', index: 0, content_block: server },
      {
        type: 'content_block_delta',
        index: 0,
        delta: { type: 'input_json_delta', partial_json: '{"query":"x"}' },
      },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'pause_turn' } },
      { type: 'message_stop' },
    ]
    const body = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')
    await using provider = await fakeProvider({ turns: [{ body }, { body }, { text: 'found' }] })
    const { start } = agentOf([], {
      model: anthropic({ model: 'm', baseUrl: provider.rootUrl }),
    })
    const { result } = await finish(start())
    expect(result).toMatchObject({ status: 'completed', text: 'found' })
    const kept = { ...server, input: { query: 'x' } }
    expect(provider.requests[2]!.body).toMatchObject({
      container: 'c1',
      messages: [{ role: 'user' }, { role: 'assistant', content: [kept, kept] }],
    })
  })

  test('tells the model of a call whose input was no JSON, and sends it back in an object', async () => {
    await using provider = await fakeProvider({
      turns: [{ calls: [{ tool: 'look', rawArgs: '{"at": Dave}' }] }, { text: 'sorry' }],
    })
    const { tool, calls } = noting('look')
    const { start } = agentOf([], {
      model: anthropic({ model: 'm', baseUrl: provider.rootUrl }),
      tools: [tool],
      policy: allowing('look'),
    })
    const { result } = await finish(start())
    expect(result.report.rows.map(({ status }) => status)).toEqual(['error-parsing'])
    expect(calls).toEqual([])
    expect(provider.requests[1]!.body['messages']).toMatchObject([
      {},
      { content: [{ type: 'tool_use', input: { INVALID_JSON: '{"at": Dave}' } }] },
      { content: [{ type: 'tool_result', is_error: true }] },
    ])
  })
})
