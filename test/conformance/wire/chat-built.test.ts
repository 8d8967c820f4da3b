import { describe, expect, test } from 'vitest'
import { chatCodec } from '../../../src/wire/chat/codec.ts'
import { ask, lawBreaks, runnable } from './support.ts'
import { bodyText } from '../../support/body-text.ts'

/** What a stream has to come to. */
interface Case {
  readonly name: string
  readonly body: string
  /** Runnable calls as tool and parsed arguments. */
  readonly runs: readonly (readonly [string, unknown])[]
  readonly text?: string
  readonly reasoning?: string
  readonly finish: string
  readonly code?: string
  readonly calls?: number
}

type Call = Readonly<Record<string, unknown>>

const envelope = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' }

function chunk(delta: object, finish: string | null = null, more: object = {}): string {
  return JSON.stringify({
    ...envelope,
    choices: [{ index: 0, delta, finish_reason: finish }],
    ...more,
  })
}

function calls(...entries: readonly Call[]): string {
  return chunk({ tool_calls: entries })
}

function call(fields: Call, name?: string, args?: unknown): Call {
  return {
    ...fields,
    function: {
      ...(name === undefined ? {} : { name }),
      ...(args === undefined ? {} : { arguments: args }),
    },
  }
}

function events(...data: readonly string[]): string {
  return data.map((each) => `data: ${each}\n\n`).join('')
}

const done = '[DONE]'
const finished = [chunk({}, 'tool_calls'), done] as const
const hello = events(
  chunk({ role: 'assistant', content: 'he' }),
  chunk({ content: 'llo é😀' }),
  chunk({}, 'stop'),
  done,
)
const good = { text: 'hello é😀', runs: [], finish: 'stop' } as const

const framing: readonly Case[] = [
  { name: 'LF', body: hello, ...good },
  { name: 'CRLF', body: hello.replaceAll('\n', '\r\n'), ...good },
  { name: 'CR only', body: `${hello.replaceAll('\n', '\r')}\r`, ...good },
  { name: 'a byte order mark', body: `\ufeff${hello}`, ...good },
  { name: 'no space after the colon', body: hello.replaceAll('data: ', 'data:'), ...good },
  {
    name: 'data over several lines',
    body: hello.replaceAll('"choices"', '\ndata: "choices"'),
    ...good,
  },
  {
    name: 'comments, retry, id and unknown fields',
    body: `: PROCESSING\n\nretry: 1000x\nid: a\u0000b\nfoo: bar\n:\n${hello}`,
    ...good,
  },
  {
    name: 'padding and unknown members',
    body: hello.replaceAll('}\n', ',"p":"x" }   \n'),
    ...good,
  },
  {
    name: 'the end mark inside a string',
    body: events(chunk({ content: '[DONE]' }), chunk({}, 'stop'), done),
    text: '[DONE]',
    runs: [],
    finish: 'stop',
  },
  {
    name: 'news after the end mark',
    body: events(
      chunk({ content: 'a' }, 'stop'),
      done,
      calls(call({ index: 0, id: 'x' }, 'f', '{}')),
    ),
    text: 'a',
    runs: [],
    calls: 0,
    finish: 'stop',
  },
]

