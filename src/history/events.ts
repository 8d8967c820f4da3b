import { AskedModel } from '../protocol/asked-model.ts'
import type { CallStatus } from '../protocol/call.ts'
import type { AssistantMessage } from '../protocol/message.ts'
import type { StructuralEvent, TurnEnded, TurnStart, UsageReported } from '../protocol/run-event.ts'
import type { AnalysedEntry } from './analyse.ts'
import type { ModelCall } from './entry.ts'

/** A model response of a run; the message is null where it said nothing. */
export interface Response {
  readonly message: AssistantMessage | null
  readonly call: ModelCall
  /** It was sent messages beside the conversation that no policy has labelled, or holds such text. */
  readonly isForeign: boolean
}

interface CallResult {
  readonly status: CallStatus
  readonly at: string
  /** It is of an agent, or a wrapper has changed it: it vouches for nothing. */
  readonly isUnvouched: boolean
}

/** The run that a call of an agent has led to. */
export interface DelegatedRun {
  readonly runId: string
  /** It has begun and ended, so that it has to be on record. */
  readonly hasEnded: boolean
}

/** Reads off the events of a run what its conversation has to know of them. */
export class EventReader {
  readonly responses: Response[] = []
  /** How each call has ended, and when. */
  readonly results = new Map<string, CallResult>()
  /** The runs that calls of agents have led to. */
  readonly delegated = new Map<string, DelegatedRun>()
  /** Calls whose arguments a person has changed. */
  readonly edited = new Set<string>()
  readonly #asked = new AskedModel()
  #isForeign = false

  add(event: StructuralEvent): void {
    this.#asked.add(event)
    switch (event.type) {
      case 'turn-start':
        this.#isForeign = isForeign(event)
        break
      case 'usage':
        this.responses.push({
          message: event.message,
          call: this.#callOf(event),
          isForeign: this.#isForeign || event.foreign !== undefined,
        })
        break
      case 'turn-end':
        this.#complete(event)
        break
      case 'approval-decision':
        if (event.args !== undefined) this.edited.add(event.callId)
        break
      case 'execution-start':
        if (event.child !== undefined) {
          this.delegated.set(event.callId, { runId: event.child, hasEnded: false })
        }
        break
      case 'tool-result':
        if (event.child !== undefined) {
          this.delegated.set(event.callId, { runId: event.child.runId, hasEnded: true })
        }
        this.results.set(event.callId, {
          status: event.status,
          at: event.at,
          isUnvouched: event.child !== undefined || event.foreign === true,
        })
        break
      default:
    }
  }

  #callOf({ at, usage, cost, finishReason }: UsageReported): ModelCall {
    const { raw: _raw, ...counts } = usage
    const { provider, id: model = '' } = this.#asked.current ?? {}
    return {
      at,
      model,
      ...(provider === undefined ? {} : { provider }),
      usage: counts,
      ...(cost === undefined ? {} : { cost }),
      ...(finishReason === undefined ? {} : { finishReason }),
    }
  }

  /** What only the end of the turn tells of its response. */
  #complete({ model, responseId }: TurnEnded): void {
    const last = this.responses.pop()
    if (last === undefined) return
    const call = {
      ...last.call,
      ...(model === undefined ? {} : { model }),
      ...(responseId === undefined ? {} : { responseId }),
    }
    this.responses.push({ ...last, call })
  }
}

/** Whatever the host vouches for, results of tools are as trusted as policies say. */
function isForeign({ sent = [], trusted }: TurnStart): boolean {
  const others = sent.filter((item) => typeof item !== 'number')
  return others.some(({ role }) => trusted !== true || (role !== 'system' && role !== 'user'))
}

/**
 * The messages and model calls of a run as its journal tells them, for `analyseHistory`; responses
 * that said nothing count as messages of the model, so that what they have cost is there. What the
 * run was told of an earlier conversation is left out.
 *
 * @example
 * ```ts
 * const events = []
 * for await (const event of run.events()) events.push(event)
 * const { cost } = analyseHistory(entriesOf(events))
 * ```
 */
export function entriesOf(events: Iterable<StructuralEvent>): readonly AnalysedEntry[] {
  const reader = new EventReader()
  const entries: AnalysedEntry[] = []
  for (const event of events) {
    reader.add(event)
    const { at, type } = event
    const input = type === 'run-start' ? event.messages.at(-1) : undefined
    if (input !== undefined) entries.push({ at, message: { role: input.role } })
    if (type === 'tool-result') entries.push({ at, message: { role: 'tool' } })
  }
  for (const { call } of reader.responses) {
    entries.push({ at: call.at, message: { role: 'assistant' }, calls: [call] })
  }
  return entries.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))
}
