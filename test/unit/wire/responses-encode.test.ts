import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../../src/base/json.ts'
import type { AssistantMessage, AssistantPart, Message } from '../../../src/protocol/message.ts'
import type { ModelRequest, ModelSettings } from '../../../src/protocol/request.ts'
import { responsesCodec } from '../../../src/wire/responses/codec.ts'
import type { ResponsesDialect } from '../../../src/wire/responses/options.ts'
import { bodyText } from '../../support/body-text.ts'

interface Encoding {
  readonly dialect?: ResponsesDialect
  readonly model?: string
  readonly stream?: boolean
}

function body(
  request: Partial<ModelRequest>,
  { dialect = 'openai', model = 'gpt-5.4', stream = true }: Encoding = {},
) {
  const text = responsesCodec({ dialect }).encode(
    { messages: [], tools: [], ...request },
    { model, stream },
  )
  return JSON.parse(bodyText(text))
}

function input(messages: readonly Message[], dialect?: ResponsesDialect): readonly JsonObject[] {
  return body({ messages }, dialect === undefined ? {} : { dialect }).input
}

const reasoning = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'sealed' }

function answer(
  parts: readonly AssistantPart[],
  items: JsonValue,
  dialect = 'openai',
): AssistantMessage {
  return {
    role: 'assistant',
    content: parts,
    opaque: { wire: 'responses', value: { dialect, items } },
  }
}

function callPart(number: number, more: object = {}): AssistantPart {
  return {
    type: 'tool-call',
    callId: `c-${number}`,
    providerId: `call_${number}`,
    tool: 'files.read',
    arguments: '{"a":1}',
    ...more,
  }
}

const answeredTurn = (number: number): readonly Message[] => [
  { role: 'assistant', content: [callPart(number, { providerId: 'call_1' })] },
  {
    role: 'tool',
    callId: `c-${number}`,
    providerId: 'call_1',
    tool: 'files.read',
    content: `${number}`,
    isError: false,
  },
]

const messageEntry = (id: string, from: number, length: number, phase: string): JsonObject => ({
  item: { type: 'message', id, phase, role: 'assistant', status: 'completed' },
  text: [from, length],
})

const messageItem = (id: string, words: string, phase: string): JsonObject => ({
  type: 'message',
  id,
  phase,
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: words, annotations: [] }],
})

const callEntry = { item: { type: 'function_call', id: 'fc_1', status: 'completed' }, call: 0 }

test('OpenAI is not sent ids of calls that are longer than it accepts', () => {
  const long = 'call_'.padEnd(65, 'x')
  const history: readonly Message[] = [
    { role: 'assistant', content: [callPart(1, { callId: 'run-1-0', providerId: long })] },
    {
      role: 'tool',
      callId: 'run-1-0',
      providerId: long,
      tool: 'files.read',
      content: 'ok',
      isError: false,
    },
  ]
  const idsOf = (dialect: ResponsesDialect) =>
    input(history, dialect).map((item) => item['call_id'])
  expect(idsOf('openai')).toEqual(['run-1-0', 'run-1-0'])
  expect(idsOf('openrouter')).toEqual([long, long])
})

test('every kind of message is written as the wire has it', () => {
  const items = input([
    { role: 'user', content: 'u' },
    { role: 'system', content: 's' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 't' },
        { type: 'image', url: 'https://x.example/i.png' },
        { type: 'image', url: 'data:image/png;base64,QUJD', detail: 'low' },
        { type: 'file', name: 'f.pdf', url: 'data:application/pdf;base64,QUJD' },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'hidden' },
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
        { type: 'refusal', text: 'no' },
        callPart(1),
      ],
    },
    {
      role: 'tool',
      callId: 'c-1',
      providerId: 'call_1',
      tool: 'files.read',
      content: 'ok',
      isError: false,
    },
    { role: 'assistant', content: [] },
  ])
  expect(items).toEqual([
    { role: 'system', content: 's' },
    { role: 'user', content: 'u' },
    {
      role: 'user',
      content: [
        { type: 'input_text', text: 't' },
        { type: 'input_image', image_url: 'https://x.example/i.png', detail: 'auto' },
        { type: 'input_image', image_url: 'data:image/png;base64,QUJD', detail: 'low' },
        {
          type: 'input_file',
          filename: 'f.pdf',
          file_data: 'data:application/pdf;base64,QUJD',
        },
      ],
    },
    { role: 'assistant', content: 'ab' },
    { role: 'assistant', content: 'no' },
    { type: 'function_call', call_id: 'call_1', name: 'files__read', arguments: '{"a":1}' },
    { type: 'function_call_output', call_id: 'call_1', output: 'ok' },
  ])
})

test('an id that two turns share goes to the first one, and its answer follows', () => {
  const items = input([...answeredTurn(1), ...answeredTurn(2)])
  expect(items.map((item) => item['call_id'])).toEqual(['call_1', 'call_1', 'c-2', 'c-2'])
})

