import { describe, expect, test } from 'vitest'
import { anthropicCodec } from '../../../src/wire/anthropic/codec.ts'
import { defaultBounds } from '../../../src/wire/settings.ts'
import { askAnthropic } from './anthropic-support.ts'
import { lawBreaks, request, runnable } from './support.ts'

type Fields = Readonly<Record<string, unknown>>

/** What a stream has to come to. */
interface Case {
  readonly name: string
  readonly body: string
  /** Runnable calls as tool and parsed arguments. */
  readonly runs?: readonly (readonly [string, unknown])[]
  readonly text?: string
  readonly reasoning?: string
  readonly finish: string
  readonly code?: string
  readonly calls?: number
  /** Kept blocks by type; undefined when nothing has to be kept. */
  readonly kept?: readonly string[]
}

const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [] }

function start(fields: Fields = {}): Fields {
  const usage = { input_tokens: 5, output_tokens: 1 }
  return { type: 'message_start', message: { ...message, usage, ...fields } }
}

function open(index: number, block: Fields): Fields {
  return { type: 'content_block_start', index, content_block: block }
}

function delta(index: number, fields: Fields): Fields {
  return { type: 'content_block_delta', index, delta: fields }
}

function input(index: number, text: unknown): Fields {
  return delta(index, { type: 'input_json_delta', partial_json: text })
}

function close(index: number): Fields {
  return { type: 'content_block_stop', index }
}

function textAt(index: number, value: string): readonly Fields[] {
  return [
    open(index, { type: 'text', text: '' }),
    delta(index, { type: 'text_delta', text: value }),
    close(index),
  ]
}

function use(index: number, name: string, ...pieces: readonly string[]): readonly Fields[] {
  return [
    open(index, { type: 'tool_use', id: `toolu_${index}`, name, input: {} }),
    ...pieces.map((piece) => input(index, piece)),
    close(index),
  ]
}

function stop(reason: string | null, more: Fields = {}): readonly Fields[] {
  return [
    {
      type: 'message_delta',
      delta: { stop_reason: reason, stop_sequence: null, ...more },
      usage: { output_tokens: 9 },
    },
    { type: 'message_stop' },
  ]
}

type Part = Fields | readonly Fields[]

function sse(...parts: readonly Part[]): string {
  return parts
    .flat()
    .map((event) => `event: ${String(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`)
    .join('')
}

const overloaded = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
const f = ['f', { a: 1 }] as const
const callF = use(0, 'f', '', '{"a"', ':1}')
const hello = sse(start(), textAt(0, 'hello é😀'), stop('end_turn'))
const good = { text: 'hello é😀', finish: 'stop' } as const

const framing: readonly Case[] = [
  { name: 'CRLF', body: hello.replaceAll('\n', '\r\n'), ...good },
  { name: 'CR only', body: `${hello.replaceAll('\n', '\r')}\r`, ...good },
  { name: 'a byte order mark', body: `\ufeff${hello}`, ...good },
  { name: 'no lines with names of events', body: hello.replaceAll(/event: .*\n/g, ''), ...good },
  {
    name: 'types in the names of events only',
    body: hello.replaceAll(/"type":"(message|content)_[a-z_]+",?/g, ''),
    ...good,
  },
  {
    name: 'names of events that contradict what they hold',
    body: hello.replaceAll('event: content_block_delta', 'event: ping'),
    ...good,
  },
  { name: 'padding', body: hello.replaceAll('}\n', '        }\n').replaceAll('} ', '}'), ...good },
  {
    name: 'another order of members',
    body: sse(
      start(),
      open(0, { type: 'text', text: '' }),
      { delta: { text: 'x', type: 'text_delta' }, index: 0, type: 'content_block_delta' },
      stop('end_turn'),
    ),
    text: 'x',
    finish: 'stop',
  },
  { name: 'an end mark after the end', body: `${hello}data: [DONE]\n\n`, ...good },
  {
    name: 'an end mark in place of the end',
    body: `${sse(start(), textAt(0, 'x'))}data: [DONE]\n\n`,
    finish: 'error',
    code: 'model-incomplete',
  },
  { name: 'news after the end', body: hello + sse(callF, stop('tool_use')), calls: 0, ...good },
  {
    name: 'an event that is no JSON',
    body: `${sse(start())}data: {\n\n`,
    finish: 'error',
    code: 'model-protocol',
  },
  {
    name: 'an event that is no object',
    body: `${sse(start())}data: 1\n\n`,
    finish: 'error',
    code: 'model-protocol',
  },
]

