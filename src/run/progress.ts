import type { JsonValue } from '../base/json.ts'
import type { LateNote } from '../tools/execute.ts'
import type { Recorder } from './recorder.ts'

/** What became of a tool that was left behind, as news of its progress. */
export function lateNews({ attempt, outcome }: LateNote): JsonValue {
  return { late: { attempt, outcome: outcome as unknown as JsonValue } }
}

/** Progress values of one call that are kept; a tool that sends more is not heard. */
const maxProgress = 1_000

/** Writes the progress of one call down. */
export function progressReporter(recorder: Recorder, callId: string): (value: JsonValue) => void {
  let count = 0
  return (value) => {
    if (++count <= maxProgress) recorder.emit({ type: 'execution-progress', callId, value })
  }
}
