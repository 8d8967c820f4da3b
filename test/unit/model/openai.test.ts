import { afterEach, describe, expect, test, vi } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import { openaiCompatible } from '../../../src/model/compatible.ts'
import type { HttpModel } from '../../../src/model/http-model.ts'
import { openai, type OpenAIOptions } from '../../../src/model/openai.ts'
import { openrouter } from '../../../src/model/openrouter.ts'
import {
  fakeProvider,
  type FakeProvider,
  type FakeTurn,
} from '../../../src/testing/fake-provider.ts'
import { agentOf, allowing, collect, finish, noting } from '../../support/agent.ts'

const turns: readonly FakeTurn[] = [
  {
    reasoning: ['two ', 'things'],
    text: 'Looking.',
    calls: [
      { tool: 'files.read', args: { path: 'a' } },
      { tool: 'files.read', rawArgs: ['{"pa', 'th":"b"}'] },
    ],
  },
  { reasoning: 'read', text: 'both are empty' },
]

/** A run of two turns whose first one reasons and calls in parallel. */
async function runOver(make: (baseUrl: string) => HttpModel) {
  await using provider = await fakeProvider({ turns })
  const model = make(provider.baseUrl)
  const { tool, calls } = noting('files.read')
  const agent = agentOf([], { model, tools: [tool], policy: allowing('files.read') })
  const { result } = await finish(agent.start({ input: 'read both' }))
  await model.close()
  return { result, calls, requests: provider.requests }
}

const makers: Readonly<Record<string, (baseUrl: string) => HttpModel>> = {
  openai: (baseUrl) => openai({ baseUrl, model: 'gpt-5.4', apiKey: 'sk-1' }),
  'openai without streaming': (baseUrl) =>
    openai({ baseUrl, model: 'gpt-5.4', apiKey: 'sk-1', stream: false }),
  openrouter: (baseUrl) =>
    openrouter({ baseUrl, model: 'openai/gpt-5.4', apiKey: 'sk-or-1', wire: 'responses' }),
  openaiCompatible: (baseUrl) => openaiCompatible({ baseUrl, model: 'local', wire: 'responses' }),
}

test.each(Object.entries(makers))(
  'S4-01 S4-03 S4-06 S4-09 a run over Responses sends back all there was, and names no answer before: %s',
  async (_, make) => {
    const { result, calls, requests } = await runOver(make)
    expect(result).toMatchObject({ status: 'completed', text: 'both are empty' })
    expect(calls).toEqual([{ path: 'a' }, { path: 'b' }])
    expect(requests.map(({ path }) => path)).toEqual(['/v1/responses', '/v1/responses'])
    const [first, second] = requests.map(({ body }) => body)
    expect(first).toMatchObject({ input: [{ role: 'user', content: 'read both' }] })
    expect(second!['input']).toEqual([
      { role: 'user', content: 'read both' },
      {
        type: 'reasoning',
        id: 'rs_0',
        summary: [{ type: 'summary_text', text: 'two things' }],
        encrypted_content: 'sealed-0',
      },
      {
        type: 'message',
        id: 'msg_0',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: 'Looking.', annotations: [] }],
      },
      ...['a', 'b'].map((path, index) => ({
        type: 'function_call',
        id: `fc_0_${index}`,
        status: 'completed',
        call_id: `call_0_${index}`,
        name: 'files__read',
        arguments: `{"path":"${path}"}`,
      })),
      ...[0, 1].map((index) => ({
        type: 'function_call_output',
        call_id: `call_0_${index}`,
        output: 'done',
      })),
    ])
    for (const body of [first!, second!]) {
      expect(body['store']).toBe(false)
      expect(body).not.toHaveProperty('previous_response_id')
      expect(body['tools']).toMatchObject([
        { type: 'function', name: 'files__read', strict: false },
      ])
    }
  },
)

test.each(['openai', 'openrouter'])(
  '%s is asked for reasoning that can be sent back',
  async (name) => {
    const { requests } = await runOver(makers[name]!)
    for (const { body } of requests)
      expect(body['include']).toEqual(['reasoning.encrypted_content'])
  },
)

test('a compatible endpoint is not asked for sealed reasoning', async () => {
  const { requests } = await runOver(makers['openaiCompatible']!)
  expect(requests[0]!.body).not.toHaveProperty('include')
})

async function sent(provider: FakeProvider, options: Partial<OpenAIOptions> = {}) {
  const model = openai({ baseUrl: provider.baseUrl, model: 'gpt-5.4', ...options })
  const { signal } = new AbortController()
  const messages = [{ role: 'user', content: 'hello' }] as const
  await collect(model.stream({ messages, tools: [] }, { signal }))
  await model.close()
  return provider.requests.at(-1)!
}

describe('openai', () => {
  afterEach(() => vi.unstubAllEnvs())

  test('takes the key from the environment, and the address and the members of the options', async () => {
    vi.stubEnv('OPENAI_API_KEY', 'sk-from-environment')
    await using provider = await fakeProvider({ turns: () => ({ text: 'x' }) })
    const body: JsonObject = { service_tier: 'flex' }
    const request = await sent(provider, { organization: 'org-1', project: 'proj-1', body })
    expect(request).toMatchObject({
      path: '/v1/responses',
      headers: {
        authorization: 'Bearer sk-from-environment',
        'openai-organization': 'org-1',
        'openai-project': 'proj-1',
      },
      body: { model: 'gpt-5.4', service_tier: 'flex', stream: true },
    })
  })

  test('speaks Chat Completions by option', async () => {
    await using provider = await fakeProvider({ turns: () => ({ text: 'x' }) })
    const { path, body } = await sent(provider, { wire: 'chat', apiKey: 'sk-1' })
    expect(path).toBe('/v1/chat/completions')
    expect(body).toMatchObject({ messages: [{ role: 'user', content: 'hello' }] })
  })

  test.each([
    [{}, 'there is no key for OpenAI'],
    [{ apiKey: 'x', wire: 'messages' }, '`wire`'],
    [{ apiKey: 'x', wires: 'chat' }, 'did you mean `wire`'],
    [{ apiKey: 'x', project: '' }, '`project`'],
    [{ apiKey: 'x', body: { store: true } }, '`store` cannot be replaced'],
    [{ apiKey: 'x', body: { previous_response_id: 'r' } }, 'cannot be replaced'],
  ])('refuses the options %j', (options, message) => {
    vi.stubEnv('OPENAI_API_KEY', '')
    expect(() => openai({ model: 'm', ...options } as OpenAIOptions)).toThrow(message)
  })
})