const dialects: readonly Case[] = [
  {
    name: 'two calls at index 0 with own ids and names',
    body: events(
      calls(call({ index: 0, id: 'a' }, 'f', '{"a":1}')),
      calls(call({ index: 0, id: 'b' }, 'g', '{"b":')),
      calls(call({ index: 0 }, undefined, '2}')),
      ...finished,
    ),
    runs: [
      ['f', { a: 1 }],
      ['g', { b: 2 }],
    ],
    finish: 'tool-calls',
  },
  {
    name: 'one call whose fragments have fresh ids and empty names',
    body: events(
      calls(call({ index: 0, id: '1' }, 'f', '')),
      calls(call({ index: 0, id: '2' }, '', '{"a"')),
      calls(call({ index: 0, id: '3' }, '', ':1}')),
      ...finished,
    ),
    runs: [['f', { a: 1 }]],
    finish: 'tool-calls',
  },
  {
    name: 'fresh ids with the name repeated: the parts are no calls',
    body: events(
      calls(call({ index: 0, id: '1' }, 'f', '')),
      calls(call({ index: 0, id: '2' }, 'f', '{"a":')),
      calls(call({ index: 0, id: '3' }, 'f', '{}')),
      calls(call({ index: 0, id: '4' }, 'f', '}')),
      ...finished,
    ),
    runs: [],
    calls: 4,
    finish: 'error',
    code: 'model-protocol',
  },
  {
    name: 'no index, finish stop',
    body: events(calls(call({ id: 'a' }, 'f', '{"a":1}')), chunk({}, 'stop'), done),
    runs: [['f', { a: 1 }]],
    finish: 'tool-calls',
  },
  {
    name: 'two calls without index in one chunk',
    body: events(
      calls(call({ id: 'a' }, 'f', '{"a":1}'), call({ id: 'b' }, 'g', '{"b":2}')),
      ...finished,
    ),
    runs: [
      ['f', { a: 1 }],
      ['g', { b: 2 }],
    ],
    finish: 'tool-calls',
  },
  {
    name: 'no index, fragments continue the last call',
    body: events(
      calls(call({ id: 'a' }, 'f', '{"a"')),
      calls(call({ id: 'a' }, '', ':')),
      calls(call({}, undefined, '1}')),
      ...finished,
    ),
    runs: [['f', { a: 1 }]],
    finish: 'tool-calls',
  },
  {
    name: 'an empty id',
    body: events(calls(call({ index: 0, id: '' }, 'f', '{"a":1}')), chunk({}, 'stop'), done),
    runs: [['f', { a: 1 }]],
    finish: 'tool-calls',
  },
  {
    name: 'two entries with one index in one chunk',
    body: events(
      calls(call({ index: 0, id: 'a' }, 'f', '{"a"'), call({ index: 0 }, undefined, ':1}')),
      ...finished,
    ),
    runs: [['f', { a: 1 }]],
    finish: 'tool-calls',
  },
  {
    name: 'arguments as an object',
    body: events(calls(call({ index: 0, id: 'a' }, 'f', { a: [1] })), ...finished),
    runs: [['f', { a: [1] }]],
    finish: 'tool-calls',
  },
  {
    name: 'arguments that are null, missing or empty',
    body: events(
      calls(call({ index: 0, id: 'a' }, 'f', null)),
      calls(call({ index: 1, id: 'b' }, 'g')),
      calls(call({ index: 2, id: 'c' }, 'h', '')),
      ...finished,
    ),
    runs: [
      ['f', {}],
      ['g', {}],
      ['h', {}],
    ],
    finish: 'tool-calls',
  },
  {
    name: 'content as typed parts',
    body: events(
      chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] }),
      chunk({
        content: [
          { type: 'text', text: 'hi' },
          { type: 'reference', reference_ids: [1] },
        ],
      }),
      chunk({ content: '!' }, 'stop'),
      done,
    ),
    text: 'hi!',
    reasoning: 'hm',
    runs: [],
    finish: 'stop',
  },
  {
    name: 'the same reasoning in two members',
    body: events(
      chunk({ reasoning: 'a', reasoning_content: 'a' }),
      chunk({ reasoning: 'b', reasoning_content: 'b', content: 'x' }, 'stop'),
      done,
    ),
    text: 'x',
    reasoning: 'ab',
    runs: [],
    finish: 'stop',
  },
  {
    name: 'a wrapper around calls is a call of an unknown tool',
    body: events(
      calls(call({ index: 0, id: 'a' }, 'multi_tool_use.parallel', '{"tool_uses":[]}')),
      ...finished,
    ),
    runs: [['multi_tool_use.parallel', { tool_uses: [] }]],
    finish: 'tool-calls',
  },
  {
    name: 'an unknown finish word beside calls',
    body: events(calls(call({ index: 0, id: 'a' }, 'f', '{}')), chunk({}, 'whatever'), done),
    runs: [['f', {}]],
    finish: 'tool-calls',
  },
  {
    name: 'text in another choice',
    body: events(
      JSON.stringify({
        ...envelope,
        choices: [
          { index: 1, delta: { content: 'y' } },
          { index: 0, delta: { content: 'x' }, finish_reason: 'stop' },
        ],
      }),
      done,
    ),
    text: 'x',
    runs: [],
    finish: 'stop',
  },
]