const unknown: readonly Case[] = [
  {
    name: 'unknown events and deltas, and pings everywhere',
    body: sse(
      { type: 'ping' },
      start(),
      { type: 'vendor_event', data: { a: 1 } },
      open(0, { type: 'text', text: '' }),
      { type: 'ping' },
      delta(0, { type: 'future_delta', future: 'x' }),
      delta(0, { type: 'text_delta', text: 'ok' }),
      close(0),
      stop('end_turn'),
    ),
    text: 'ok',
    finish: 'stop',
  },
  {
    name: 'blocks of unknown types, which are kept',
    body: sse(
      start(),
      open(0, { type: 'future', data: 'x' }),
      delta(0, { type: 'text_delta', text: 'not text of the answer' }),
      close(0),
      open(1, { type: 'future', data: 'y' }),
      close(1),
      textAt(2, 'ok'),
      stop('end_turn'),
    ),
    text: 'ok',
    finish: 'stop',
    kept: ['future', 'text'],
  },
  {
    name: 'text and thinking without an opening',
    body: sse(
      start(),
      delta(0, { type: 'thinking_delta', thinking: 'hm' }),
      delta(1, { type: 'text_delta', text: 'ok' }),
      stop('end_turn'),
    ),
    text: 'ok',
    reasoning: 'hm',
    finish: 'stop',
  },
]

