import { askAnthropic } from './anthropic-support.ts'
import { sse, streamSuite, type Stream } from './streams.ts'

type Fields = Readonly<Record<string, unknown>>

const json = { 'content-type': 'application/json' }
const message = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content: [],
  stop_reason: null,
  stop_sequence: null,
}
const begun: Fields = {
  type: 'message_start',
  message: { ...message, usage: { input_tokens: 11, output_tokens: 1 } },
}

function open(index: unknown, block: unknown): Fields {
  return { type: 'content_block_start', index, content_block: block }
}

function delta(index: unknown, fields: unknown): Fields {
  return { type: 'content_block_delta', index, delta: fields }
}

function close(index: unknown): Fields {
  return { type: 'content_block_stop', index }
}

function text(index: number, ...pieces: readonly string[]): readonly Fields[] {
  return [
    open(index, { type: 'text', text: '' }),
    ...pieces.map((piece) => delta(index, { type: 'text_delta', text: piece })),
    close(index),
  ]
}

function input(index: number, piece: unknown): Fields {
  return delta(index, { type: 'input_json_delta', partial_json: piece })
}

function tool(index: number, name: string, more: Fields = {}): Fields {
  return open(index, { type: 'tool_use', id: `toolu_${index}`, name, input: {}, ...more })
}

function use(index: number, name: string, ...pieces: readonly string[]): readonly Fields[] {
  return [tool(index, name), ...pieces.map((piece) => input(index, piece)), close(index)]
}

function ended(reason: unknown = 'end_turn', more: Fields = {}): readonly Fields[] {
  return [
    {
      type: 'message_delta',
      delta: { stop_reason: reason, stop_sequence: null },
      usage: { output_tokens: 7 },
      ...more,
    },
    { type: 'message_stop' },
  ]
}

/** Events with their names, as the provider sends them. */
function named(...events: readonly Fields[]): string {
  return events.map((each) => `event: ${String(each['type'])}\n${sse(each)}`).join('')
}

const ping = { type: 'ping' }
const fA: Stream['runs'] = [['f', { a: 1 }]]
const both: Stream['runs'] = [
  ['f', { a: 1 }],
  ['g', { b: 2 }],
]
const plain = [begun, ...text(0, 'a'), ...ended()]
const called = [begun, ...use(0, 'f', '', '{"a"', ': 1}'), ...ended('tool_use')]

const framing: readonly Stream[] = [
  {
    name: 'names, pings everywhere, and padding inside of events',
    sent: plain
      .map(
        (each) =>
          `event: ping\ndata: {"type": "ping"}\n\nevent: ${String(each['type'])}\ndata: ${JSON.stringify(each).slice(0, -1)}           }\n\n`,
      )
      .join(''),
    text: 'a',
    finish: 'stop',
    tokens: [11, 7],
  },
  {
    name: 'comments of a router, and no names of events',
    sent: `: OPENROUTER PROCESSING\n\n:\n\n${sse(...plain)}data: [DONE]\n\n`,
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'CR LF and no space after colons',
    sent: named(...plain)
      .replaceAll(': ', ':')
      .replaceAll('\n', '\r\n'),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'lone CR, a byte order mark, ids and times to retry',
    sent: `\ufeffid: 1\nretry: 5\n\n${named(...plain)}`.replaceAll('\n', '\r'),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'events written over many lines',
    sent: called
      .map(
        (each) =>
          `${JSON.stringify(each, null, 2)
            .split('\n')
            .map((line) => `data: ${line}`)
            .join('\n')}\n\n`,
      )
      .join(''),
    runs: fA,
    finish: 'tool-calls',
  },
  {
    name: 'pings without data, and empty data',
    sent: `event: ping\n\ndata:\n\nevent: ping\ndata:\n\n${named(...plain)}`,
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'an end mark amid the answer, which ends nothing',
    sent: sse(begun, '[DONE]', ...plain.slice(1)),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'garbage after the end',
    sent: `${named(...plain)}data: {"typ\n\nevent: error\ndata: late\n\n\u0000`,
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'a pair of surrogates cut in two by escapes',
    sent: sse(
      begun,
      open(0, { type: 'text', text: '' }),
      JSON.stringify(delta(0, { type: 'text_delta', text: 'X' })).replace('X', '\\ud83d'),
      JSON.stringify(delta(0, { type: 'text_delta', text: 'X' })).replace('X', '\\ude00'),
      close(0),
      ...ended(),
    ),
    text: '😀',
    finish: 'stop',
  },
  {
    name: 'events nobody knows yet, some without a type',
    sent: sse(
      begun,
      { type: 'message_note', note: 1 },
      {},
      { type: 7 },
      { type: 'content_block_note', index: 0 },
      ...plain.slice(1),
    ),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'a stream under another media type',
    sent: { headers: { 'content-type': 'application/octet-stream' }, body: named(...plain) },
    text: 'a',
    finish: 'stop',
  },
]

