import { sse, streamSuite, type Stream } from './streams.ts'
import { ask } from './support.ts'

type Fields = Readonly<Record<string, unknown>>

const json = { 'content-type': 'application/json' }
const begun = {
  type: 'response.created',
  sequence_number: 0,
  response: { id: 'r', object: 'response', status: 'in_progress', model: 'm', output: [] },
}
const usage = { input_tokens: 11, output_tokens: 7, total_tokens: 18 }

function ended(output: readonly unknown[] = [], more: Fields = {}): Fields {
  return {
    type: 'response.completed',
    response: {
      id: 'r',
      object: 'response',
      status: 'completed',
      model: 'm',
      output,
      usage,
      ...more,
    },
  }
}

function text(delta: unknown, at = 0, more: Fields = {}): Fields {
  return {
    type: 'response.output_text.delta',
    item_id: `msg_${at}`,
    output_index: at,
    content_index: 0,
    delta,
    ...more,
  }
}

function said(whole: string, at = 0): Fields {
  return {
    type: 'message',
    id: `msg_${at}`,
    status: 'completed',
    role: 'assistant',
    content: [{ type: 'output_text', text: whole, annotations: [] }],
  }
}

function call(at: number, name: unknown, given: unknown, more: Fields = {}): Fields {
  return {
    type: 'function_call',
    id: `fc_${at}`,
    call_id: `call_${at}`,
    name,
    arguments: given,
    status: 'completed',
    ...more,
  }
}

function added(at: number, item: Fields): Fields {
  return { type: 'response.output_item.added', output_index: at, item }
}

function finished(at: number, item: Fields): Fields {
  return { type: 'response.output_item.done', output_index: at, item }
}

function args(at: number, delta: unknown): Fields {
  return {
    type: 'response.function_call_arguments.delta',
    item_id: `fc_${at}`,
    output_index: at,
    delta,
  }
}

function allArgs(at: number, whole: string, more: Fields = {}): Fields {
  return {
    type: 'response.function_call_arguments.done',
    item_id: `fc_${at}`,
    output_index: at,
    arguments: whole,
    ...more,
  }
}

/** A call as it usually comes. */
function told(at: number, name: string, ...pieces: readonly string[]): readonly Fields[] {
  const whole = pieces.join('')
  return [
    added(at, call(at, name, '', { status: 'in_progress' })),
    ...pieces.map((piece) => args(at, piece)),
    allArgs(at, whole),
    finished(at, call(at, name, whole)),
  ]
}

const fA: Stream['runs'] = [['f', { a: 1 }]]
const both: Stream['runs'] = [
  ['f', { a: 1 }],
  ['g', { b: 2 }],
]
const one = call(0, 'f', '{"a":1}')
const two = call(1, 'g', '{"b":2}')
const plain = [begun, text('a'), finished(0, said('a')), ended([said('a')])]

const framing: readonly Stream[] = [
  {
    name: 'comments of OpenRouter, bare ones too, and an end mark',
    sent: `: \n\n: OPENROUTER PROCESSING\n\n${sse(...plain)}:\n\n${sse('[DONE]')}`,
    text: 'a',
    finish: 'stop',
    tokens: [11, 7],
  },
  {
    name: 'CR LF, names of events, no space after colons',
    sent: plain
      .map((each) => `event:${each.type}\r\ndata:${JSON.stringify(each)}\r\n\r\n`)
      .join(''),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'lone CR, a byte order mark, ids and times to retry',
    sent: `\ufeffretry: 10\rid: 7\r\r${sse(...plain).replaceAll('\n', '\r')}\r`,
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'events written over many lines',
    sent: plain
      .map(
        (each) =>
          JSON.stringify(each, null, 1)
            .split('\n')
            .map((line) => `data: ${line}\n`)
            .join('') + '\n',
      )
      .join(''),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'an end mark amid the answer, which ends nothing',
    sent: sse(begun, '[DONE]', text('a'), ended([said('a')])),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'garbage after the end',
    sent: `${sse(...plain)}data: {"typ\n\n${sse(text('b'), { type: 'error', message: 'late' })}\u0000\n`,
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'signs of life of many kinds',
    sent: sse(
      begun,
      { type: 'keepalive', sequence_number: 1 },
      { type: 'response.heartbeat' },
      { type: 'response.in_progress', response: begun.response },
      { type: 'response.queued', response: { ...begun.response, status: 'queued' } },
      {},
      { type: 7 },
      ...plain.slice(1),
    ),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'empty data and white space',
    sent: `data:\n\ndata:   \n\n${sse(...plain)}`,
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'a pair of surrogates cut in two by escapes',
    sent: sse(
      begun,
      JSON.stringify(text('X')).replace('X', '\\ud83d'),
      JSON.stringify(text('X')).replace('X', '\\ude00'),
      ended(),
    ),
    text: '😀',
    finish: 'stop',
  },
  {
    name: 'padding in every event',
    sent: sse(
      begun,
      text('a', 0, { obfuscation: 'xyz', logprobs: [] }),
      text('b', 0, { obfuscation: 'q' }),
      ended([said('ab')]),
    ),
    text: 'ab',
    finish: 'stop',
  },
]

