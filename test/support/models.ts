import type { ModelEvent } from '../../src/protocol/event.ts'
import type { Model, ModelCaller } from '../../src/protocol/model.ts'
import type { ModelRequest } from '../../src/protocol/request.ts'
import type { RoutableModel } from '../../src/model/router.ts'
import { scripted, type ScriptedStep } from '../../src/testing/scripted.ts'

export const request: ModelRequest = {
  messages: [{ role: 'user', content: 'hello' }],
  tools: [],
  settings: { maxOutputTokens: 1000 },
}

export interface Host extends RoutableModel {
  /** Names of the models that were asked, in order. */
  readonly asked: readonly string[]
}

/** A scripted model of a provider that has others by any name; all say the same turns in turn. */
export function host(provider: string, turns: readonly ScriptedStep[]): Host {
  const model = scripted(turns)
  const asked: string[] = []
  const named = (id: string): Host => ({
    id,
    provider,
    asked,
    stream(given, options) {
      asked.push(id)
      return model.stream(given, options)
    },
    withModel: named,
  })
  return named(`${provider}-1`)
}

/** The same turn so often. */
export function times(count: number, turn: ScriptedStep): readonly ScriptedStep[] {
  return Array.from({ length: count }, () => turn)
}

/** Errors inside an answer, as providers send them. */
export const overloaded = { error: { message: 'busy', code: 503 } }
export const limited = { error: { message: 'slow down', code: 429 } }
export const broke = { error: { message: 'no money', code: 402 } }
export const refused = { error: { message: 'no', code: 400 } }

export async function answer(
  model: Model,
  options: {
    readonly signal?: AbortSignal
    readonly caller?: ModelCaller
    readonly request?: ModelRequest
  } = {},
): Promise<readonly ModelEvent[]> {
  const { signal = new AbortController().signal, caller = { runId: 'r', session: 's' } } = options
  const events: ModelEvent[] = []
  for await (const event of model.stream(options.request ?? request, { signal, caller })) {
    events.push(event)
  }
  return events
}

/** Events in a few words: texts as they are, attempts and errors with what they tell. */
export function told(events: readonly ModelEvent[]): readonly string[] {
  return events.flatMap((event) => {
    switch (event.type) {
      case 'text-delta':
        return [event.text]
      case 'retry':
        return [`retry ${event.attempt} after ${event.delayMs}`]
      case 'fallback':
        return [`${event.from} > ${event.to}: ${event.error.code}`]
      case 'error':
        return [`error ${event.error.code}`]
      case 'end':
        return ['end']
      default:
        return []
    }
  })
}
