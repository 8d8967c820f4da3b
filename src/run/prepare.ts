import { messageOf, SallyportError } from '../base/errors.ts'
import { deepFreeze } from '../base/json.ts'
import { checkOptions } from '../base/options.ts'
import { lending, withGrace } from '../base/signal.ts'
import { shorten } from '../base/text.ts'
import type { Message } from '../protocol/message.ts'
import type { Model } from '../protocol/model.ts'
import {
  areSettings,
  checkGiven,
  isArrayOf,
  isFlag,
  isMessage,
  isModel,
  isText,
  isToolChoice,
  type OptionChecks,
} from '../protocol/option-checks.ts'
import type { ModelSettings, ToolChoice } from '../protocol/request.ts'
import type { ForeignText } from '../protocol/foreign.ts'
import type { TurnStart, UsageReported } from '../protocol/run-event.ts'
import type { Cost, Usage } from '../protocol/usage.ts'
import type { RunEnvironment } from './environment.ts'
import { narrowed, viewOf } from './narrowed.ts'
import type { PastTurn } from './past.ts'

/** Where a run stands before a model request. */
export interface TurnState {
  /** The turn that is about to begin; counts from 1. */
  readonly turn: number
  /** The conversation so far; copies, which change nothing. */
  readonly messages: readonly Message[]
  /** Names of the tools the model would see. */
  readonly tools: readonly string[]
  readonly toolCalls: number
  readonly usage: Usage
  readonly cost: Cost | undefined
  /** Aborts when the run is stopped; it does not wait then. */
  readonly signal: AbortSignal
}

/** What is different in one turn; what is left out stays as it is, and everything does afterwards. */
export interface PreparedTurn {
  readonly model?: Model
  /** Those of `tools` the model sees; a call of another one is refused as unknown. */
  readonly tools?: readonly string[]
  /**
   * What the model is sent in place of the conversation, which itself stays as it is. Calls and their
   * results belong together. Messages that are not in the conversation count as text of nobody
   * known, whatever their role.
   */
  readonly messages?: readonly Message[]
  /** The host vouches for those messages: each counts by its role. Default false. */
  readonly trusted?: boolean
  readonly settings?: ModelSettings
  readonly toolChoice?: ToolChoice
}

/** Asked before every model request; may change what is asked, for that one turn. */
export type PrepareTurn = (
  state: TurnState,
) => PreparedTurn | undefined | Promise<PreparedTurn | undefined>

/** A turn as it was prepared. */
export interface Preparation {
  readonly environment: RunEnvironment
  readonly messages: readonly Message[]
  /** What is put on record of it. */
  readonly record: Partial<Omit<TurnStart, 'type' | 'seq' | 'runId' | 'turn' | 'at' | 'said'>>
}

const checks: OptionChecks = {
  model: isModel,
  tools: isArrayOf('names of tools', isText),
  messages: isArrayOf('messages', isMessage),
  trusted: isFlag,
  settings: areSettings,
  toolChoice: isToolChoice,
}

/**
 * Asks `prepareTurn`; undefined when it changes nothing or the run is stopped meanwhile. Rejects with
 * `bad-option` for an answer that cannot be used: a turn that was to be narrower must not be sent
 * as it was.
 */
export async function prepare(
  environment: RunEnvironment,
  state: Omit<TurnState, 'tools' | 'signal'>,
): Promise<Preparation | undefined> {
  const prepared = await asked(environment, state)
  if (prepared === undefined) return undefined
  checkOptions('a prepared turn', prepared, Object.keys(checks))
  checkGiven(prepared, checks, 'prepareTurn().')
  const { model, settings, toolChoice, tools, trusted } = prepared
  const sent = prepared.messages && sentInstead(prepared.messages, state.messages)
  const isTrusted = sent !== undefined && trusted === true
  if (sent !== undefined) hear(environment, sent, isTrusted)
  return {
    environment: {
      ...environment,
      ...(model === undefined ? {} : { model: await environment.costed(model) }),
      ...(tools === undefined ? {} : narrowed(environment, tools)),
      ...(settings === undefined ? {} : { settings }),
      ...(toolChoice === undefined ? {} : { preparedToolChoice: toolChoice }),
    },
    messages: sent === undefined ? state.messages : resolved(sent, state.messages),
    record: {
      ...(model === undefined ? {} : { model: { id: model.id, provider: model.provider } }),
      ...(tools === undefined ? {} : { tools: [...tools] }),
      ...(settings === undefined ? {} : { settings }),
      ...(toolChoice === undefined ? {} : { toolChoice }),
      ...(sent === undefined ? {} : { sent }),
      ...(isTrusted ? { trusted: true } : {}),
    },
  }
}

