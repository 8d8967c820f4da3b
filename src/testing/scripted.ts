import { errorDataOf } from '../base/errors.ts'
import type { ModelEvent } from '../protocol/event.ts'
import type { Model } from '../protocol/model.ts'
import type { ModelRequest } from '../protocol/request.ts'
import { unifyFinish } from '../wire/chat/finish.ts'
import { envelopeError, modelError } from '../wire/status.ts'
import { cancelledError } from '../wire/watch.ts'
import { checkTurn, checkTurns } from './check-turn.ts'
import {
  argumentPieces,
  callIdAt,
  defaultTurnUsage,
  finishWord,
  piecesOf,
  type ScriptedTurn,
} from './turn.ts'

/** A turn, or what finds it from the request; numbers count from 0. */
export type ScriptedStep = ScriptedTurn | ((request: ModelRequest, number: number) => ScriptedTurn)

export interface ScriptedModel extends Model {
  /** All requests so far. */
  readonly requests: readonly ModelRequest[]
}

/**
 * A model without network that says what it is told to, one turn for each request. A request too
 * many is answered by the error `model-error`, a malformed turn that a function finds by
 * `bad-option`. Throws `bad-option` for what is no turn.
 *
 * @example
 * ```ts
 * const model = scripted([{ calls: [{ tool: 'look', args: { id: 7 } }] }, { text: 'found it' }])
 * const runtime = createRuntime({ model, tools: [look], policy })
 * ```
 */
export function scripted(turns: readonly ScriptedStep[]): ScriptedModel {
  checkTurns(turns, (where, step) => checkTurn(where, step))
  const requests: ModelRequest[] = []
  return {
    id: 'scripted',
    provider: 'testing',
    requests,
    async *stream(request, { signal }) {
      const number = requests.push(request) - 1
      const step = turns[number]
      const events = step === undefined ? noTurn(number) : said(step, request, number)
      for (const [at, event] of events.entries()) {
        if (signal.aborted && !isClosing(event)) {
          yield* cancelled(signal, events, events.slice(0, at))
          return
        }
        yield event
      }
    },
  }
}

function noTurn(number: number): readonly ModelEvent[] {
  const error = modelError('model-error', `there is no turn for request ${number}`)
  return [{ type: 'error', error }, failedEnd]
}

function said(step: ScriptedStep, request: ModelRequest, number: number): readonly ModelEvent[] {
  if (typeof step !== 'function') return eventsOf(step, number)
  const turn = step(request, number)
  try {
    checkTurn(`turns[${number}]()`, turn)
  } catch (error) {
    return [{ type: 'error', error: errorDataOf(error) }, failedEnd]
  }
  return eventsOf(turn, number)
}

const failedEnd: ModelEvent = { type: 'end', finishReason: { unified: 'error', raw: null } }

function isClosing({ type }: ModelEvent): boolean {
  return type === 'tool-call' || type === 'usage' || type === 'error' || type === 'end'
}

/** The rest of a turn that its caller stopped: calls that were announced are still closed. */
function* cancelled(
  signal: AbortSignal,
  all: readonly ModelEvent[],
  shown: readonly ModelEvent[],
): Generator<ModelEvent> {
  yield { type: 'error', error: cancelledError(signal) }
  const started = new Set<number>()
  for (const event of shown) if (event.type === 'tool-call-start') started.add(event.slot)
  yield* all.filter((event) => event.type === 'tool-call' && started.has(event.slot))
  yield failedEnd
}

function eventsOf(turn: ScriptedTurn, number: number): readonly ModelEvent[] {
  const calls = turn.calls ?? []
  const raw = finishWord(turn)
  const events: ModelEvent[] = [
    ...piecesOf(turn.reasoning).map((text) => ({ type: 'reasoning-delta', text }) as const),
    ...piecesOf(turn.text).map((text) => ({ type: 'text-delta', text }) as const),
    ...(turn.images ?? []).map((url) => ({ type: 'image', url }) as const),
  ]
  for (const [slot, call] of calls.entries()) {
    const providerId = callIdAt(call, number, slot)
    events.push({ type: 'tool-call-start', slot, providerId, tool: call.tool })
    for (const text of argumentPieces(call)) events.push({ type: 'tool-call-delta', slot, text })
  }
  const unified = unifyFinish(raw ?? undefined, undefined, calls.length > 0)
  const error = turn.error ?? (unified === 'error' ? { message: 'the turn failed' } : undefined)
  if (error !== undefined) events.push({ type: 'error', error: envelopeError(error) })
  for (const [slot, call] of calls.entries()) {
    const text = argumentPieces(call).join('')
    const providerId = callIdAt(call, number, slot)
    events.push({ type: 'tool-call', slot, providerId, tool: call.tool, arguments: text })
  }
  if (turn.usage !== null) events.push(usageEvent(turn))
  events.push({
    type: 'end',
    finishReason: { unified: error === undefined ? unified : 'error', raw },
    ...(turn.refusal === undefined ? {} : { refusal: turn.refusal }),
    model: 'scripted',
  })
  return events
}

function usageEvent(turn: ScriptedTurn): ModelEvent {
  const { inputTokens, outputTokens, cost } = turn.usage ?? defaultTurnUsage
  return {
    type: 'usage',
    usage: {
      inputTokens,
      outputTokens,
      cacheReadTokens: 0,
      cacheWriteTokens: 0,
      reasoningTokens: 0,
    },
    ...(cost === undefined ? {} : { cost: { amount: cost, currency: 'USD', source: 'provider' } }),
  }
}