const calls: readonly Case[] = [
  {
    name: 'a call in pieces',
    body: sse(start(), callF, stop('tool_use')),
    runs: [f],
    finish: 'tool-calls',
  },
  {
    name: 'a call without input',
    body: sse(start(), use(0, 'f'), stop('tool_use')),
    runs: [['f', {}]],
    finish: 'tool-calls',
  },
  {
    name: 'a call with empty pieces',
    body: sse(start(), use(0, 'f', '', ''), stop('tool_use')),
    runs: [['f', {}]],
    finish: 'tool-calls',
  },
  {
    name: 'a call without input that is not closed',
    body: sse(
      start(),
      open(0, { type: 'tool_use', id: 't', name: 'f', input: {} }),
      stop('tool_use'),
    ),
    calls: 1,
    finish: 'tool-calls',
  },
  {
    name: 'input in the opening alone',
    body: sse(
      start(),
      open(0, { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } }),
      close(0),
      stop('tool_use'),
    ),
    runs: [f],
    finish: 'tool-calls',
  },
  {
    name: 'the same input in the opening and after it',
    body: sse(
      start(),
      open(0, { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } }),
      input(0, '{ "a":1 }'),
      close(0),
      stop('tool_use'),
    ),
    runs: [f],
    finish: 'tool-calls',
  },
  {
    name: 'other input in the opening than after it',
    body: sse(
      start(),
      open(0, { type: 'tool_use', id: 't', name: 'f', input: { a: 2 } }),
      input(0, '{"a":1}'),
      close(0),
      stop('tool_use'),
    ),
    calls: 1,
    finish: 'tool-calls',
  },
  {
    name: 'two keys of one name in the input of the opening',
    body: sse(
      start(),
      open(0, { type: 'tool_use', id: 't', name: 'f', input: '@' }),
      close(0),
      stop('tool_use'),
    ).replace('"@"', '{"a":1,"a":2}'),
    calls: 1,
    finish: 'tool-calls',
  },
  {
    name: 'two inputs in one opening',
    body: sse(
      start(),
      open(0, { type: 'tool_use', id: 't', name: 'f', input: '@' }),
      close(0),
      stop('tool_use'),
    ).replace('"@"', '{"a":1},"input":{"a":2}'),
    finish: 'error',
    code: 'model-protocol',
  },
  {
    name: 'input that is no JSON',
    body: sse(start(), use(0, 'f', '{"a": Dave}'), stop('tool_use')),
    calls: 1,
    finish: 'tool-calls',
  },
  {
    name: 'input as a value',
    body: sse(
      start(),
      open(0, { type: 'tool_use', id: 't', name: 'f', input: {} }),
      input(0, { a: 1 }),
      close(0),
      stop('tool_use'),
    ),
    finish: 'error',
    code: 'model-protocol',
    calls: 1,
  },
  {
    name: 'input for a block that was not opened',
    body: sse(start(), input(0, '{}'), stop('tool_use')),
    finish: 'error',
    code: 'model-protocol',
  },
  {
    name: 'input for a block of text',
    body: sse(start(), open(0, { type: 'text', text: '' }), input(0, '{}'), stop('end_turn')),
    finish: 'error',
    code: 'model-protocol',
  },
  {
    name: 'text for a call',
    body: sse(
      start(),
      open(0, { type: 'tool_use', id: 't', name: 'f', input: {} }),
      delta(0, { type: 'text_delta', text: 'x' }),
      close(0),
      stop('tool_use'),
    ),
    finish: 'error',
    code: 'model-protocol',
    calls: 1,
  },
  {
    name: 'input after the end of its block',
    body: sse(start(), callF, input(0, ' '), stop('tool_use')),
    finish: 'error',
    code: 'model-protocol',
    calls: 1,
  },
  {
    name: 'two blocks at one index',
    body: sse(
      start(),
      callF,
      open(0, { type: 'tool_use', id: 'b', name: 'g', input: {} }),
      close(0),
      stop('tool_use'),
    ),
    finish: 'error',
    code: 'model-protocol',
    calls: 1,
  },
  {
    name: 'the same call twice',
    body: sse(
      start(),
      callF,
      open(1, { type: 'tool_use', id: 'toolu_0', name: 'f', input: {} }),
      close(1),
      stop('tool_use'),
    ),
    finish: 'error',
    code: 'model-protocol',
    calls: 1,
  },
  {
    name: 'a call without a name',
    body: sse(start(), open(0, { type: 'tool_use', id: 't', input: {} }), stop('tool_use')),
    finish: 'error',
    code: 'model-protocol',
  },
  {
    name: 'calls without ids',
    body: sse(
      start(),
      open(0, { type: 'tool_use', name: 'f', input: {} }),
      close(0),
      open(1, { type: 'tool_use', name: 'f', input: {} }),
      close(1),
      stop('tool_use'),
    ),
    runs: [
      ['f', {}],
      ['f', {}],
    ],
    finish: 'tool-calls',
  },
  {
    name: 'blocks out of order',
    body: sse(start(), use(7, 'f', '{"a":1}'), textAt(2, 'x'), stop('tool_use')),
    runs: [f],
    text: 'x',
    finish: 'tool-calls',
    kept: ['tool_use', 'text'],
  },
  {
    name: 'a block without an index',
    body: sse(
      start(),
      { type: 'content_block_start', content_block: { type: 'text', text: '' } },
      stop('end_turn'),
    ),
    finish: 'error',
    code: 'model-protocol',
  },
  {
    name: 'announced calls that do not come',
    body: sse(start(), textAt(0, 'x'), stop('tool_use')),
    finish: 'error',
    code: 'model-protocol',
  },
]

