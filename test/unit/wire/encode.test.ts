import { expect, test } from 'vitest'
import type { AssistantPart, Message, ToolCallPart } from '../../../src/protocol/message.ts'
import type { ModelRequest, ToolSpecification } from '../../../src/protocol/request.ts'
import { chatWire } from '../../../src/wire/chat/chat.ts'
import { chatCodec } from '../../../src/wire/chat/codec.ts'
import type { ChatDialect } from '../../../src/wire/chat/options.ts'
import { defaultBounds } from '../../../src/wire/settings.ts'
import { bodyText } from '../../support/body-text.ts'

function body(request: Partial<ModelRequest>, dialect: ChatDialect = 'compatible', stream = true) {
  const text = chatCodec({ dialect }).encode(
    { messages: [], tools: [], ...request },
    { model: 'm', stream },
  )
  return JSON.parse(bodyText(text))
}

function tool(name: string): ToolSpecification {
  return { name, description: `does ${name}`, input: { type: 'object' } }
}

function callPart(callId: string, providerId: string): ToolCallPart {
  return { type: 'tool-call', callId, providerId, tool: 'files.read', arguments: '{"a":1}' }
}

function assistant(...ids: readonly (readonly [string, string])[]): Message {
  return { role: 'assistant', content: ids.map((each) => callPart(...each)) }
}

function answer(callId: string, providerId: string, content = 'ok'): Message {
  return { role: 'tool', callId, providerId, tool: 'files.read', content, isError: false }
}

test('every kind of message is written as the wire has it', () => {
  const { messages } = body({
    messages: [
      { role: 'system', content: 's' },
      { role: 'user', content: 'u' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 't' },
          { type: 'image', url: 'https://x.example/i.png', detail: 'low' },
          { type: 'file', name: 'f.txt', url: 'data:text/plain,x' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'hidden' },
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      { role: 'assistant', content: [{ type: 'refusal', text: 'no' }] },
      { role: 'assistant', content: [] },
    ],
  })
  expect(messages).toEqual([
    { role: 'system', content: 's' },
    { role: 'user', content: 'u' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 't' },
        { type: 'image_url', image_url: { url: 'https://x.example/i.png', detail: 'low' } },
        { type: 'file', file: { filename: 'f.txt', file_data: 'data:text/plain;base64,eA==' } },
      ],
    },
    { role: 'assistant', content: 'ab' },
    { role: 'assistant', content: null, refusal: 'no' },
    { role: 'assistant', content: '' },
  ])
})

test('system messages come first, in their order', () => {
  const { messages } = body({
    messages: [
      { role: 'user', content: 'u' },
      { role: 'system', content: '1' },
      { role: 'system', content: '2' },
    ],
  })
  expect(messages.map((message: { content: string }) => message.content)).toEqual(['1', '2', 'u'])
})

test('a call goes by the id of the provider, unless it is empty or taken', () => {
  const { messages } = body({
    messages: [
      assistant(['run-1-0', 'call_1'], ['run-1-1', '']),
      answer('run-1-1', ''),
      answer('run-1-0', 'call_1'),
      assistant(['run-2-0', 'call_1']),
      answer('run-2-0', 'call_1'),
    ],
  })
  const ids = messages.map((message: { tool_calls?: { id: string }[]; tool_call_id?: string }) =>
    message.tool_calls === undefined
      ? message.tool_call_id
      : message.tool_calls.map(({ id }) => id),
  )
  expect(ids).toEqual([['call_1', 'run-1-1'], 'run-1-1', 'call_1', ['run-2-0'], 'run-2-0'])
})

test('half a character in a text is not sent, and whole ones are left as they are', () => {
  const text = 'a\ud83d \\ud83d \ude00 \ud83d\ude00'
  const parts: AssistantPart[] = [
    { type: 'text', text },
    { ...callPart('c1', ''), arguments: '{"a":"\\ud83d\\ude00"}' },
    { ...callPart('c2', ''), arguments: '{"a":"\ud83d' },
  ]
  const messages: readonly Message[] = [
    { role: 'user', content: text },
    { role: 'assistant', content: parts },
    answer('c1', '', text),
    answer('c2', ''),
  ]
  const sent = body({ messages }).messages
  const mended = 'a\ufffd \\ud83d \ufffd \ud83d\ude00'
  expect(sent.map((each: { content: string }) => each.content)).toEqual([
    mended,
    mended,
    mended,
    'ok',
  ])
  const calls = sent[1].tool_calls.map((call: { function: { arguments: string } }) =>
    JSON.parse(call.function.arguments),
  )
  expect(calls).toEqual([{ a: '\ud83d\ude00' }, { INVALID_JSON: '{"a":"\ufffd' }])
})

