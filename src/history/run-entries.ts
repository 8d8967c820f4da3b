import type { CallBelow } from '../protocol/child-run.ts'
import { vouchingForNothing, type OutputFacts } from '../protocol/facts.ts'
import type { AssistantMessage, Message } from '../protocol/message.ts'
import type { HistoryEntry } from './entry.ts'
import type { EventReader, Response } from './events.ts'

/** What a conversation has to know of a run beside its messages. */
export interface RunSource {
  readonly runId: string
  /** When it began, RFC 3339. */
  readonly startedAt: string
  readonly events: Pick<EventReader, 'edited' | 'responses' | 'results'>
  /** What agents have called in the runs that calls have led to; null where nobody knows. */
  readonly below: ReadonlyMap<string, readonly CallBelow[] | null>
  /** Its session has read untrusted text, wherever that may have come from. */
  readonly isTainted: boolean
  /** What the policy in force says of a tool, by each of its layers. */
  readonly labelsOf: (tool: string) => readonly OutputFacts[]
  /** The message as records keep it: without arguments that are not to be kept. */
  readonly keep: (message: Message) => Message
}

/** The messages of a run as entries of its conversation. */
export function runEntries(
  messages: readonly HistoryEntry['message'][],
  source: RunSource,
): readonly HistoryEntry[] {
  const { below, events, runId, startedAt } = source
  const hidden = new Set<string>()
  const responses = [...events.responses]
  const entries: HistoryEntry[] = []
  let at = startedAt
  for (const message of messages) {
    if (message.role === 'assistant') {
      const own = responsesUntil(responses, message)
      at = own.at(-1)?.call.at ?? at
      const kept = withoutHidden(message, source.keep(message) as AssistantMessage, hidden)
      entries.push({ message: kept, at, runId, ...toldBy(own) })
      continue
    }
    if (message.role === 'user') {
      entries.push({ message, at, runId })
      continue
    }
    const { callId, tool } = message
    const result = events.results.get(callId)
    const argsUnknown = hidden.has(callId) || events.edited.has(callId)
    const vouches = !argsUnknown && result?.isUnvouched !== true
    const labels = source.labelsOf(tool)
    entries.push({
      message: { ...message, labels: vouches ? labels : labels.map(vouchingForNothing) },
      at: result?.at ?? at,
      runId,
      ...(result === undefined ? {} : { status: result.status }),
      ...(argsUnknown ? { argsUnknown } : {}),
      ...(vouches ? {} : { unvouched: true }),
      below: below.get(callId) ?? (below.has(callId) ? null : []),
    })
  }
  return withRest(entries, responses, source.isTainted)
}

/**
 * Takes the responses up to the one that became this message, whose texts and calls it has. Those
 * before it were void: what they have cost belongs to the answer that came of it.
 */
function responsesUntil(responses: Response[], message: AssistantMessage): readonly Response[] {
  const found = responses.findIndex((response) => isSame(response.message, message))
  return responses.splice(0, found + 1)
}

function toldBy(responses: readonly Response[]): Pick<HistoryEntry, 'calls' | 'untrusted'> {
  return {
    ...(responses.length === 0 ? {} : { calls: responses.map(({ call }) => call) }),
    ...(responses.some(({ isForeign }) => isForeign) ? { untrusted: true } : {}),
  }
}

/** Records may lack arguments, and what providers want back. */
function isSame(recorded: AssistantMessage | null, message: AssistantMessage): boolean {
  return recorded !== null && outlineOf(recorded) === outlineOf(message)
}

function outlineOf({ content }: AssistantMessage): string {
  return JSON.stringify(
    content.map((part) => (part.type === 'tool-call' ? part.callId : Object.values(part))),
  )
}

/**
 * What is known at the end of a run stands with its last answer: responses after it said nothing that
 * was kept and have cost something too, and what agents below the run have read is in no message.
 */
function withRest(
  entries: readonly HistoryEntry[],
  responses: readonly Response[],
  isTainted: boolean,
): readonly HistoryEntry[] {
  const last = entries.findLastIndex(({ message }) => message.role === 'assistant')
  if (last < 0) return entries
  const { calls = [], ...entry } = entries[last]!
  const all = [...calls, ...responses.map(({ call }) => call)]
  return entries.toSpliced(last, 1, {
    ...entry,
    ...(all.length === 0 ? {} : { calls: all }),
    ...(isTainted ? { untrusted: true } : {}),
  })
}

/** Calls whose arguments are not kept are sent as calls without arguments from now on. */
function withoutHidden(
  message: AssistantMessage,
  kept: AssistantMessage,
  hidden: Set<string>,
): AssistantMessage {
  if (kept === message) return message
  const content = kept.content.map((part, index) => {
    const said = message.content[index]
    if (part.type !== 'tool-call' || said?.type !== 'tool-call') return part
    if (part.arguments === said.arguments) return part
    hidden.add(part.callId)
    return { ...part, arguments: '{}' }
  })
  return { ...kept, content }
}
