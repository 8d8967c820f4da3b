import { replayTrace } from '../../analysis/replay.ts'
import {
  addTo,
  noTotals,
  renderReplayed,
  renderTotals,
  replayedToJson,
} from '../../analysis/replay-report.ts'
import { readTraces, type Trace } from '../../analysis/trace.ts'
import { visible } from '../../base/text.ts'
import { exitOfDecisions, type ExitCode } from '../exit.ts'
import { outJson, type Io } from '../io.ts'
import { openSubject, type SubjectOptions } from '../subject.ts'

export interface ReplayOptions extends SubjectOptions {
  readonly json?: boolean
}

/**
 * Decides every call of recorded traces again and executes nothing. Exit code 1 when a call is
 * denied, else 3 when one needs a person.
 */
export async function replay(
  paths: readonly string[],
  options: ReplayOptions,
  io: Io,
): Promise<ExitCode> {
  const subject = await openSubject(options, io)
  const totals = noTotals()
  for (const path of paths) {
    let hidden = 0
    for await (const trace of readTraces(path)) {
      if (io.outIsClosed) return exitOfDecisions(totals.counts)
      const replayed = await replayTrace(subject, trace)
      addTo(totals, replayed)
      hidden += countHidden(trace)
      if (options.json === true) outJson(io, replayedToJson(replayed))
      else io.out(renderReplayed(replayed))
    }
    if (hidden > 0) io.note(hiddenNote(path, hidden))
  }
  if (options.json !== true) io.out(renderTotals(totals))
  return exitOfDecisions(totals.counts)
}

/** Says of decisions that they are not about what was sent. */
export function hiddenNote(path: string, count: number): string {
  return `${visible(path)}: ${count} calls were decided with arguments blacked out in the record\n`
}

function countHidden({ calls }: Trace): number {
  return calls.filter(({ hidden }) => hidden !== undefined).length
}
