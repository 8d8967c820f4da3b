import { expect, test } from 'vitest'
import { askAnthropic } from './anthropic-support.ts'
import { sse, streamSuite, type Stream } from './streams.ts'
import { ask } from './support.ts'

type Fields = Readonly<Record<string, unknown>>

const done = '[DONE]'
const usage = { prompt_tokens: 11, completion_tokens: 7, cost: 0.5 }
const said = { role: 'assistant', content: 'a' }

function chunk(delta: unknown, finish: unknown = null, more: Fields = {}): Fields {
  return { id: 'c', model: 'm', choices: [{ index: 0, delta, finish_reason: finish }], ...more }
}

const stop = chunk({}, 'stop')
const called = chunk({}, 'tool_calls')
const callF = { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }
const fA: Stream['runs'] = [['f', { a: 1 }]]

/** A whole answer with what stands in its only choice. */
function whole(choice: Fields, more: Fields = {}): Stream['sent'] {
  return {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id: 'c', choices: [choice], ...more }),
  }
}

const incomplete = { finish: 'error', error: { code: 'model-incomplete' } }

/** An error of a proxy, which knows nothing of wires. */
const bare = { message: 'no', code: '503' }
const overloaded = { code: 'model-overloaded', message: 'no', status: 503, retryable: true }
const asBody: Stream = {
  name: 'an error of a proxy under status 200',
  sent: { headers: { 'content-type': 'application/json' }, body: JSON.stringify(bare) },
  finish: 'error',
  error: overloaded,
}