const whole = call({ index: 0, id: 'a' }, 'f', '{"a":1}')

/** An event whose only call has these arguments, written as they stand here. */
function written(args: string): string {
  return calls(call({ index: 0, id: 'a' }, 'f', '$')).replace('"$"', () => args)
}

function choices(...all: readonly object[]): string {
  return JSON.stringify({ ...envelope, choices: all })
}

const hostile: readonly Case[] = [
  ...[
    '{"a":1,"a":2}',
    '{"a":{"b":1,"b":2}}',
    '{"a":1,"\\u0061":2}',
    '{"__proto__":{"a":1}}',
    '{"a":9007199254740993}',
    '{"a":1e999}',
    '{"a":"\\ud800"}',
    '[{"a":1}]',
    '7',
    'true',
  ].map((args) => ({
    name: `arguments written into the event as ${args}`,
    body: events(written(args), ...finished),
    runs: [],
    calls: 1,
    finish: 'tool-calls',
  })),
  {
    name: 'two members with arguments written into the event',
    body: events(written('{"a":1},"arguments":{"a":2}'), ...finished),
    runs: [],
    calls: 1,
    finish: 'error',
    code: 'model-protocol',
  },
  ...['delta', 'message'].flatMap((holder) =>
    [{ tool_calls: [whole] }, { function_call: { name: 'f', arguments: '{}' } }].map((held) => ({
      name: `another choice with ${Object.keys(held).join()} in its ${holder}`,
      body: events(
        choices({ index: 1, [holder]: held }, { index: 0, delta: { content: 'x' } }),
        chunk({}, 'stop'),
        done,
      ),
      runs: [],
      calls: 0,
      finish: 'error',
      code: 'model-protocol',
    })),
  ),
  ...[
    choices({ index: 1, delta: { tool_calls: [whole] } }),
    choices({ index: 1, delta: { tool_calls: [whole] } }, { index: 0, delta: { content: '' } }),
  ].map((other) => ({
    name: 'calls in the first choice, and others in an event without them',
    body: events(other, calls(call({ index: 0, id: 'b' }, 'f', '{"a":2}')), other, ...finished),
    runs: [['f', { a: 2 }]] as const,
    finish: 'tool-calls',
  })),
  {
    name: 'two first choices',
    body: events(
      choices({ delta: { tool_calls: [whole] } }, { delta: { content: 'x' } }),
      ...finished,
    ),
    runs: [],
    calls: 0,
    finish: 'error',
    code: 'model-protocol',
  },
  ...[
    [
      'length',
      'length',
      'max_tokens',
      'MAX_TOKENS',
      'max-output-tokens',
      'maxTokens',
      'incomplete',
    ],
    ['length', 'model_context_window_exceeded', 'context_length_exceeded', 'Length_Limit'],
    ['content-filter', 'content_filter', 'content_filtered', 'ContentFilter', 'SAFETY'],
    ['content-filter', 'RECITATION', 'IMAGE_SAFETY', 'guardrail_intervened', 'refusal'],
  ].flatMap(([finish, ...words]) =>
    words.map((word) => ({
      name: `a complete call and finish ${word}`,
      body: events(calls(whole), chunk({}, word), done),
      runs: [],
      calls: 1,
      finish: finish!,
    })),
  ),
  {
    name: 'an unknown finish word beside a call without arguments',
    body: events(calls(call({ index: 0, id: 'a' }, 'f', '')), chunk({}, 'whatever'), done),
    runs: [],
    calls: 1,
    finish: 'tool-calls',
  },
  {
    name: 'a cut behind a better-sounding word',
    body: events(
      calls(whole),
      JSON.stringify({
        choices: [{ delta: {}, finish_reason: 'tool_calls', native_finish_reason: 'MAX_TOKENS' }],
      }),
      done,
    ),
    runs: [],
    calls: 1,
    finish: 'length',
  },
  {
    name: 'arguments cut, finish length',
    body: events(calls(call({ index: 0, id: 'a' }, 'f', '{"a":')), chunk({}, 'length'), done),
    runs: [],
    calls: 1,
    finish: 'length',
  },
  {
    name: 'a second object in the arguments',
    body: events(calls(whole), calls(call({ index: 0 }, undefined, '{"b":2}')), ...finished),
    runs: [],
    calls: 1,
    finish: 'tool-calls',
  },
  {
    name: 'the announced calls are missing',
    body: events(chunk({ content: 'x' }, 'tool_calls'), done),
    runs: [],
    calls: 0,
    finish: 'error',
    code: 'model-protocol',
  },
  ...[-1, 1.5, '0', 4294967296, 1024, '__proto__'].map((index) => ({
    name: `the index ${JSON.stringify(index)}`,
    body: events(calls(whole), calls(call({ index, id: 'b' }, 'g', '{}')), ...finished),
    runs: [],
    calls: 1,
    finish: 'error',
    code: 'model-protocol',
  })),
  {
    name: 'more calls than accepted',
    body: events(
      ...Array.from({ length: 129 }, (_, index) =>
        calls(call({ index, id: `id${index}` }, 'f', '{}')),
      ),
      ...finished,
    ),
    runs: [],
    calls: 128,
    finish: 'error',
    code: 'model-protocol',
  },
  {
    name: 'a call that changes its name',
    body: events(calls(whole), calls(call({ index: 0 }, 'g', '')), ...finished),
    runs: [],
    calls: 1,
    finish: 'error',
    code: 'model-protocol',
  },
  {
    name: 'two calls with one id',
    body: events(calls(whole), calls(call({ index: 1, id: 'a' }, 'g', '{}')), ...finished),
    runs: [],
    calls: 1,
    finish: 'error',
    code: 'model-protocol',
  },
  {
    name: 'a call without a name',
    body: events(calls(whole, call({ index: 1, id: 'b' }, undefined, '{}')), ...finished),
    runs: [],
    calls: 1,
    finish: 'error',
    code: 'model-protocol',
  },
  {
    name: 'an error after a complete call and its finish',
    body: events(
      calls(whole),
      chunk({}, 'tool_calls'),
      '{"error":{"code":500,"message":"no"}}',
      done,
    ),
    runs: [],
    calls: 1,
    finish: 'error',
    code: 'model-error',
  },
  {
    name: 'an event that is not JSON',
    body: events(calls(whole), '{"choices":', ...finished),
    runs: [],
    calls: 1,
    finish: 'error',
    code: 'model-protocol',
  },
  {
    name: 'a complete call and then nothing',
    body: events(calls(whole)),
    runs: [],
    calls: 1,
    finish: 'error',
    code: 'model-incomplete',
  },
  {
    name: 'a call that begins after a finish word, and then nothing',
    body: events(
      chunk({ content: 'x' }, 'stop'),
      chunk({ tool_calls: [call({ index: 0, id: 'a' }, 'f', '')] }, 'stop'),
    ),
    runs: [],
    calls: 1,
    finish: 'error',
    code: 'model-incomplete',
  },
  {
    name: 'nothing at all',
    body: '',
    runs: [],
    calls: 0,
    finish: 'error',
    code: 'model-incomplete',
  },
  {
    name: 'a repaired byte sequence in the arguments',
    body: events(calls(call({ index: 0, id: 'a' }, 'f', '{"a":"\ufffd"}')), ...finished),
    runs: [],
    calls: 1,
    finish: 'tool-calls',
  },
  {
    name: 'arguments nested too deeply to be written',
    body: events(
      `{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":${'[{"a":'.repeat(50_000)}1${'}]'.repeat(50_000)}}}]}}]}`,
      ...finished,
    ),
    runs: [],
    calls: 1,
    finish: 'tool-calls',
  },
]

