import { digestJson, sha256 } from '../base/digest.ts'
import { isSallyportError, messageOf, SallyportError } from '../base/errors.ts'
import { isObject, type JsonObject, type JsonValue } from '../base/json.ts'
import { openRecord } from '../journal/chain.ts'
import type { JournalRecord } from '../journal/journal.ts'
import type { MessageTrust } from '../gate/verdict.ts'
import type { Message } from '../protocol/message.ts'
import type {
  RunStart,
  StructuralEvent,
  ToolCallProposed,
  TurnStart,
  UsageReported,
} from '../protocol/run-event.ts'
import type { Heard, Trace, TraceCall } from './trace.ts'
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
  const { parent, principal, runId, scope } = run.start
  // a model wrote the task of an agent, so that it is no source of anything
  const messages = (run.start.messages ?? []).filter(
    ({ role }) => parent === undefined || role === 'system',
  )
  const { heard } = run
  const calls = [...run.calls.values()]
  const narrowed = scope === undefined ? {} : { scope: scopeOf(scope, place) }
  return { id: runId, principal, messages, heard, calls, place, ...narrowed }
}

class RunReader {
  start: RunStart | undefined
  readonly calls = new Map<string, Growing>()
  readonly heard: Heard[] = []

  add(event: StructuralEvent): void {
    switch (event.type) {
      case 'run-start':
        this.start ??= event
        break
      case 'turn-start':
        this.#hear(event, event.said ?? [], 'by role')
        this.#hear(event, messagesIn(event.sent), event.trusted === true ? 'by role' : 'untrusted')
        break
      case 'usage':
        this.#hear(event, foreignIn(event), 'untrusted')
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
        if (event.foreign === true) call.foreign = true
        if (event.result !== undefined) call.result = event.result
        if (event.error !== undefined) call.error = event.content ?? event.error.message
        break
      }
    }
  }

  #hear({ turn }: { turn: number }, messages: readonly Message[], trust: MessageTrust): void {
    if (messages.length > 0) this.heard.push({ turn, messages, trust })
  }
}

function messagesIn(sent: TurnStart['sent'] = []): readonly Message[] {
  return sent.filter((item) => typeof item !== 'number')
}

/** What wrappers have put round a response; where that was erased, that there was something. */
function foreignIn({ foreign, foreignMessages, message }: UsageReported): readonly Message[] {
  if (foreign === undefined) return []
  const answer: Message | null | undefined = foreign.includes('answer') ? message : null
  const known = [...(foreignMessages ?? []), ...(answer ? [answer] : [])]
  return known.length === 0 ? [{ role: 'user', content: '' }] : known
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
