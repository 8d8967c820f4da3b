import { isObject } from '../base/json.ts'
import { shorten } from '../base/text.ts'
import type { OpenCall } from './report.ts'

type Line = Readonly<Record<string, unknown>>

interface Finding {
  readonly verdict: 'MALFORMED' | 'UNPERMITTED' | 'OPEN_CALLS' | 'INCOMPLETE' | 'COUNT_MISMATCH'
  readonly message: string
}

interface CallCourse {
  effect: unknown
  readonly tool: unknown
  /** Digest of the arguments that were judged: as proposed, or as edited by a person. */
  argsDigest: unknown
  shadow: boolean
  /** The last request, and how many people have to say yes to it. */
  request: unknown
  needed: number
  refused: boolean
  /** Who said yes. Most calls are never asked about. */
  yes: Set<unknown> | undefined
  asked: boolean
  started: boolean
  /** It leads to a run of an agent, which tells by itself how far it has come. */
  delegated: boolean
  finished: boolean
  unknown: boolean
}

/** All that is kept of a call that went well: of a long run there are many. */
interface SucceededCall {
  readonly effect: unknown
  readonly finished: true
  readonly succeeded: true
}

function succeededCall(effect: unknown): SucceededCall {
  return { effect, finished: true, succeeded: true }
}

/** One for each effect, as nothing else tells such calls apart. */
const succeeded: readonly SucceededCall[] = ['allow', 'ask', 'deny', undefined].map(succeededCall)

/**
 * The order that holds for the events of every call: proposed, decided, if asked then answered,
 * started, finished. Takes lines as they stand in the journal, without payloads, and trusts
 * nothing about them but that they are objects.
 */
export class Course {
  readonly #calls = new Map<string, CallCourse | SucceededCall>()
  readonly #counts = { allow: 0, ask: 0, deny: 0, none: 0, open: 0 }
  #lines = 0
  #ended: unknown
  #shadowMode = false

  /** Whether the policy ran in shadow mode: what it refused may then have run. */
  get shadowMode(): boolean {
    return this.#shadowMode
  }

  add(line: Line): Finding | undefined {
    const { type } = line
    if (typeof type !== 'string') return malformed('has no type')
    if (this.#lines++ === 0 && type !== 'run-start') return malformed('does not start a run')
    if (type === 'run-start') this.#shadowMode ||= isShadow(line)
    if (type === 'end') {
      this.#ended = line['status']
      return this.#checkCounts(line['counts'])
    }
    // answers may be written down while the run rests
    if (type !== 'approval-decision') this.#ended = undefined
    return this.#addToCall(type, line)
  }

  /** An end without counts is of an earlier version. */
  #checkCounts(told: unknown): Finding | undefined {
    if (told === undefined) return undefined
    const wrong = Object.entries(this.#counts).find(([name, count]) => {
      return !isObject(told) || told[name] !== count
    })
    if (wrong === undefined) return undefined
    const [name, count] = wrong
    return {
      verdict: 'COUNT_MISMATCH',
      message: `the end of the run counts other calls than are there: those of \`${name}\` are ${count}`,
    }
  }

  #addToCall(type: string, line: Line): Finding | undefined {
    if (!callEvents.has(type)) return undefined
    const callId = line['callId']
    if (typeof callId !== 'string') return malformed('names no call')
    const call = this.#calls.get(callId)
    if (type === 'tool-call') {
      if (call !== undefined) return malformed(`proposes the call ${quoted(callId)} again`)
      const added = newCall(line)
      this.#calls.set(callId, added)
      this.#count(added, 1)
      return undefined
    }
    if (call === undefined) return malformed(`names the call ${quoted(callId)}, never proposed`)
    this.#count(call, -1)
    const finding =
      'succeeded' in call
        ? again(type, line, callId)
        : step(type, call, line, { callId, shadowMode: this.#shadowMode })
    const kept = keptOf(type, call, line)
    if (kept !== call) this.#calls.set(callId, kept)
    this.#count(kept, 1)
    return finding
  }

  #count({ effect, finished }: Pick<CallCourse, 'effect' | 'finished'>, by: 1 | -1): void {
    this.#counts[isEffect(effect) ? effect : 'none'] += by
    if (!finished) this.#counts.open += by
  }

  /** What is missing after the last line. */
  end(): Finding | undefined {
    if (this.#ended === undefined) return { verdict: 'INCOMPLETE', message: 'the run has no end' }
    const open = this.openCalls().filter(
      (call) => this.#ended !== 'needs-approval' || call.missing === 'outcome',
    )
    if (open.length === 0) return undefined
    return { verdict: 'OPEN_CALLS', message: `${open.length} calls have no outcome` }
  }

  openCalls(): readonly OpenCall[] {
    return [...this.#calls].flatMap(([callId, call]): readonly OpenCall[] => {
      if ('succeeded' in call || call.finished) return []
      if (call.delegated) return [{ callId, missing: 'result' }]
      if (call.started) return [{ callId, missing: 'outcome' }]
      const waits = call.asked && !call.refused && yesesOf(call) < call.needed
      return [{ callId, missing: waits ? 'approval' : 'result' }]
    })
  }
}

