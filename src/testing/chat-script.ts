import type { JsonObject } from '../base/json.ts'
import {
  argumentPieces,
  callIdAt,
  defaultTurnUsage,
  finishWord,
  piecesOf,
  type ScriptedTurn,
} from './turn.ts'

/** A turn as the server-sent events of a Chat Completions answer. */
export function chatStream(turn: ScriptedTurn, number: number, model: string): string {
  const envelope = {
    id: `chatcmpl-${number}`,
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model,
  }
  const chunks = deltasOf(turn, number).map((delta) => ({
    ...envelope,
    choices: [{ index: 0, delta, finish_reason: null }],
  }))
  const finish = finishWord(turn)
  const last: object[] = []
  if (finish !== null) {
    last.push({ ...envelope, choices: [{ index: 0, delta: {}, finish_reason: finish }] })
  }
  if (turn.error !== undefined) last.push({ ...envelope, choices: [], error: turn.error })
  if (turn.usage !== null) last.push({ ...envelope, choices: [], usage: usageOf(turn) })
  const events = [...chunks, ...last].map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`)
  return `${events.join('')}data: [DONE]\n\n`
}

/** A turn as the body of an answer without streaming. */
export function chatBody(turn: ScriptedTurn, number: number, model: string): string {
  const calls = (turn.calls ?? []).map((call, index) => ({
    id: callIdAt(call, number, index),
    type: 'function',
    function: { name: call.tool, arguments: argumentPieces(call).join('') },
  }))
  const text = piecesOf(turn.text).join('')
  const reasoning = piecesOf(turn.reasoning).join('')
  return JSON.stringify({
    id: `chatcmpl-${number}`,
    object: 'chat.completion',
    created: 1_700_000_000,
    model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text === '' ? null : text,
          ...(reasoning === '' ? {} : { reasoning }),
          ...(turn.refusal === undefined ? {} : { refusal: turn.refusal }),
          ...(turn.images === undefined ? {} : { images: turn.images.map(imageOf) }),
          ...(calls.length === 0 ? {} : { tool_calls: calls }),
        },
        finish_reason: finishWord(turn),
        ...(turn.error === undefined ? {} : { error: turn.error }),
      },
    ],
    ...(turn.usage === null ? {} : { usage: usageOf(turn) }),
  })
}

function deltasOf(turn: ScriptedTurn, number: number): readonly object[] {
  const calls = (turn.calls ?? []).flatMap((call, index) => [
    {
      tool_calls: [
        {
          index,
          id: callIdAt(call, number, index),
          type: 'function',
          function: { name: call.tool, arguments: '' },
        },
      ],
    },
    ...argumentPieces(call).map((text) => ({
      tool_calls: [{ index, function: { arguments: text } }],
    })),
  ])
  return [
    { role: 'assistant', content: '' },
    ...piecesOf(turn.reasoning).map((reasoning) => ({ reasoning })),
    ...piecesOf(turn.text).map((content) => ({ content })),
    ...(turn.images ?? []).map((url) => ({ images: [imageOf(url)] })),
    ...piecesOf(turn.refusal).map((refusal) => ({ refusal })),
    ...calls,
  ]
}

function imageOf(url: string): object {
  return { type: 'image_url', image_url: { url } }
}

function usageOf(turn: ScriptedTurn): JsonObject {
  const { inputTokens, outputTokens, cost } = turn.usage ?? defaultTurnUsage
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    ...(cost === undefined ? {} : { cost }),
  }
}