const endings: readonly Case[] = [
  {
    name: 'a call in a turn that ended by itself',
    body: sse(start(), callF, stop('end_turn')),
    runs: [f],
    finish: 'tool-calls',
  },
  {
    name: 'a stop sequence in text',
    body: sse(start(), textAt(0, 'x'), stop('stop_sequence')),
    text: 'x',
    finish: 'stop',
  },
  {
    name: 'a stop sequence after a call',
    body: sse(start(), callF, stop('stop_sequence')),
    calls: 1,
    finish: 'other',
  },
  {
    name: 'the bound of tokens after a call',
    body: sse(start(), callF, stop('max_tokens')),
    calls: 1,
    finish: 'length',
  },
  {
    name: 'the end of the context window',
    body: sse(start(), callF, stop('model_context_window_exceeded')),
    calls: 1,
    finish: 'length',
  },
  {
    name: 'a refusal after a call',
    body: sse(
      start(),
      callF,
      stop('refusal', { stop_details: { type: 'refusal', category: null, explanation: null } }),
    ),
    calls: 1,
    finish: 'content-filter',
  },
  {
    name: 'a pause after a call',
    body: sse(start(), callF, stop('pause_turn')),
    calls: 1,
    finish: 'pause',
  },
  {
    name: 'a pause to compact',
    body: sse(
      start(),
      open(0, { type: 'compaction', content: null, encrypted_content: null }),
      delta(0, { type: 'compaction_delta', content: 'summary', encrypted_content: 'x' }),
      close(0),
      stop('compaction'),
    ),
    finish: 'pause',
    kept: ['compaction'],
  },
  {
    name: 'an unknown stop reason',
    body: sse(start(), textAt(0, 'x'), stop('tired')),
    text: 'x',
    finish: 'other',
  },
  {
    name: 'an unknown stop reason after a call',
    body: sse(start(), callF, stop('tired')),
    calls: 1,
    finish: 'other',
  },
  {
    name: 'an end without a stop reason',
    body: sse(start(), callF, stop(null)),
    calls: 1,
    finish: 'error',
    code: 'model-incomplete',
  },
  {
    name: 'a stop reason without an end',
    body: sse(start(), callF, stop('tool_use').slice(0, 1)),
    calls: 1,
    finish: 'error',
    code: 'model-incomplete',
  },
  {
    name: 'two stop reasons',
    body: sse(start(), callF, stop('max_tokens').slice(0, 1), stop('tool_use')),
    calls: 1,
    finish: 'error',
    code: 'model-protocol',
  },
  { name: 'nothing at all', body: '', finish: 'error', code: 'model-incomplete' },
  {
    name: 'a cut within input',
    body: sse(start(), callF.slice(0, 3)),
    calls: 1,
    finish: 'error',
    code: 'model-incomplete',
  },
]

const failures: readonly Case[] = [
  {
    name: 'overload as the first event',
    body: sse(overloaded),
    finish: 'error',
    code: 'model-overloaded',
  },
  {
    name: 'overload amid a call',
    body: sse(start(), callF.slice(0, 2), overloaded),
    calls: 1,
    finish: 'error',
    code: 'model-overloaded',
  },
  {
    name: 'overload after a whole call',
    body: sse(start(), callF, overloaded, stop('tool_use')),
    calls: 1,
    finish: 'error',
    code: 'model-overloaded',
  },
  {
    name: 'an error known by the name of its event',
    body: `${sse(start())}event: error\ndata: {"error":{"type":"api_error","message":"x"}}\n\n`,
    finish: 'error',
    code: 'model-error',
  },
  {
    name: 'an error inside another event',
    body: sse(start(), {
      type: 'message_delta',
      error: { type: 'rate_limit_error', message: 'x' },
    }),
    finish: 'error',
    code: 'model-rate-limit',
  },
  {
    name: 'a spliced message',
    body: sse(start(), callF, start({ id: 'msg_2' }), use(1, 'g'), stop('tool_use')),
    calls: 1,
    finish: 'error',
    code: 'model-protocol',
  },
  {
    name: 'a message that begins again amid its content',
    body: sse(start(), callF, start(), stop('tool_use')),
    calls: 1,
    finish: 'error',
    code: 'model-protocol',
  },
  {
    name: 'a message that is announced twice',
    body: sse(start(), start(), textAt(0, 'x'), stop('end_turn')),
    text: 'x',
    finish: 'stop',
  },
]

