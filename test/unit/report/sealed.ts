import { Chain } from '../../../src/journal/chain.ts'
import type { JournalRecord } from '../../../src/journal/journal.ts'
import type { StructuralEvent } from '../../../src/protocol/run-event.ts'

/** The records of a run as the runtime writes them; `end` gets the head before it. */
export function seal(events: readonly StructuralEvent[]): JournalRecord[] {
  const chain = new Chain()
  return events.map((event) =>
    chain.seal(event.type === 'end' ? { ...event, head: chain.head } : event),
  )
}