const chat: readonly Stream[] = [
  asBody,
  ...['', false, null].map((error): Stream => ({
    name: `an error that is ${JSON.stringify(error)} in every chunk`,
    sent: sse({ ...chunk(said), error }, { ...stop, error, x_groq: { error } }, done),
    text: 'a',
    finish: 'stop',
  })),
  {
    name: 'an empty error beside a whole answer, and in its choice',
    sent: whole({ index: 0, message: said, finish_reason: 'stop', error: '' }, { error: '' }),
    text: 'a',
    finish: 'stop',
  },
  { name: 'nothing but the end mark', sent: sse(done), ...incomplete },
  {
    name: 'usage and the end mark',
    sent: sse({ choices: [], usage }, done),
    tokens: [11, 7],
    ...incomplete,
  },
  {
    name: 'choices that are no list, and the end mark',
    sent: sse({ choices: { index: 0, delta: said, finish_reason: 'stop' } }, done),
    ...incomplete,
  },
  {
    name: 'messages without deltas and without an end, and the end mark',
    sent: sse({ choices: [{ index: 0, message: said }] }, done),
    ...incomplete,
  },
  {
    name: 'a stream of another choice alone',
    sent: sse({ choices: [{ index: 1, delta: said, finish_reason: 'stop' }] }, done),
    ...incomplete,
  },
  {
    name: 'a choice whose index is a text',
    sent: sse(
      { choices: [{ index: '0', delta: said }] },
      { choices: [{ index: '0', delta: { content: 'b' }, finish_reason: 'stop' }] },
      done,
    ),
    text: 'ab',
    finish: 'stop',
  },
  {
    name: 'a whole answer whose only choice has another index',
    sent: whole({ index: 1, message: said, finish_reason: 'stop' }),
    text: 'a',
    finish: 'stop',
  },
  ...['null', 'None', 'undefined', ''].map((word): Stream => ({
    name: `\`${word}\` in the place of no finish word, and no end`,
    sent: sse(chunk({ tool_calls: [callF] }, word)),
    calls: 1,
    raw: null,
    ...incomplete,
  })),
  {
    name: 'None in the place of no finish word, then one',
    sent: sse(chunk(said, 'None'), chunk({}, 'length'), chunk({}, 'None'), done),
    text: 'a',
    finish: 'length',
    raw: 'length',
  },
  {
    name: 'content as parts without a type, of another one, as texts and as one part',
    sent: sse(
      chunk({ content: [{ text: 'a' }, { type: 'output_text', text: 'b' }] }),
      chunk({ content: ['c', 'd'] }),
      chunk({ content: { type: 'text', text: 'e' } }),
      stop,
      done,
    ),
    text: 'abcde',
    finish: 'stop',
  },
  {
    name: 'a refusal and reasoning among the parts of content',
    sent: sse(
      chunk({ content: [{ type: 'reasoning', text: 'x' }] }),
      chunk({ content: [{ type: 'refusal', refusal: 'no' }] }),
      stop,
      done,
    ),
    reasoning: 'x',
    refusal: 'no',
    finish: 'stop',
  },
  ...['reasoning_text', 'thinking'].map((name): Stream => ({
    name: `reasoning under the name ${name}`,
    sent: sse(
      ...['x', 'y', 'z'].map((piece) => chunk({ [name]: piece })),
      chunk(said, 'stop'),
      done,
    ),
    text: 'a',
    reasoning: 'xyz',
    finish: 'stop',
  })),
  {
    name: 'a call of a custom tool beside one of ours',
    sent: sse(
      chunk({
        tool_calls: [
          callF,
          { index: 1, id: 'b', type: 'custom', custom: { name: 'g', input: '{"b"' } },
        ],
      }),
      chunk({ tool_calls: [{ index: 1, custom: { input: ':2}' } }] }),
      called,
      done,
    ),
    runs: fA,
    calls: 2,
    finish: 'tool-calls',
  },
  {
    name: 'tools that the provider runs among the calls',
    sent: sse(
      chunk({
        tool_calls: [
          { index: 0, id: 'w', type: 'web_search', web_search: { results: [] } },
          { ...callF, index: 1 },
        ],
      }),
      chunk({ tool_calls: [{ id: 'm', type: 'mcp', mcp: { name: 'x', output: '' } }] }),
      called,
      done,
    ),
    runs: fA,
    ids: ['a'],
    finish: 'tool-calls',
  },
  {
    name: 'a tool that the provider runs, in a whole answer',
    sent: whole({
      index: 0,
      message: { ...said, tool_calls: [{ id: 'w', type: 'web_search', web_search: {} }] },
      finish_reason: 'stop',
    }),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'a tool that the provider runs where calls are announced',
    sent: sse(chunk({ tool_calls: [{ index: 0, type: 'mcp', mcp: {} }] }), called, done),
    finish: 'error',
    error: { code: 'model-protocol' },
  },
  {
    name: 'a call of an unknown type without anything in it',
    sent: sse(chunk({ tool_calls: [{ index: 0, id: 'w', type: 'tomorrow' }] }), stop, done),
    finish: 'error',
    error: { code: 'model-protocol' },
  },
  {
    name: 'an error that is the event itself',
    sent: sse(chunk(said), { message: 'no', code: 503 }, stop, done),
    text: 'a',
    finish: 'error',
    error: { code: 'model-overloaded', message: 'no', status: 503 },
  },
  {
    name: 'a notice in the place of the end',
    sent: sse(chunk(said), { detail: 'worker died' }, done),
    text: 'a',
    finish: 'error',
    error: { code: 'model-error', message: 'worker died' },
  },
  {
    name: 'a notice, and then the end',
    sent: sse(chunk(said), { type: 'ping', message: 'still here' }, stop, done),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'usage under the names of other wires, beside empty ones of its own',
    sent: sse(
      chunk(said, 'stop', {
        usage: { prompt_tokens: 0, completion_tokens: 0, input_tokens: 11, output_tokens: 7 },
      }),
      done,
    ),
    text: 'a',
    finish: 'stop',
    tokens: [11, 7],
  },
  {
    name: 'usage and cost as texts',
    sent: sse(
      chunk(said, 'stop', {
        usage: { prompt_tokens: '11', completion_tokens: '7.0', cost: '2.5e-1' },
      }),
      done,
    ),
    text: 'a',
    finish: 'stop',
    tokens: [11, 7],
    cost: 0.25,
  },
  ...[{}, { prompt_tokens: 0, completion_tokens: 0, cost: 0 }].map((empty, at): Stream => ({
    name: `usage, and then one that counts nothing: ${at}`,
    sent: sse(chunk(said, 'stop', { usage }), { choices: [], usage: empty }, done),
    text: 'a',
    finish: 'stop',
    tokens: [11, 7],
    cost: 0.5,
  })),
  {
    name: 'the cost apart from the last counts',
    sent: sse(
      chunk(said, 'stop', { usage }),
      { choices: [], usage: { prompt_tokens: 12, completion_tokens: 8 } },
      done,
    ),
    text: 'a',
    finish: 'stop',
    tokens: [12, 8],
    cost: 0.5,
  },
  {
    name: 'an answer with status 201',
    sent: { status: 201, body: sse(chunk(said), stop, done) },
    text: 'a',
    finish: 'stop',
  },
]

