import { isSallyportError, messageOf, SallyportError } from '../base/errors.ts'
import { redacted } from '../base/redact.ts'
import { openRecord } from '../journal/chain.ts'
import type { JournalRecord } from '../journal/journal.ts'
import { AskedModel } from '../protocol/asked-model.ts'
import type { ToolCall } from '../protocol/call.ts'
import type { Decision } from '../protocol/decision.ts'
import type { AssistantMessage, ToolMessage, UserMessage } from '../protocol/message.ts'
import type {
  ApprovalDecided,
  ApprovalRequested,
  EndStatus,
  RunStart,
  StructuralEvent,
  ToolCallProposed,
  ToolResulted,
  TurnEnded,
  TurnStart,
  UsageReported,
} from '../protocol/run-event.ts'
import { callsOfAgents } from './child-id.ts'
import { restsOn } from './past-questions.ts'
import { TurnStarts, unheardIn } from './past-said.ts'
import { toCall, toolMessage } from './tool-call.ts'

/** A question to people as it stands in the record; of several about one call the last. */
export interface PastQuestion {
  readonly request: ApprovalRequested
  readonly answers: readonly ApprovalDecided[]
  /** The one before it about the call: answers to that may be on record with this one. */
  readonly before: PastQuestion | undefined
}

/** How far one call had come. */
export interface PastCall {
  readonly call: ToolCall
  /** Undefined where the record ends before the call was proposed. */
  readonly proposed: ToolCallProposed | undefined
  readonly decision: Decision | undefined
  readonly question: PastQuestion | undefined
  /** The argument text that is to be judged: as sent, or as a person has edited it. */
  readonly rawArgs: string
  /** The digest of those arguments; undefined where the call was not proposed. */
  readonly argsDigest: string | undefined
  /** The tool was started; whether it did its work only a result can tell. */
  readonly started: boolean
  readonly result: ToolResulted | undefined
}

/** A model response on record, with its calls in their order. */
export interface PastTurn {
  readonly turn: number
  /** How it began. */
  readonly start: TurnStart
  /** Who was asked last for the response. */
  readonly asked: RunStart['model']
  readonly usage: UsageReported
  readonly message: AssistantMessage | null
  readonly calls: readonly PastCall[]
  readonly end: TurnEnded | undefined
  /** It was to ask for an answer again, so that none of its calls may run. */
  readonly isRepair: boolean
}

/** A run as its journal tells it. */
export interface Past {
  readonly start: RunStart
  /** The process that carried it last, where the record tells. */
  readonly carrier: RunStart['carrier']
  /** How it ended last; `open` when its process died or still carries it. */
  readonly status: EndStatus | 'open'
  readonly turns: readonly PastTurn[]
  /** What the caller has said that no model response has followed. */
  readonly unheard: readonly UserMessage[]
  /** Every event, in order. */
  readonly events: readonly StructuralEvent[]
  /** Records so far. */
  readonly length: number
  /** Digest of the last record. */
  readonly head: string
}

type Records = Iterable<JournalRecord> | AsyncIterable<JournalRecord>

/**
 * Reads a run back. Throws `bad-option` where the journal holds no such run; `bad-journal` where
 * messages, arguments or results are encrypted, and for records that are none of a run;
 * `run-not-resumable` where what was said was erased.
 */
export async function readPast(runId: string, records: Records): Promise<Past> {
  try {
    return await pastOf(runId, records)
  } catch (error) {
    throw isSallyportError(error) ? error : damagedRun(runId, error)
  }
}

async function pastOf(runId: string, records: Records): Promise<Past> {
  const events: StructuralEvent[] = []
  let head = ''
  for await (const record of records) {
    const { event, encryptedWith, erased } = openRecord(record)
    if (erased) throw erasedRun(runId)
    if (encryptedWith !== undefined) throw encryptedRun(runId, encryptedWith)
    events.push(event)
    head = record.hash
  }
  const [start] = events
  if (start === undefined) throw unknownRun(runId)
  if (start.type !== 'run-start') throw new TypeError('it does not begin with `run-start`')
  return {
    start,
    carrier: carrierOf(events),
    status: statusOf(events),
    turns: turnsOf(runId, events),
    unheard: unheardIn(events),
    events,
    length: events.length,
    head,
  }
}

/** The answers of a turn whose calls are over. */
export function answersOf({ calls }: PastTurn): readonly ToolMessage[] {
  return calls.flatMap(({ call, result }) =>
    result === undefined ? [] : [toolMessage(call, result)],
  )
}

/** Calls that were started and have no outcome; of agents their own runs tell. */
export function callsInDoubt({ events, turns }: Past): readonly ToolCall[] {
  const agents = callsOfAgents(events)
  return turns
    .flatMap(({ calls }) => calls)
    .filter(({ result, started }) => started && result === undefined)
    .flatMap(({ call }) => (agents.has(call.callId) ? [] : [call]))
}

function carrierOf(events: readonly StructuralEvent[]): RunStart['carrier'] {
  return events.findLast((event) => event.type === 'run-start')?.carrier
}

