import { sse, streamSuite, type Stream } from './streams.ts'
import { ask } from './support.ts'

type Fields = Readonly<Record<string, unknown>>

const envelope = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm' }

function chunk(delta: unknown, finish: unknown = null, more: Fields = {}): Fields {
  return { ...envelope, choices: [{ index: 0, delta, finish_reason: finish }], ...more }
}

/** A chunk with one fragment of a call, or several. */
function part(...calls: readonly Fields[]): Fields {
  return chunk({ tool_calls: calls })
}

function use(fields: Fields, name: unknown, args: unknown): Fields {
  return { ...fields, type: 'function', function: { name, arguments: args } }
}

const done = '[DONE]'
const stop = chunk({}, 'stop')
const called = chunk({}, 'tool_calls')
const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 }
const fA: Stream['runs'] = [['f', { a: 1 }]]
const both: Stream['runs'] = [
  ['f', { a: 1 }],
  ['g', { b: 2 }],
]
const one = use({ index: 0, id: 'a' }, 'f', '{"a":1}')
const two = use({ index: 1, id: 'b' }, 'g', '{"b":2}')
const json = { 'content-type': 'application/json' }

const framing: readonly Stream[] = [
  {
    name: 'comments between all events, and within one',
    sent: `: OPENROUTER PROCESSING\n\n:\n\ndata: ${JSON.stringify(chunk({ content: 'a' }))}\n: ping\n\n:x\n${sse(stop)}: bye\n\n${sse(done)}`,
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'line ends of all kinds in one stream',
    sent: `data: ${JSON.stringify(chunk({ content: 'a' }))}\r\n\r\ndata: ${JSON.stringify(chunk({ content: 'b' }))}\r\rdata: ${JSON.stringify(stop)}\n\r\ndata: [DONE]\r\n\r\n`,
    text: 'ab',
    finish: 'stop',
  },
  {
    name: 'data of several lines that end in CR LF',
    sent: `data: {"choices":[{"index":0,\r\ndata: "delta":{"content":"a"},\r\ndata:"finish_reason":"stop"}]}\r\n\r\n${sse(done)}`,
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'names of events that mean nothing here',
    sent: `event: message\n${sse(chunk({ content: 'a' }))}event: completion.chunk\n${sse(stop)}event: done\n${sse(done)}`,
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'empty data before, between and after',
    sent: `data:\n\ndata: \n\n\n\n${sse(chunk({ content: 'a' }))}data:\n\n${sse(stop)}data\n\n${sse(done)}`,
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'an end mark in spaces, and garbage after it',
    sent: `${sse(chunk({ content: 'a' }), stop)}data:  [DONE]  \n\n\u0000garbage {"choices": no\ndata: {"choi\n\ndata: 7\n\n`,
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'a byte order mark, then a comment',
    sent: `\ufeff: hello\n\n${sse(chunk({ content: 'a' }), stop, done)}`,
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'a pair of surrogates cut in two by escapes',
    sent: sse(
      '{"choices":[{"index":0,"delta":{"content":"\\ud83d"}}]}',
      '{"choices":[{"index":0,"delta":{"content":"\\ude00"}}]}',
      stop,
      done,
    ),
    text: '😀',
    finish: 'stop',
  },
  {
    name: 'characters of two, three and four bytes in names, ids and arguments',
    sent: sse(part(use({ index: 0, id: 'é€😀' }, 'f', '{"é€😀":"😀€é"}')), called, done),
    runs: [['f', { 'é€😀': '😀€é' }]],
    ids: ['é€😀'],
    finish: 'tool-calls',
  },
  {
    name: 'a stream under another media type',
    sent: {
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: sse(chunk({ content: 'a' }), stop, done),
    },
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'a media type in capitals with parameters',
    sent: {
      headers: { 'content-type': 'Text/Event-Stream;charset=UTF-8' },
      body: sse(chunk({ content: 'a' }), stop, done),
    },
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'line separators of Unicode, which end no line here',
    sent: sse(
      '{"choices":[{"index":0,"delta":{"content":"a\u2028b\u0085c"},"finish_reason":"stop"}]}',
      done,
    ),
    text: 'a\u2028b\u0085c',
    finish: 'stop',
  },
]