const texts: readonly Stream[] = [
  {
    name: 'a text that only its part tells',
    sent: sse(
      begun,
      {
        type: 'response.content_part.added',
        output_index: 0,
        item_id: 'msg_0',
        content_index: 0,
        part: { type: 'output_text', text: '' },
      },
      {
        type: 'response.output_text.done',
        output_index: 0,
        item_id: 'msg_0',
        content_index: 0,
        text: 'a',
      },
      ended(),
    ),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'a text that only the item tells',
    sent: sse(begun, finished(0, said('a')), ended()),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'a text that only the end tells',
    sent: sse(begun, ended([said('a')])),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'deltas that are null, a number and an object, made good by the item',
    sent: sse(begun, text(null), text(7), text({ text: 'a' }), finished(0, said('a')), ended()),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'a comment and an answer as two messages',
    sent: sse(
      begun,
      added(0, { ...said(''), phase: 'commentary', status: 'in_progress' }),
      text('a', 0),
      finished(0, { ...said('a'), phase: 'commentary' }),
      text('b', 1),
      finished(1, { ...said('b', 1), phase: 'final_answer' }),
      ended(),
    ),
    text: 'ab',
    finish: 'stop',
  },
  {
    name: 'two parts of one message, and annotations in between',
    sent: sse(
      begun,
      text('a'),
      {
        type: 'response.output_text.annotation.added',
        output_index: 0,
        annotation: { type: 'url_citation', url: 'https://x.example' },
      },
      text('b', 0, { content_index: 1 }),
      finished(0, {
        ...said(''),
        content: [
          { type: 'output_text', text: 'a' },
          { type: 'output_text', text: 'b' },
        ],
      }),
      ended(),
    ),
    text: 'ab',
    finish: 'stop',
  },
  {
    name: 'a refusal in pieces, then as a whole',
    sent: sse(
      begun,
      ...['n', 'o'].map((delta) => ({
        type: 'response.refusal.delta',
        output_index: 0,
        item_id: 'msg_0',
        content_index: 0,
        delta,
      })),
      {
        type: 'response.refusal.done',
        output_index: 0,
        item_id: 'msg_0',
        content_index: 0,
        refusal: 'no',
      },
      ended(),
    ),
    refusal: 'no',
    finish: 'stop',
  },
  {
    name: 'raw reasoning that closes after the message has begun and ended',
    sent: sse(
      begun,
      added(0, { type: 'reasoning', id: 'rs_tmp', summary: [] }),
      {
        type: 'response.reasoning_text.delta',
        output_index: 0,
        item_id: 'rs_tmp',
        content_index: 0,
        delta: 'hm',
      },
      added(1, { ...said('', 1), status: 'in_progress' }),
      text('a', 1),
      finished(1, said('a', 1)),
      {
        type: 'response.reasoning_text.done',
        output_index: 0,
        item_id: 'rs_tmp',
        content_index: 0,
        text: 'hm',
      },
      finished(0, {
        type: 'reasoning',
        id: 'rs_1',
        summary: [],
        content: [{ type: 'reasoning_text', text: 'hm' }],
      }),
      ended([
        {
          type: 'reasoning',
          id: 'rs_1',
          summary: [],
          content: [{ type: 'reasoning_text', text: 'hm' }],
        },
        said('a', 1),
      ]),
      '[DONE]',
    ),
    text: 'a',
    reasoning: 'hm',
    finish: 'stop',
  },
  {
    name: 'a summary of reasoning in two parts',
    sent: sse(
      begun,
      ...[0, 1].flatMap((summary_index) => [
        { type: 'response.reasoning_summary_part.added', output_index: 0, summary_index },
        {
          type: 'response.reasoning_summary_text.delta',
          output_index: 0,
          item_id: 'rs',
          summary_index,
          delta: 'h',
        },
        {
          type: 'response.reasoning_summary_text.done',
          output_index: 0,
          item_id: 'rs',
          summary_index,
          text: 'hm',
        },
      ]),
      ended(),
    ),
    reasoning: 'hmhm',
    finish: 'stop',
  },
  {
    name: 'a picture in steps, and whole',
    sent: sse(
      begun,
      {
        type: 'response.image_generation_call.partial_image',
        output_index: 0,
        partial_image_b64: 'AAAA',
      },
      finished(0, {
        type: 'image_generation_call',
        id: 'ig',
        status: 'completed',
        result: 'iVBORw0K',
        output_format: 'png',
      }),
      ended(),
    ),
    images: ['data:image/png;base64,iVBORw0K'],
    finish: 'stop',
  },
]