describe.each([
  ['framing', framing],
  ['dialect', dialects],
  ['hostile', hostile],
] as const)('%s', (_, cases) => {
  test.each(cases)('$name', async (expected) => {
    // tiny writes of a large body would only repeat what the small ones show
    const splits = expected.body.length > 20_000 ? [undefined, 4096] : [undefined, 7, 1]
    for (const split of splits) {
      const fault = split === undefined ? {} : { fault: { split } }
      const { events: seen, turn } = await ask({ body: expected.body, ...fault })
      expect(lawBreaks(seen)).toEqual([])
      expect(turn.error?.code).toBe(expected.code)
      expect(turn.finishReason.unified).toBe(expected.finish)
      expect(runnable(turn).map(({ tool, arguments: text }) => [tool, JSON.parse(text)])).toEqual(
        expected.runs,
      )
      expect(turn.calls).toHaveLength(expected.calls ?? expected.runs.length)
      if (expected.text !== undefined) expect(turn.text).toBe(expected.text)
      if (expected.reasoning !== undefined) expect(turn.reasoning).toBe(expected.reasoning)
    }
  })
})

test.each([
  ['a cut', []],
  ['length', [chunk({}, 'length'), done]],
  ['an end mark without a finish word', [done]],
])('missing argument text stays missing after %s', async (_, rest) => {
  const { turn } = await ask({
    body: events(calls(call({ index: 0, id: 'a' }, 'f', '')), ...rest),
  })
  expect(turn.calls).toMatchObject([{ arguments: '', defect: { status: 'truncated' } }])
})