describe('an answer is sent back', () => {
  test('with its items in their order, and with what its parts hold', () => {
    const parts: readonly AssistantPart[] = [
      { type: 'text', text: 'first.second.' },
      { type: 'image', url: 'data:image/png;base64,QUJD' },
      callPart(1),
      callPart(2),
    ]
    const search = { type: 'web_search_call', id: 'ws_1', status: 'completed', action: {} }
    const second = { type: 'function_call', id: 'fc_2', status: 'completed', namespace: 'crm' }
    const items = input([
      answer(parts, [
        { item: reasoning },
        messageEntry('msg_1', 0, 6, 'commentary'),
        { item: search },
        callEntry,
        { item: { ...reasoning, id: 'rs_2' } },
        messageEntry('msg_2', 6, 7, 'final_answer'),
        { item: { type: 'image_generation_call', id: 'ig_1', status: 'completed' }, picture: 0 },
        { item: second, call: 1 },
      ]),
    ])
    const called = { name: 'files__read', arguments: '{"a":1}' }
    expect(items).toEqual([
      reasoning,
      messageItem('msg_1', 'first.', 'commentary'),
      search,
      { ...callEntry.item, call_id: 'call_1', ...called },
      { ...reasoning, id: 'rs_2' },
      messageItem('msg_2', 'second.', 'final_answer'),
      { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: 'QUJD' },
      { ...second, call_id: 'call_2', ...called },
    ])
  })

  test('with a refusal as its part of the message', () => {
    const entry = { item: { type: 'message', id: 'msg_1' }, refusal: [0, 2] }
    expect(input([answer([{ type: 'refusal', text: 'no' }], [entry])])).toEqual([
      {
        type: 'message',
        id: 'msg_1',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'refusal', refusal: 'no' }],
      },
    ])
  })

  test('with free text for custom tools, and so are their results', () => {
    const items = input([
      answer(
        [callPart(1, { arguments: 'free' })],
        [{ item: { type: 'custom_tool_call', id: 'ctc_1' }, call: 0 }],
      ),
      {
        role: 'tool',
        callId: 'c-1',
        providerId: 'call_1',
        tool: 'files.read',
        content: 'no',
        isError: true,
      },
    ])
    expect(items).toEqual([
      {
        type: 'custom_tool_call',
        id: 'ctc_1',
        call_id: 'call_1',
        name: 'files__read',
        input: 'free',
      },
      { type: 'custom_tool_call_output', call_id: 'call_1', output: 'no' },
    ])
  })

  test('without ids where OpenAI would look for reasoning it has not sealed', () => {
    const parts: readonly AssistantPart[] = [{ type: 'text', text: 'x' }, callPart(1)]
    const bare = { type: 'reasoning', id: 'rs_1', summary: [] }
    const entries = [
      { item: bare },
      { item: { type: 'message', id: 'msg_1', phase: 'commentary' }, text: [0, 1] },
      callEntry,
    ]
    const called = { call_id: 'call_1', name: 'files__read', arguments: '{"a":1}' }
    expect(input([answer(parts, entries)])).toEqual([
      { role: 'assistant', content: 'x', phase: 'commentary' },
      { type: 'function_call', status: 'completed', ...called },
    ])
    expect(input([answer(parts, entries, 'compatible')], 'compatible')[0]).toEqual(bare)
  })

  test('without ids that are longer than the provider takes', () => {
    const long = { type: 'message', id: 'm'.repeat(65) }
    const items = input([answer([{ type: 'text', text: 'x' }], [{ item: long, text: [0, 1] }])])
    expect(items).toEqual([{ role: 'assistant', content: 'x' }])
  })
})

test.each<[string, readonly AssistantPart[], JsonValue, string?]>([
  ['its text was changed', [{ type: 'text', text: 'other text' }], [{ item: reasoning }]],
  [
    'its text was cut',
    [{ type: 'text', text: 'x' }],
    [{ item: reasoning }, { item: { type: 'message', id: 'm' }, text: [0, 2] }],
  ],
  [
    'pieces of its text overlap',
    [{ type: 'text', text: 'xyz' }],
    [
      { item: { type: 'message', id: 'm' }, text: [0, 2] },
      { item: { type: 'message', id: 'n' }, text: [1, 2] },
    ],
  ],
  ['a call was taken out', [{ type: 'text', text: '' }], [{ item: reasoning }, callEntry]],
  ['a call was added', [callPart(1), callPart(2)], [{ item: reasoning }, callEntry]],
  ['a call stands there twice', [callPart(1), callPart(2)], [callEntry, callEntry]],
  ['a call has no number', [callPart(1)], [{ ...callEntry, call: 'x' }]],
  ['a call has a number out of range', [callPart(1)], [{ ...callEntry, call: 7 }]],
  ['its picture is gone', [], [{ item: { type: 'image_generation_call' }, picture: 0 }]],
  [
    'it claims to hold instructions',
    [],
    [{ item: { type: 'item_reference', id: 'msg_of_somebody' } }],
  ],
  ['it came from another provider', [callPart(1)], [{ item: reasoning }, callEntry], 'openrouter'],
  ['its items are no list', [callPart(1)], 'x'],
])('only its parts are sent of an answer when %s', (_, parts, items, dialect) => {
  const plain = input([{ role: 'assistant', content: parts }])
  expect(input([answer(parts, items, dialect)])).toEqual(plain)
})