const calls: readonly Stream[] = [
  {
    name: 'a call with its temporary id, as OpenRouter makes them',
    sent: sse(
      begun,
      added(0, call(0, 'f', '', { id: 'fc_tmp_1' })),
      { ...args(0, '{"a":1}'), item_id: 'fc_tmp_1' },
      allArgs(0, '{"a":1}', { item_id: 'fc_tmp_1', name: 'f' }),
      finished(0, call(0, 'f', '{"a":1}', { id: 'fc_tmp_1' })),
      ended([call(0, 'f', '{"a":1}', { id: 'fc_9' })]),
      '[DONE]',
    ),
    runs: fA,
    ids: ['call_0'],
    finish: 'tool-calls',
  },
  {
    name: 'a call without deltas, as LM Studio makes them',
    sent: sse(
      begun,
      added(0, call(0, 'f', '', { status: 'in_progress' })),
      allArgs(0, '{"a":1}'),
      finished(0, one),
      ended([one]),
    ),
    runs: fA,
    finish: 'tool-calls',
  },
  {
    name: 'a call that only its item tells',
    sent: sse(begun, finished(0, one), ended()),
    runs: fA,
    finish: 'tool-calls',
  },
  {
    name: 'a name and an id that come with the whole item',
    sent: sse(
      begun,
      added(0, { type: 'function_call', id: 'fc_0', status: 'in_progress' }),
      args(0, '{"a":1}'),
      finished(0, one),
      ended(),
    ),
    runs: fA,
    ids: ['call_0'],
    finish: 'tool-calls',
  },
  {
    name: 'three calls in turn, one character each',
    sent: sse(
      begun,
      ...[0, 1, 2].map((at) => added(at, call(at, 'f', ''))),
      ...[...'{"a":1}'].flatMap((piece) => [2, 0, 1].map((at) => args(at, piece))),
      ...[1, 2, 0].map((at) => finished(at, call(at, 'f', '{"a":1}'))),
      ended(),
    ),
    runs: [
      ['f', { a: 1 }],
      ['f', { a: 1 }],
      ['f', { a: 1 }],
    ],
    ids: ['call_0', 'call_1', 'call_2'],
    finish: 'tool-calls',
  },
  {
    name: 'items that open out of order',
    sent: sse(begun, ...told(1, 'g', '{"b":2}'), ...told(0, 'f', '{"a":1}'), ended([one, two])),
    runs: [
      ['g', { b: 2 }],
      ['f', { a: 1 }],
    ],
    finish: 'tool-calls',
  },
  {
    name: 'an output in another order than it was told',
    sent: sse(begun, ...told(0, 'f', '{"a":1}'), ...told(1, 'g', '{"b":2}'), ended([two, one])),
    runs: both,
    finish: 'tool-calls',
  },
  {
    name: 'text, a call, text again',
    sent: sse(
      begun,
      text('a', 0),
      finished(0, said('a')),
      ...told(1, 'f', '{"a":1}'),
      text('b', 2),
      ended(),
    ),
    text: 'ab',
    runs: fA,
    finish: 'tool-calls',
  },
  {
    name: 'no arguments: null, empty and left out',
    sent: sse(
      begun,
      finished(0, call(0, 'f', null)),
      finished(1, call(1, 'f', '')),
      finished(2, { type: 'function_call', id: 'fc_2', call_id: 'call_2', name: 'f' }),
      ended(),
    ),
    runs: [
      ['f', {}],
      ['f', {}],
      ['f', {}],
    ],
    finish: 'tool-calls',
  },
  {
    name: 'arguments as JSON in the item',
    sent: sse(begun, finished(0, call(0, 'f', { a: 1 })), ended()),
    runs: fA,
    finish: 'tool-calls',
  },
  {
    name: 'arguments that are no object',
    sent: sse(
      begun,
      finished(0, call(0, 'f', '[1]')),
      finished(1, call(1, 'f', '"{}"')),
      finished(2, call(2, 'f', 'null')),
      ended(),
    ),
    calls: 3,
    finish: 'tool-calls',
  },
  {
    name: 'two objects in the arguments',
    sent: sse(begun, ...told(0, 'f', '{"a":1}', '{"a":2}'), ended()),
    calls: 1,
    finish: 'tool-calls',
  },
  {
    name: 'arguments that were cut, and a complete response',
    sent: sse(begun, ...told(0, 'f', '{"a":'), ended()),
    calls: 1,
    finish: 'tool-calls',
  },
  {
    name: 'deltas of a call that nobody reports as whole, and an empty output',
    sent: sse(
      begun,
      added(0, call(0, 'f', '', { status: 'in_progress' })),
      args(0, '{"a":1}'),
      ended([]),
    ),
    calls: 1,
    finish: 'tool-calls',
  },
  {
    name: 'a complete response that leaves the call out',
    sent: sse(begun, ...told(0, 'f', '{"a":1}'), ended([said('a', 1)])),
    text: 'a',
    calls: 1,
    finish: 'tool-calls',
  },
  {
    name: 'a call that says it is not complete, in a response that is',
    sent: sse(begun, finished(0, call(0, 'f', '{"a":1}', { status: 'incomplete' })), ended()),
    calls: 1,
    finish: 'tool-calls',
  },
  {
    name: 'a call with a sealed thought of its host beside it',
    sent: sse(
      begun,
      finished(0, { type: 'reasoning', id: 'rs', summary: [], encrypted_content: 'sealed' }),
      finished(1, call(1, 'f', '{"a":1}')),
      ended(),
    ),
    runs: fA,
    finish: 'tool-calls',
  },
  {
    name: 'a call by a program of the model, which waits for it',
    sent: sse(
      begun,
      finished(0, { type: 'program', id: 'cm_0', call_id: 'call_p', code: 'f({a:1})' }),
      added(1, call(1, 'f', '', { status: 'in_progress', caller: { type: 'program' } })),
      args(1, '{"a":1}'),
      allArgs(1, '{"a":1}'),
      finished(1, call(1, 'f', '{"a":1}', { status: 'in_progress', caller: { type: 'program' } })),
      ended(),
    ),
    runs: fA,
    finish: 'tool-calls',
  },
  {
    name: 'a call by a program that was cut',
    sent: sse(
      begun,
      finished(0, call(0, 'f', '{"a":1}', { status: 'incomplete', caller: { type: 'program' } })),
      finished(1, call(1, 'f', '{"a":1}', { status: 'in_progress', caller: { type: 'direct' } })),
      ended(),
    ),
    calls: 2,
    finish: 'tool-calls',
  },
  {
    name: 'a custom tool in pieces, which takes no text here',
    sent: sse(
      begun,
      added(0, { type: 'custom_tool_call', id: 'ct', call_id: 'c', name: 'f', input: '' }),
      ...['{"a"', ':1}'].map((delta) => ({
        type: 'response.custom_tool_call_input.delta',
        output_index: 0,
        item_id: 'ct',
        delta,
      })),
      {
        type: 'response.custom_tool_call_input.done',
        output_index: 0,
        item_id: 'ct',
        input: '{"a":1}',
      },
      finished(0, {
        type: 'custom_tool_call',
        id: 'ct',
        call_id: 'c',
        name: 'f',
        input: '{"a":1}',
        status: 'completed',
      }),
      ended(),
    ),
    calls: 1,
    finish: 'tool-calls',
  },
  {
    name: 'tools that the host runs, in all their items and events',
    sent: sse(
      begun,
      ...[
        'web_search_call',
        'code_interpreter_call',
        'mcp_call',
        'mcp_list_tools',
        'shell_call',
        'local_shell_call',
        'apply_patch_call',
        'computer_call',
        'mcp_approval_request',
        'tool_search_call',
        'compaction',
        'openrouter:web_search',
        'fusion_call',
        'of_tomorrow',
      ].flatMap((type, at) => [
        added(at, { type, id: `x_${at}`, name: 'f', arguments: '{"a":1}' }),
        { type: `response.${type}.in_progress`, output_index: at },
        { type: `response.${type}.delta`, output_index: at, delta: '{' },
        finished(at, { type, id: `x_${at}`, name: 'f', arguments: '{"a":1}', status: 'completed' }),
      ]),
      text('a', 14),
      ended(),
    ),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'an item that is null, a text and without a type',
    sent: sse(
      begun,
      added(0, null as never),
      finished(0, 'x' as never),
      added(1, { id: 'y' }),
      finished(1, { id: 'y', name: 'f' }),
      text('a', 2),
      ended([null, 7, said('a', 2)]),
    ),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'places that are texts, negative and enormous',
    sent: sse(
      begun,
      { ...finished(0, one), output_index: '0' },
      { ...finished(0, two), output_index: -1 },
      { ...finished(0, call(2, 'f', '{"a":1}')), output_index: 1e300 },
      ended(),
    ),
    runs: [...both, ['f', { a: 1 }]],
    finish: 'tool-calls',
  },
  {
    name: 'a call of the name of a member that all objects have',
    sent: sse(
      begun,
      finished(0, call(0, 'constructor', '{}')),
      finished(1, call(1, '__proto__', '{}')),
      ended(),
    ),
    runs: [
      ['constructor', {}],
      ['__proto__', {}],
    ],
    finish: 'tool-calls',
  },
]

