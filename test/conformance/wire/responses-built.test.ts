import { describe, expect, test } from 'vitest'
import type { AssembledTurn } from '../../../src/protocol/assemble.ts'
import type { CompatibleOptions } from '../../../src/model/compatible.ts'
import { ask, lawBreaks, runnable } from './support.ts'

/** What a stream has to come to. */
interface Case {
  readonly name: string
  readonly events: readonly object[]
  /** Runnable calls as tool and parsed arguments. */
  readonly runs?: readonly (readonly [string, unknown])[]
  readonly text?: string
  readonly reasoning?: string
  readonly refusal?: string
  readonly finish: string
  readonly raw?: string
  readonly error?: object
  /** Calls in all, where more are there than run. */
  readonly calls?: number
}

type Members = Readonly<Record<string, unknown>>

const created = { type: 'response.created', response: { id: 'resp_1', model: 'm', output: [] } }

function lines(...events: readonly object[]): string {
  return events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')
}

function added(index: number, item: Members): object {
  return { type: 'response.output_item.added', output_index: index, item }
}

function done(index: number, item: Members): object {
  return { type: 'response.output_item.done', output_index: index, item }
}

function completed(output: readonly object[] = [], more: Members = {}): object {
  return { type: 'response.completed', response: { status: 'completed', output, ...more } }
}

function call(number: number, written: unknown, more: Members = {}): Members {
  return {
    type: 'function_call',
    id: `fc_${number}`,
    call_id: `call_${number}`,
    name: 'f',
    arguments: written,
    status: 'completed',
    ...more,
  }
}

function begun(number: number, more: Members = {}): object {
  return added(number, call(number, '', { status: 'in_progress', ...more }))
}

function fragment(number: number, delta: string, more: Members = {}): object {
  return {
    type: 'response.function_call_arguments.delta',
    output_index: number,
    item_id: `fc_${number}`,
    delta,
    ...more,
  }
}

function message(number: number, text: string, more: Members = {}): Members {
  const content = [{ type: 'output_text', text, annotations: [] }]
  return { type: 'message', id: `msg_${number}`, role: 'assistant', content, ...more }
}

function said(number: number, delta: string, more: Members = {}): object {
  return {
    type: 'response.output_text.delta',
    output_index: number,
    item_id: `msg_${number}`,
    content_index: 0,
    delta,
    ...more,
  }
}

function thought(kind: 'reasoning_summary_text' | 'reasoning_text', delta: string): object {
  return { type: `response.${kind}.delta`, output_index: 0, item_id: 'rs_0', delta }
}

const one = call(0, '{"a":1}')
const runsOne = [['f', { a: 1 }]] as const