function statusOf(events: readonly StructuralEvent[]): Past['status'] {
  const last = events.at(-1)
  return last?.type === 'end' ? last.status : 'open'
}

function turnsOf(runId: string, events: readonly StructuralEvent[]): readonly PastTurn[] {
  const calls = new Map<string, CallInMaking>()
  const turns: (Pick<PastTurn, 'asked' | 'usage'> & { end: TurnEnded | undefined })[] = []
  const asked = new AskedModel()
  const starts = new TurnStarts()
  const repairs = new Set<number>()
  for (const event of events) {
    asked.add(event)
    if (event.type === 'turn-start') starts.add(event)
    else if (event.type === 'usage') {
      turns.push({ asked: asked.current!, usage: event, end: undefined })
    } else if (event.type === 'retry' && event.error.code === 'model-output')
      repairs.add(event.turn)
    else if (event.type === 'turn-end') turns.at(-1)!.end = event
    else if (event.type === 'tool-call') calls.set(event.callId, newCall(event))
    else if ('callId' in event) calls.get(event.callId)?.take(event)
    if (event.type !== 'approval-decision' || event.action !== 'revoke') continue
    // a question whose answers were revoked is put anew, as another one
    for (const call of calls.values()) {
      if (restsOn(call.question, [event.approvalId])) call.question = undefined
    }
  }
  return turns.map(({ asked: model, usage, end }) => ({
    start: starts.of(usage.turn),
    asked: model,
    turn: usage.turn,
    usage,
    message: usage.message && sendable(usage.message),
    end,
    isRepair: repairs.has(usage.turn),
    calls: callsOf(runId, usage).map((call) => pastCall(call, calls.get(call.callId))),
  }))
}

/** Arguments that the record does not keep are sent as none: providers refuse what is no JSON. */
function sendable(message: AssistantMessage): AssistantMessage {
  const content = message.content.map((part) =>
    part.type === 'tool-call' && part.arguments === redacted ? { ...part, arguments: '{}' } : part,
  )
  return { ...message, content }
}

/** The calls of a response as the model made them. */
function callsOf(runId: string, { message, turn }: UsageReported): readonly ToolCall[] {
  const parts = message?.content.filter((part) => part.type === 'tool-call') ?? []
  return parts.map((part, index) => toCall(part, runId, turn, index))
}

interface CallInMaking {
  readonly proposed: ToolCallProposed
  decision: Decision | undefined
  question: PastQuestion | undefined
  edited: string | undefined
  argsDigest: string
  started: boolean
  result: ToolResulted | undefined
  take(event: StructuralEvent): void
}

function newCall(proposed: ToolCallProposed): CallInMaking {
  return {
    proposed,
    decision: undefined,
    question: undefined,
    edited: undefined,
    argsDigest: proposed.argsDigest,
    started: false,
    result: undefined,
    take(event) {
      switch (event.type) {
        case 'decision':
          this.decision = event.decision
          break
        case 'approval-request':
          this.question = { request: event, answers: [], before: this.question }
          break
        case 'approval-decision':
          if (event.approvalId === this.question?.request.approvalId) {
            // who agreed before an edit has not seen what it changes
            const answers = event.action === 'edit' ? [] : this.question.answers
            this.question = { ...this.question, answers: [...answers, event] }
          }
          if (event.args !== undefined) {
            this.edited = JSON.stringify(event.args)
            this.argsDigest = event.argsDigest ?? ''
          }
          break
        case 'execution-start':
          this.started = true
          this.result = undefined
          break
        case 'tool-result':
          this.result = event
          break
        default:
      }
    },
  }
}

function pastCall(call: ToolCall, known: CallInMaking | undefined): PastCall {
  if (known === undefined) {
    return {
      call,
      proposed: undefined,
      decision: undefined,
      question: undefined,
      rawArgs: call.rawArgs,
      argsDigest: undefined,
      started: false,
      result: undefined,
    }
  }
  const { proposed, decision, question, edited, argsDigest, started, result } = known
  const rawArgs = edited ?? call.rawArgs
  return { call, proposed, decision, question, rawArgs, argsDigest, started, result }
}

/** The error of a run that a journal does not hold. */
export function unknownRun(runId: string): SallyportError {
  return new SallyportError('bad-option', `the journal holds no run \`${runId}\``, {
    help: 'name a run of this journal',
  })
}

function damagedRun(runId: string, cause: unknown): SallyportError {
  return new SallyportError('bad-journal', `run \`${runId}\` cannot be read: ${messageOf(cause)}`, {
    help: 'the journal is damaged or was altered: restore it from a copy',
    cause,
  })
}

function erasedRun(runId: string): SallyportError {
  return new SallyportError(
    'run-not-resumable',
    `run \`${runId}\` cannot go on: what was said in it was erased`,
  )
}

function encryptedRun(runId: string, keyId: string): SallyportError {
  return new SallyportError(
    'bad-journal',
    `run \`${runId}\` is encrypted with key \`${keyId}\`, which was not given`,
    { help: 'open the journal with `encryption`, or set `SALLYPORT_JOURNAL_KEYS`' },
  )
}
