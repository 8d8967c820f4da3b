import { expect, test } from 'vitest'
import type { ModelEvent } from '../../../src/protocol/event.ts'
import type { ModelRequest } from '../../../src/protocol/request.ts'
import { chatWire } from '../../../src/wire/chat/chat.ts'
import { defaultBounds } from '../../../src/wire/settings.ts'
import type { WireCodec } from '../../../src/wire/wire.ts'
import { bodyText } from '../../support/body-text.ts'

const called = { callId: 'run_1-1-0', providerId: 'c1', tool: 'clock.now' }

/** A conversation in our words, with everything that a request of the provider has a field for. */
const request: ModelRequest = {
  messages: [
    { role: 'system', content: 'be brief' },
    { role: 'user', content: 'how late is it?' },
    {
      role: 'assistant',
      content: [{ type: 'tool-call', ...called, arguments: '{"zone":"UTC"}' }],
    },
    { role: 'tool', ...called, content: 'noon', isError: false },
  ],
  tools: [{ name: 'clock.now', description: 'The time.', input: { type: 'object' } }],
  toolChoice: 'auto',
  settings: { temperature: 0.5, maxOutputTokens: 100 },
}

function codec(): Promise<WireCodec> {
  return chatWire({ dialect: 'openrouter' }).load()
}

/** Events without what only tells of progress. */
function whole(events: readonly ModelEvent[]): readonly ModelEvent[] {
  return events.filter(({ type }) => type !== 'tool-call-start' && type !== 'tool-call-delta')
}

const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10, cost: 0 }

const call = {
  id: 'x',
  type: 'function',
  function: { name: 'clock_now', arguments: '{"zone":"UTC"}' },
}

test('S1-44 S1-45 a request is written in the words of the provider', async () => {
  const { encode } = await codec()
  const body = JSON.parse(bodyText(encode(request, { model: 'a/b', stream: true }))) as Record<
    string,
    unknown
  >
  const tools = body['tools'] as readonly { readonly function: { readonly name: string } }[]
  const name = tools[0]!.function.name
  expect(name).toMatch(/^[A-Za-z0-9_-]+$/)
  expect(body).toMatchObject({
    model: 'a/b',
    stream: true,
    temperature: 0.5,
    messages: [
      { role: 'system', content: 'be brief' },
      { role: 'user', content: 'how late is it?' },
      {
        role: 'assistant',
        tool_calls: [
          { id: 'c1', type: 'function', function: { name, arguments: '{"zone":"UTC"}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'noon' },
    ],
    tools: [{ type: 'function', function: { name, description: 'The time.' } }],
    tool_choice: 'auto',
  })
})

test('S1-44 S1-45 a whole answer and one in chunks of the provider come to the same events', async () => {
  const { decoder, encode } = await codec()
  const { tools } = JSON.parse(bodyText(encode(request, { model: 'a/b', stream: true }))) as {
    readonly tools: readonly [{ readonly function: { readonly name: string } }]
  }
  const named = { ...call, function: { ...call.function, name: tools[0].function.name } }
  const message = { role: 'assistant', content: 'wait', tool_calls: [named] }
  const head = { id: 'gen-1', model: 'a/b' }

  const complete = decoder(request, defaultBounds, true)
  complete.pushBody(
    JSON.stringify({
      ...head,
      choices: [{ index: 0, message, finish_reason: 'tool_calls' }],
      usage,
    }),
  )
  complete.finish()

  const chunked = decoder(request, defaultBounds, true)
  for (const choice of [
    { delta: { role: 'assistant', content: 'wait' }, finish_reason: null },
    { delta: { tool_calls: [{ ...named, index: 0 }] }, finish_reason: null },
    { delta: {}, finish_reason: 'tool_calls' },
  ]) {
    chunked.push(JSON.stringify({ ...head, choices: [{ index: 0, ...choice }] }))
  }
  chunked.push(JSON.stringify({ ...head, choices: [], usage }))
  chunked.push('[DONE]')
  chunked.finish()

  const events = whole(complete.events)
  expect(events).toEqual(whole(chunked.events))
  expect(events).toMatchObject([
    { type: 'text-delta', text: 'wait' },
    { type: 'tool-call', providerId: 'x', tool: 'clock.now', arguments: '{"zone":"UTC"}' },
    {
      type: 'usage',
      usage: { inputTokens: 7, outputTokens: 3 },
      cost: { amount: 0, source: 'provider' },
    },
    {
      type: 'end',
      finishReason: { unified: 'tool-calls', raw: 'tool_calls' },
      responseId: 'gen-1',
    },
  ])
})

test('S1-44 options that the wire cannot express are refused before anything is sent', async () => {
  const { encode } = await codec()
  const extra = { messages: [] }
  expect(() => encode({ ...request, settings: { extra } }, { model: 'a/b', stream: true })).toThrow(
    expect.objectContaining({ code: 'bad-option' }),
  )
})

test('S1-45 an error of the provider keeps its message, its code and its type', async () => {
  const { decoder } = await codec()
  const failed = decoder(request, defaultBounds, true)
  const error = { message: 'too many', type: 'rate_limit_error', code: 429 }
  failed.push(JSON.stringify({ id: 'gen-1', choices: [], error }))
  failed.finish()
  expect(failed.events).toMatchObject([
    {
      type: 'error',
      error: {
        code: 'model-rate-limit',
        message: 'too many',
        status: 429,
        providerCode: 'rate_limit_error',
      },
    },
    { type: 'end', finishReason: { unified: 'error' } },
  ])
})
