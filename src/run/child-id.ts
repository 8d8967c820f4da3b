import { createHash } from 'node:crypto'
import type { StructuralEvent } from '../protocol/run-event.ts'

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** Length of `run_` and of the time in the id of a run. */
const timeLength = 14

/**
 * The id of the run that a call of an agent leads to, whoever carries it out and how often: the time
 * of the run above, and 80 bits of the SHA-256 digest of the call's id.
 */
export function childRunId(callId: string): string {
  const digest = createHash('sha256').update(`agent ${callId}`).digest()
  let text = ''
  for (let at = 0; at < 16; at++) text += alphabet[digest[at]! & 31]
  return callId.slice(0, timeLength).padEnd(timeLength, '0') + text
}

/** The calls that lead to runs of agents. */
export function callsOfAgents(events: readonly StructuralEvent[]): ReadonlySet<string> {
  const calls = events.flatMap((event) =>
    event.type === 'execution-start' && event.child !== undefined ? [event.callId] : [],
  )
  return new Set(calls)
}