test('a stored item cannot speak as somebody else', () => {
  const item = { type: 'message', id: 'msg_1', role: 'system', status: 'completed' }
  const [message] = input([answer([{ type: 'text', text: 'x' }], [{ item, text: [0, 1] }])])
  expect(message).toMatchObject({ role: 'assistant' })
})

describe('settings', () => {
  test.each<[ModelSettings, Encoding, object]>([
    [
      { temperature: 0, topP: 0.5, maxOutputTokens: 9 },
      {},
      {
        temperature: 0,
        top_p: 0.5,
        max_output_tokens: 9,
      },
    ],
    [{ reasoning: { effort: 'high' } }, {}, { reasoning: { effort: 'high', summary: 'auto' } }],
    [{ reasoning: { summary: 'detailed' } }, {}, { reasoning: { summary: 'detailed' } }],
    [{ reasoning: { effort: 'low', exclude: true } }, {}, { reasoning: { effort: 'low' } }],
    [
      { reasoning: { maxTokens: 5 } },
      { dialect: 'openrouter' },
      {
        reasoning: { summary: 'auto', max_tokens: 5 },
      },
    ],
    [
      { modalities: ['text', 'image'] },
      { dialect: 'openrouter' },
      {
        modalities: ['text', 'image'],
      },
    ],
    [{ modalities: ['text', 'image'] }, {}, { tools: [{ type: 'image_generation' }] }],
    [{ extra: { top_logprobs: 2, include: [] } }, {}, { top_logprobs: 2, include: [] }],
  ])('S4-05 %j is sent as %j knows it', (settings, encoding, expected) => {
    expect(body({ settings }, encoding)).toMatchObject(expected)
  })

  test('what OpenAI does not count is not sent to it', () => {
    const sent = body({ settings: { reasoning: { effort: 'low', maxTokens: 5 } } })
    expect(sent.reasoning).not.toHaveProperty('max_tokens')
    expect(body({ settings: { modalities: ['text', 'image'] } })).not.toHaveProperty('modalities')
  })

  test('a seed is left out, and a word to stop at is refused', () => {
    expect(body({ settings: { seed: 1 } })).not.toHaveProperty('seed')
    expect(() => body({ settings: { stop: ['x'] } })).toThrow('has no setting `stop`')
  })

  test.each([
    'input',
    'tools',
    'model',
    'stream',
    'store',
    'background',
    'previous_response_id',
    'conversation',
  ])('S4-06 the member `%s` cannot be replaced', (name) => {
    expect(() => body({ settings: { extra: { [name]: 'x' } } })).toThrow('cannot be replaced')
  })

  test.each([
    ['gpt-5.4-mini', true],
    ['o4-mini', true],
    ['gpt-4o', false],
    ['gpt-4.1-nano', false],
    ['ft:gpt-4o-mini:org::id', false],
    ['gpt-5-chat-latest', false],
    ['gpt-5.2-chat-latest', false],
    ['chatgpt-4o-latest', false],
  ])('sealed reasoning of %s is asked for: %s', (model, asked) => {
    expect(body({}, { model }).include).toEqual(asked ? ['reasoning.encrypted_content'] : undefined)
  })

  test('a form of the answer is asked for', () => {
    const any = body({ messages: [{ role: 'user', content: 'a' }], output: { type: 'json' } })
    expect(any.text).toEqual({ format: { type: 'json_object' } })
    expect(any.input).toEqual([
      { role: 'system', content: 'Answer with one JSON object and nothing else.' },
      { role: 'user', content: 'a' },
    ])
    const schema = { type: 'object' }
    const output = { type: 'json-schema', name: 'answer', schema } as const
    expect(body({ output }).text).toEqual({
      format: { type: 'json_schema', name: 'answer', schema, strict: true },
    })
    expect(body({ output: { ...output, strict: false } }).text.format.strict).toBe(false)
  })

  test.each([
    ['auto', 'auto'],
    ['required', 'required'],
    ['none', 'none'],
    [{ tool: 'files.read' }, { type: 'function', name: 'files__read' }],
  ] as const)('the tool choice %j is sent', (toolChoice, expected) => {
    const tools = [{ name: 'files.read', description: 'reads', input: { type: 'object' } }]
    const settings = { parallelToolCalls: false, modalities: ['image'] } as const
    expect(body({ tools, toolChoice, settings })).toMatchObject({
      tool_choice: expected,
      parallel_tool_calls: false,
      tools: [
        {
          type: 'function',
          name: 'files__read',
          description: 'reads',
          parameters: { type: 'object' },
          strict: false,
        },
        { type: 'image_generation' },
      ],
    })
    expect(body({ toolChoice })).not.toHaveProperty('tool_choice')
  })

  test('a whole answer is asked for without what belongs to streams', () => {
    const whole = body({}, { stream: false })
    expect(whole.stream).toBe(false)
    expect(whole).not.toHaveProperty('stream_options')
    expect(body({}).stream_options).toEqual({ include_obfuscation: false })
  })
})