const endings: readonly Stream[] = [
  ...(
    [
      ['max_output_tokens', 'length'],
      ['content_filter', 'content-filter'],
      ['max_messages', 'length'],
      ['steered', 'length'],
    ] as const
  ).map(([reason, finish]) => ({
    name: `an answer that is incomplete by \`${reason}\``,
    sent: sse(begun, text('a'), finished(1, call(1, 'f', '{"a":1}')), {
      type: 'response.incomplete',
      response: {
        id: 'r',
        status: 'incomplete',
        incomplete_details: { reason },
        output: [],
        usage,
      },
    }),
    text: 'a',
    calls: 1,
    finish,
    raw: reason,
    tokens: [11, 7] as const,
  })),
  {
    name: 'an answer that is incomplete for no reason',
    sent: sse(begun, text('a'), {
      type: 'response.incomplete',
      response: { id: 'r', status: 'incomplete', incomplete_details: null, output: [] },
    }),
    text: 'a',
    finish: 'length',
  },
  {
    name: 'an end without a response',
    sent: sse(begun, text('a'), { type: 'response.completed' }),
    text: 'a',
    finish: 'error',
    error: { code: 'model-incomplete' },
  },
  {
    name: 'an end that says next to nothing',
    sent: sse(text('a'), { type: 'response.completed', response: {} }),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'an end by another name',
    sent: sse(begun, text('a'), {
      type: 'response.done',
      response: { id: 'r', status: 'completed', output: [] },
    }),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'an end that says it has failed',
    sent: sse(begun, ...told(0, 'f', '{"a":1}'), ended([one], { status: 'failed' })),
    calls: 1,
    finish: 'error',
    error: {},
  },
  {
    name: 'an end that brings an error along',
    sent: sse(
      begun,
      ...told(0, 'f', '{"a":1}'),
      ended([one], { error: { code: 'server_error', message: 'half of it is missing' } }),
    ),
    calls: 1,
    finish: 'error',
    error: { message: 'half of it is missing', retryable: true },
  },
  {
    name: 'nothing but the beginning',
    sent: sse(begun),
    finish: 'error',
    error: { code: 'model-incomplete' },
  },
  {
    name: 'all items and an end mark, but no end',
    sent: sse(begun, ...told(0, 'f', '{"a":1}'), '[DONE]'),
    calls: 1,
    finish: 'error',
    error: { code: 'model-incomplete' },
  },
  {
    name: 'a cut within arguments',
    sent: sse(begun, ...told(0, 'f', '{"a":1}').slice(0, 2)),
    calls: 1,
    finish: 'error',
    error: { code: 'model-incomplete' },
  },
  {
    name: 'counts that are negative, fractions, texts and beyond all numbers',
    sent: sse(
      begun,
      text('a'),
      ended([], { usage: { input_tokens: -5, output_tokens: 1e300, total_tokens: '9', cost: -1 } }),
    ),
    text: 'a',
    finish: 'stop',
    tokens: [0, Number.MAX_SAFE_INTEGER],
  },
  {
    name: 'what OpenRouter has charged',
    sent: sse(
      begun,
      text('a'),
      ended([], {
        usage: {
          ...usage,
          cost: 0.25,
          is_byok: false,
          cost_details: { upstream_inference_cost: null },
        },
      }),
    ),
    text: 'a',
    finish: 'stop',
    tokens: [11, 7],
    cost: 0.25,
  },
]