const opaque: readonly Case[] = [
  {
    name: 'thinking between calls',
    body: sse(
      start(),
      open(0, { type: 'thinking', thinking: '', signature: '' }),
      delta(0, { type: 'thinking_delta', thinking: 'one' }),
      delta(0, { type: 'signature_delta', signature: 's1' }),
      close(0),
      use(1, 'f', '{"a":1}'),
      open(2, { type: 'redacted_thinking', data: 'r' }),
      close(2),
      use(3, 'g'),
      stop('tool_use'),
    ),
    reasoning: 'one',
    runs: [f, ['g', {}]],
    finish: 'tool-calls',
    kept: ['thinking', 'tool_use', 'redacted_thinking', 'tool_use'],
  },
  {
    name: 'tools that the provider runs',
    body: sse(
      start({ container: { id: 'c1', expires_at: 'never' } }),
      open(0, { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }),
      input(0, '{"query":"x"}'),
      close(0),
      open(1, { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] }),
      close(1),
      open(2, { type: 'mcp_tool_use', id: 'mcptoolu_1', name: 'f', server_name: 's', input: {} }),
      close(2),
      open(3, {
        type: 'tool_use',
        id: 't',
        name: 'f',
        input: {},
        caller: { type: 'code_execution_20250825', tool_id: 'x' },
      }),
      input(3, '{"a":1}'),
      close(3),
      stop('tool_use'),
    ),
    runs: [f],
    finish: 'tool-calls',
    kept: ['server_tool_use', 'web_search_tool_result', 'mcp_tool_use', 'tool_use'],
  },
  {
    name: 'an answer that another model goes on with',
    body: sse(
      start(),
      open(0, { type: 'thinking', thinking: 'no', signature: 's0' }),
      close(0),
      open(1, { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }),
      close(1),
      open(2, { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] }),
      close(2),
      open(3, { type: 'server_tool_use', id: 'srvtoolu_2', name: 'web_search', input: {} }),
      textAt(4, 'a'),
      use(5, 'f', '{"a":2}'),
      open(6, { type: 'fallback', from: { model: 'm' }, to: { model: 'n' } }),
      close(6),
      open(7, { type: 'thinking', thinking: 'yes', signature: 's1' }),
      close(7),
      textAt(8, 'b'),
      use(9, 'f', '{"a":1}'),
      stop('tool_use'),
    ),
    text: 'ab',
    reasoning: 'noyes',
    runs: [f],
    calls: 2,
    finish: 'tool-calls',
    kept: [
      'server_tool_use',
      'web_search_tool_result',
      'text',
      'dropped',
      'fallback',
      'thinking',
      'text',
      'tool_use',
    ],
  },
  {
    name: 'a call of a model that another one takes over from, and no other',
    body: sse(
      start(),
      use(0, 'f', '{"a":1}'),
      open(1, { type: 'fallback' }),
      close(1),
      open(2, { type: 'thinking', thinking: 'hm', signature: 's' }),
      close(2),
      textAt(3, 'b'),
      stop('end_turn'),
    ),
    text: 'b',
    reasoning: 'hm',
    calls: 1,
    finish: 'tool-calls',
    kept: ['tool_use', 'text'],
  },
  {
    name: 'citations',
    body: sse(
      start(),
      open(0, { type: 'text', text: '', citations: [] }),
      delta(0, { type: 'citations_delta', citation: { type: 'char_location', cited_text: 'x' } }),
      delta(0, { type: 'text_delta', text: 'said' }),
      close(0),
      stop('end_turn'),
    ),
    text: 'said',
    finish: 'stop',
    kept: ['text'],
  },
]

interface Kept {
  readonly call?: object
  readonly dropped?: true
  readonly block?: { readonly type: string }
}

describe.each([...framing, ...unknown, ...calls, ...endings, ...failures, ...opaque])(
  'a stream with $name',
  ({ body, finish, runs = [], code, text: said, reasoning, calls: count = runs.length, kept }) => {
    test.each([0, 3])('is read in writes of %i bytes (0: whole)', async (split) => {
      const { events, turn } = await askAnthropic({
        body,
        ...(split > 0 ? { fault: { split } } : {}),
      })
      expect(lawBreaks(events)).toEqual([])
      expect(turn.finishReason.unified).toBe(finish)
      expect(turn.error?.code).toBe(code)
      expect(runnable(turn).map((call) => [call.tool, JSON.parse(call.arguments)])).toEqual(runs)
      expect(turn.calls).toHaveLength(count)
      if (said !== undefined) expect(turn.text).toBe(said)
      if (reasoning !== undefined) expect(turn.reasoning).toBe(reasoning)
      const value = turn.opaque?.value as { readonly blocks: readonly Kept[] } | undefined
      const types = value?.blocks.map(
        ({ block, call, dropped }) =>
          block?.type ?? (call ? 'tool_use' : dropped ? 'dropped' : 'text'),
      )
      expect(types).toEqual(kept)
    })
  },
)