test('half a character in the id of a call is not sent', () => {
  const { messages } = body({
    messages: [assistant(['run-1-0', 'a\ud83d']), answer('run-1-0', '')],
  })
  expect(messages[0].tool_calls[0].id).toBe('run-1-0')
  expect(messages[1].tool_call_id).toBe('run-1-0')
})

/** The ids of a call and of its result. */
function idsOf(dialect: ChatDialect, callId: string, providerId: string): readonly string[] {
  const history = [assistant([callId, providerId]), answer(callId, providerId)]
  const { messages } = body({ messages: history }, dialect)
  return [messages[0].tool_calls[0].id, messages[1].tool_call_id]
}

test('OpenAI is not sent ids of calls that are longer than it accepts, whoever made them', () => {
  const long = 'call_'.padEnd(41, 'x')
  expect(idsOf('openai', 'run-1-0', long)).toEqual(['run-1-0', 'run-1-0'])
  expect(idsOf('openai', 'run-1-0', long.slice(1))).toEqual([long.slice(1), long.slice(1)])
  expect(idsOf('compatible', 'run-1-0', long)).toEqual([long, long])
  const [id, same] = idsOf('openai', `${long}-1-0`, '')
  expect(id).toMatch(/^call_[0-9a-f]{35}$/)
  expect(same).toBe(id)
})

test('Mistral is sent ids of calls in the one form it accepts', () => {
  expect(idsOf('mistral', 'run-1-0', 'aB3dE6gH9')).toEqual(['aB3dE6gH9', 'aB3dE6gH9'])
  for (const other of ['call_1', 'aB3dE6gH', 'aB3dE6gH90', 'aB3dE6gH-', '']) {
    const [id, same] = idsOf('mistral', 'run-1-0', other)
    expect(id).toMatch(/^[0-9a-f]{9}$/)
    expect(same).toBe(id)
    expect(idsOf('mistral', 'run-1-1', other)[0]).not.toBe(id)
  }
})

function idOf(messages: readonly Message[]): string {
  return body({ messages }).messages.at(-1).tool_calls[0].id
}

test('a message in another history is written with the ids it has there', () => {
  const second = assistant(['run-2-0', 'call_1'])
  expect(idOf([assistant(['run-1-0', 'call_1']), second])).toBe('run-2-0')
  expect(idOf([second])).toBe('call_1')
})

test('opaque data goes back unchanged, to the wire it came from only', () => {
  const details = [{ type: 'reasoning.encrypted', data: 'x', index: 0, odd: [1, null] }]
  const message = (wire: string): Message => ({
    role: 'assistant',
    content: [
      {
        type: 'tool-call',
        callId: 'c',
        providerId: 'p',
        tool: 'f',
        arguments: '{ "a":1 }',
        opaque: { google: { thought_signature: 's' } },
      },
    ],
    opaque: { wire, value: { reasoning_details: details } },
  })
  const { messages } = body({ messages: [message('chat'), message('anthropic')] })
  expect(messages[0]).toEqual({
    role: 'assistant',
    content: null,
    tool_calls: [
      {
        id: 'p',
        type: 'function',
        function: { name: 'f', arguments: '{ "a":1 }' },
        extra_content: { google: { thought_signature: 's' } },
      },
    ],
    reasoning_details: details,
  })
  expect(messages[1]).not.toHaveProperty('reasoning_details')
  const foreign = body({ messages: [message('chat')] }, 'openai').messages[0]
  expect(foreign).not.toHaveProperty('reasoning_details')
  expect(foreign.tool_calls[0]).not.toHaveProperty('extra_content')
})

