/** An answer of many small deltas, as the provider of the wire sends them. */
export interface WireAnswer {
  readonly wire: 'chat' | 'responses' | 'anthropic'
  /** What the deltas are of. */
  readonly of: 'text' | 'arguments'
  readonly text: string
  /** Characters of all deltas. */
  readonly length: number
  /** The delta in a parsed event. */
  readonly deltaIn: (event: unknown) => string | undefined
}

type Named = { readonly type: string } & Readonly<Record<string, unknown>>

interface Chunk {
  readonly choices: readonly [
    {
      readonly delta: {
        readonly content?: string
        readonly tool_calls?: readonly [{ readonly function: { readonly arguments: string } }]
      }
    },
  ]
}

const words = ['the ', 'answer ', 'is ', '"forty', '-two" ', 'and\n', 'not ', 'less, ']

export const wireNames = ['chat', 'responses', 'anthropic'] as const

const make = { chat, responses, anthropic }

/** Answers of the given number of deltas over every wire. */
export function wireAnswers(deltas: number): readonly WireAnswer[] {
  return wireNames.flatMap((wire) => [
    wireAnswer(wire, 'text', deltas),
    wireAnswer(wire, 'arguments', deltas),
  ])
}

export function wireAnswer(
  wire: WireAnswer['wire'],
  of: WireAnswer['of'],
  deltas: number,
): WireAnswer {
  const text = Array.from({ length: deltas }, (_, at) => words[at % words.length]!)
  if (of === 'text') return make[wire](of, text)
  const middle = text.slice(2).map((word) => JSON.stringify(word).slice(1, -1))
  return make[wire](of, ['{"text":"', ...middle, '"}'])
}

/** An answer of one delta of the given number of characters. */
export function longDelta(wire: WireAnswer['wire'], length: number): WireAnswer {
  return make[wire]('text', ['twenty characters x '.repeat(length / 20)])
}

function lengthOf(pieces: readonly string[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0)
}

function chunkOf(delta: object, finish: string | null = null): object {
  return {
    id: 'chatcmpl-CrW8jz4rGdxlLk0R3Y6TnV2uQe5bA',
    object: 'chat.completion.chunk',
    created: 1_780_000_000,
    model: 'gpt-5.4-mini-2026-03-05',
    service_tier: 'default',
    system_fingerprint: 'fp_2f57f81c11',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    usage: null,
  }
}

function chat(of: WireAnswer['of'], pieces: readonly string[]): WireAnswer {
  const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '' } }
  const events =
    of === 'text'
      ? [
          chunkOf({ role: 'assistant', content: '' }),
          ...pieces.map((content) => chunkOf({ content })),
        ]
      : [
          chunkOf({ role: 'assistant', content: null, tool_calls: [call] }),
          ...pieces.map((piece) =>
            chunkOf({ tool_calls: [{ index: 0, function: { arguments: piece } }] }),
          ),
        ]
  const end = chunkOf({}, of === 'text' ? 'stop' : 'tool_calls')
  return {
    wire: 'chat',
    of,
    length: lengthOf(pieces),
    text: `${[...events, end].map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}data: [DONE]\n\n`,
    deltaIn(event) {
      const [{ delta }] = (event as Chunk).choices
      return of === 'text' ? delta.content : delta.tool_calls?.[0].function.arguments
    },
  }
}

function named(events: readonly Named[]): string {
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')
}

function responses(of: WireAnswer['of'], pieces: readonly string[]): WireAnswer {
  const id = `${of === 'text' ? 'msg' : 'fc'}_0a63f40a2632b74300699f8819a5e08196ac270722d369af5a`
  const whole = pieces.join('')
  const item =
    of === 'text'
      ? { id, type: 'message', role: 'assistant', content: [{ type: 'output_text', text: whole }] }
      : { id, type: 'function_call', call_id: 'call_1', name: 'f', arguments: whole }
  const begun = of === 'text' ? { ...item, content: [] } : { ...item, arguments: '' }
  const place = { output_index: 0, item_id: id }
  const delta = (piece: string): Named =>
    of === 'text'
      ? { type: 'response.output_text.delta', ...place, content_index: 0, delta: piece }
      : { type: 'response.function_call_arguments.delta', ...place, delta: piece }
  const response = { id: 'resp_1', model: 'gpt-5.4-mini-2026-03-05' }
  const events = [
    { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } },
    { type: 'response.output_item.added', output_index: 0, item: begun },
    ...pieces.map(delta),
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: { ...response, status: 'completed', output: [item] } },
  ]
  return {
    wire: 'responses',
    of,
    length: lengthOf(pieces),
    text: named(events.map((event, sequence) => ({ ...event, sequence_number: sequence }))),
    deltaIn: (event) => (event as { readonly delta?: string }).delta,
  }
}

function anthropic(of: WireAnswer['of'], pieces: readonly string[]): WireAnswer {
  const message = { id: 'msg_01', type: 'message', role: 'assistant', model: 'claude-haiku-4-5' }
  const usage = { input_tokens: 10, output_tokens: 1 }
  const block =
    of === 'text'
      ? { type: 'text', text: '' }
      : { type: 'tool_use', id: 'toolu_01', name: 'f', input: {} }
  const deltaOf = (piece: string): object =>
    of === 'text'
      ? { type: 'text_delta', text: piece }
      : { type: 'input_json_delta', partial_json: piece }
  const reason = of === 'text' ? 'end_turn' : 'tool_use'
  return {
    wire: 'anthropic',
    of,
    length: lengthOf(pieces),
    text: named([
      { type: 'message_start', message: { ...message, content: [], usage } },
      { type: 'content_block_start', index: 0, content_block: block },
      ...pieces.map((piece) => ({ type: 'content_block_delta', index: 0, delta: deltaOf(piece) })),
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: reason }, usage: { output_tokens: 9 } },
      { type: 'message_stop' },
    ]),
    deltaIn(event) {
      const { delta } = event as { readonly delta?: Readonly<Record<string, string>> }
      return delta?.[of === 'text' ? 'text' : 'partial_json']
    },
  }
}