const blocks: readonly Stream[] = [
  {
    name: 'blocks in turn, each with a call, one character each',
    sent: sse(
      begun,
      tool(0, 'f'),
      tool(1, 'g'),
      ...[...'{"a":1}'].flatMap((piece, at) => [input(1, '{"b":2}'[at]), input(0, piece)]),
      close(1),
      close(0),
      ...ended('tool_use'),
    ),
    runs: both,
    finish: 'tool-calls',
  },
  {
    name: 'text, a call, text, a call',
    sent: sse(
      begun,
      ...text(0, 'a'),
      ...use(1, 'f', '{"a":1}'),
      ...text(2, 'b'),
      ...use(3, 'g', '{"b":2}'),
      ...ended('tool_use'),
    ),
    text: 'ab',
    runs: both,
    finish: 'tool-calls',
  },
  {
    name: 'places with gaps',
    sent: sse(begun, ...text(3, 'a'), ...use(9, 'f', '{"a":1}'), ...ended('tool_use')),
    text: 'a',
    runs: fA,
    finish: 'tool-calls',
  },
  {
    name: 'a place that is a text',
    sent: sse(begun, open('0', { type: 'text', text: '' }), ...ended()),
    finish: 'error',
    error: { code: 'model-protocol' },
  },
  {
    name: 'text in the opening of its block, and after it',
    sent: sse(
      begun,
      open(0, { type: 'text', text: 'a' }),
      delta(0, { type: 'text_delta', text: 'b' }),
      close(0),
      ...ended(),
    ),
    text: 'ab',
    finish: 'stop',
  },
  {
    name: 'text that is null and left out',
    sent: sse(
      begun,
      open(0, { type: 'text', text: null, citations: null }),
      delta(0, { type: 'text_delta', text: null }),
      delta(0, { type: 'text_delta' }),
      delta(0, { type: 'text_delta', text: 'a' }),
      close(0),
      ...ended(),
    ),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'a delta that is null, empty, and of a type of tomorrow',
    sent: sse(
      begun,
      open(0, { type: 'text', text: '' }),
      delta(0, null),
      delta(0, {}),
      delta(0, { type: 'video_delta', text: 'x' }),
      delta(0, { type: 'text_delta', text: 'a' }),
      close(0),
      close(0),
      close(7),
      ...ended(),
    ),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'input of a call that is null, then text',
    sent: sse(
      begun,
      tool(0, 'f', { input: null }),
      input(0, null),
      input(0, '{"a":1}'),
      close(0),
      ...ended('tool_use'),
    ),
    runs: fA,
    finish: 'tool-calls',
  },
  {
    name: 'input of a call as text in its opening',
    sent: sse(begun, tool(0, 'f', { input: '{"a":1}' }), close(0), ...ended('tool_use')),
    runs: fA,
    finish: 'tool-calls',
  },
  {
    name: 'input that is a list and a number',
    sent: sse(begun, ...use(0, 'f', '[1]'), ...use(1, 'f', '7'), ...ended('tool_use')),
    calls: 2,
    finish: 'tool-calls',
  },
  {
    name: 'two objects in one input',
    sent: sse(begun, ...use(0, 'f', '{"a":1}', '{"a":2}'), ...ended('tool_use')),
    calls: 1,
    finish: 'tool-calls',
  },
  {
    name: 'input that was not checked by the host and is no JSON, beside one that is',
    sent: sse(begun, ...use(0, 'f', '{"a": tru'), ...use(1, 'g', '{"b":2}'), ...ended('tool_use')),
    runs: [['g', { b: 2 }]],
    calls: 2,
    finish: 'tool-calls',
  },
  {
    name: 'a call by code of the model, in its container',
    sent: sse(
      begun,
      open(0, { type: 'server_tool_use', id: 'srvtoolu_1', name: 'code_execution', input: {} }),
      input(0, '{"code":"f(a=1)"}'),
      close(0),
      tool(1, 'f', { caller: { type: 'code_execution_20250825', tool_id: 'srvtoolu_1' } }),
      input(1, '{"a":1}'),
      close(1),
      {
        type: 'message_delta',
        delta: {
          stop_reason: 'tool_use',
          container: { id: 'container_1', expires_at: '2026-11-21T00:00:00Z' },
        },
        usage: { output_tokens: 7 },
      },
      { type: 'message_stop' },
    ),
    runs: fA,
    ids: ['toolu_1'],
    finish: 'tool-calls',
  },
  {
    name: 'tools the provider has run, with results of all kinds',
    sent: sse(
      begun,
      ...['server_tool_use', 'mcp_tool_use'].flatMap((type, at) => [
        open(at, { type, id: `x${at}`, name: 'f', input: {} }),
        input(at, '{"a":1}'),
        close(at),
      ]),
      ...[
        'web_search_tool_result',
        'web_fetch_tool_result',
        'code_execution_tool_result',
        'bash_code_execution_tool_result',
        'mcp_tool_result',
        'tool_search_tool_result',
        'container_upload',
        'fallback',
        'result_of_tomorrow',
      ].flatMap((type, at) => [
        open(at + 2, { type, tool_use_id: 'x0', content: [{ type: 'text', text: 'x' }] }),
        close(at + 2),
      ]),
      ...text(11, 'a'),
      ...ended(),
    ),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'citations between pieces of text',
    sent: sse(
      begun,
      open(0, { type: 'text', text: '', citations: [] }),
      delta(0, { type: 'citations_delta', citation: { type: 'char_location', cited_text: 'x' } }),
      delta(0, { type: 'text_delta', text: 'a' }),
      delta(0, { type: 'citations_delta', citation: { type: 'page_location' } }),
      close(0),
      ...ended(),
    ),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'thinking with its signature, then a call',
    sent: named(
      begun,
      open(0, { type: 'thinking', thinking: '', signature: '' }),
      ping,
      delta(0, { type: 'thinking_delta', thinking: 'h' }),
      delta(0, { type: 'thinking_delta', thinking: 'm' }),
      delta(0, { type: 'signature_delta', signature: 'c2ln' }),
      close(0),
      ...use(1, 'f', '{"a":1}'),
      ...ended('tool_use'),
    ),
    reasoning: 'hm',
    runs: fA,
    finish: 'tool-calls',
  },
  {
    name: 'thinking that is not shown, and thinking that is sealed',
    sent: sse(
      begun,
      open(0, { type: 'thinking', thinking: '', signature: '' }),
      delta(0, { type: 'signature_delta', signature: 'c2ln' }),
      close(0),
      open(1, { type: 'redacted_thinking', data: 'c2VhbGVk' }),
      close(1),
      ...text(2, 'a'),
      ...ended(),
    ),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'a signature for a block of text, which has none',
    sent: sse(
      begun,
      open(0, { type: 'text', text: '' }),
      delta(0, { type: 'signature_delta', signature: 'x' }),
      delta(0, { type: 'text_delta', text: 'a' }),
      close(0),
      ...ended(),
    ),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'thinking after text',
    sent: sse(
      begun,
      ...text(0, 'a'),
      open(1, { type: 'thinking', thinking: 'hm', signature: 'c2ln' }),
      close(1),
      ...text(2, 'b'),
      ...ended(),
    ),
    text: 'ab',
    reasoning: 'hm',
    finish: 'stop',
  },
  {
    name: 'a block that is null',
    sent: sse(begun, open(0, null), close(0), ...ended()),
    finish: 'error',
    error: { code: 'model-protocol' },
  },
  {
    name: 'input of a call in a delta without a type',
    sent: sse(
      begun,
      tool(0, 'f'),
      delta(0, { partial_json: '{"a":1}' }),
      close(0),
      ...ended('tool_use'),
    ),
    calls: 1,
    finish: 'error',
    error: { code: 'model-protocol' },
  },
  {
    name: 'a call of the name of a member that all objects have',
    sent: sse(
      begun,
      ...use(0, 'constructor', '{}'),
      ...use(1, '__proto__', '{}'),
      ...ended('tool_use'),
    ),
    runs: [
      ['constructor', {}],
      ['__proto__', {}],
    ],
    finish: 'tool-calls',
  },
  {
    name: 'no opening of the message',
    sent: sse(...text(0, 'a'), ...ended()),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'an opening without a message',
    sent: sse({ type: 'message_start' }, ...text(0, 'a'), ...ended()),
    text: 'a',
    finish: 'stop',
  },
]

