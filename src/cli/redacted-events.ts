import type { RunEvent } from '../protocol/run-event.ts'
import type { Redactor } from '../report/redact.ts'

type Delta = Extract<RunEvent, { readonly type: 'text-delta' | 'reasoning-delta' }>

/**
 * Events without secrets. A secret may come in pieces, so that what a model says is held back until
 * something else happens, and then is one delta.
 */
export async function* redactedEvents(
  events: AsyncIterable<RunEvent>,
  redactor: Redactor,
): AsyncGenerator<RunEvent> {
  let held: Delta | undefined
  for await (const event of events) {
    const isDelta = event.type === 'text-delta' || event.type === 'reasoning-delta'
    if (isDelta && held?.type === event.type) {
      held = { ...event, text: held.text + event.text }
      continue
    }
    if (held !== undefined) yield withoutSecrets(held, redactor)
    held = isDelta ? event : undefined
    if (!isDelta) yield withoutSecrets(event, redactor)
  }
  if (held !== undefined) yield withoutSecrets(held, redactor)
}

/** What programs find events by stays as it is. */
function withoutSecrets(event: RunEvent, redactor: Redactor): RunEvent {
  const { type, seq, runId, turn, at, ...rest } = event
  return { type, seq, runId, turn, at, ...redactor.data(rest) } as RunEvent
}
