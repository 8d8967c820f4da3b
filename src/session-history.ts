import {
  errorData,
  errorFrom,
  isSallyportError,
  messageOf,
  SallyportError,
  type ErrorData,
} from './base/errors.ts'
import { sleep, withGrace } from './base/signal.ts'
import type { JudgeContext } from './gate/verdict.ts'
import type { HistoryEntry } from './history/entry.ts'
import type { DelegatedRun, EventReader } from './history/events.ts'
import { Lease } from './history/lease.ts'
import { pairedOnly } from './history/pairs.ts'
import { checkedEntries, maxEntries } from './history/read.ts'
import { runEntries, type RunSource } from './history/run-entries.ts'
import { select } from './history/selection.ts'
import { historyKey, type HistoryStore } from './history/store.ts'
import type { HistoryOptions } from './history/view.ts'
import type { CallBelow } from './protocol/child-run.ts'
import type { Message } from './protocol/message.ts'
import type { EndStatus } from './protocol/run-event.ts'
import type { SessionMode } from './session-turns.ts'
import { sessionBusy } from './turned-away.ts'

/** Pauses between two attempts to get a conversation that another process works on. */
const firstPauseMs = 20
const longestPauseMs = 500

/** A store that does not answer is given up this long after its run was stopped. */
const graceMs = 5_000

/** Ends after which a run has become part of its conversation. */
const lasting: ReadonlySet<EndStatus> = new Set(['completed', 'limit'])

/** What the parts of a runtime tell the conversations of its sessions. */
export interface HistoryContext extends Pick<RunSource, 'keep' | 'labelsOf'> {
  readonly mode: SessionMode
  /** Undefined for a tool that the runtime does not have. */
  readonly isAgent: (tool: string) => boolean | undefined
  /** What agents have called in a run and below it; null where nobody knows. */
  readonly callsBelow: (run: DelegatedRun) => Promise<readonly CallBelow[] | null>
  /** RFC 3339. */
  readonly now: () => string
}

/** A conversation that one run works on. */
export interface Conversation {
  /** Everything of it, for the gate. */
  readonly earlier: readonly HistoryEntry[]
  /** What the model sees of it. */
  readonly messages: readonly Message[]
  /**
   * Keeps what a run has added to it, the messages from what the user said on, where it has ended
   * such that it counts. Returns why it could not.
   */
  save(
    run: Pick<RunSource, 'isTainted'> & {
      readonly status: EndStatus
      readonly messages: readonly Message[]
    },
    events: EventReader,
  ): Promise<ErrorData | undefined>
}

/** What was found of the conversation of a run; nothing where none is kept, or the run was stopped. */
export interface Found {
  readonly conversation?: Conversation
  /** Why it cannot be used. */
  readonly error?: ErrorData
  /** Another run works on it. */
  readonly isBusy?: true
}

type Caller = Pick<JudgeContext, 'principal' | 'runId' | 'session'>

/** Does work with the conversation of a session, where there is one and conversations are kept. */
export function inConversation<Value>(
  { drain, history }: { readonly drain: AbortSignal; readonly history: SessionHistory | undefined },
  caller: Caller,
  signal: AbortSignal,
  work: (found: Found) => Promise<Value>,
): Promise<Value> {
  const { session } = caller
  if (history === undefined || session === undefined) return work({})
  // nobody waits for a conversation while the runtime is closed
  return history.within({ ...caller, session }, AbortSignal.any([signal, drain]), work)
}

/** Throws `bad-option` for a conversation that is given to a run beside the one that is kept. */
export function checkOwnMessages(messages: readonly Message[] = []): void {
  if (messages.every(({ role }) => role === 'system')) return
  throw new SallyportError('bad-option', '`messages` are given beside the kept conversation', {
    help: 'give only system messages with them, or leave out `session`',
  })
}

/** The conversation a resumed run goes on in; throws why it cannot. */
export function usable({ conversation, error, isBusy }: Found): Conversation | undefined {
  const problem = isBusy === true ? sessionBusy() : error
  if (problem === undefined) return conversation
  throw errorFrom(problem)
}

/** What a run that has not asked the model yet is taken up with: the conversation as it is now. */
export function withConversation(
  messages: readonly Message[],
  conversation: Conversation | undefined,
): readonly Message[] {
  if (conversation === undefined) return messages
  const instructions = messages.filter(({ role }) => role === 'system')
  return [...instructions, ...conversation.messages, ...messages.slice(-1)]
}