const endings: readonly Stream[] = [
  ...(
    [
      ['end_turn', 'stop', 0],
      ['stop_sequence', 'stop', 0],
      ['max_tokens', 'length', 0],
      ['model_context_window_exceeded', 'length', 0],
      ['refusal', 'content-filter', 0],
      ['pause_turn', 'pause', 0],
      ['reason_of_tomorrow', 'other', 0],
      ['end_turn', 'tool-calls', 1],
      ['max_tokens', 'length', 1],
      ['model_context_window_exceeded', 'length', 1],
      ['refusal', 'content-filter', 1],
      ['pause_turn', 'pause', 1],
    ] as const
  ).map(([reason, finish, calls]) => ({
    name: `${calls === 0 ? 'text' : 'a call'}, and then \`${reason}\``,
    sent: sse(
      begun,
      ...text(0, 'a'),
      ...(calls === 0 ? [] : use(1, 'f', '{"a":1}')),
      ...ended(reason),
    ),
    text: 'a',
    runs: finish === 'tool-calls' ? fA : [],
    calls,
    finish,
    raw: reason,
    tokens: [11, 7] as const,
  })),
  {
    name: 'a refusal with its explanation, in the middle of a tool of the provider',
    sent: sse(
      begun,
      ...text(0, 'a'),
      open(1, { type: 'server_tool_use', id: 's', name: 'web_search', input: {} }),
      input(1, '{"q'),
      {
        type: 'message_delta',
        delta: {
          stop_reason: 'refusal',
          stop_details: { category: 'cyber', explanation: 'no', recommended_model: 'x' },
        },
      },
      { type: 'message_stop' },
    ),
    text: 'a',
    refusal: 'no',
    finish: 'content-filter',
  },
  {
    name: 'a bound of tokens within a call that looks whole',
    sent: sse(begun, tool(0, 'f'), input(0, '{"a":1}'), ...ended('max_tokens')),
    calls: 1,
    finish: 'length',
  },
  {
    name: 'a stop reason that is null first, and counts that grow',
    sent: sse(
      begun,
      ...text(0, 'a'),
      { type: 'message_delta', delta: { stop_reason: null }, usage: { output_tokens: 3 } },
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn' },
        usage: {
          input_tokens: 20,
          cache_read_input_tokens: 5,
          cache_creation_input_tokens: 2,
          output_tokens: 9,
        },
      },
      { type: 'message_stop' },
    ),
    text: 'a',
    finish: 'stop',
    tokens: [27, 9],
  },
  {
    name: 'a stop reason in the opening only',
    sent: sse(
      {
        type: 'message_start',
        message: {
          ...message,
          stop_reason: 'end_turn',
          usage: { input_tokens: 1, output_tokens: 1 },
        },
      },
      ...text(0, 'a'),
      { type: 'message_stop' },
    ),
    text: 'a',
    finish: 'error',
    error: { code: 'model-incomplete' },
  },
  {
    name: 'an opening that holds all of the content, and how it stopped',
    sent: sse(
      {
        type: 'message_start',
        message: {
          ...message,
          content: [
            { type: 'code_execution_tool_result', tool_use_id: 's', content: { type: 'x' } },
            { type: 'text', text: 'a' },
            { type: 'tool_use', id: 'toolu_0', name: 'f', input: { a: 1 } },
          ],
          stop_reason: 'tool_use',
          usage: { input_tokens: 11, output_tokens: 7 },
        },
      },
      { type: 'message_stop' },
    ),
    text: 'a',
    runs: fA,
    ids: ['toolu_0'],
    finish: 'tool-calls',
    tokens: [11, 7],
  },
  {
    name: 'an opening that holds a call, and no end',
    sent: sse({
      type: 'message_start',
      message: {
        ...message,
        content: [{ type: 'tool_use', id: 'toolu_0', name: 'f', input: { a: 1 } }],
        stop_reason: 'tool_use',
      },
    }),
    calls: 1,
    finish: 'error',
    error: { code: 'model-incomplete' },
  },
  {
    name: 'an opening that holds a call, and another end than it says',
    sent: sse(
      {
        type: 'message_start',
        message: {
          ...message,
          content: [{ type: 'tool_use', id: 'toolu_0', name: 'f', input: { a: 1 } }],
          stop_reason: 'tool_use',
        },
      },
      ...ended('max_tokens'),
    ),
    calls: 1,
    finish: 'error',
    error: { code: 'model-protocol' },
  },
  {
    name: 'a stop reason and no end',
    sent: sse(...called.slice(0, -1)),
    calls: 1,
    finish: 'error',
    error: { code: 'model-incomplete' },
  },
  {
    name: 'an end mark of chat in place of the end',
    sent: sse(...called.slice(0, -1), '[DONE]'),
    calls: 1,
    finish: 'error',
    error: { code: 'model-incomplete' },
  },
  {
    name: 'text and then nothing',
    sent: sse(begun, ...text(0, 'a')),
    text: 'a',
    finish: 'error',
    error: { code: 'model-incomplete' },
  },
  {
    name: 'nothing but the opening',
    sent: sse(begun, ping, ping),
    finish: 'error',
    error: { code: 'model-incomplete' },
  },
  {
    name: 'a cut within input',
    sent: sse(...called.slice(0, 3)),
    calls: 1,
    finish: 'error',
    error: { code: 'model-incomplete' },
  },
  {
    name: 'another message before the end of the first',
    sent: sse(
      ...called.slice(0, -2),
      { type: 'message_start', message: { ...message, id: 'msg_2' } },
      ...called.slice(1),
    ),
    calls: 1,
    finish: 'error',
    error: { code: 'model-protocol' },
  },
  {
    name: 'counts that are negative, fractions, texts and beyond all numbers',
    sent: sse(
      {
        type: 'message_start',
        message: { ...message, usage: { input_tokens: -5, output_tokens: '9' } },
      },
      ...text(0, 'a'),
      ...ended('end_turn', {
        usage: { output_tokens: 1e300, cache_read_input_tokens: 0.4, cost: -1 },
      }),
    ),
    text: 'a',
    finish: 'stop',
    tokens: [0, Number.MAX_SAFE_INTEGER],
  },
  {
    name: 'a text without calls that is said to use tools',
    sent: sse(begun, ...text(0, 'a'), ...ended('tool_use')),
    text: 'a',
    finish: 'error',
    error: { code: 'model-protocol' },
  },
  {
    name: 'a stop reason that is no text',
    sent: sse(begun, ...text(0, 'a'), ...ended({ type: 'end_turn' })),
    text: 'a',
    finish: 'error',
    error: { code: 'model-incomplete' },
  },
]