describe('usage', () => {
  test('counts what was cached as input, and takes the last count of each kind', async () => {
    const first = {
      input_tokens: 5,
      cache_read_input_tokens: 100,
      cache_creation_input_tokens: 20,
      output_tokens: 1,
    }
    const later = {
      input_tokens: null,
      cache_read_input_tokens: 90,
      output_tokens: 40,
      output_tokens_details: { thinking_tokens: 30 },
    }
    const { turn } = await askAnthropic({
      body: sse(
        start({ usage: first }),
        textAt(0, 'x'),
        { type: 'message_delta', delta: {}, usage: { output_tokens: 7 } },
        { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: later },
        { type: 'message_stop' },
      ),
    })
    expect(turn.usage).toMatchObject({
      inputTokens: 115,
      cacheReadTokens: 90,
      cacheWriteTokens: 20,
      outputTokens: 40,
      reasoningTokens: 30,
      raw: { input_tokens: 5, output_tokens: 40 },
    })
  })

  test('counts what only the iterations of an answer hold', async () => {
    const { turn } = await askAnthropic({
      body: sse(
        start({ usage: { input_tokens: 23_000, output_tokens: 1 } }),
        textAt(0, 'x'),
        {
          type: 'message_delta',
          delta: { stop_reason: 'end_turn' },
          usage: {
            input_tokens: 23_000,
            output_tokens: 1000,
            iterations: [
              { type: 'compaction', input_tokens: 180_000, output_tokens: 3500 },
              {
                type: 'message',
                input_tokens: 20_000,
                output_tokens: 1000,
                cache_read_input_tokens: 3000,
                cache_creation_input_tokens: null,
              },
              'tomorrow',
            ],
          },
        },
        { type: 'message_stop' },
      ),
    })
    expect(turn.usage).toMatchObject({
      inputTokens: 203_000,
      cacheReadTokens: 3000,
      cacheWriteTokens: 0,
      outputTokens: 4500,
    })
  })

  test('is kept of an answer that fails, with the cost that a router names', async () => {
    const { turn } = await askAnthropic({
      body: sse(start({ usage: { input_tokens: 5, output_tokens: 2, cost: 0.5 } }), overloaded),
    })
    expect(turn.usage).toMatchObject({ inputTokens: 5, outputTokens: 2 })
    expect(turn.cost).toEqual({ amount: 0.5, currency: 'USD', source: 'provider' })
    expect(turn.error?.retryable).toBe(true)
  })
})

describe('a whole body', () => {
  const whole = {
    ...message,
    content: [
      { type: 'thinking', thinking: 'hm', signature: 's' },
      { type: 'text', text: 'hi' },
      { type: 'tool_use', id: 't1', name: 'f', input: { a: 1 } },
      { type: 'tool_use', id: 't2', name: 'g', input: {} },
    ],
    stop_reason: 'tool_use',
    usage: { input_tokens: 5, output_tokens: 9 },
  }
  const json = { 'content-type': 'application/json' }

  test.each([true, false])(
    'comes to the same as a stream (asked for a stream: %s)',
    async (stream) => {
      const { events, turn } = await askAnthropic(
        { headers: json, body: JSON.stringify(whole) },
        { stream },
      )
      expect(lawBreaks(events)).toEqual([])
      expect(turn).toMatchObject({
        text: 'hi',
        reasoning: 'hm',
        finishReason: { unified: 'tool-calls', raw: 'tool_use' },
        responseId: 'msg_1',
        model: 'm',
        usage: { inputTokens: 5, outputTokens: 9 },
      })
      expect(runnable(turn).map((call) => [call.tool, call.arguments])).toEqual([
        ['f', '{"a":1}'],
        ['g', '{}'],
      ])
      expect(turn.opaque?.value).toMatchObject({
        blocks: [{ block: whole.content[0] }, { text: 2 }, { call: {} }, { call: {} }],
      })
    },
  )

  test('shows numbers and keys of arguments as they were written', async () => {
    const body = JSON.stringify(whole).replace('{"a":1}', '{"a":12345678901234567890}')
    const { turn } = await askAnthropic({ headers: json, body }, { stream: false })
    expect(turn.calls[0]!.arguments).toBe('{"a":12345678901234567890}')
    expect(runnable(turn).map(({ tool }) => tool)).toEqual(['g'])
  })

  test.each([
    ['an error', JSON.stringify(overloaded), 'model-overloaded'],
    ['no JSON', '<html>', 'model-protocol'],
    ['another object', '{"choices":[]}', 'model-protocol'],
    ['no stop reason', JSON.stringify({ ...whole, stop_reason: null }), 'model-incomplete'],
  ])('that is %s fails', async (_, body, code) => {
    const { events, turn } = await askAnthropic({ headers: json, body }, { stream: false })
    expect(lawBreaks(events)).toEqual([])
    expect(turn.error?.code).toBe(code)
    expect(runnable(turn)).toEqual([])
  })
})

