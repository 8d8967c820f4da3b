import { openRecord } from '../journal/chain.ts'
import type { Journal } from '../journal/journal.ts'
import type { StructuralEvent } from '../protocol/run-event.ts'
import { shown } from './shown.ts'

/** The recorded events of a run as followers may see them, from the `from`-th record on. */
export async function* readEvents(
  journal: Journal,
  runId: string,
  from: number,
): AsyncGenerator<StructuralEvent> {
  for await (const record of journal.read(runId, from)) yield shown(openRecord(record).event)
}
