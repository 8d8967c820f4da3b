import { digestJson, sha256 } from '../base/digest.ts'
import { isSallyportError, messageOf, SallyportError } from '../base/errors.ts'
import { isObject, type JsonObject, type JsonValue } from '../base/json.ts'
import { openRecord } from '../journal/chain.ts'
import type { JournalRecord } from '../journal/journal.ts'
import type { RunStart, StructuralEvent, ToolCallProposed } from '../protocol/run-event.ts'
import type { Trace, TraceCall } from './trace.ts'
import { scopeOf } from './trace-shape.ts'

/** A call while the records about it are read. */
type Growing = { -readonly [Key in keyof TraceCall]: TraceCall[Key] }

/**
 * The trace of one run, from its records in their order. Payloads that were erased leave arguments
 * null and results absent. Does not check the chain. Throws `bad-trace` when the records are not
 * those of a run.
 */
export async function traceOfRun(
  records: AsyncIterable<JournalRecord>,
  place: string,
): Promise<Trace> {
  const run = new RunReader()
  for await (const record of records) {
    try {
      run.add(openRecord(record).event)
    } catch (error) {
      if (isSallyportError(error)) throw error
      throw damaged(place, `record ${record.seq}: ${messageOf(error)}`)
    }
  }
  if (run.start === undefined) throw damaged(place, 'a run does not begin with `run-start`')
  const { runId, principal, messages = [], scope } = run.start
  const calls = [...run.calls.values()]
  const narrowed = scope === undefined ? {} : { scope: scopeOf(scope, place) }
  return { id: runId, principal, messages, calls, place, ...narrowed }
}

class RunReader {
  start: RunStart | undefined
  readonly calls = new Map<string, Growing>()

  add(event: StructuralEvent): void {
    switch (event.type) {
      case 'run-start':
        this.start ??= event
        break
      case 'tool-call':
        this.calls.set(event.callId, proposed(event))
        break
      case 'decision': {
        // what was decided before a person answered: it is what can be decided again
        const call = this.calls.get(event.callId)
        if (call !== undefined) call.decision ??= event.decision
        break
      }
      case 'tool-result': {
        const call = this.calls.get(event.callId)
        if (call === undefined) break
        call.status = event.status
        if (event.result !== undefined) call.result = event.result
        if (event.error !== undefined) call.error = event.content ?? event.error.message
        break
      }
    }
  }
}

/** Members that stand in an erased payload are missing. */
function proposed(event: ToolCallProposed): Growing {
  const { callId, tool, turn, sensitive } = event
  const args: JsonValue | undefined = event.args
  const isHidden = sensitive !== undefined && args !== undefined && !isAsSent(event)
  const rawArgs: string | undefined = isHidden ? undefined : event.rawArgs
  return {
    id: callId,
    name: tool,
    turn,
    args: isObject(args) ? (args as JsonObject) : null,
    ...(rawArgs === undefined ? {} : { rawArgs }),
    ...(isHidden ? { hidden: sensitive } : {}),
  }
}

/** By the digest: the policy of the run may have kept arguments out of its record. */
function isAsSent({ args, rawArgs, argsDigest }: ToolCallProposed): boolean {
  if (args === null) return sha256(rawArgs.toWellFormed()) === argsDigest
  return digestJson(args) === argsDigest
}

function damaged(place: string, message: string): SallyportError {
  return new SallyportError('bad-trace', `\`${place}\`: ${message}`, {
    help: 'the journal may be damaged: restore it from a copy',
  })
}