describe('bounds', () => {
  const small = { maxTextLength: 1000, maxArgumentsLength: 10, maxCalls: 2 }

  test.each([
    ['text', sse(start(), textAt(0, 'x'.repeat(1001)), stop('end_turn')), 'model-too-large'],
    [
      'thinking, which is kept twice',
      sse(
        start(),
        open(0, { type: 'thinking', thinking: '' }),
        delta(0, { type: 'thinking_delta', thinking: 'x'.repeat(501) }),
      ),
      'model-too-large',
    ],
    [
      'blocks',
      sse(start(), ...Array.from({ length: 20 }, (_, at) => textAt(at, ''))),
      'model-too-large',
    ],
    [
      'arguments',
      sse(start(), use(0, 'f', '{"a":', '"xxxxx"}'), stop('tool_use')),
      'model-too-large',
    ],
    [
      'calls',
      sse(start(), use(0, 'f'), use(1, 'f'), use(2, 'f'), stop('tool_use')),
      'model-protocol',
    ],
  ])('hold for %s', async (_, body, code) => {
    const { events, turn } = await askAnthropic({ body }, { bounds: small })
    expect(lawBreaks(events)).toEqual([])
    expect(turn.error?.code).toBe(code)
    expect(runnable(turn)).toEqual([])
  })

  test('hold for blocks that nobody opened and for members of usage', () => {
    const decoder = anthropicCodec({}).decoder(request, { ...defaultBounds, ...small }, true)
    for (let at = 0; at < 100; at++) {
      decoder.push(JSON.stringify(delta(at, { type: 'text_delta', text: '' })))
      decoder.push(JSON.stringify({ type: 'message_delta', usage: { [`key_${at}`]: at } }))
    }
    decoder.finish()
    expect(decoder.events).toMatchObject([
      { type: 'error', error: { code: 'model-too-large' } },
      { type: 'usage' },
      { type: 'end' },
    ])
    const told = decoder.events[1] as { readonly usage?: { readonly raw?: object } }
    expect(Object.keys(told.usage!.raw!)).toHaveLength(64)
  })

  test('leave out blocks that are nested too deeply to be written again', async () => {
    let deep: unknown = 1
    for (let level = 0; level < 100; level++) deep = [deep]
    const { turn } = await askAnthropic({
      body: sse(
        start(),
        open(0, { type: 'future', deep }),
        close(0),
        textAt(1, 'x'),
        stop('end_turn'),
      ),
    })
    expect(turn.opaque).toBeUndefined()
    expect(turn.text).toBe('x')
  })
})

test('a summary of earlier messages is kept with what it came with, and nothing else', async () => {
  const summary = { type: 'compaction', content: null, encrypted_content: null }
  const { turn } = await askAnthropic({
    body: sse(
      start(),
      open(0, summary),
      delta(0, { type: 'compaction_delta', content: 'one ', encrypted_content: 'x' }),
      delta(0, { type: 'compaction_delta', content: 'two', encrypted_content: null, invented: 1 }),
      close(0),
      textAt(1, 'hi'),
      stop('end_turn'),
    ),
  })
  expect(turn.text).toBe('hi')
  expect(turn.opaque?.value).toEqual({
    blocks: [
      { block: { type: 'compaction', content: 'one two', encrypted_content: 'x' } },
      { text: 2 },
    ],
  })
})

test('fragments of calls are not told of when nobody looks', () => {
  const decoder = anthropicCodec({}).decoder(request, defaultBounds, false)
  for (const event of [start(), ...callF, ...stop('tool_use')]) decoder.push(JSON.stringify(event))
  decoder.finish()
  expect(decoder.events.map(({ type }) => type)).toEqual([
    'tool-call-start',
    'tool-call',
    'usage',
    'end',
  ])
})

test('a body that holds its content twice has no input that can be trusted', async () => {
  const content = JSON.stringify([{ type: 'tool_use', id: 't', name: 'f', input: { a: 1 } }])
  const body = `{"content":[],"content":${content},"stop_reason":"tool_use"}`
  const { turn } = await askAnthropic(
    { headers: { 'content-type': 'application/json' }, body },
    { stream: false },
  )
  expect(turn.error?.code).toBe('model-protocol')
  expect(turn.calls).toEqual([])
})