const tellings: readonly Case[] = [
  {
    name: 'deltas, then the item, then the output',
    events: [begun(0), fragment(0, '{"a"'), fragment(0, ':1}'), done(0, one), completed([one])],
    runs: runsOne,
    finish: 'tool-calls',
    raw: 'completed',
  },
  { name: 'only the output', events: [completed([one])], runs: runsOne, finish: 'tool-calls' },
  {
    name: 'only the item',
    events: [done(0, one), completed()],
    runs: runsOne,
    finish: 'tool-calls',
  },
  {
    name: 'deltas before the item is announced',
    events: [fragment(0, '{"a"'), begun(0), fragment(0, ':1}'), done(0, one), completed([one])],
    runs: runsOne,
    finish: 'tool-calls',
  },
  {
    name: 'lost deltas in the middle of the telling',
    events: [begun(0), fragment(0, '{"a"'), done(0, one), completed([one])],
    runs: runsOne,
    finish: 'tool-calls',
  },
  {
    name: 'arguments told as a whole by their own event, with the name',
    events: [
      added(0, call(0, '', { name: '' })),
      {
        type: 'response.function_call_arguments.done',
        output_index: 0,
        name: 'f',
        arguments: '{"a":1}',
      },
      completed(),
    ],
    runs: runsOne,
    finish: 'tool-calls',
  },
  {
    name: 'the same arguments written differently',
    events: [begun(0), fragment(0, '{ "a": 1 }'), done(0, one), completed([one])],
    runs: runsOne,
    finish: 'tool-calls',
  },
  {
    name: 'items interleaved',
    events: [
      begun(0),
      begun(1, { name: 'g' }),
      fragment(1, '{"b":'),
      fragment(0, '{"a":'),
      fragment(1, '2}'),
      fragment(0, '1}'),
      done(1, call(1, '{"b":2}', { name: 'g' })),
      done(0, one),
      completed([one, call(1, '{"b":2}', { name: 'g' })]),
    ],
    runs: [
      ['f', { a: 1 }],
      ['g', { b: 2 }],
    ],
    finish: 'tool-calls',
  },
  {
    name: 'ids that change with every event',
    events: [
      begun(0, { id: 'x1' }),
      fragment(0, '{"a"', { item_id: 'x2' }),
      fragment(0, ':1}', { item_id: 'x3' }),
      done(0, call(0, '{"a":1}', { id: 'x4' })),
      completed([call(0, '{"a":1}', { id: 'x5' })]),
    ],
    runs: runsOne,
    finish: 'tool-calls',
  },
  {
    name: 'no places, only ids',
    events: [
      begun(0),
      begun(1, { name: 'g' }),
      fragment(1, '{}'),
      fragment(0, '{"a":1}'),
      done(0, one),
      done(1, call(1, '{}', { name: 'g' })),
      completed(),
    ].map((event) => ({ ...event, output_index: undefined })),
    runs: [
      ['f', { a: 1 }],
      ['g', {}],
    ],
    finish: 'tool-calls',
  },
  {
    name: 'every item in place 0',
    events: [
      begun(0),
      fragment(0, '{"a":1}'),
      done(0, one),
      { ...begun(1, { name: 'g' }), output_index: 0 },
      { ...fragment(1, '{"b":2}'), output_index: 0 },
      { ...done(0, call(1, '{"b":2}', { name: 'g' })) },
      completed(),
    ],
    runs: [
      ['f', { a: 1 }],
      ['g', { b: 2 }],
    ],
    finish: 'tool-calls',
  },
  {
    name: 'S3-T1 a gap in the places',
    events: [begun(3), fragment(3, '{}'), done(3, call(3, '{}')), completed([call(3, '{}')])],
    runs: [['f', {}]],
    finish: 'tool-calls',
  },
  {
    name: 'no arguments at all',
    events: [begun(0), done(0, call(0, '')), completed([call(0, '')])],
    runs: [['f', {}]],
    finish: 'tool-calls',
  },
  {
    name: 'arguments that are null, and arguments as an object',
    events: [completed([call(0, null), call(1, { b: [1] })])],
    runs: [
      ['f', {}],
      ['f', { b: [1] }],
    ],
    finish: 'tool-calls',
  },
  {
    name: 'an item announced twice',
    events: [begun(0), begun(0), fragment(0, '{"a":1}'), done(0, one), completed([one])],
    runs: runsOne,
    finish: 'tool-calls',
  },
  {
    name: 'a namespace and a caller beside the name',
    events: [completed([call(0, '{}', { namespace: 'crm', caller: { type: 'program' } })])],
    runs: [['f', {}]],
    finish: 'tool-calls',
  },
  {
    name: 'no item of the complete output has an id',
    events: [
      begun(0),
      fragment(0, '{"a":1}'),
      done(0, one),
      completed([call(0, '{"a":1}', { id: undefined, call_id: undefined })]),
    ],
    runs: runsOne,
    finish: 'tool-calls',
  },
]