async function asked(
  { prepareTurn, signal, tools }: RunEnvironment,
  state: Omit<TurnState, 'tools' | 'signal'>,
): Promise<PreparedTurn | undefined> {
  let answer: PreparedTurn | undefined
  const asking = async (lent: AbortSignal): Promise<void> => {
    answer = await prepareTurn?.({
      ...state,
      messages: structuredClone(state.messages),
      usage: { ...state.usage },
      cost: state.cost && { ...state.cost },
      tools: tools.map(({ name }) => name),
      signal: lent,
    })
  }
  try {
    const isAnswered = await lending(signal, (lent) => withGrace(asking(lent), signal, 0))
    return isAnswered ? answer : undefined
  } catch (error) {
    throw new SallyportError('bad-option', `\`prepareTurn\` threw: ${messageOf(error)}`, {
      help: 'let it return undefined where it has nothing to change',
      cause: error,
    })
  }
}

type Sent = readonly (number | Message)[]

/** Places of messages that the conversation holds, and copies of others. */
function sentInstead(messages: readonly Message[], transcript: readonly Message[]): Sent {
  checkPairs(messages)
  const places = new Map(transcript.map((message, place) => [JSON.stringify(message), place]))
  return messages.map(
    (message) => places.get(JSON.stringify(message)) ?? deepFreeze(structuredClone(message)),
  )
}

function resolved(sent: Sent, transcript: readonly Message[]): readonly Message[] {
  return sent.map((item) => (typeof item === 'number' ? transcript[item]! : item))
}

/** Tells the gate of what the model is sent beside the conversation; of a turn on record too. */
function hear(
  { context, gate }: Pick<RunEnvironment, 'context' | 'gate'>,
  sent: Sent,
  isTrusted: boolean,
): void {
  const others = sent.filter((item) => typeof item !== 'number')
  if (others.length > 0) gate.begin(context, others, isTrusted ? 'by role' : 'untrusted')
}

/** Tells the gate of what wrappers have put round a response, before its calls are judged. */
export function hearForeign(
  { context, gate }: Pick<RunEnvironment, 'context' | 'gate'>,
  { foreign = [], foreignMessages = [], message }: ForeignText & Pick<UsageReported, 'message'>,
): void {
  const isAnswer = foreign.includes('answer') && message !== null
  const heard = isAnswer ? [...foreignMessages, message] : foreignMessages
  if (heard.length > 0) gate.begin(context, heard, 'untrusted')
}

/**
 * A run as it was in a turn on record: the gate hears what the model was sent in it, and calls are
 * of the tools it had.
 */
export function asItBegan<Environment extends Pick<RunEnvironment, 'context' | 'gate' | 'view'>>(
  environment: Environment,
  { start: { sent, tools, trusted }, usage }: Pick<PastTurn, 'start' | 'usage'>,
): Environment {
  hearForeign(environment, usage)
  if (sent !== undefined) hear(environment, sent, trusted === true)
  if (tools === undefined) return environment
  return { ...environment, view: viewOf(environment.view, tools) }
}

/** Providers refuse a call without its result, and a result without its call. */
function checkPairs(messages: readonly Message[]): void {
  const open = new Set<string>()
  for (const message of messages) {
    if (message.role === 'tool') {
      if (!open.delete(message.callId)) throw unpaired('the result without its call', message)
    } else if (message.role === 'assistant') {
      for (const part of message.content) if (part.type === 'tool-call') open.add(part.callId)
    }
  }
  const [callId] = open
  if (callId !== undefined) throw unpaired('the call without its result', { callId })
}

function unpaired(what: string, { callId }: { readonly callId: string }): SallyportError {
  const id = shorten(callId, 100)
  return new SallyportError('bad-option', `\`prepareTurn\` leaves ${what}: \`${id}\``, {
    help: 'keep or leave out a call and its result together',
  })
}