streamSuite('quirks of the chat wire', chat, (answer) => ask(answer))

const call = {
  type: 'function_call',
  id: 'fc',
  call_id: 'a',
  name: 'f',
  arguments: '{"a":1}',
  status: 'completed',
}

function item(output: Fields): Fields {
  return { type: 'response.output_item.done', output_index: 0, item: output }
}

function ended(output: readonly unknown[], more: Fields = {}): Fields {
  return {
    type: 'response.completed',
    response: { status: 'completed', output, error: null, ...more },
  }
}

function message(content: unknown): Fields {
  return { type: 'message', id: 'msg', role: 'assistant', status: 'completed', content }
}

const responses: readonly Stream[] = [
  asBody,
  {
    name: 'an error of a proxy amid the answer',
    sent: sse(item(call), bare, ended([call])),
    calls: 1,
    finish: 'error',
    error: overloaded,
  },
  ...['', false].map((error): Stream => ({
    name: `an error that is ${JSON.stringify(error)} in every event`,
    sent: sse(
      { type: 'response.created', error, response: { status: 'in_progress', error } },
      { ...item(message([{ type: 'output_text', text: 'a' }])), error },
      { ...ended([], { error }), error },
    ),
    text: 'a',
    finish: 'stop',
  })),
  {
    name: 'a call that is in progress as an item, and complete at the end',
    sent: sse(item({ ...call, status: 'in_progress' }), ended([call])),
    runs: fA,
    finish: 'tool-calls',
  },
  {
    name: 'a call that is complete as an item, and in progress at the end',
    sent: sse(item(call), ended([{ ...call, status: 'in_progress' }])),
    calls: 1,
    finish: 'tool-calls',
  },
  {
    name: 'a call that broke off as an item, and is complete at the end',
    sent: sse(item({ ...call, status: 'incomplete' }), ended([call])),
    calls: 1,
    finish: 'tool-calls',
  },
  {
    name: 'places that are texts, and ids that change with every event',
    sent: sse(
      {
        type: 'response.function_call_arguments.delta',
        output_index: '0',
        item_id: 'x',
        delta: '{"a":1}',
      },
      { ...item(call), output_index: '0' },
      ended([]),
    ),
    runs: fA,
    finish: 'tool-calls',
  },
  {
    name: 'a message whose content is a text',
    sent: sse(ended([message('a')])),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'a message with a part of the type text',
    sent: sse(ended([message([{ type: 'text', text: 'a' }])])),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'usage under the names of the chat wire, as texts',
    sent: sse(
      ended([message('a')], {
        usage: { prompt_tokens: '11', completion_tokens: '7', cost: '0.5' },
      }),
    ),
    text: 'a',
    finish: 'stop',
    tokens: [11, 7],
    cost: 0.5,
  },
]