const hosts: readonly Stream[] = [
  {
    name: 'Groq: two whole calls in one chunk, usage in two places',
    sent: sse(
      chunk({ role: 'assistant', content: null }, null, { x_groq: { id: 'req_1' } }),
      part(one, two),
      chunk({}, 'tool_calls', { x_groq: { id: 'req_1', usage }, usage }),
      done,
    ),
    runs: both,
    finish: 'tool-calls',
    tokens: [11, 7],
  },
  {
    name: 'Groq: usage only where its own things are',
    sent: sse(chunk({ content: 'a' }), chunk({}, 'stop', { x_groq: { id: 'r', usage } }), done),
    text: 'a',
    finish: 'stop',
    tokens: [11, 7],
  },
  {
    name: 'Groq: an error among its own things',
    sent: sse(
      chunk({ content: 'a' }),
      chunk({}, 'stop', { x_groq: { error: 'over capacity' } }),
      done,
    ),
    text: 'a',
    finish: 'error',
    error: { message: 'over capacity' },
  },
  {
    name: 'Mistral: a call without index and type beside finish and usage',
    sent: sse(
      chunk({ role: 'assistant', content: '' }),
      {
        ...envelope,
        choices: [
          {
            index: 0,
            delta: {
              content: '',
              tool_calls: [{ id: 'D681PevKs', function: { name: 'f', arguments: '{"a": 1}' } }],
            },
            finish_reason: 'tool_calls',
          },
        ],
        usage,
      },
      done,
    ),
    runs: fA,
    ids: ['D681PevKs'],
    finish: 'tool-calls',
    tokens: [11, 7],
  },
  {
    name: 'Mistral: thoughts and text as typed parts, then as texts',
    sent: sse(
      chunk({ role: 'assistant', content: '' }),
      chunk({
        content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }], closed: false }],
      }),
      chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'm' }] }] }),
      chunk({
        content: [
          { type: 'text', text: 'a' },
          { type: 'reference', reference_ids: [1] },
        ],
      }),
      chunk({ content: 'b' }),
      stop,
      done,
    ),
    text: 'ab',
    reasoning: 'hmm',
    finish: 'stop',
  },
  {
    name: 'Mistral behind a gateway: no role, empty names in later fragments',
    sent: sse(
      part(use({ index: 0, id: 'a' }, 'f', '')),
      part(use({ index: 0 }, '', '{"a"')),
      part(use({ index: 0, id: '' }, '', ':1}')),
      called,
      done,
    ),
    runs: fA,
    ids: ['a'],
    finish: 'tool-calls',
  },
  {
    name: 'Gemini: an empty id, a signature, and finish stop',
    sent: sse(
      {
        choices: [
          {
            delta: {
              role: 'assistant',
              tool_calls: [
                {
                  extra_content: { google: { thought_signature: 'c2ln' } },
                  function: { arguments: '{"a":1}', name: 'f' },
                  id: '',
                  index: 0,
                  type: 'function',
                },
              ],
            },
            finish_reason: 'stop',
            index: 0,
          },
        ],
        created: 1,
        model: 'gemini',
        usage,
      },
      done,
    ),
    runs: fA,
    ids: [''],
    finish: 'tool-calls',
    tokens: [11, 7],
  },
  {
    name: 'Gemini: calls without index in chunks of their own, without ids',
    sent: sse(
      part({ function: { name: 'f', arguments: '{"a":1}' } }),
      part({ function: { name: 'g', arguments: '{"b":2}' } }),
      stop,
      done,
    ),
    runs: both,
    finish: 'tool-calls',
  },
  {
    name: 'Gemini: the same tool twice without ids and index',
    sent: sse(
      part(
        { function: { name: 'f', arguments: '{"a":1}' } },
        { function: { name: 'f', arguments: '{"a":2}' } },
      ),
      stop,
      done,
    ),
    runs: [
      ['f', { a: 1 }],
      ['f', { a: 2 }],
    ],
    finish: 'tool-calls',
  },
  {
    name: 'Gemini: an error as a list',
    sent: sse(chunk({ content: 'a' }), [
      { error: { code: 429, message: 'Resource exhausted', status: 'RESOURCE_EXHAUSTED' } },
    ]),
    text: 'a',
    finish: 'error',
    error: { code: 'model-rate-limit', status: 429, message: 'Resource exhausted' },
  },
  {
    name: 'DeepSeek: thoughts, then a call, with cached input',
    sent: sse(
      chunk({ role: 'assistant', content: null, reasoning_content: '' }),
      chunk({ content: null, reasoning_content: 'hm' }),
      part(use({ index: 0, id: 'call_0_x' }, 'f', '')),
      part({ index: 0, function: { arguments: '{"a": 1}' } }),
      chunk({ content: '', reasoning_content: null }, 'tool_calls', {
        usage: { ...usage, prompt_cache_hit_tokens: 4, prompt_cache_miss_tokens: 7 },
      }),
      done,
    ),
    reasoning: 'hm',
    runs: fA,
    finish: 'tool-calls',
    tokens: [11, 7],
  },
  {
    name: 'DeepSeek: out of resources',
    sent: sse(chunk({ content: 'a' }), chunk({}, 'insufficient_system_resource'), done),
    text: 'a',
    finish: 'error',
    raw: 'insufficient_system_resource',
    error: { retryable: true },
  },
  {
    name: 'Perplexity: the whole message beside every delta, usage and cost in every chunk',
    sent: sse(
      ...['a', 'ab'].map((content, at) => ({
        ...envelope,
        usage: { ...usage, completion_tokens: at + 1, cost: { total_cost: 0.005 } },
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content },
            delta: { role: 'assistant', content: 'ab'[at] },
            finish_reason: null,
          },
        ],
      })),
      {
        ...envelope,
        object: 'chat.completion.done',
        usage: { ...usage, cost: { total_cost: 0.006 } },
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content: 'ab' },
            delta: { role: 'assistant', content: '' },
            finish_reason: 'stop',
          },
        ],
      },
    ),
    text: 'ab',
    finish: 'stop',
    tokens: [11, 7],
    cost: 0.006,
  },
  {
    name: 'Azure: filter results first, without an id, and after the text',
    sent: sse(
      {
        choices: [],
        created: 0,
        id: '',
        model: '',
        object: '',
        prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }],
      },
      chunk({ role: 'assistant', content: 'a' }),
      {
        ...envelope,
        choices: [
          {
            content_filter_offsets: { check_offset: 0 },
            content_filter_results: {},
            finish_reason: null,
            index: 0,
          },
        ],
      },
      stop,
      { ...envelope, choices: [], usage },
      done,
    ),
    text: 'a',
    finish: 'stop',
    tokens: [11, 7],
  },
  {
    name: 'Azure: a filter that ends the answer amid a call',
    sent: sse(part(use({ index: 0, id: 'a' }, 'f', '{"a"')), chunk({}, 'content_filter'), done),
    calls: 1,
    finish: 'content-filter',
  },
  {
    name: 'Azure: a whole answer without content whose choice holds an error',
    sent: {
      headers: json,
      body: JSON.stringify({
        id: 'c',
        choices: [
          {
            index: 0,
            finish_reason: 'content_filter',
            message: { role: 'assistant' },
            content_filter_results: {
              error: { code: 'content_filter_error', message: 'The contents are not filtered' },
            },
          },
        ],
        usage,
      }),
    },
    finish: 'content-filter',
    tokens: [11, 7],
  },
  {
    name: 'Together: an end word of its own',
    sent: sse(chunk({ content: 'a' }, 'eos'), done),
    text: 'a',
    finish: 'stop',
    raw: 'eos',
  },
  {
    name: 'Ollama: all calls at index 0, thoughts as `reasoning`',
    sent: sse(
      chunk({ role: 'assistant', content: '', reasoning: 'hm' }),
      part(one),
      part(use({ index: 0, id: 'b' }, 'g', '{"b":2}')),
      chunk({ role: 'assistant', content: '' }, 'tool_calls'),
      done,
    ),
    reasoning: 'hm',
    runs: both,
    finish: 'tool-calls',
  },
  {
    name: 'Moonshot: usage inside the choice, and none outside',
    sent: sse(
      chunk({ content: 'a' }),
      { ...envelope, choices: [{ index: 0, delta: {}, finish_reason: 'stop', usage }] },
      done,
    ),
    text: 'a',
    finish: 'stop',
    tokens: [11, 7],
  },
  {
    name: 'Snowflake: all members on every chunk, and no finish word at all',
    sent: sse(
      {
        choices: [
          {
            delta: {
              content: 'a',
              tool_calls: null,
              refusal: '',
              function_call: null,
              audio: null,
            },
            logprobs: null,
          },
        ],
      },
      {
        choices: [
          { delta: { content: 'b', tool_calls: null, refusal: null }, logprobs: { content: [] } },
        ],
        usage,
      },
      done,
    ),
    text: 'ab',
    finish: 'other',
    raw: null,
    tokens: [11, 7],
  },
  {
    name: 'vLLM: an error known by its kind of object',
    sent: sse(
      { object: 'error', message: 'bad grammar', type: 'BadRequestError', param: null, code: 400 },
      done,
    ),
    finish: 'error',
    error: { code: 'model-refused', message: 'bad grammar', status: 400, retryable: false },
  },
  {
    name: 'llama.cpp: an error in a field of its own, after text and before the end mark',
    sent: `${sse(chunk({ content: 'a' }))}error: {"code":500,"message":"no cache left","type":"server_error"}\n\n${sse(done)}`,
    text: 'a',
    finish: 'error',
    error: { code: 'model-error', message: 'no cache left', status: 500, retryable: true },
  },
  {
    name: 'llama.cpp: an error in a field of its own, first of all, with CR LF',
    sent: `error: {"code":400,"message":"too long","type":"exceed_context_size_error"}\r\n\r\n${sse(done)}`,
    finish: 'error',
    error: { code: 'model-refused', message: 'too long', status: 400, retryable: false },
  },
  {
    name: 'fields that only begin like `error`, and one in the data of an event',
    sent: `err\nerrors: 1\nerror\n: error: 2\n${sse(chunk({ content: 'error: 3' }), stop, done)}`,
    text: 'error: 3',
    finish: 'stop',
  },
  {
    name: 'xAI: thoughts, a whole call, usage apart, thoughts apart from the rest of it',
    sent: sse(
      chunk({ role: 'assistant', reasoning_content: 'hm' }),
      part(one),
      called,
      {
        ...envelope,
        choices: [],
        usage: {
          ...usage,
          total_tokens: 21,
          completion_tokens_details: { reasoning_tokens: 3 },
          cost_in_usd_ticks: 1_654_500,
        },
      },
      done,
    ),
    reasoning: 'hm',
    runs: fA,
    finish: 'tool-calls',
    tokens: [11, 10],
    cost: 0.00016545,
  },
  {
    name: 'a bridge that counts the input first and the output at the end',
    sent: sse(
      chunk({ content: 'a' }, null, {
        usage: { prompt_tokens: 11, prompt_tokens_details: { cached_tokens: 4 } },
      }),
      chunk({}, 'stop', { usage: { completion_tokens: 7, total_tokens: 18 } }),
      done,
    ),
    text: 'a',
    finish: 'stop',
    tokens: [11, 7],
  },
  {
    name: 'Gemini: thoughts that only the total counts',
    sent: sse(chunk({ content: 'a' }, 'stop', { usage: { ...usage, total_tokens: 350 } }), done),
    text: 'a',
    finish: 'stop',
    tokens: [11, 339],
  },
  {
    name: 'a total that counts input from a cache once more',
    sent: sse(
      chunk({ content: 'a' }, 'stop', {
        usage: { ...usage, total_tokens: 23, prompt_tokens_details: { cached_tokens: 5 } },
      }),
      done,
    ),
    text: 'a',
    finish: 'stop',
    tokens: [11, 7],
  },
  {
    name: 'thoughts that are part of the output, and a total below the sum',
    sent: sse(
      chunk({ content: 'a' }, 'stop', {
        usage: { ...usage, total_tokens: 1, completion_tokens_details: { reasoning_tokens: 5 } },
      }),
      done,
    ),
    text: 'a',
    finish: 'stop',
    tokens: [11, 7],
  },
  {
    name: 'OpenAI: text in JSON cut by the bound of tokens',
    sent: sse(
      chunk({ role: 'assistant', content: '', refusal: null }),
      chunk({ content: '{"a":"b' }),
      chunk({}, 'length'),
      { ...envelope, choices: [], usage },
      done,
    ),
    text: '{"a":"b',
    finish: 'length',
    tokens: [11, 7],
  },
  {
    name: 'OpenRouter: annotations, the fee of a search, its own finish word twice',
    sent: sse(
      chunk({
        role: 'assistant',
        content: 'a',
        annotations: [{ type: 'url_citation', url_citation: { url: 'https://x.example' } }],
      }),
      {
        ...envelope,
        choices: [
          {
            index: 0,
            delta: { content: '' },
            finish_reason: 'stop',
            native_finish_reason: 'completed',
          },
        ],
      },
      {
        ...envelope,
        choices: [
          {
            index: 0,
            delta: { role: 'assistant', content: '' },
            finish_reason: 'stop',
            native_finish_reason: 'completed',
          },
        ],
        usage: {
          ...usage,
          cost: 0.0133,
          is_byok: false,
          cost_details: { upstream_inference_cost: 0.0033 },
          server_tool_use_details: { web_search_requests: 1 },
        },
      },
      done,
    ),
    text: 'a',
    finish: 'stop',
    tokens: [11, 7],
    cost: 0.0133,
  },
  {
    name: 'OpenRouter: thoughts as details, whose signature comes in a last one without text',
    sent: sse(
      chunk({
        role: 'assistant',
        content: '',
        reasoning: 'h',
        reasoning_details: [
          { type: 'reasoning.text', text: 'h', format: 'anthropic-claude-v1', index: 0 },
        ],
      }),
      chunk({
        content: '',
        reasoning: 'm',
        reasoning_details: [
          { type: 'reasoning.text', text: 'm', format: 'anthropic-claude-v1', index: 0 },
        ],
      }),
      chunk({
        content: '',
        reasoning: null,
        reasoning_details: [
          { type: 'reasoning.text', signature: 'c2ln', format: 'anthropic-claude-v1', index: 0 },
        ],
      }),
      part(one),
      called,
      done,
    ),
    reasoning: 'hm',
    runs: fA,
    finish: 'tool-calls',
  },
]

