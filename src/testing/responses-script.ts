import type { JsonObject } from '../base/json.ts'
import {
  argumentPieces,
  callIdAt,
  defaultTurnUsage,
  finishWord,
  piecesOf,
  type ScriptedTurn,
} from './turn.ts'

/** A turn as the server-sent events of a Responses answer. */
export function responsesStream(turn: ScriptedTurn, number: number, model: string): string {
  const items = itemsOf(turn, number)
  const output = items.map(({ whole }) => whole)
  const created = { ...envelope(number, model), status: 'in_progress', output: [] }
  const events = [
    { type: 'response.created', response: created },
    ...items.flatMap(({ begun, parts, whole }, index) => [
      { type: 'response.output_item.added', output_index: index, item: begun },
      ...parts.map((part) => ({ output_index: index, item_id: whole['id'], ...part })),
      { type: 'response.output_item.done', output_index: index, item: whole },
    ]),
    ...endOf(turn, { ...envelope(number, model), output }),
  ]
  return events
    .map((event, sequence) => ({ ...event, sequence_number: sequence }))
    .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    .join('')
}

/** A turn as the body of an answer without streaming. */
export function responsesBody(turn: ScriptedTurn, number: number, model: string): string {
  const output = itemsOf(turn, number).map(({ whole }) => whole)
  return JSON.stringify({ ...envelope(number, model), output, ...closing(turn) })
}

interface ScriptedItem {
  readonly begun: JsonObject
  readonly whole: JsonObject
  /** The events between its beginning and its end. */
  readonly parts: readonly ({ readonly type: string } & JsonObject)[]
}

function envelope(number: number, model: string): JsonObject {
  return { id: `resp_${number}`, object: 'response', created_at: 1_700_000_000, model }
}

function itemsOf(turn: ScriptedTurn, number: number): readonly ScriptedItem[] {
  const [reasoning, text] = [piecesOf(turn.reasoning), piecesOf(turn.text)]
  const { refusal = '', calls = [] } = turn
  return [
    ...(reasoning.length === 0 ? [] : [reasoningItem(reasoning, number)]),
    ...(text.length === 0 && refusal === '' ? [] : [messageItem(text, refusal, number)]),
    ...(turn.images ?? []).map((url, index) => pictureItem(url, `ig_${number}_${index}`)),
    ...calls.map((call, index) => {
      const begun = {
        type: 'function_call',
        id: `fc_${number}_${index}`,
        call_id: callIdAt(call, number, index),
        name: call.tool,
      }
      const pieces = argumentPieces(call)
      return {
        begun: { ...begun, status: 'in_progress', arguments: '' },
        whole: { ...begun, status: 'completed', arguments: pieces.join('') },
        parts: pieces.map((delta) => ({ type: 'response.function_call_arguments.delta', delta })),
      }
    }),
  ]
}

/** Sealed as providers that store nothing seal it: what is sent back can be told from the rest. */
function reasoningItem(pieces: readonly string[], number: number): ScriptedItem {
  const begun = { type: 'reasoning', id: `rs_${number}` }
  return {
    begun: { ...begun, summary: [] },
    whole: {
      ...begun,
      summary: [{ type: 'summary_text', text: pieces.join('') }],
      encrypted_content: `sealed-${number}`,
    },
    parts: pieces.map((delta) => ({
      type: 'response.reasoning_summary_text.delta',
      summary_index: 0,
      delta,
    })),
  }
}

function pictureItem(url: string, id: string): ScriptedItem {
  const begun = { type: 'image_generation_call', id }
  return {
    begun: { ...begun, status: 'in_progress', result: null },
    whole: { ...begun, status: 'completed', result: url },
    parts: [],
  }
}

function messageItem(text: readonly string[], refusal: string, number: number): ScriptedItem {
  const begun = { type: 'message', id: `msg_${number}`, role: 'assistant' }
  const said = { type: 'output_text', text: text.join(''), annotations: [] }
  const content = [
    ...(text.length === 0 ? [] : [said]),
    ...(refusal === '' ? [] : [{ type: 'refusal', refusal }]),
  ]
  const at = (part: string): JsonObject => ({
    content_index: content.findIndex(({ type }) => type === part),
  })
  return {
    begun: { ...begun, status: 'in_progress', content: [] },
    whole: { ...begun, status: 'completed', content },
    parts: [
      ...text.map((delta) => ({
        type: 'response.output_text.delta',
        ...at('output_text'),
        delta,
      })),
      ...piecesOf(refusal).map((delta) => ({
        type: 'response.refusal.delta',
        ...at('refusal'),
        delta,
      })),
    ],
  }
}

/** The last event; none when the turn has neither an error nor a finish word. */
function endOf(
  turn: ScriptedTurn,
  response: JsonObject,
): readonly ({ readonly type: string } & JsonObject)[] {
  const { status, ...rest } = closing(turn)
  if (typeof status !== 'string') return []
  return [{ type: `response.${status}`, response: { ...response, status, ...rest } }]
}

/** How the response ended; finish words are those of Chat Completions. */
function closing(turn: ScriptedTurn): JsonObject {
  const finish = finishWord(turn)
  const usage: JsonObject = turn.usage === null ? {} : { usage: usageOf(turn) }
  if (turn.error !== undefined) return { status: 'failed', error: turn.error, ...usage }
  switch (finish) {
    case null:
      return usage
    case 'stop':
    case 'tool_calls':
      return { status: 'completed', ...usage }
    case 'error':
      return { status: 'failed', error: { message: 'the turn failed' }, ...usage }
  }
  const reason = finish === 'length' ? 'max_output_tokens' : finish
  return { status: 'incomplete', incomplete_details: { reason }, ...usage }
}

function usageOf(turn: ScriptedTurn): JsonObject {
  const { inputTokens, outputTokens, cost } = turn.usage ?? defaultTurnUsage
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: inputTokens + outputTokens,
    ...(cost === undefined ? {} : { cost }),
  }
}