const texts: readonly Case[] = [
  {
    name: 'text of two messages interleaved stays together',
    events: [
      added(0, { type: 'message', id: 'msg_0', content: [] }),
      added(1, { type: 'message', id: 'msg_1', content: [] }),
      said(0, 'one '),
      said(1, 'two '),
      said(0, 'more. '),
      done(0, message(0, 'one more. ')),
      said(1, 'ends.'),
      done(1, message(1, 'two ends.')),
      completed(),
    ],
    text: 'one more. two ends.',
    finish: 'stop',
  },
  {
    name: 'text told three times is said once',
    events: [
      said(0, 'a'),
      said(0, 'b'),
      { type: 'response.output_text.done', output_index: 0, content_index: 0, text: 'ab' },
      { type: 'response.content_part.done', output_index: 0, part: { text: 'ab' } },
      done(0, message(0, 'ab')),
      completed([message(0, 'ab')]),
    ],
    text: 'ab',
    finish: 'stop',
  },
  {
    name: 'text whose deltas are missing in part or whole',
    events: [
      said(0, 'a'),
      { type: 'response.output_text.done', output_index: 0, content_index: 0, text: 'abc' },
      done(0, message(0, 'abcd')),
      completed([message(0, 'abcd'), message(1, 'e')]),
    ],
    text: 'abcde',
    finish: 'stop',
  },
  {
    name: 'two parts of one message, each told by its deltas and as a whole',
    events: [
      said(0, 'a'),
      { type: 'response.output_text.done', output_index: 0, content_index: 0, text: 'a' },
      said(0, 'a', { content_index: 1 }),
      { type: 'response.output_text.done', output_index: 0, content_index: 1, text: 'a' },
      completed([
        message(0, '', {
          content: ['a', 'a'].map((text) => ({ type: 'output_text', text })),
        }),
      ]),
    ],
    text: 'aa',
    finish: 'stop',
  },
  {
    name: 'text that is told differently later stays as it was read',
    events: [said(0, 'abc'), done(0, message(0, 'xyz')), completed([message(0, 'xyz')])],
    text: 'abc',
    finish: 'stop',
  },
  {
    name: 'a refusal is not text',
    events: [
      { type: 'response.refusal.delta', output_index: 0, delta: 'I ' },
      { type: 'response.refusal.done', output_index: 0, refusal: 'I cannot' },
      completed([message(0, '', { content: [{ type: 'refusal', refusal: 'I cannot' }] })]),
    ],
    refusal: 'I cannot',
    finish: 'stop',
  },
  {
    name: 'a summary and the reasoning itself are not told both',
    events: [
      thought('reasoning_text', 'a'),
      thought('reasoning_summary_text', 'short'),
      thought('reasoning_text', 'b'),
      done(0, {
        type: 'reasoning',
        id: 'rs_0',
        summary: [{ type: 'summary_text', text: 'short' }],
        content: [{ type: 'reasoning_text', text: 'abc' }],
      }),
      said(1, 'x'),
      completed(),
    ],
    reasoning: 'abc',
    text: 'x',
    finish: 'stop',
  },
  {
    name: 'unknown events and items, annotations and padding mean nothing',
    events: [
      { type: 'response.debug', output_index: 0, delta: 'no' },
      added(0, { type: 'hologram', id: 'h' }),
      { type: 'response.hologram.delta', output_index: 0, delta: 'no' },
      { type: 'response.output_text.annotation.added', output_index: 1, annotation: { a: 1 } },
      said(1, 'x', { obfuscation: 'zzz', logprobs: [] }),
      done(0, { type: 'hologram', id: 'h', text: 'no' }),
      completed([{ type: 'hologram', id: 'h' }, message(1, 'x')]),
    ],
    text: 'x',
    finish: 'stop',
  },
  {
    name: 'tools of the provider are not ours to run',
    events: [
      done(0, { type: 'web_search_call', id: 'ws', name: 'f', arguments: '{}', call_id: '' }),
      done(1, { type: 'mcp_call', id: 'mcp', name: 'f', arguments: '{}', output: 'x' }),
      done(2, { type: 'mcp_approval_request', id: 'ap', name: 'f', arguments: '{}' }),
      done(3, { type: 'local_shell_call', id: 'ls', call_id: 'c', action: { command: ['ls'] } }),
      done(4, { type: 'openrouter:shell', id: 'os', name: 'f', arguments: '{}' }),
      completed(),
    ],
    calls: 0,
    finish: 'stop',
  },
]