const assembly: readonly Stream[] = [
  {
    name: 'an id that comes after the name',
    sent: sse(
      part({ index: 0, function: { name: 'f', arguments: '' } }),
      part({ index: 0, id: 'late', function: { arguments: '{"a":1}' } }),
      called,
      done,
    ),
    runs: fA,
    finish: 'tool-calls',
  },
  {
    name: 'a name that comes after the id, and arguments before both',
    sent: sse(
      part({ index: 0, function: { arguments: '{"a"' } }),
      part({ index: 0, id: 'a' }),
      part({ index: 0, function: { name: 'f', arguments: ':1}' } }),
      called,
      done,
    ),
    runs: fA,
    finish: 'tool-calls',
  },
  {
    name: 'a legacy call in fragments',
    sent: sse(
      chunk({ role: 'assistant', content: null, function_call: { name: 'f', arguments: '' } }),
      chunk({ function_call: { arguments: '{"a"' } }),
      chunk({ function_call: { arguments: ':1}' } }),
      chunk({}, 'function_call'),
      done,
    ),
    runs: fA,
    finish: 'tool-calls',
    raw: 'function_call',
  },
  {
    name: 'a legacy call that is announced and does not come',
    sent: sse(chunk({ content: 'a', function_call: null }), chunk({}, 'function_call'), done),
    text: 'a',
    finish: 'error',
    error: { code: 'model-protocol' },
  },
  {
    name: 'arguments as JSON in the chunk, in two parallel calls',
    sent: sse(
      part(use({ index: 0, id: 'a' }, 'f', { a: 1 }), use({ index: 1, id: 'b' }, 'g', { b: 2 })),
      called,
      done,
    ),
    runs: both,
    finish: 'tool-calls',
  },
  {
    name: 'arguments that are a list, a number and true',
    sent: sse(
      part(
        use({ index: 0, id: 'a' }, 'f', [1]),
        use({ index: 1, id: 'b' }, 'f', 7),
        use({ index: 2, id: 'c' }, 'f', true),
      ),
      called,
      done,
    ),
    calls: 3,
    finish: 'tool-calls',
  },
  {
    name: 'arguments in white space',
    sent: sse(
      part(use({ index: 0, id: 'a' }, 'f', '\n {"a"')),
      part({ index: 0, function: { arguments: ': 1} \n' } }),
      called,
      done,
    ),
    runs: fA,
    finish: 'tool-calls',
  },
  {
    name: 'arguments in a fence of Markdown, which are not repaired',
    sent: sse(part(use({ index: 0, id: 'a' }, 'f', '```json\n{"a":1}\n```')), called, done),
    calls: 1,
    finish: 'tool-calls',
  },
  {
    name: 'arguments as a text within a text, which are not unpacked',
    sent: sse(part(use({ index: 0, id: 'a' }, 'f', '"{\\"a\\":1}"')), called, done),
    calls: 1,
    finish: 'tool-calls',
  },
  {
    name: 'arguments told anew as a whole with every chunk',
    sent: sse(
      part(use({ index: 0, id: 'a' }, 'f', '{"a"')),
      part(use({ index: 0, id: 'a' }, 'f', '{"a":1}')),
      called,
      done,
    ),
    calls: 1,
    finish: 'tool-calls',
  },
  {
    name: 'a chunk that is sent twice',
    sent: sse(part(one), part(one), called, done),
    calls: 1,
    finish: 'tool-calls',
  },
  {
    name: 'a fragment with an empty object, null and nothing in it',
    sent: sse(
      part(one),
      part({ index: 0 }),
      part({ index: 0, function: null, id: null, type: null }),
      part({ index: 0, function: {} }),
      called,
      done,
    ),
    runs: fA,
    finish: 'tool-calls',
  },
  {
    name: 'many empty fragments before the first character',
    sent: sse(
      part(use({ index: 0, id: 'a' }, 'f', '')),
      ...Array.from({ length: 20 }, () => part({ index: 0, function: { arguments: '' } })),
      part({ index: 0, function: { arguments: '{"a":1}' } }),
      called,
      done,
    ),
    runs: fA,
    finish: 'tool-calls',
  },
  {
    name: 'places that begin late and run backwards',
    sent: sse(
      part(use({ index: 7, id: 'a' }, 'f', '{"a":1}')),
      part(use({ index: 2, id: 'b' }, 'g', '{"b":2}')),
      called,
      done,
    ),
    runs: both,
    ids: ['a', 'b'],
    finish: 'tool-calls',
  },
  {
    name: 'three calls in turn, one character each',
    sent: sse(
      part(
        use({ index: 0, id: 'a' }, 'f', ''),
        use({ index: 1, id: 'b' }, 'f', ''),
        use({ index: 2, id: 'c' }, 'f', ''),
      ),
      ...[...'{"a":1}'].map((text) =>
        part(...[2, 0, 1].map((index) => ({ index, function: { arguments: text } }))),
      ),
      called,
      done,
    ),
    runs: [
      ['f', { a: 1 }],
      ['f', { a: 1 }],
      ['f', { a: 1 }],
    ],
    ids: ['a', 'b', 'c'],
    finish: 'tool-calls',
  },
  {
    name: 'text before, between and after calls',
    sent: sse(
      chunk({ content: 'a' }),
      part(one),
      chunk({ content: 'b' }),
      part(two),
      chunk({ content: 'c' }),
      called,
      done,
    ),
    text: 'abc',
    runs: both,
    finish: 'tool-calls',
  },
  {
    name: 'ids that an earlier turn had as well',
    sent: sse(part(use({ index: 0, id: '0' }, 'f', '{"a":1}')), called, done),
    runs: fA,
    ids: ['0'],
    finish: 'tool-calls',
  },
  {
    name: 'calls that are no list',
    sent: sse(
      chunk({
        content: 'a',
        tool_calls: { index: 0, id: 'a', function: { name: 'f', arguments: '{}' } },
      }),
      stop,
      done,
    ),
    text: 'a',
    finish: 'error',
    error: { code: 'model-protocol' },
  },
  {
    name: 'a call of the provider itself among ours',
    sent: sse(
      part(one, {
        index: 1,
        id: 'b',
        type: 'builtin_function',
        function: { name: '$web_search', arguments: '{}' },
      }),
      called,
      done,
    ),
    runs: [...fA, ['$web_search', {}]],
    finish: 'tool-calls',
  },
  {
    name: 'an entry of calls that is null',
    sent: sse(chunk({ tool_calls: [null] }), called, done),
    finish: 'error',
    error: { code: 'model-protocol' },
  },
  {
    name: 'choices that are null, and chunks without any',
    sent: sse(
      { ...envelope, choices: null },
      { ...envelope },
      chunk({ content: 'a' }),
      stop,
      { usage },
      done,
    ),
    text: 'a',
    finish: 'stop',
    tokens: [11, 7],
  },
  {
    name: 'a delta that is null, missing and a text',
    sent: sse(
      chunk(null),
      { choices: [{ index: 0 }] },
      chunk('x'),
      chunk({ content: 'a' }),
      stop,
      done,
    ),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'typed parts that are empty, null and of unknown types',
    sent: sse(
      chunk({ content: [] }),
      chunk({ content: [null, 7, {}, { type: 'text', text: null }, { type: 'audio', text: 'x' }] }),
      chunk({ content: [{ type: 'text', text: 'a' }] }),
      stop,
      done,
    ),
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'a whole message where a delta should be',
    sent: sse(
      {
        ...envelope,
        object: 'chat.completion',
        choices: [
          {
            index: 0,
            message: {
              role: 'assistant',
              content: 'a',
              tool_calls: [use({ id: 'a' }, 'f', '{"a":1}')],
            },
            finish_reason: 'tool_calls',
          },
        ],
      },
      done,
    ),
    text: 'a',
    runs: fA,
    finish: 'tool-calls',
  },
  {
    name: 'the whole message at the end of its deltas',
    sent: sse(
      chunk({ content: 'a' }),
      part(one),
      {
        ...envelope,
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content: 'a', tool_calls: [one] },
            finish_reason: 'tool_calls',
          },
        ],
      },
      done,
    ),
    text: 'a',
    runs: fA,
    finish: 'tool-calls',
  },
  {
    name: 'counts that are negative, fractions, texts and beyond all numbers',
    sent: sse(
      chunk({ content: 'a' }, 'stop', {
        usage: { prompt_tokens: -5, completion_tokens: 1e300, total_tokens: '9', cost: -1 },
      }),
      done,
    ),
    text: 'a',
    finish: 'stop',
    tokens: [0, Number.MAX_SAFE_INTEGER],
  },
  {
    name: 'usage that is null after it was told, and an end word told twice',
    sent: sse(
      chunk({ content: 'a' }, null, { usage }),
      chunk({}, 'stop', { usage: null }),
      chunk({}, 'stop', { usage: null }),
      done,
    ),
    text: 'a',
    finish: 'stop',
    tokens: [11, 7],
  },
  {
    name: 'a picture in the list of pictures, and again in the text',
    sent: sse(
      chunk({
        content: '',
        images: [
          { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0K' }, index: 0 },
        ],
      }),
      chunk({
        content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0K' } }],
      }),
      stop,
      done,
    ),
    images: ['data:image/png;base64,iVBORw0K'],
    finish: 'stop',
  },
]