const overloaded = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }

const errors: readonly Stream[] = [
  {
    name: 'overload as the first event',
    sent: named(overloaded),
    finish: 'error',
    error: {
      code: 'model-overloaded',
      retryable: true,
      message: 'Overloaded',
      providerCode: 'overloaded_error',
    },
  },
  {
    name: 'overload after whole calls, and an end after it',
    sent: named(...called.slice(0, -2), overloaded, ...ended('tool_use')),
    calls: 1,
    finish: 'error',
    error: { code: 'model-overloaded' },
    tokens: [11, 7],
  },
  {
    name: 'an error without an error in it',
    sent: named(begun, { type: 'error' }),
    finish: 'error',
    error: { code: 'model-error' },
  },
  {
    name: 'an error that is a text',
    sent: sse(begun, { type: 'error', error: 'gone' }),
    finish: 'error',
    error: { message: 'gone' },
  },
  {
    name: 'an error without a type, with the status of a router',
    sent: sse(begun, { error: { code: 502, message: 'gone', error_type: 'provider_unavailable' } }),
    finish: 'error',
    error: { code: 'model-overloaded', status: 502, providerCode: 'provider_unavailable' },
  },
  {
    name: 'an error as a list',
    sent: sse(begun, [{ error: { code: 429, message: 'slow down' } }]),
    finish: 'error',
    error: { code: 'model-rate-limit', message: 'slow down' },
  },
  {
    name: 'an error event of plain text',
    sent: `${named(...called.slice(0, -2))}event: error\ndata: upstream connect error\n\n`,
    calls: 1,
    finish: 'error',
    error: { code: 'model-error', message: 'upstream connect error' },
  },
  {
    name: 'an error event that is a JSON text',
    sent: 'event: error\ndata: "timed out"\n\n',
    finish: 'error',
    error: { code: 'model-error', message: 'timed out' },
  },
  {
    name: 'an error event whose data has another type',
    sent: `${named(begun)}event: error\ndata: {"type":"api_error","message":"gone"}\n\n`,
    finish: 'error',
    error: { code: 'model-error', message: 'gone', retryable: true },
  },
  {
    name: 'an error of the whole answer under status 200',
    sent: { headers: json, body: JSON.stringify({ ...overloaded, request_id: null }) },
    finish: 'error',
    error: { code: 'model-overloaded' },
  },
  {
    name: 'an error as JSON that calls itself a stream',
    sent: JSON.stringify(overloaded),
    finish: 'error',
    error: { code: 'model-overloaded' },
  },
  {
    name: 'a stream that calls itself JSON',
    sent: { headers: json, body: named(...plain) },
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'a whole answer that calls itself a stream',
    sent: JSON.stringify({
      ...message,
      content: [
        { type: 'text', text: 'a' },
        { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } },
      ],
      stop_reason: 'tool_use',
      usage: { input_tokens: 11, output_tokens: 7 },
    }),
    text: 'a',
    runs: fA,
    finish: 'tool-calls',
    tokens: [11, 7],
  },
  {
    name: 'a whole answer without content',
    sent: {
      headers: json,
      body: JSON.stringify({ ...message, content: null, stop_reason: 'end_turn' }),
    },
    finish: 'error',
    error: { code: 'model-protocol' },
  },
  {
    name: 'a whole answer cut by the bound of tokens',
    sent: {
      headers: json,
      body: JSON.stringify({
        ...message,
        content: [{ type: 'tool_use', id: 't', name: 'f', input: { a: 1 } }],
        stop_reason: 'max_tokens',
      }),
    },
    calls: 1,
    finish: 'length',
  },
  {
    name: 'a web page under status 200',
    sent: { headers: { 'content-type': 'text/html' }, body: '<html></html>' },
    finish: 'error',
    error: { code: 'model-protocol' },
  },
  {
    name: 'status 529',
    sent: { status: 529, body: JSON.stringify(overloaded) },
    finish: 'error',
    error: { code: 'model-overloaded', status: 529, retryable: true },
  },
  {
    name: 'status 401, which says that trying again is of no use',
    sent: {
      status: 401,
      headers: { ...json, 'x-should-retry': 'false' },
      body: JSON.stringify({
        type: 'error',
        error: { type: 'authentication_error', message: 'invalid x-api-key' },
        request_id: 'req_1',
      }),
    },
    finish: 'error',
    error: { code: 'model-unauthorized', status: 401, retryable: false },
  },
  {
    name: 'status 413 from the edge',
    sent: { status: 413, headers: { 'content-type': 'text/html' }, body: '<html>413</html>' },
    finish: 'error',
    error: { code: 'model-refused', status: 413, retryable: false },
  },
  {
    name: 'a time to wait on an answer that is none',
    sent: {
      headers: { 'content-type': 'text/event-stream', 'retry-after': '30' },
      body: named(...plain),
    },
    text: 'a',
    finish: 'stop',
  },
]

streamSuite('framing', framing, askAnthropic)
streamSuite('blocks', blocks, askAnthropic)
streamSuite('endings', endings, askAnthropic)
streamSuite('errors', errors, askAnthropic)