const hostile: readonly Case[] = [
  ...[
    { name: 'other arguments in the item', told: call(0, '{"a":2}'), last: call(0, '{"a":2}') },
    { name: 'other arguments in the output', told: one, last: call(0, '{"a":2}') },
    { name: 'more after the arguments', told: call(0, '{"a":1}{"a":2}'), last: one },
    { name: 'an item that is not complete', told: call(0, '{"a":1}', { status: 'incomplete' }) },
    { name: 'an item that is in progress', told: call(0, '{"a":1}', { status: 'in_progress' }) },
    { name: 'an output without the call', told: one, last: message(9, 'x') },
  ].map(({ name, told, last }) => ({
    name,
    events: [
      begun(0),
      fragment(0, '{"a":1}'),
      done(0, told),
      completed(last === undefined ? [] : [last]),
    ],
    calls: 1,
    ...(name.endsWith('without the call') ? { text: 'x' } : {}),
    finish: 'tool-calls',
  })),
  {
    name: 'arguments that were never reported as whole',
    events: [begun(0), fragment(0, '{"a":1}'), completed()],
    calls: 1,
    finish: 'tool-calls',
  },
  {
    name: 'a custom tool, whose text happens to be JSON',
    events: [
      added(0, { type: 'custom_tool_call', id: 'ctc', call_id: 'c', name: 'f', input: '' }),
      { type: 'response.custom_tool_call_input.delta', output_index: 0, delta: '{}' },
      done(0, { type: 'custom_tool_call', id: 'ctc', call_id: 'c', name: 'f', input: '{}' }),
      completed(),
    ],
    calls: 1,
    finish: 'tool-calls',
  },
  ...[
    { name: 'two items with one call id', second: call(1, '{}', { call_id: 'call_0' }) },
    { name: 'a call without a name', second: call(1, '{}', { name: '' }) },
  ].map(({ name, second }) => ({
    name,
    events: [done(0, one), done(1, second), completed()],
    calls: 1,
    finish: 'error',
    error: { code: 'model-protocol' },
  })),
  {
    name: 'a call that changes its name in the event of its arguments',
    events: [
      begun(0),
      {
        type: 'response.function_call_arguments.done',
        output_index: 0,
        name: 'g',
        arguments: '{}',
      },
      completed(),
    ],
    calls: 1,
    finish: 'error',
    error: { code: 'model-protocol' },
  },
  {
    name: 'an item whose call is told as another one',
    events: [begun(0), fragment(0, '{}'), done(0, call(0, '{}', { name: 'g' })), completed()],
    calls: 1,
    finish: 'error',
    error: { code: 'model-protocol' },
  },
  {
    name: 'a call told again and again',
    events: [begun(0), ...Array.from({ length: 9 }, () => done(0, one)), completed()],
    calls: 1,
    finish: 'error',
    error: { code: 'model-protocol' },
  },
]

const endings: readonly Case[] = [
  ...[
    ['max_output_tokens', 'length'],
    ['content_filter', 'content-filter'],
    ['max_messages', 'length'],
  ].map(([reason, finish]) => ({
    name: `S0-T4 not complete by ${reason}`,
    events: [
      begun(0),
      fragment(0, '{"a":1}'),
      done(0, one),
      {
        type: 'response.incomplete',
        response: { status: 'incomplete', incomplete_details: { reason }, output: [one] },
      },
    ],
    calls: 1,
    finish: finish!,
    raw: reason!,
  })),
  {
    name: 'complete by its event, not complete by its status',
    events: [done(0, one), completed([one], { status: 'incomplete' })],
    calls: 1,
    finish: 'length',
  },
  {
    name: 'S0-T3 no end, but the end mark of chat',
    events: [begun(0), fragment(0, '{"a":1}'), done(0, one)],
    calls: 1,
    finish: 'error',
    error: { code: 'model-incomplete', retryable: true },
  },
  ...[
    { type: 'error', error: { type: 'server_error', code: 'server_error', message: 'no' } },
    { type: 'error', code: 'server_error', message: 'no', param: null },
    { type: 'response.error', error: { code: 'server_error', message: 'no' } },
    { error: { code: 502, message: 'no' } },
    { type: 'response.failed', response: { status: 'failed', error: { message: 'no' } } },
    { type: 'response.in_progress', response: { error: { message: 'no' } } },
    completed([one], { error: { message: 'no' } }),
  ].map((event) => ({
    name: `S3-T2 an error as ${JSON.stringify(event).slice(0, 60)}`,
    events: [
      said(1, 'so far'),
      begun(0),
      fragment(0, '{"a":1}'),
      done(0, one),
      event,
      completed([one]),
    ],
    text: 'so far',
    calls: 1,
    finish: 'error',
    error: { message: 'no' },
  })),
  {
    name: 'the precise kind of an error beside it',
    events: [
      {
        type: 'response.failed',
        response: {
          status: 'failed',
          error: { code: 'server_error', message: 'slow down' },
          error_type: 'rate_limit_exceeded',
        },
      },
    ],
    finish: 'error',
    error: {
      code: 'model-rate-limit',
      providerCode: 'rate_limit_exceeded',
      message: 'slow down',
      retryable: true,
    },
  },
  {
    name: 'a response that was cancelled there',
    events: [said(0, 'x'), { type: 'response.cancelled', response: { status: 'cancelled' } }],
    text: 'x',
    finish: 'error',
    error: { code: 'model-error' },
  },
  {
    name: 'an unknown status',
    events: [
      done(0, one),
      { type: 'response.done', response: { status: 'paused', output: [one] } },
    ],
    calls: 1,
    finish: 'other',
  },
]

