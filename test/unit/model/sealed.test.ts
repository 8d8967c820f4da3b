import { expect, test } from 'vitest'
import { anthropic } from '../../../src/model/anthropic.ts'
import { openaiCompatible } from '../../../src/model/compatible.ts'
import { router } from '../../../src/model/router.ts'
import type { AssistantMessage, Message } from '../../../src/protocol/message.ts'
import { fakeProvider } from '../../../src/testing/fake-provider.ts'
import { agentOf, allowing, toolOf } from '../../support/agent.ts'
import { overloaded } from '../../support/models.ts'
import { listen } from '../../conformance/wire/support.ts'

const rules = [{ trigger: 'error', action: 'switch_provider', provider: 'b' }] as const
const retry = { attempts: 1 }
const step = { reasoning: 'secret thoughts', calls: [{ tool: 'act' }] }

test.each(['responses', 'anthropic'] as const)(
  'what a provider of %s has sealed is sent to it and to nobody else',
  async (wire) => {
    await using a = await fakeProvider({ turns: [step, overloaded, overloaded] })
    await using b = await fakeProvider({ turns: [step, { text: 'over' }] })
    const modelAt = (baseUrl: string, provider: string) =>
      wire === 'anthropic'
        ? anthropic({ baseUrl, provider, model: 'm', apiKey: 'k-0123', retry })
        : openaiCompatible({ baseUrl, provider, model: 'm', wire, retry })
    const model = router({ providers: [modelAt(a.baseUrl, 'a'), modelAt(b.baseUrl, 'b')], rules })
    const settings = { reasoning: { effort: 'low' } } as const
    const options = { model, settings, tools: [toolOf('act')], policy: allowing('act') }
    const { status } = await agentOf([], options).start().result()
    expect(status).toBe('completed')
    const sealed = ({ requests }: typeof a): readonly number[] =>
      requests.map(({ body }) => JSON.stringify(body).match(/sealed-|signature_/g)?.length ?? 0)
    expect([sealed(a), sealed(b)]).toEqual([
      [0, 1, 1],
      [0, 1],
    ])
    await model.close()
  },
)

const answer: AssistantMessage = {
  role: 'assistant',
  content: [
    {
      type: 'tool-call',
      callId: 'c1',
      providerId: 'p1',
      tool: 'act',
      arguments: '{}',
      opaque: { google: { thought_signature: 'sealed-call' } },
    },
  ],
  opaque: {
    wire: 'chat',
    value: { reasoning_details: [{ type: 'reasoning.encrypted', data: 'sealed-message' }] },
  },
}
const result = { callId: 'c1', providerId: 'p1', tool: 'act', content: 'done', isError: false }

test.each([
  { whose: 'the provider itself', named: { provider: 'a' }, sealed: 2 },
  { whose: 'somebody else', named: { provider: 'b' }, sealed: 0 },
  { whose: 'nobody', named: {}, sealed: 0 },
])('a history goes to a provider with what was sealed by $whose', async ({ named, sealed }) => {
  await using a = await fakeProvider({ turns: [{ text: 'over' }] })
  const model = openaiCompatible({ baseUrl: a.baseUrl, provider: 'a', model: 'm', retry })
  const messages: readonly Message[] = [
    { role: 'user', content: 'act' },
    { ...answer, ...named },
    { role: 'tool', ...result },
  ]
  await listen(model, { messages, tools: [] })
  const [sent] = a.requests
  expect(JSON.stringify(sent?.body).match(/sealed-/g)?.length ?? 0).toBe(sealed)
  expect(sent?.body).toHaveProperty('messages.1.tool_calls.0.id', 'p1')
  await model.close()
})

test.each(['chat', 'anthropic'] as const)(
  'two servers of one machine are two providers of %s, where nobody names them',
  async (wire) => {
    await using a = await fakeProvider({ turns: [{ text: 'a' }] })
    await using b = await fakeProvider({ turns: [{ text: 'b' }] })
    const [one, other] = [a, b].map(({ baseUrl }) =>
      wire === 'anthropic'
        ? anthropic({ baseUrl, model: 'm', apiKey: 'k-0123' })
        : openaiCompatible({ baseUrl, model: 'm' }),
    )
    expect(one?.provider).toBe(new URL(a.baseUrl).host)
    expect(other?.provider).toBe(new URL(b.baseUrl).host)
    await Promise.all([one?.close(), other?.close()])
  },
)