test('data a call has to be sent back with is kept, also from a fragment without anything else', async () => {
  const first = { index: 0, id: '', type: 'function', function: { name: 'f', arguments: '{}' } }
  const signature = { index: 0, extra_content: { google: { thought_signature: 'c2ln' } } }
  const { turn } = await ask({
    body: events(calls(first), calls(signature), chunk({}, 'stop'), done),
  })
  expect(turn.calls[0]?.opaque).toEqual({ google: { thought_signature: 'c2ln' } })
})

test('reasoning details are merged by block, with the signature of a late fragment', async () => {
  const detail = (fields: object): string => chunk({ reasoning_details: [fields] })
  const { turn } = await ask({
    body: events(
      detail({ type: 'reasoning.text', text: 'a', signature: '', format: 'x', index: 0 }),
      detail({ type: 'reasoning.text', text: 'b', signature: '', format: 'x', index: 0 }),
      detail({ type: 'reasoning.text', signature: 'sig', format: 'x', index: 0 }),
      detail({ type: 'reasoning.encrypted', data: 'zz', id: 'r', index: 0 }),
      detail({ type: 'reasoning.summary', summary: 's', index: 1 }),
      detail({ type: 'reasoning.summary', summary: 't', index: 1 }),
      chunk({ content: 'x' }, 'stop'),
      done,
    ),
  })
  expect(turn.reasoning).toBe('abst')
  expect(turn.opaque).toEqual({
    wire: 'chat',
    value: {
      reasoning_details: [
        { type: 'reasoning.text', text: 'ab', signature: 'sig', format: 'x', index: 0 },
        { type: 'reasoning.encrypted', data: 'zz', id: 'r', index: 0 },
        { type: 'reasoning.summary', summary: 'st', index: 1 },
      ],
    },
  })
})