const endings: readonly Stream[] = [
  ...(
    [
      ['STOP', 'stop'],
      ['end_turn', 'stop'],
      ['MAX_TOKENS', 'length'],
      ['model_length', 'length'],
      ['SAFETY', 'content-filter'],
      ['content_filtered', 'content-filter'],
      ['a word of tomorrow', 'other'],
    ] as const
  ).map(([word, finish]) => ({
    name: `an answer that ends by \`${word}\``,
    sent: sse(chunk({ content: 'a' }, word), done),
    text: 'a',
    finish,
    raw: word,
  })),
  {
    name: 'an end word that is no text',
    sent: sse(chunk({ content: 'a' }, 1), chunk({}, { reason: 'stop' }), done),
    text: 'a',
    finish: 'other',
    raw: null,
  },
  {
    name: 'a bound of tokens that is taken back',
    sent: sse(part(one), chunk({}, 'length'), chunk({}, 'tool_calls'), done),
    calls: 1,
    finish: 'length',
  },
  {
    name: 'a host that says the call was malformed',
    sent: sse(
      part(one),
      {
        ...envelope,
        choices: [
          {
            index: 0,
            delta: {},
            finish_reason: 'stop',
            native_finish_reason: 'MALFORMED_FUNCTION_CALL',
          },
        ],
      },
      done,
    ),
    calls: 1,
    finish: 'error',
    error: { code: 'model-error', retryable: true, providerCode: 'MALFORMED_FUNCTION_CALL' },
  },
  {
    name: 'an error as the only event',
    sent: sse({ error: { message: 'Overloaded', type: 'overloaded_error' } }),
    finish: 'error',
    error: { code: 'model-overloaded', retryable: true, message: 'Overloaded' },
  },
  {
    name: 'an error that is a text',
    sent: sse(chunk({ content: 'a' }), { error: 'upstream went away' }, done),
    text: 'a',
    finish: 'error',
    error: { message: 'upstream went away' },
  },
  {
    name: 'an error whose status is a text, and whose message is no text',
    sent: sse({ error: { code: '503', message: { why: 'x' } } }),
    finish: 'error',
    error: { code: 'model-overloaded', status: 503 },
  },
  {
    name: 'an error without anything in it',
    sent: sse(chunk({ content: 'a' }), { error: {} }, stop, done),
    text: 'a',
    finish: 'error',
    error: { code: 'model-error' },
  },
  {
    name: 'an error event of plain text',
    sent: `${sse(part(one))}event: error\ndata: upstream connect error or disconnect\n\n`,
    calls: 1,
    finish: 'error',
    error: { message: 'upstream connect error or disconnect' },
  },
  {
    name: 'an error event that is a JSON text',
    sent: `event: error\ndata: "timeout"\n\n${sse(done)}`,
    finish: 'error',
    error: { message: 'timeout' },
  },
  {
    name: 'an error of OpenRouter amid a call, with its usage',
    sent: sse(
      part(use({ index: 0, id: 'a' }, 'f', '{"a":')),
      {
        ...envelope,
        provider: 'x',
        error: {
          code: 502,
          message: 'Provider disconnected',
          metadata: { provider_name: 'x', error_type: 'provider_unavailable' },
        },
        choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }],
        usage,
      },
      done,
    ),
    calls: 1,
    finish: 'error',
    error: {
      code: 'model-overloaded',
      status: 502,
      providerCode: 'provider_unavailable',
      retryable: true,
    },
    tokens: [11, 7],
  },
  {
    name: 'an error after the bound of tokens, as it was recorded',
    sent: sse(
      chunk({ content: 'a' }, 'length'),
      chunk({}, 'length'),
      {
        ...envelope,
        error: { code: 400, message: 'invalid params' },
        choices: [{ index: 0, delta: {}, finish_reason: null }],
        usage,
      },
      done,
    ),
    text: 'a',
    finish: 'error',
    error: { code: 'model-refused', status: 400 },
    tokens: [11, 7],
  },
  {
    name: 'an error of the whole answer under status 200',
    sent: {
      headers: json,
      body: JSON.stringify({ error: { code: 429, message: 'slow down' }, user_id: 'u' }),
    },
    finish: 'error',
    error: { code: 'model-rate-limit', status: 429, message: 'slow down' },
  },
  {
    name: 'an error as a list under status 200',
    sent: { headers: json, body: JSON.stringify([{ error: { code: 400, message: 'no' } }]) },
    finish: 'error',
    error: { code: 'model-refused', status: 400, message: 'no' },
  },
  {
    name: 'an error as JSON that calls itself a stream',
    sent: '{"error":{"code":503,"message":"no hosts"}}',
    finish: 'error',
    error: { code: 'model-overloaded', status: 503, message: 'no hosts' },
  },
  {
    name: 'a stream that calls itself JSON',
    sent: { headers: json, body: sse(chunk({ content: 'a' }), stop, done) },
    text: 'a',
    finish: 'stop',
  },
  {
    name: 'a whole answer that calls itself a stream',
    sent: JSON.stringify(
      {
        ...envelope,
        choices: [
          { index: 0, message: { role: 'assistant', content: 'a' }, finish_reason: 'stop' },
        ],
        usage,
      },
      null,
      2,
    ),
    text: 'a',
    finish: 'stop',
    tokens: [11, 7],
  },
  {
    name: 'a whole answer of no media type',
    sent: {
      headers: {},
      body: JSON.stringify({
        choices: [
          {
            message: { content: null, tool_calls: [use({ id: 'a' }, 'f', '{"a":1}')] },
            finish_reason: 'tool_calls',
          },
        ],
      }),
    },
    runs: fA,
    finish: 'tool-calls',
  },
  {
    name: 'a web page under status 200',
    sent: { headers: { 'content-type': 'text/html; charset=utf-8' }, body: '<html>login</html>' },
    finish: 'error',
    error: { code: 'model-protocol' },
  },
  {
    name: 'a web page that calls itself a stream',
    sent: '<!doctype html>\n<html>\ndata: {"choices":[]}\n\n</html>',
    finish: 'error',
    error: {},
  },
  {
    name: 'an empty body',
    sent: '',
    finish: 'error',
    error: { code: 'model-incomplete' },
  },
  {
    name: 'a web page of a proxy with status 524',
    sent: {
      status: 524,
      headers: { 'content-type': 'text/html' },
      body: '<html>a timeout occurred</html>',
    },
    finish: 'error',
    error: {
      code: 'model-timeout',
      status: 524,
      message: 'the model endpoint answered with status 524',
    },
  },
  {
    name: 'status 400 with the numbers of the context',
    sent: {
      status: 400,
      body: JSON.stringify({
        error: {
          message: "This endpoint's maximum context length is 8192 tokens",
          code: 400,
          metadata: { provider_name: null },
        },
      }),
    },
    finish: 'error',
    error: { code: 'model-refused', status: 400, retryable: false },
  },
  {
    name: 'status 401 of OpenRouter',
    sent: { status: 401, body: '{"error":{"message":"Missing Authentication header","code":401}}' },
    finish: 'error',
    error: {
      code: 'model-unauthorized',
      message: 'Missing Authentication header',
      retryable: false,
    },
  },
  {
    name: 'status 429 of a host behind OpenRouter',
    sent: {
      status: 429,
      body: JSON.stringify({
        error: {
          message: 'Provider returned error',
          code: 429,
          metadata: {
            raw: 'm is temporarily rate-limited upstream',
            provider_name: 'X',
            is_byok: false,
          },
        },
        user_id: 'u',
      }),
    },
    finish: 'error',
    error: {
      code: 'model-rate-limit',
      message: 'Provider returned error: m is temporarily rate-limited upstream',
      retryable: true,
    },
  },
  {
    name: 'no hosts left, told without a code',
    sent: {
      status: 503,
      body: JSON.stringify({
        error: {
          message: 'no',
          http_status: 503,
          error_type: 'provider_unavailable',
          availability: { code: 'temporarily_unavailable', retryable: true, retry_after: 2 },
        },
      }),
    },
    finish: 'error',
    error: { code: 'model-overloaded', retryable: true, retryAfterMs: 2000, status: 503 },
  },
  {
    name: 'a compressed error page, whose bytes say nothing',
    sent: {
      status: 503,
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 1, 2, 3]),
    },
    finish: 'error',
    error: { code: 'model-overloaded', message: 'the model endpoint answered with status 503' },
  },
  ...['gzip', 'br', 'deflate', 'zstd'].map((coding) => ({
    name: `an answer in \`${coding}\`, which nobody has asked for`,
    sent: {
      headers: { 'content-type': 'text/event-stream', 'content-encoding': coding },
      body: sse(chunk({ content: 'a' }), stop, done),
    },
    finish: 'error',
    error: { code: 'model-protocol', retryable: false },
  })),
  {
    name: 'an event cut within a character',
    sent: { body: Buffer.from(sse(chunk({ content: 'aé' }))).subarray(0, -40) },
    finish: 'error',
    error: { code: 'model-incomplete' },
  },
]

streamSuite('framing', framing, ask)
streamSuite('hosts', hosts, ask)
streamSuite('assembly', assembly, ask)
streamSuite('endings', endings, ask)
