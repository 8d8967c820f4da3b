import type { ModelErrorData, ModelEvent } from '../protocol/event.ts'
import type { Exchange } from '../wire/exchange.ts'
import { withoutSecrets } from '../wire/secrets.ts'
import { cancelledError } from '../wire/watch.ts'
import type { ModelAttempt } from './provider-attempt.ts'

/** Each event by itself. A caller who gives up amid a batch does not get the rest as an answer. */
export async function* oneByOne(
  batches: AsyncIterable<readonly ModelEvent[]>,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent, void, undefined> {
  for await (const batch of batches) {
    for (const event of batch) {
      if (signal.aborted && isDelta(event)) continue
      if (signal.aborted && event.type === 'end' && event.finishReason.unified !== 'error') {
        yield { type: 'error', error: cancelledError(signal) }
        yield { ...event, finishReason: { raw: null, unified: 'error' } }
      } else yield event
    }
  }
}

/** The events read since the last time; what was read before the caller gave up is not shown after it. */
export function dueEvents(exchange: Exchange): readonly ModelEvent[] {
  const events = exchange.take()
  return exchange.stopped ? events.filter((event) => !isDelta(event)) : events
}

/** The events, their usage with the name of the model where somebody has chosen it. */
export function chosen(
  events: readonly ModelEvent[],
  { model, selector }: Pick<ModelAttempt, 'model' | 'selector'>,
): readonly ModelEvent[] {
  if (selector === undefined) return events
  return events.map((event) => (event.type === 'usage' ? { ...event, model } : event))
}

export function failedResponse(error: ModelErrorData): readonly ModelEvent[] {
  return [
    { type: 'error', error },
    { type: 'end', finishReason: { unified: 'error', raw: null } },
  ]
}

function isDelta({ type }: ModelEvent): boolean {
  return type === 'text-delta' || type === 'reasoning-delta' || type === 'tool-call-delta'
}

/** The event without the secrets, should its error quote them. */
export function scrub(event: ModelEvent, secrets: readonly string[]): ModelEvent {
  if (event.type !== 'error' && event.type !== 'retry') return event
  return { ...event, error: withoutSecrets(event.error, secrets) }
}