function check(one_: Case, turn: AssembledTurn): void {
  const { runs = [], text = '', reasoning = '', refusal, finish, raw, error } = one_
  expect(turn.finishReason.unified).toBe(finish)
  if (raw !== undefined) expect(turn.finishReason.raw).toBe(raw)
  expect(turn).toMatchObject({ text, reasoning, refusal })
  if (error === undefined) expect(turn.error).toBeUndefined()
  else expect(turn.error).toMatchObject(error)
  expect(turn.calls).toHaveLength(one_.calls ?? runs.length)
  expect(runnable(turn).map((each) => [each.tool, JSON.parse(each.arguments)])).toEqual(runs)
}

describe.each([
  ['tellings of a call', tellings],
  ['tellings of text', texts],
  ['hostile answers', hostile],
  ['endings', endings],
])('%s', (_, cases) => {
  test.each(cases)('$name', async (each) => {
    const body = `${lines(created, ...each.events)}data: [DONE]\n\n`
    for (const fault of [{}, { split: 7 }]) {
      const { events, turn } = await ask({ body, fault }, { wire: 'responses' })
      expect(lawBreaks(events)).toEqual([])
      check(each, turn)
    }
  })
})

/** The answer of an endpoint that does not stream. */
async function askWhole(response: Members, options: Partial<CompatibleOptions> = {}) {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ id: 'resp_1', object: 'response', model: 'm', ...response })
  return ask({ body, headers }, { wire: 'responses', stream: false, ...options })
}

test.each([
  [{ status: 'completed', output: [message(0, 'x'), one] }, 'tool-calls', 1],
  [{ status: 'incomplete', output: [one] }, 'length', 0],
  [{ status: 'in_progress', output: [one] }, 'error', 0],
  [{ status: 'queued', output: [] }, 'error', 0],
  [{ status: 'failed', output: [one], error: { message: 'no' } }, 'error', 0],
  [{ output: [one] }, 'other', 0],
])('a whole answer %# is read like a stream', async (response, finish, runs) => {
  for (const stream of [false, true]) {
    const { events, turn } = await askWhole(response, { stream })
    expect(lawBreaks(events)).toEqual([])
    expect(turn.finishReason.unified).toBe(finish)
    expect(runnable(turn)).toHaveLength(runs)
  }
})

test('a whole answer and a stream of the same items are the same turn', async () => {
  const reasoning = {
    type: 'reasoning',
    id: 'rs',
    summary: [{ text: 'hm' }],
    encrypted_content: 'e',
  }
  const output = [reasoning, message(1, 'x'), call(2, '{"a":1}')]
  const usage = { input_tokens: 3, output_tokens: 4 }
  const response = { id: 'resp_1', model: 'm', status: 'completed', output, usage }
  const streamed = await ask(
    { body: lines({ type: 'response.completed', response }) },
    { wire: 'responses' },
  )
  const whole = await askWhole(response)
  expect(whole.turn).toEqual(streamed.turn)
  expect(whole.turn).toMatchObject({ text: 'x', reasoning: 'hm', responseId: 'resp_1' })
})

test.each(['{"output":', '[]', '{"id":"resp_1"}', '"x"'])(
  'a body that is no answer fails: %s',
  async (body) => {
    const headers = { 'content-type': 'application/json' }
    const { turn } = await ask({ body, headers }, { wire: 'responses', stream: false })
    expect(turn.error).toMatchObject({ code: 'model-protocol' })
  },
)

test.each(['{"type":', '[1]', '7'])('an event that is no object fails: %s', async (data) => {
  const { turn } = await ask({ body: `data: ${data}\n\n` }, { wire: 'responses' })
  expect(turn.error).toMatchObject({ code: 'model-protocol' })
})

test('the type of an event may stand in its name only', async () => {
  const body = `event: error\ndata: {"message":"no","code":"server_error"}\n\n`
  const { turn } = await ask({ body }, { wire: 'responses' })
  expect(turn.error).toMatchObject({ code: 'model-error', message: 'no' })
})

test('arguments written as JSON are the text that was sent, with what a reader would hide', async () => {
  const written = '{"a":1,"a":2}'
  for (const event of [
    JSON.stringify(done(0, call(0, '$'))),
    JSON.stringify(completed([message(1, 'x'), call(0, '$')])),
  ]) {
    const body = `data: ${event.replace('"$"', written)}\n\n${lines(completed())}`
    const { turn } = await ask({ body }, { wire: 'responses' })
    expect(turn.calls.map((each) => each.arguments)).toEqual([written])
    expect(runnable(turn)).toEqual([])
  }
})