/** Lets runs take up the conversations of their sessions, over all processes that share the store. */
export class SessionHistory {
  readonly #options: HistoryOptions
  readonly #context: HistoryContext

  constructor(history: HistoryStore | HistoryOptions, context: HistoryContext) {
    this.#options = 'store' in history ? history : { store: history }
    this.#context = context
  }

  /**
   * Does work while nobody else works on the conversation: waits for it, or says that it is busy.
   * Whatever a store or a view does wrong ends in an error before the work, never in less history.
   */
  async within<Value>(
    caller: Caller & { readonly session: string },
    signal: AbortSignal,
    work: (found: Found) => Promise<Value>,
  ): Promise<Value> {
    const key = historyKey(caller.session, caller.principal)
    let lease: Lease | undefined
    let found: Found
    try {
      const store = this.#store()
      lease = new Lease(store, key)
      const isHeld = await this.#enter(lease, signal)
      found = isHeld
        ? { conversation: await this.#open(store, key, caller, signal) }
        : { isBusy: true }
    } catch (error) {
      // the run sees for itself that it was stopped
      found = signal.aborted ? {} : { error: historyError(error) }
    }
    try {
      return await work(found)
    } finally {
      await lease?.giveBack()
    }
  }

  async #below({ delegated }: EventReader): Promise<RunSource['below']> {
    const found = [...delegated].map(async ([callId, run]) => {
      return [callId, await this.#context.callsBelow(run)] as const
    })
    return new Map(await Promise.all(found))
  }

  /** Of what may be an agent, and an entry of before does not tell about, nobody knows what it called. */
  #withBelow(entry: HistoryEntry): HistoryEntry {
    const { below, message } = entry
    const isKnown = below !== undefined || message.role !== 'tool'
    return isKnown || this.#context.isAgent(message.tool) === false
      ? entry
      : { ...entry, below: null }
  }

  #store(): HistoryStore {
    const { store } = this.#options
    return typeof store === 'function' ? store() : store
  }

  /** False where the conversation is busy and nobody is to wait. */
  async #enter(lease: Lease, signal: AbortSignal): Promise<boolean> {
    for (let pause = firstPauseMs; ; pause = Math.min(2 * pause, longestPauseMs)) {
      if (await answered(lease.take(), signal)) return true
      if (this.#context.mode === 'refuse') return false
      await sleep(pause, signal)
    }
  }

  async #open(
    store: HistoryStore,
    key: string,
    { runId }: Caller,
    signal: AbortSignal,
  ): Promise<Conversation> {
    const stored = checkedEntries(key, await answered(store.read(key), signal))
    const { view } = this.#options
    const { entries, summary } = await answered(select(stored, view, signal), signal)
    const { now } = this.#context
    let earlier = stored
    let shown = entries
    if (summary !== undefined) {
      const entry = { ...summary, at: now(), runId }
      await answered(store.append(key, stored.length, [entry]), signal)
      earlier = [...stored, entry]
      shown = [entry, ...entries]
    }
    const startedAt = now()
    return {
      earlier: earlier.map((entry) => this.#withBelow(entry)),
      messages: shown.map(({ message }) => message),
      save: async ({ isTainted, messages, status }, events) => {
        if (!lasting.has(status)) return undefined
        try {
          const own = pairedOnly(messages).filter((message) => message.role !== 'system')
          const below = await this.#below(events)
          const source = { ...this.#context, below, runId, startedAt, events, isTainted }
          // a run that went on has left its beginning already
          const before = earlier.filter(
            (entry) => entry.runId === runId && entry.covers === undefined,
          )
          const added = runEntries(own, source).slice(before.length)
          if (earlier.length + added.length > maxEntries) throw tooLong(key)
          await answered(store.append(key, earlier.length, added), signal)
          return undefined
        } catch (error) {
          return historyError(error)
        }
      },
    }
  }
}

/** What a store answers; rejects where it has not 5 s after the run was stopped. */
async function answered<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  if (await withGrace(work, signal, graceMs)) return work
  throw new SallyportError('bad-history', 'the store did not answer before the run had to end', {
    help: 'check the disk or server that holds the conversations',
  })
}

function historyError(thrown: unknown): ErrorData {
  if (isSallyportError(thrown)) return thrown.toJSON()
  return errorData('bad-history', `the conversation cannot be used: ${messageOf(thrown)}`, {
    help: 'check the store and the view of `history`',
  })
}

function tooLong(key: string): SallyportError {
  return new SallyportError(
    'bad-history',
    `conversation \`${key}\` would have more than ${maxEntries} entries`,
    { help: 'begin another session' },
  )
}