streamSuite('quirks of the Responses wire', responses, (answer) =>
  ask(answer, { wire: 'responses' }),
)

const opened = {
  type: 'message_start',
  message: {
    id: 'm',
    role: 'assistant',
    content: [],
    usage: { input_tokens: 11, output_tokens: 1 },
  },
}

function text(piece: string): readonly Fields[] {
  return [
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: piece } },
    { type: 'content_block_stop', index: 0 },
  ]
}

const use: readonly Fields[] = [
  {
    type: 'content_block_start',
    index: 0,
    content_block: { type: 'tool_use', id: 'a', name: 'f', input: { a: 1 } },
  },
  { type: 'content_block_stop', index: 0 },
]

function closed(reason: string, told: Fields = { output_tokens: 7 }): readonly Fields[] {
  return [
    { type: 'message_delta', delta: { stop_reason: reason }, usage: told },
    { type: 'message_stop' },
  ]
}

const anthropic: readonly Stream[] = [
  asBody,
  {
    name: 'an error of a proxy amid the answer',
    sent: sse(opened, ...use, bare, ...closed('tool_use')),
    calls: 1,
    finish: 'error',
    error: overloaded,
  },
  ...['', false].map((error): Stream => ({
    name: `an error that is ${JSON.stringify(error)} in every event`,
    sent: sse(...[opened, ...text('a'), ...closed('end_turn')].map((each) => ({ ...each, error }))),
    text: 'a',
    finish: 'stop',
  })),
  {
    name: 'an empty error beside a whole answer',
    sent: {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        content: [{ type: 'text', text: 'a' }],
        stop_reason: 'end_turn',
        error: '',
      }),
    },
    text: 'a',
    finish: 'stop',
  },
  ...(
    [
      ['length', 'length'],
      ['MAX_TOKENS', 'length'],
      ['content_filter', 'content-filter'],
      ['stop', 'other'],
      ['tool_calls', 'other'],
    ] as const
  ).flatMap(([word, finish]): readonly Stream[] => [
    {
      name: `text that stopped by \`${word}\`, a word of another wire`,
      sent: sse(opened, ...text('a'), ...closed(word)),
      text: 'a',
      finish,
      raw: word,
    },
    {
      name: `a call that stopped by \`${word}\`, a word of another wire`,
      sent: sse(opened, ...use, ...closed(word)),
      calls: 1,
      finish,
      raw: word,
    },
  ]),
  {
    name: 'text that stopped by an error',
    sent: sse(opened, ...text('a'), ...closed('error')),
    text: 'a',
    finish: 'error',
    raw: 'error',
    error: { code: 'model-error', retryable: true },
  },
  {
    name: 'counts of 0 after higher ones',
    sent: sse(
      opened,
      ...text('a'),
      ...closed('end_turn', { input_tokens: 0, output_tokens: 7 }).slice(0, 1),
      { type: 'message_delta', delta: {}, usage: { input_tokens: '0', output_tokens: 0 } },
      { type: 'message_stop' },
    ),
    text: 'a',
    finish: 'stop',
    tokens: [11, 7],
  },
  {
    name: 'counts as texts',
    sent: sse(
      { ...opened, message: { ...opened.message, usage: { input_tokens: '11' } } },
      ...text('a'),
      ...closed('end_turn', { output_tokens: '7' }),
    ),
    text: 'a',
    finish: 'stop',
    tokens: [11, 7],
  },
]

streamSuite('quirks of the Messages wire', anthropic, (answer) => askAnthropic(answer))

test('what is read of an answer that left the protocol does not depend on how it arrived', async () => {
  const body = sse(chunk(said), 'no JSON', chunk({}, 'stop', { usage }), done)
  for (const split of [body.length, 7, 1]) {
    const { turn } = await ask({ body, fault: { split } })
    expect(turn).toMatchObject({ text: 'a', error: { code: 'model-protocol' }, usage: undefined })
  }
})