test('dots in tool names become underscores, and come back as dots', () => {
  const tools = [tool('files.read'), tool('mail')]
  const request: ModelRequest = {
    messages: [assistant(['c', 'p'])],
    tools,
    toolChoice: { tool: 'files.read' },
    settings: { parallelToolCalls: false },
  }
  const sent = body(request)
  expect(sent.tools[0]).toEqual({
    type: 'function',
    function: {
      name: 'files__read',
      description: 'does files.read',
      parameters: { type: 'object' },
    },
  })
  expect(sent.messages[0].tool_calls[0].function.name).toBe('files__read')
  expect(sent.tool_choice).toEqual({ type: 'function', function: { name: 'files__read' } })
  expect(sent.parallel_tool_calls).toBe(false)

  const decoder = chatCodec({ dialect: 'compatible' }).decoder(request, defaultBounds, true)
  for (const [index, name] of ['files__read', 'files.read', 'other__tool'].entries()) {
    const call = { index, id: name, function: { name, arguments: '{}' } }
    decoder.push(JSON.stringify({ choices: [{ delta: { tool_calls: [call] } }] }))
  }
  const names = decoder.events.flatMap((event) =>
    event.type === 'tool-call-start' ? [event.tool] : [],
  )
  expect(names).toEqual(['files.read', 'files.read', 'other__tool'])
})

test.each([
  ['two names that become one', ['a.b', 'a__b'], '`a__b` and `a.b` are both sent as `a__b`'],
  ['one name twice', ['a', 'a'], '`a` occurs twice'],
  ['a name with other characters', ['a b'], '`a b` cannot be sent'],
  ['a name that is too long', ['x'.repeat(65)], 'cannot be sent'],
])('%s cannot be sent', (_, names, message) => {
  expect(() => body({ tools: names.map(tool) })).toThrow(message)
})

test('without tools neither they nor what belongs to them is sent', () => {
  const sent = body({ toolChoice: 'required', settings: { parallelToolCalls: true } })
  expect(Object.keys(sent).toSorted()).toEqual(['messages', 'model', 'stream', 'stream_options'])
})

test('S0-28 settings go by the names the host knows', () => {
  const settings = {
    temperature: 0,
    topP: 0.5,
    maxOutputTokens: 9,
    stop: ['x'],
    seed: 1,
    reasoning: { effort: 'low', maxTokens: 5 },
  } as const
  const common = { temperature: 0, top_p: 0.5, stop: ['x'], seed: 1 }
  expect(body({ settings }, 'openrouter')).toMatchObject({
    ...common,
    max_tokens: 9,
    reasoning: { effort: 'low', max_tokens: 5 },
  })
  expect(body({ settings }, 'openai')).toMatchObject({
    ...common,
    max_completion_tokens: 9,
    reasoning_effort: 'low',
  })
  expect(body({ settings })).toMatchObject({ ...common, max_tokens: 9, reasoning_effort: 'low' })
})

test('usage is asked for where it has to be', () => {
  expect(body({}, 'openrouter')).not.toHaveProperty('stream_options')
  expect(body({}, 'mistral')).not.toHaveProperty('stream_options')
  expect(body({}).stream_options).toEqual({ include_usage: true })
  expect(body({}, 'openai').stream_options).toEqual({
    include_usage: true,
    include_obfuscation: false,
  })
  expect(body({}, 'openai', false)).toMatchObject({ stream: false })
  expect(body({}, 'openai', false)).not.toHaveProperty('stream_options')
})

test.each(['messages', 'tools', 'model', 'stream', 'n'])('extra cannot replace `%s`', (key) => {
  expect(() => body({ settings: { extra: { [key]: 1 } } })).toThrow(`\`${key}\` cannot be replaced`)
  expect(() => chatWire({ dialect: 'openai', body: { [key]: 1 } })).toThrow('cannot be replaced')
})

test('extra members of a request replace those of the endpoint', () => {
  const codec = chatCodec({ dialect: 'compatible', body: { top_k: 1, min_p: 2 } })
  const text = codec.encode(
    { messages: [], tools: [], settings: { extra: { top_k: 3 } } },
    { model: 'm', stream: true },
  )
  expect(JSON.parse(bodyText(text))).toMatchObject({ top_k: 3, min_p: 2 })
})

