import { openRecord } from '../journal/chain.ts'
import type { Journal } from '../journal/journal.ts'
import type { StructuralEvent } from '../protocol/run-event.ts'
import { shown } from './shown.ts'

/**
 * The recorded events of a run as followers may see them, those whose `seq` is at least `from`.
 * Events that are not kept are counted too, so that records have lower numbers than their events.
 */
export async function* readEvents(
  journal: Journal,
  runId: string,
  from: number,
): AsyncGenerator<StructuralEvent> {
  for await (const record of journal.read(runId)) {
    const { event } = openRecord(record)
    if (!(event.seq < from)) yield shown(event)
  }
}