const exact = ' { "b" : 1.50, "a":[ {"c":1E2} , "}]\\"" ] } '

test.each([
  ['a stream', true],
  ['a whole answer', false],
])('arguments written as JSON are the text that was sent, in %s', async (_, stream) => {
  const entries = [
    call({ index: 0, id: 'a' }, 'f', '$'),
    call({ index: 1, id: 'b' }, 'g', '{"x":"$"}'),
  ]
  const holder = stream ? 'delta' : 'message'
  const first = { index: 1, [holder]: { content: 'no' } }
  const second = { index: 0, [holder]: { tool_calls: entries }, finish_reason: 'tool_calls' }
  const event = choices(first, second).replace('"$"', () => exact)
  const { turn } = await ask(
    stream
      ? { body: events(event, done) }
      : { body: event, headers: { 'content-type': 'application/json' } },
    { stream },
  )
  expect(turn.error).toBeUndefined()
  expect(turn.calls.map((each) => each.arguments)).toEqual([exact.trim(), '{"x":"$"}'])
})

test('arguments of a legacy call may be written as JSON as well', async () => {
  const legacy = chunk({ function_call: { name: 'f', arguments: '$' } })
  const event = legacy.replace('"$"', '{"a":1,"a":2}')
  const { turn } = await ask({ body: events(event, chunk({}, 'function_call'), done) })
  expect(turn.calls.map((each) => each.arguments)).toEqual(['{"a":1,"a":2}'])
  expect(runnable(turn)).toEqual([])
})

test('a whole answer that is not JSON is no answer', async () => {
  const headers = { 'content-type': 'application/json' }
  const { turn } = await ask({ body: '{"choices":', headers }, { stream: false })
  expect(turn.error).toMatchObject({ code: 'model-protocol' })
})

test.each([true, false])(
  'reasoning under the name `reasoning_content` is sent back as it came (stream: %s)',
  async (stream) => {
    const message = { reasoning_content: 'two\nparts', tool_calls: [whole] }
    const deltas = [{ reasoning_content: 'two\n' }, { reasoning_content: 'parts' }]
    const { turn } = await ask(
      stream
        ? { body: events(...deltas.map((each) => chunk(each)), calls(whole), ...finished) }
        : {
            body: choices({ message, finish_reason: 'tool_calls' }),
            headers: { 'content-type': 'application/json' },
          },
      { stream },
    )
    const opaque = { wire: 'chat', value: { reasoning_content: 'two\nparts' } }
    expect(turn).toMatchObject({ reasoning: 'two\nparts', opaque })
    const body = chatCodec({ dialect: 'compatible' }).encode(
      { messages: [{ role: 'assistant', content: [], opaque }], tools: [] },
      { model: 'm', stream },
    )
    expect(JSON.parse(bodyText(body))).toMatchObject({
      messages: [{ reasoning_content: 'two\nparts' }],
    })
  },
)

test('reasoning under the name `reasoning` alone is not sent back', async () => {
  const body = events(chunk({ reasoning: 'a' }), chunk({ content: 'x' }, 'stop'), done)
  const { turn } = await ask({ body })
  expect(turn.reasoning).toBe('a')
  expect(turn.opaque).toBeUndefined()
})

test('token counts are whole numbers, whatever an endpoint reports', async () => {
  const usage = { prompt_tokens: 10.4, completion_tokens: 2.5, prompt_tokens_details: null }
  const { turn } = await ask({ body: events(chunk({ content: 'x' }, 'stop', { usage }), done) })
  expect(turn.usage).toMatchObject({ inputTokens: 10, outputTokens: 3, cacheReadTokens: 0 })
})