function user(content: string): Message {
  return { role: 'user', content }
}

test('histories that begin with the same message are not taken for one another', () => {
  const first: Message = { role: 'system', content: 's' }
  const sent = (...rest: readonly Message[]): unknown[] =>
    body({ messages: [first, ...rest] }).messages.map((each: { content: unknown }) => each.content)
  expect(sent(user('a'), user('b'))).toEqual(['s', 'a', 'b'])
  expect(sent(user('c'))).toEqual(['s', 'c'])
  expect(sent(user('a'), user('d'), user('e'))).toEqual(['s', 'a', 'd', 'e'])
})

test('S2-07 the form of the answer is asked for by `response_format`', () => {
  expect(body({}).response_format).toBeUndefined()
  expect(body({ output: { type: 'json' } }).response_format).toEqual({ type: 'json_object' })
  const schema = { type: 'object', properties: { a: { type: 'string' } } }
  const format = (strict?: boolean) =>
    body({
      output: {
        type: 'json-schema',
        name: 'answer',
        schema,
        ...(strict === undefined ? {} : { strict }),
      },
    }).response_format
  const wanted = { name: 'answer', strict: true, schema }
  expect(format()).toEqual({ type: 'json_schema', json_schema: wanted })
  expect(format(false)).toEqual({ type: 'json_schema', json_schema: { ...wanted, strict: false } })
})

test('a wish for any JSON is put into words where no message does, since hosts refuse it otherwise', () => {
  const wish = { role: 'system', content: 'Answer with one JSON object and nothing else.' }
  const sent = (...messages: readonly Message[]) =>
    body({ messages, output: { type: 'json' } }).messages
  const heard = answer('run-1-0', '', 'json')
  expect(sent()).toEqual([wish])
  expect(sent(user('how cold?'))).toEqual([wish, user('how cold?')])
  expect(sent(user('a'), assistant(['run-1-0', '']), heard)).toHaveLength(4)
  expect(sent(user('how cold, in Json?'))).toHaveLength(1)
  expect(sent({ role: 'system', content: 'as JSON' }, user('a'))).toHaveLength(2)
  const parts: Message = { role: 'user', content: [{ type: 'text', text: 'json!' }] }
  expect(sent(user('a'), parts)).toHaveLength(2)
  expect(body({ messages: [user('a')] }).messages).toHaveLength(1)
})

test('S0-28 S2-08 reasoning and modalities are written as each speaker of the wire has them', () => {
  const settings = {
    reasoning: { effort: 'xhigh', maxTokens: 10, exclude: true },
    modalities: ['image', 'text'],
    maxOutputTokens: 5,
    temperature: 0,
    stop: ['x'],
  } as const
  const common = { temperature: 0, stop: ['x'], modalities: ['image', 'text'] }
  expect(body({ settings }, 'openrouter')).toMatchObject({
    ...common,
    max_tokens: 5,
    reasoning: { effort: 'xhigh', max_tokens: 10, exclude: true },
  })
  expect(body({ settings }, 'openai')).toMatchObject({
    ...common,
    max_completion_tokens: 5,
    reasoning_effort: 'xhigh',
  })
  expect(body({ settings }, 'compatible')).not.toHaveProperty('reasoning')
})

test('pictures a model made go back where they are understood, whoever else was sent them', () => {
  const url = 'data:image/png;base64,iVBORw=='
  const messages: readonly Message[] = [
    { role: 'user', content: 'paint' },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'here' },
        { type: 'image', url },
      ],
    },
    { role: 'assistant', content: [{ type: 'image', url }] },
  ]
  const images = [{ type: 'image_url', image_url: { url } }]
  const both = [
    { role: 'assistant', content: 'here', images },
    { role: 'assistant', content: '', images },
  ]
  for (const dialect of ['openrouter', 'openai', 'compatible', 'openai', 'openrouter'] as const) {
    const expected =
      dialect === 'openai' ? both.map(({ role, content }) => ({ role, content })) : both
    expect(body({ messages }, dialect).messages.slice(1)).toEqual(expected)
  }
})
