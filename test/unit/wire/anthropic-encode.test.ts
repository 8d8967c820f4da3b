import { expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../../src/base/json.ts'
import type { AssistantPart, FilePart, Message } from '../../../src/protocol/message.ts'
import type { ModelRequest, ToolSpecification } from '../../../src/protocol/request.ts'
import { anthropicWire } from '../../../src/wire/anthropic/anthropic.ts'
import { anthropicCodec } from '../../../src/wire/anthropic/codec.ts'
import type { AnthropicWireOptions } from '../../../src/wire/anthropic/options.ts'
import { styleOf } from '../../../src/wire/anthropic/thinking.ts'
import { bodyText } from '../../support/body-text.ts'

function written(
  request: Partial<ModelRequest>,
  options: AnthropicWireOptions = {},
  model = 'claude-sonnet-5',
): string {
  const asked = { messages: [], tools: [], ...request }
  return bodyText(anthropicCodec(options).encode(asked, { model, stream: true }))
}

function body(...given: Parameters<typeof written>) {
  return JSON.parse(written(...given))
}

function tool(name: string): ToolSpecification {
  return { name, description: `does ${name}`, input: { type: 'object' } }
}

function call(callId: string, providerId: string, args = '{"a":1}'): AssistantPart {
  return { type: 'tool-call', callId, providerId, tool: 'files.read', arguments: args }
}

function answer(callId: string, content = 'ok', isError = false): Message {
  return { role: 'tool', callId, providerId: '', tool: 'files.read', content, isError }
}

function said(content: readonly AssistantPart[], value?: JsonValue, wire = 'anthropic'): Message {
  return { role: 'assistant', content, ...(value === undefined ? {} : { opaque: { wire, value } }) }
}

function file(url: string): FilePart {
  return { type: 'file', name: 'f', url }
}

function used(id: string): object {
  return { type: 'tool_use', id, name: 'files__read', input: { a: 1 } }
}

const go: Message = { role: 'user', content: 'go' }

test('a call of a model that another one took over from goes back neither itself nor by its result', () => {
  const fallback = { type: 'fallback', from: { model: 'm' }, to: { model: 'n' } }
  const blocks: JsonValue = [{ text: 1 }, { dropped: true }, { block: fallback }, { call: {} }]
  const text: AssistantPart = { type: 'text', text: 'a' }
  const { messages } = body({
    messages: [
      go,
      said([text, call('c1', 'toolu_1'), call('c2', 'toolu_2')], { blocks }),
      answer('c1', 'not run', true),
      answer('c2'),
    ],
  })
  expect(messages.slice(1)).toEqual([
    { role: 'assistant', content: [{ type: 'text', text: 'a' }, fallback, used('toolu_2')] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_2', content: 'ok' }] },
  ])
})

test('half a character is not sent, and a whole one in two escapes goes as the model wrote it', () => {
  const text = written({
    messages: [
      { role: 'user', content: 'a\ud83d' },
      said([call('c1', 't1', '{"a":"\\ud83d\\ude00"}'), call('c2', 't2', '{"a":"\\ud83d"}')]),
      answer('c1', '\ude00'),
      answer('c2'),
    ],
  })
  expect(text).toContain('"text":"a\ufffd"')
  expect(text).toContain(String.raw`"input":{"a":"\ud83d\ude00"}`)
  expect(text).toContain(String.raw`"input":{"INVALID_JSON":"{\"a\":\"\\ud83d\"}"}`)
  expect(text).toContain('"content":"\ufffd"')
})

test('instructions stand apart, and what one side says in a row is one message', () => {
  const { system, messages } = body({
    messages: [
      go,
      { role: 'system', content: 'be kind' },
      { role: 'user', content: [{ type: 'text', text: 'now' }] },
      said([{ type: 'text', text: 'a' }]),
      said([
        { type: 'text', text: 'b' },
        { type: 'text', text: 'c' },
      ]),
      said([{ type: 'refusal', text: 'no' }]),
      { role: 'system', content: 'be brief' },
      go,
    ],
  })
  expect(system).toEqual([
    { type: 'text', text: 'be kind' },
    { type: 'text', text: 'be brief' },
  ])
  expect(messages).toEqual([
    { role: 'user', content: ['go', 'now'].map((text) => ({ type: 'text', text })) },
    { role: 'assistant', content: ['a', 'bc', 'no'].map((text) => ({ type: 'text', text })) },
    { role: 'user', content: [{ type: 'text', text: 'go' }] },
  ])
})

test('what has no visible characters is not sent, since it would be refused', () => {
  const { system, messages } = body({
    messages: [
      { role: 'system', content: ' ' },
      { role: 'user', content: '' },
      said([{ type: 'text', text: '\n\n' }]),
      said([{ type: 'reasoning', text: 'unsigned' }]),
      go,
    ],
  })
  expect(system).toBeUndefined()
  expect(messages).toEqual([{ role: 'user', content: [{ type: 'text', text: 'go' }] }])
})

test('pictures and files become blocks', () => {
  const { messages } = body({
    messages: [
      {
        role: 'user',
        content: [
          { type: 'image', url: 'https://x.example/i.png', detail: 'low' },
          { type: 'image', url: 'data:image/png;base64,iVBO' },
          file('data:application/pdf;base64,JVBE'),
          file('data:text/csv;charset=utf-8,a%2Cb'),
          file('data:application/json;base64,e30='),
          file('https://x.example/f.pdf'),
        ],
      },
    ],
  })
  const png = { type: 'base64', media_type: 'image/png', data: 'iVBO' }
  const pdf = { type: 'base64', media_type: 'application/pdf', data: 'JVBE' }
  expect(messages[0].content).toEqual([
    { type: 'image', source: { type: 'url', url: 'https://x.example/i.png' } },
    { type: 'image', source: png },
    { type: 'document', title: 'f', source: pdf },
    {
      type: 'document',
      title: 'f',
      source: { type: 'text', media_type: 'text/plain', data: 'a,b' },
    },
    {
      type: 'document',
      title: 'f',
      source: { type: 'text', media_type: 'text/plain', data: '{}' },
    },
    { type: 'document', title: 'f', source: { type: 'url', url: 'https://x.example/f.pdf' } },
  ])
})

test.each([
  [{ type: 'image', url: 'http://x.example/i.png' }, 'a picture is neither'],
  [{ type: 'image', url: 'data:image/png,raw' }, 'a picture is neither'],
  [{ type: 'file', name: 'a.zip', url: 'data:application/zip;base64,UEs=' }, 'the file `a.zip`'],
  [{ type: 'file', name: 'a', url: 'data:text/plain,%zz' }, 'malformed'],
  [{ type: 'sound' } as never, 'unknown type'],
] as const)('a part the wire has not is refused: %j', (part, message) => {
  const messages: readonly Message[] = [{ role: 'user', content: [part] }]
  expect(() => written({ messages })).toThrow(message)
})

test('the results of all calls follow their answer, in the order of the calls', () => {
  const { messages } = body({
    messages: [
      go,
      said([
        call('run_1-1-0', 'toolu_a'),
        call('run_1-1-1', 'toolu_b'),
        call('run_1-1-2', 'toolu_c'),
      ]),
      { role: 'user', content: 'meanwhile' },
      answer('run_1-1-2', '', true),
      answer('run_1-1-0', ''),
    ],
  })
  expect(messages[2]).toEqual({
    role: 'user',
    content: [
      { type: 'tool_result', tool_use_id: 'toolu_a' },
      {
        type: 'tool_result',
        tool_use_id: 'toolu_b',
        content: 'there is no result of this call',
        is_error: true,
      },
      {
        type: 'tool_result',
        tool_use_id: 'toolu_c',
        content: 'the tool failed without a message',
        is_error: true,
      },
      { type: 'text', text: 'meanwhile' },
    ],
  })
})

test('a result whose call is not in the answer before it is refused', () => {
  const messages = [go, said([call('a', 'a')]), answer('a'), said([{ type: 'text', text: 'x' }])]
  expect(() => written({ messages: [...messages, answer('a')] })).toThrow(
    'does not follow its call',
  )
  expect(() => written({ messages: [answer('z')] })).toThrow('the result of `z`')
})

test('calls go by ids the wire can send, each by its own', () => {
  const { messages } = body({
    messages: [
      go,
      said([
        call('run_1-1-0', 'call:1'),
        call('run_1-1-1', ''),
        call('run_1-1-2', 'same'),
        call('run_1-1-3', 'same'),
        call('from elsewhere', 'a b'),
      ]),
      answer('run_1-1-3'),
      answer('from elsewhere'),
    ],
  })
  const ids: readonly string[] = messages[1].content.map(({ id }: { id: string }) => id)
  expect(ids.slice(0, 4)).toEqual(['run_1-1-0', 'run_1-1-1', 'same', 'run_1-1-3'])
  expect(ids[4]).toMatch(/^[a-zA-Z0-9_-]+$/)
  const results = messages[2].content.map((block: JsonObject) => block['tool_use_id'])
  expect(results).toEqual(ids)
})

test('arguments are sent as written, and inside an object when they are none', () => {
  const args = ['{"n":1.10, "m":"\\u00e9"}', '{"a":', '[1]', '{"a":1,"a":2}', '']
  const text = written({ messages: [go, said(args.map((each, at) => call(`c${at}`, '', each)))] })
  expect(text).toContain('"input":{"n":1.10, "m":"\\u00e9"}}')
  const inputs = JSON.parse(text).messages[1].content.map((block: JsonObject) => block['input'])
  expect(inputs.slice(1)).toEqual(args.slice(1).map((each) => ({ INVALID_JSON: each })))
})

test('kept blocks go back unchanged, in their order, with text and calls in their places', () => {
  const thinking = { type: 'thinking', thinking: 'hm', signature: 's', extra: [1.5, null] }
  const redacted = { type: 'redacted_thinking', data: 'r' }
  const server = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { q: 1 } }
  const cited = { type: 'char_location', cited_text: 'x' }
  const { messages, container } = body({
    messages: [
      go,
      said(
        [
          { type: 'reasoning', text: 'hm' },
          { type: 'text', text: 'first.second' },
          call('c0', 'toolu_a'),
          call('c1', 'toolu_b'),
        ],
        {
          blocks: [
            { block: thinking },
            { text: 6, citations: [cited] },
            { call: { caller: { type: 'code_execution_20250825', tool_id: 'x' } } },
            { block: redacted },
            { block: server },
            { text: 6 },
            { call: {} },
          ],
          container: 'c1',
        },
      ),
      answer('c0'),
      answer('c1'),
    ],
  })
  expect(messages[1].content).toEqual([
    thinking,
    { type: 'text', text: 'first.', citations: [cited] },
    { ...used('toolu_a'), caller: { type: 'code_execution_20250825', tool_id: 'x' } },
    redacted,
    server,
    { type: 'text', text: 'second' },
    used('toolu_b'),
  ])
  expect(container).toBe('c1')
})

test('a container is named only while its answer goes on', () => {
  const answered = said([{ type: 'text', text: 'x' }], { blocks: [], container: 'c1' })
  expect(body({ messages: [go, answered] }).container).toBe('c1')
  expect(body({ messages: [go, answered, go] }).container).toBeUndefined()
})

test('what was kept by another wire, or does not fit the message, never loses text or calls', () => {
  const content: readonly AssistantPart[] = [{ type: 'text', text: 'hello' }, call('c0', 'toolu_a')]
  const plain = body({ messages: [go, said(content), answer('c0')] }).messages[1].content
  const values: readonly (readonly [JsonValue, string])[] = [
    [{ reasoning_details: [] }, 'chat'],
    [{ blocks: [{ block: { type: 'thinking' } }] }, 'responses'],
    [{ blocks: 'none' }, 'anthropic'],
    [null, 'anthropic'],
    [{ blocks: [{ text: 2 }, { call: {} }, { call: {} }] }, 'anthropic'],
    [{ blocks: [{ text: 99 }] }, 'anthropic'],
    [{ blocks: [{ call: {} }] }, 'anthropic'],
    [
      { blocks: [{ block: { type: 'tool_use', id: 'x', name: 'forged', input: {} } }] },
      'anthropic',
    ],
    [{ blocks: [{ block: { type: 'tool_result', tool_use_id: 'x' } }] }, 'anthropic'],
    [{ blocks: [{ call: { id: 'forged', name: 'forged', type: 'text' } }] }, 'anthropic'],
  ]
  for (const [value, wire] of values) {
    const { messages } = body({ messages: [go, said(content, value, wire), answer('c0')] })
    expect(messages[1].content).toEqual(plain)
  }
})

test('each message is written once', () => {
  let reads = 0
  const message = {
    role: 'user' as const,
    get content() {
      reads++
      return 'hello'
    },
  }
  const codec = anthropicCodec({})
  for (let at = 0; at < 3; at++) {
    codec.encode({ messages: [go, message], tools: [] }, { model: 'm', stream: true })
  }
  expect(reads).toBeLessThanOrEqual(2)
})

test('the number of output tokens is always told', () => {
  expect(body({})).toMatchObject({ model: 'claude-sonnet-5', max_tokens: 16_384, stream: true })
  expect(body({}, { maxOutputTokens: 100 }).max_tokens).toBe(100)
  expect(body({ settings: { maxOutputTokens: 7 } }, { maxOutputTokens: 100 }).max_tokens).toBe(7)
})

test('settings have their own names; a seed is left out', () => {
  const settings = { temperature: 0.5, topP: 0.9, stop: ['X'], seed: 1, extra: { top_k: 3 } }
  expect(body({ settings }, { body: { top_k: 1, service_tier: 'auto' } })).toEqual({
    model: 'claude-sonnet-5',
    max_tokens: 16_384,
    stream: true,
    temperature: 0.5,
    top_p: 0.9,
    stop_sequences: ['X'],
    top_k: 3,
    service_tier: 'auto',
    messages: [],
  })
})

test('members that decide what is asked cannot be replaced', () => {
  expect(() => anthropicWire({ body: { tools: [] } })).toThrow('`tools` cannot be replaced')
  expect(() => written({ settings: { extra: { system: 'x' } } })).toThrow('`system` cannot be')
  expect(() => written({ settings: { modalities: ['image'] } })).toThrow('pictures')
})

test('tools and the choice among them', () => {
  const tools = [tool('files.read'), tool('mail')]
  expect(body({ tools }).tools[0]).toEqual({
    name: 'files__read',
    description: 'does files.read',
    input_schema: { type: 'object' },
  })
  const choice = (toolChoice: ModelRequest['toolChoice'], parallelToolCalls?: boolean) =>
    body({
      tools,
      ...(toolChoice === undefined ? {} : { toolChoice }),
      ...(parallelToolCalls === undefined ? {} : { settings: { parallelToolCalls } }),
    }).tool_choice
  expect(choice('auto')).toBeUndefined()
  expect(choice('auto', true)).toBeUndefined()
  expect(choice(undefined, false)).toEqual({ type: 'auto', disable_parallel_tool_use: true })
  expect(choice('required', false)).toEqual({ type: 'any', disable_parallel_tool_use: true })
  expect(choice('none', false)).toEqual({ type: 'none' })
  expect(choice({ tool: 'files.read' })).toEqual({ type: 'tool', name: 'files__read' })
})

test('a history with calls has tools, which may not be called when none are offered', () => {
  const { tools, tool_choice } = body({ messages: [go, said([call('c0', '')]), answer('c0')] })
  expect(tools).toEqual([{ name: 'files__read', input_schema: { type: 'object' } }])
  expect(tool_choice).toEqual({ type: 'none' })
})

const reasoning = (given: object, model: string, more: Partial<ModelRequest> = {}) => {
  const { thinking, output_config } = body({ settings: { reasoning: given }, ...more }, {}, model)
  return { thinking, effort: output_config?.effort }
}

test.each([
  [{ effort: 'high' }, { thinking: { type: 'adaptive', display: 'summarized' }, effort: 'high' }],
  [
    { effort: 'minimal', exclude: true },
    { thinking: { type: 'adaptive', display: 'omitted' }, effort: 'low' },
  ],
  [{ effort: 'none' }, { thinking: { type: 'disabled' } }],
  [
    { maxTokens: 2000 },
    { thinking: { type: 'enabled', budget_tokens: 2000, display: 'summarized' } },
  ],
  [{}, { thinking: { type: 'adaptive', display: 'summarized' } }],
])('a model that adapts is told an effort: %j', (given, expected) => {
  expect(reasoning(given, 'claude-opus-4-6')).toEqual(expected)
})

test.each([
  [{ effort: 'high' }, { type: 'enabled', budget_tokens: 13_107 }],
  [
    { effort: 'minimal', exclude: true },
    { type: 'enabled', budget_tokens: 1638, display: 'omitted' },
  ],
  [
    { effort: 'low', maxTokens: 2000 },
    { type: 'enabled', budget_tokens: 2000 },
  ],
  [{ effort: 'none' }, { type: 'disabled' }],
])('an older model is told a number of tokens: %j', (given, thinking) => {
  expect(reasoning(given, 'claude-haiku-4-5')).toEqual({ thinking })
})

test('a choice that is forced excludes thinking', () => {
  const tools = [tool('f')]
  for (const toolChoice of ['required', { tool: 'f' }] as const) {
    expect(reasoning({ effort: 'low' }, 'claude-haiku-4-5', { tools, toolChoice })).toEqual({})
    expect(reasoning({ effort: 'low' }, 'claude-opus-5', { tools, toolChoice })).toEqual({
      effort: 'low',
    })
  }
  expect(
    reasoning({ effort: 'low' }, 'claude-opus-5', { toolChoice: 'required' }).thinking,
  ).toBeDefined()
})

test.each([
  [{ reasoning: { maxTokens: 1000 } }, 'cannot think with 1000'],
  [{ reasoning: { maxTokens: 5000 }, maxOutputTokens: 5000 }, 'cannot think with 5000 of 5000'],
  [{ reasoning: { effort: 'high' }, temperature: 0.2 }, '`temperature`'],
  [{ reasoning: { effort: 'high' }, topP: 0.5 }, '`topP`'],
] as const)('settings that thinking excludes are refused: %j', (settings, message) => {
  expect(() => written({ settings })).toThrow(message)
})

test('the name of a model tells how it is told to think', () => {
  const budget = [
    'claude-3-7-sonnet-20250219',
    'claude-3.5-haiku',
    'claude-sonnet-4-20250514',
    'claude-opus-4-1-20250805',
    'anthropic/claude-haiku-4.5',
    'claude-opus-4-5',
    'claude-opus-4',
    'claude-2.1',
    'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    'claude-3-opus-latest',
  ]
  const adaptive = [
    'claude-opus-4-6',
    'anthropic/claude-sonnet-4.6',
    'claude-opus-4-10',
    'claude-sonnet-5',
    'claude-haiku-5-5',
    'claude-fable-5',
    'other',
  ]
  expect(budget.filter((model) => styleOf(model) !== 'budget')).toEqual([])
  expect(adaptive.filter((model) => styleOf(model) !== 'adaptive')).toEqual([])
  expect(
    body({ settings: { reasoning: { effort: 'low' } } }, { thinking: 'budget' }, 'other').thinking
      .type,
  ).toBe('enabled')
})

test('output follows a schema, or is asked for in words where the wire has no form for it', () => {
  const schema = { type: 'object', additionalProperties: false }
  const strict = { type: 'json-schema', name: 'x', schema } as const
  const settings = { reasoning: { effort: 'low' } } as const
  expect(body({ output: strict, settings }).output_config).toEqual({
    effort: 'low',
    format: { type: 'json_schema', schema },
  })
  const loose = body({
    output: { ...strict, strict: false },
    messages: [{ role: 'system', content: 's' }],
  })
  expect(loose.output_config).toBeUndefined()
  expect(loose.system).toHaveLength(2)
  expect(loose.system[1].text).toContain(JSON.stringify(schema))
  expect(body({ output: { type: 'json' } }).system[0].text).toMatch(
    /one JSON object and nothing else\.$/,
  )
})

test('what is sent again is marked for the cache', () => {
  const messages: readonly Message[] = [
    { role: 'system', content: 's' },
    go,
    said([{ type: 'text', text: 'x' }]),
    go,
  ]
  const tools = [tool('a'), tool('b')]
  const ephemeral = { type: 'ephemeral' }
  const both = body({ messages, tools }, { cache: '5m' })
  expect(both.system[0].cache_control).toEqual(ephemeral)
  expect(both.messages[2].content[0].cache_control).toEqual(ephemeral)
  expect(JSON.stringify(both).split('cache_control')).toHaveLength(3)
  const bare = body({ messages: messages.slice(1), tools }, { cache: '1h' })
  expect(bare.tools[1].cache_control).toEqual({ ...ephemeral, ttl: '1h' })
  expect(JSON.stringify(bare).split('cache_control')).toHaveLength(3)
  expect(written({ messages, tools })).not.toContain('cache_control')
  expect(body({}, { cache: '5m' }).messages).toEqual([])
})