const errors: readonly Stream[] = [
  {
    name: 'an error as it is published: flat',
    sent: sse(begun, text('a'), {
      type: 'error',
      code: 'rate_limit_exceeded',
      message: 'slow down',
      param: null,
      sequence_number: 4,
    }),
    text: 'a',
    finish: 'error',
    error: { code: 'model-rate-limit', message: 'slow down' },
  },
  {
    name: 'an error as it was recorded: nested, then a response that has failed',
    sent: sse(
      begun,
      {
        type: 'error',
        error: {
          type: 'invalid_request_error',
          code: 'context_length_exceeded',
          message: 'too long',
          param: 'input',
        },
      },
      {
        type: 'response.failed',
        response: {
          id: 'r',
          status: 'failed',
          error: { code: 'x', message: 'other' },
          output: [],
          usage,
        },
      },
    ),
    finish: 'error',
    error: { code: 'model-refused', message: 'too long' },
    tokens: [11, 7],
  },
  {
    name: 'a response that has failed, with the kind of the error outside of it',
    sent: sse(
      begun,
      text('a'),
      {
        type: 'response.failed',
        response: {
          id: 'r',
          status: 'failed',
          error_type: 'provider_overloaded',
          error: { code: 'server_error', message: 'busy' },
          output: [],
        },
      },
      '[DONE]',
    ),
    text: 'a',
    finish: 'error',
    error: {
      code: 'model-overloaded',
      providerCode: 'provider_overloaded',
      message: 'busy',
      retryable: true,
    },
  },
  {
    name: 'a response that has failed without an error',
    sent: sse(begun, {
      type: 'response.failed',
      response: { id: 'r', status: 'failed', error: null },
    }),
    finish: 'error',
    error: {},
  },
  {
    name: 'an error of OpenRouter in an event of its own',
    sent: sse(
      begun,
      ...told(0, 'f', '{"a":1}'),
      { type: 'response.error', error: { code: 'server_error', message: 'gone' } },
      '[DONE]',
    ),
    calls: 1,
    finish: 'error',
    error: { message: 'gone' },
  },
  {
    name: 'an error without a type',
    sent: sse(begun, { error: { message: 'no', code: 400 } }),
    finish: 'error',
    error: { code: 'model-refused', status: 400 },
  },
  {
    name: 'an error that is a text',
    sent: sse(begun, { type: 'error', error: 'gone' }),
    finish: 'error',
    error: { message: 'gone' },
  },
  {
    name: 'an error as a list',
    sent: sse(begun, [{ error: { code: 429, message: 'slow down' } }]),
    finish: 'error',
    error: { code: 'model-rate-limit', message: 'slow down' },
  },
  {
    name: 'an error event of plain text',
    sent: `${sse(begun, ...told(0, 'f', '{"a":1}'))}event: error\ndata: upstream connect error\n\n`,
    calls: 1,
    finish: 'error',
    error: { code: 'model-error', message: 'upstream connect error' },
  },
  {
    name: 'an error event that is a JSON text',
    sent: `event: error\ndata: "timed out"\n\n`,
    finish: 'error',
    error: { code: 'model-error', message: 'timed out' },
  },
  {
    name: 'an error event whose data has another type',
    sent: `${sse(begun)}event: error\ndata: {"type":"server_error","message":"gone"}\n\n`,
    finish: 'error',
    error: { code: 'model-error', message: 'gone', retryable: true },
  },
  {
    name: 'an error, and then an end as if nothing had been',
    sent: sse(
      begun,
      ...told(0, 'f', '{"a":1}'),
      { type: 'error', code: null, message: 'no' },
      ended([one]),
    ),
    calls: 1,
    finish: 'error',
    error: { message: 'no' },
    tokens: [11, 7],
  },
  {
    name: 'an error of the whole answer under status 200',
    sent: { headers: json, body: JSON.stringify({ error: { code: 429, message: 'slow down' } }) },
    finish: 'error',
    error: { code: 'model-rate-limit', status: 429 },
  },
  {
    name: 'an error as JSON that calls itself a stream',
    sent: JSON.stringify({ error: { code: 503, message: 'no hosts' } }),
    finish: 'error',
    error: { code: 'model-overloaded', status: 503 },
  },
  {
    name: 'a stream that calls itself JSON',
    sent: { headers: json, body: sse(...plain) },
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'a whole answer that calls itself a stream',
    sent: JSON.stringify(
      { id: 'r', object: 'response', status: 'completed', output: [said('a'), one], usage },
      null,
      2,
    ),
    text: 'a',
    runs: fA,
    finish: 'tool-calls',
    tokens: [11, 7],
  },
  {
    name: 'a whole answer that waits in the background',
    sent: { headers: json, body: JSON.stringify({ id: 'r', status: 'queued', output: [] }) },
    finish: 'error',
    error: { code: 'model-incomplete' },
  },
  {
    name: 'a whole answer without an output',
    sent: { headers: json, body: '{"id":"r","status":"completed"}' },
    finish: 'error',
    error: { code: 'model-protocol' },
  },
  {
    name: 'a web page under status 200',
    sent: { headers: { 'content-type': 'text/html' }, body: '<html></html>' },
    finish: 'error',
    error: { code: 'model-protocol' },
  },
  {
    name: 'a request that OpenRouter does not keep state for',
    sent: {
      status: 400,
      body: '{"error":{"code":"invalid_prompt","message":"store is not supported"},"metadata":null}',
    },
    finish: 'error',
    error: { code: 'model-refused', retryable: false },
  },
  {
    name: 'status 500 in plain text',
    sent: { status: 500, headers: { 'content-type': 'text/plain' }, body: 'Internal Server Error' },
    finish: 'error',
    error: { code: 'model-error', message: 'Internal Server Error', retryable: true },
  },
]

const asked = (answer: Parameters<typeof ask>[0]): ReturnType<typeof ask> =>
  ask(answer, { wire: 'responses' })

streamSuite('framing', framing, asked)
streamSuite('texts', texts, asked)
streamSuite('calls', calls, asked)
streamSuite('endings', endings, asked)
streamSuite('errors', errors, asked)