function isEffect(value: unknown): value is 'allow' | 'ask' | 'deny' {
  return value === 'allow' || value === 'ask' || value === 'deny'
}

const callEvents = new Set([
  'tool-call',
  'decision',
  'approval-request',
  'approval-decision',
  'execution-start',
  'tool-result',
])

function newCall({ argsDigest, tool }: Line): CallCourse {
  return {
    effect: undefined,
    tool,
    argsDigest,
    shadow: false,
    request: undefined,
    needed: 1,
    refused: false,
    yes: undefined,
    asked: false,
    started: false,
    delegated: false,
    finished: false,
    unknown: false,
  }
}

function decisionOf(line: Line): Line {
  return isObject(line['decision']) ? line['decision'] : {}
}

/** What is kept of a call after one more line about it. */
function keptOf(
  type: string,
  call: CallCourse | SucceededCall,
  line: Line,
): CallCourse | SucceededCall {
  const isOver = 'succeeded' in call
  if (!isOver && !(type === 'tool-result' && line['status'] === 'success')) return call
  const effect = isOver && type === 'decision' ? decisionOf(line)['effect'] : call.effect
  return succeeded.find((each) => each.effect === effect) ?? succeeded.at(-1)!
}

/** Of a call that has succeeded: what was said of it can only be taken back for later ones. */
function again(type: string, line: Line, callId: string): Finding | undefined {
  if (type === 'execution-start') {
    return unpermitted(callId, 'was started again after it had succeeded')
  }
  return line['action'] === 'revoke' ? undefined : settled(callId)
}

function settled(callId: string): Finding {
  return malformed(`says of the call ${quoted(callId)} what its outcome rules out`)
}

function step(
  type: string,
  call: CallCourse,
  line: Line,
  { callId, shadowMode }: { readonly callId: string; readonly shadowMode: boolean },
): Finding | undefined {
  switch (type) {
    case 'decision': {
      const decision = decisionOf(line)
      call.effect = decision['effect']
      call.shadow = shadowMode && decision['shadow'] === true
      return undefined
    }
    case 'approval-request':
      call.asked = true
      call.request = line['approvalId']
      call.refused = line['argsDigest'] !== call.argsDigest || line['tool'] !== call.tool
      call.yes = undefined
      call.needed = neededOf(line['approvers'])
      return undefined
    case 'approval-decision':
      answer(call, line)
      return undefined
    case 'execution-start':
      call.started = true
      call.delegated = typeof line['child'] === 'string'
      call.finished = false
      if (!isPermitted(call)) return unpermitted(callId, 'was started without a permit')
      if (line['tool'] !== call.tool) {
        return unpermitted(callId, 'was started as another tool than was judged')
      }
      return line['argsDigest'] === call.argsDigest
        ? undefined
        : unpermitted(callId, 'was started with other arguments than were judged')
    default:
      // of an outcome that nobody knew somebody may tell later
      if (call.finished && !call.unknown) return settled(callId)
      call.finished = true
      call.unknown = line['status'] === 'unknown-outcome'
      return !call.started && (line['status'] === 'success' || line['attempts'] !== 0)
        ? unpermitted(callId, 'has an outcome but was never started')
        : undefined
  }
}

function answer(call: CallCourse, line: Line): void {
  const { action } = line
  // an answer to another request is a yes to nothing
  const isYes = (action === 'approve' || action === 'edit') && line['approvalId'] === call.request
  // who agreed before an edit has not seen what it changes
  if (action === 'edit' || action === 'revoke') call.yes = undefined
  if (action === 'edit') call.argsDigest = line['argsDigest']
  if (isYes) (call.yes ??= new Set()).add(subjectOf(line))
  if (action !== 'approve' && action !== 'edit' && action !== 'revoke') call.refused = true
}

function isPermitted(call: CallCourse): boolean {
  if (call.shadow) return call.effect !== undefined
  if (call.effect === 'allow') return true
  return call.effect === 'ask' && call.asked && !call.refused && yesesOf(call) >= call.needed
}

function yesesOf({ yes }: CallCourse): number {
  return yes?.size ?? 0
}

/** The largest count that is asked for, since one person may satisfy several demands. */
function neededOf(approvers: unknown): number {
  if (!Array.isArray(approvers)) return Infinity
  let most = 1
  for (const needed of approvers) {
    const count: unknown = isObject(needed) ? needed['count'] : undefined
    if (typeof count !== 'number' || !(count >= 1)) return Infinity
    most = Math.max(most, count)
  }
  return most
}

/** Who answered; an unnamed person counts once. */
function subjectOf(line: Line): unknown {
  return isObject(line['by']) ? line['by']['subject'] : null
}

function isShadow(line: Line): boolean {
  return isObject(line['policy']) && line['policy']['mode'] === 'shadow'
}

/** An id from a journal, fit to be shown. */
function quoted(callId: string): string {
  return `\`${shorten(callId, 100)}\``
}

function malformed(message: string): Finding {
  return { verdict: 'MALFORMED', message: `the record ${message}` }
}

function unpermitted(callId: string, message: string): Finding {
  return { verdict: 'UNPERMITTED', message: `the call ${quoted(callId)} ${message}` }
}