test.each([
  [{ maxTextLength: 100 }, [said(0, 'x'.repeat(101))]],
  [{ maxTextLength: 100 }, [completed([message(0, 'x'.repeat(101))])]],
  [{ maxTextLength: 100 }, [thought('reasoning_text', 'x'.repeat(101))]],
  [{ maxTextLength: 100 }, [{ type: 'response.refusal.delta', delta: 'x'.repeat(101) }]],
  [
    { maxTextLength: 100 },
    [done(0, { type: 'reasoning', summary: [], encrypted_content: 'x'.repeat(101) })],
  ],
  [{ maxArgumentsLength: 10 }, [begun(0), fragment(0, 'x'.repeat(11))]],
  [{ maxArgumentsLength: 10 }, [done(0, call(0, 'x'.repeat(11)))]],
  [{ maxEventLength: 200 }, [said(0, 'x'.repeat(300))]],
])('a bound %j ends the answer', async (bounds, events) => {
  const { events: seen, turn } = await ask(
    { body: lines(...events, completed()) },
    { wire: 'responses', bounds },
  )
  expect(lawBreaks(seen)).toEqual([])
  expect(turn.error).toMatchObject({ code: 'model-too-large' })
})

test('too many calls and too many items end the answer', async () => {
  const many = Array.from({ length: 3 }, (_, number) => call(number, '{}'))
  const some = { wire: 'responses', bounds: { maxCalls: 2 } } as const
  const calls = await ask({ body: lines(completed(many)) }, some)
  expect(calls.turn.error).toMatchObject({ code: 'model-protocol' })
  expect(lawBreaks(calls.events)).toEqual([])
  const items = Array.from({ length: 4097 }, (_, index) => added(index, { type: 'x' }))
  const { turn } = await ask({ body: lines(...items, completed()) }, { wire: 'responses' })
  expect(turn.error).toMatchObject({ code: 'model-protocol' })
})

test('S3-T4 usage holds cached, written and reasoning tokens and what the provider charged', async () => {
  const usage = {
    input_tokens: 10,
    input_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 },
    output_tokens: 7,
    output_tokens_details: { reasoning_tokens: 5 },
    cost: 0,
  }
  const { turn } = await ask(
    { body: lines(said(0, 'x'), completed([], { usage })) },
    { wire: 'responses' },
  )
  expect(turn.usage).toEqual({
    inputTokens: 10,
    outputTokens: 7,
    cacheReadTokens: 4,
    cacheWriteTokens: 2,
    reasoningTokens: 5,
    raw: usage,
  })
  expect(turn.cost).toEqual({ amount: 0, currency: 'USD', source: 'provider' })
})

test('what a failed response has used is told', async () => {
  const response = { status: 'failed', error: { message: 'no' }, usage: { input_tokens: 9 } }
  const { turn } = await ask(
    { body: lines({ type: 'error', message: 'no' }, { type: 'response.failed', response }) },
    { wire: 'responses' },
  )
  expect(turn.usage).toMatchObject({ inputTokens: 9 })
})

test('a picture is told of once, in its own format', async () => {
  const picture = { type: 'image_generation_call', id: 'ig', output_format: 'webp', result: 'QUJD' }
  const { events, turn } = await ask(
    { body: lines(done(0, picture), completed([picture])) },
    { wire: 'responses' },
  )
  expect(events.filter(({ type }) => type === 'image')).toEqual([
    { type: 'image', url: 'data:image/webp;base64,QUJD' },
  ])
  expect(turn.images).toEqual(['data:image/webp;base64,QUJD'])
})

test.each([
  String.raw`"__proto__":{"a":1}`,
  String.raw`"\ud800":1`,
  String.raw`"a":"\ud800"`,
  '"a":1e400',
  `"a":${'['.repeat(70)}${']'.repeat(70)}`,
])('what no record could take is not kept: %s', async (member) => {
  const sealed = `{"type":"reasoning","id":"rs","summary":[],${member}}`
  const usage = `{"input_tokens":1,${member}}`
  const output = `[${sealed},${JSON.stringify(one)}]`
  const response = `{"status":"completed","usage":${usage},"output":${output}}`
  const { turn } = await ask(
    { body: `data: {"type":"response.completed","response":${response}}\n\n` },
    { wire: 'responses' },
  )
  expect(runnable(turn)).toHaveLength(1)
  expect(turn.usage).toMatchObject({ inputTokens: 1 })
  expect(turn.usage).not.toHaveProperty('raw')
  expect(turn.opaque?.value).toEqual({
    dialect: 'compatible',
    items: [{ call: 0, item: { type: 'function_call', id: 'fc_0', status: 'completed' } }],
  })
})
