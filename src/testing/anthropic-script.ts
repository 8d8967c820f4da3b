import type { JsonObject } from '../base/json.ts'
import {
  argumentPieces,
  callIdAt,
  defaultTurnUsage,
  finishWord,
  piecesOf,
  type ScriptedTurn,
} from './turn.ts'

/** A content block, empty as it is opened, with the deltas that fill it. */
interface Block {
  readonly start: JsonObject
  readonly deltas: readonly JsonObject[]
}

/** A turn as the server-sent events of a Messages answer; pictures are left out. */
export function anthropicStream(turn: ScriptedTurn, number: number, model: string): string {
  const usage = usageOf(turn)
  const message = {
    ...envelope(number, model),
    content: [],
    stop_reason: null,
    stop_sequence: null,
    // what a failed answer has used is told of at its start, or never
    ...withUsage(usage && (turn.error === undefined ? { ...usage, output_tokens: 1 } : usage)),
  }
  const blocks = blocksOf(turn, number).flatMap(({ start, deltas }, index) => [
    { type: 'content_block_start', index, content_block: start },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ])
  const ending = [
    {
      type: 'message_delta',
      delta: stopOf(turn),
      ...withUsage(usage && { output_tokens: usage['output_tokens']! }),
    },
    { type: 'message_stop' },
  ]
  const { error } = turn
  return [
    { type: 'message_start', message },
    { type: 'ping' },
    ...blocks,
    ...(error === undefined ? ending : [errorEvent(error)]),
  ]
    .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    .join('')
}

/** A turn as the body of an answer without streaming. */
export function anthropicBody(turn: ScriptedTurn, number: number, model: string): string {
  if (turn.error !== undefined) return JSON.stringify(errorEvent(turn.error))
  const content = blocksOf(turn, number).map(wholeBlock).join(',')
  const rest = {
    ...stopOf(turn),
    ...withUsage(usageOf(turn)),
  }
  const [head, tail] = [JSON.stringify(envelope(number, model)), JSON.stringify(rest)]
  return `${head.slice(0, -1)},"content":[${content}],${tail.slice(1)}`
}

function envelope(number: number, model: string): JsonObject {
  return { id: `msg_${number}`, type: 'message', role: 'assistant', model }
}

function blocksOf(turn: ScriptedTurn, number: number): readonly Block[] {
  const reasoning = piecesOf(turn.reasoning)
  const text = piecesOf(turn.text)
  const calls = (turn.calls ?? []).map((call, index) => ({
    start: { type: 'tool_use', id: callIdAt(call, number, index), name: call.tool, input: {} },
    deltas: ['', ...argumentPieces(call)].map((piece) => ({
      type: 'input_json_delta',
      partial_json: piece,
    })),
  }))
  return [
    ...(reasoning.length === 0 ? [] : [thinkingBlock(reasoning, number)]),
    ...(text.length === 0 ? [] : [textBlock(text)]),
    ...calls,
  ]
}

function thinkingBlock(pieces: readonly string[], number: number): Block {
  return {
    start: { type: 'thinking', thinking: '', signature: '' },
    deltas: [
      ...pieces.map((thinking) => ({ type: 'thinking_delta', thinking })),
      { type: 'signature_delta', signature: `signature_${number}` },
    ],
  }
}

function textBlock(pieces: readonly string[]): Block {
  return {
    start: { type: 'text', text: '' },
    deltas: pieces.map((text) => ({ type: 'text_delta', text })),
  }
}

/** The block with its deltas put together. Input is written as it is told to be, also where it is no JSON. */
function wholeBlock({ start, deltas }: Block): string {
  const joined = (key: string): string =>
    deltas.map((delta) => (key in delta ? String(delta[key]) : '')).join('')
  if (start['type'] !== 'tool_use') {
    const members = Object.keys(start).filter((key) => key !== 'type')
    return JSON.stringify({
      ...start,
      ...Object.fromEntries(members.map((key) => [key, joined(key)])),
    })
  }
  const { input: _input, ...rest } = start
  return `${JSON.stringify(rest).slice(0, -1)},"input":${joined('partial_json') || '{}'}}`
}

const stopWords: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  tool_calls: 'tool_use',
  length: 'max_tokens',
  content_filter: 'refusal',
}

function stopOf(turn: ScriptedTurn): JsonObject {
  const word =
    turn.refusal !== undefined && turn.finish === undefined ? 'refusal' : finishWord(turn)
  const details = {
    stop_details: { type: 'refusal', category: null, explanation: turn.refusal ?? null },
  }
  return {
    stop_reason: word === null ? null : (stopWords[word] ?? word),
    stop_sequence: null,
    ...(turn.refusal === undefined ? {} : details),
  }
}

function errorEvent(error: NonNullable<ScriptedTurn['error']>): JsonObject & { type: string } {
  const type = typeof error.code === 'string' ? error.code : 'api_error'
  return { type: 'error', error: { type, ...error } }
}

function usageOf({ usage = defaultTurnUsage }: ScriptedTurn): JsonObject | undefined {
  if (usage === null) return undefined
  const { inputTokens, outputTokens, cost } = usage
  return {
    input_tokens: inputTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: outputTokens,
    ...(cost === undefined ? {} : { cost }),
  }
}

function withUsage(usage: JsonObject | undefined): JsonObject {
  return usage === undefined ? {} : { usage }
}
