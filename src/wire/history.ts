import { sha256 } from '../base/digest.ts'
import { isObject, parseJson } from '../base/json.ts'
import type { AssistantMessage, Message, ToolCallPart, ToolMessage } from '../protocol/message.ts'
import { GrowingText, type BodyText } from './growing-text.ts'

/**
 * Writes one message as JSON text. `ids` are those its calls go by, or the one of the call that it
 * answers.
 */
type MessageWriter = (message: Message, ids: readonly string[]) => string

/** The messages of a request as JSON texts. */
export type HistoryWriter = (messages: readonly Message[]) => WrittenHistory

interface Written {
  readonly message: Message
  readonly text: string
  /** Those inside the text. */
  readonly ids: readonly string[]
}

export interface WrittenHistory {
  /** One for each message, system messages first; to be used before the next history is written. */
  readonly texts: readonly string[]
  /**
   * Those that are not empty, with commas between them, and with other texts around. `first` is one
   * more that stands before them.
   */
  between(before: string, after: string, first?: string): BodyText
}

/**
 * What writes the messages of a history, each once: the history is sent again with every turn, and
 * writing it is what a long run would spend its time on. System messages come first.
 *
 * A call goes by its provider's id where that is unique in the history and one that the wire can
 * send, else by ours. The first owner of an id keeps it, so that what was sent once is sent the
 * same way again.
 */
export function historyWriter(
  write: MessageWriter,
  isSendable = sendableUpTo(Number.POSITIVE_INFINITY),
): HistoryWriter {
  /** What was sent last of the history that begins with a message. */
  const sent = new WeakMap<Message, SentHistory>()
  return (messages) => {
    const ordered = systemFirst(messages)
    const [first] = ordered
    if (first === undefined) return new SentHistory(write, isSendable)
    let known = sent.get(first)
    if (known === undefined) {
      known = new SentHistory(write, isSendable)
      // one entry for a history: an entry for each message would cost more than writing a short one
      sent.set(first, known)
    }
    known.update(ordered)
    return known
  }
}

/** Which ids can be sent where they have at most so many characters. */
export function sendableUpTo(most: number): (id: string) => boolean {
  return (id) => id !== '' && id.length <= most && id.isWellFormed()
}

/** A history that grows at its end costs what has been added; any other change a look at it all. */
class SentHistory implements WrittenHistory {
  readonly #write: MessageWriter
  readonly #isSendable: (id: string) => boolean
  /** Those that are written, beside each other: all are compared with every turn. */
  #messages: Message[] = []
  #written: Written[] = []
  #ids: CallIds
  #joined = new GrowingText()
  #joinedLength = 0
  texts: string[] = []

  constructor(write: MessageWriter, isSendable: (id: string) => boolean) {
    this.#write = write
    this.#isSendable = isSendable
    this.#ids = new CallIds(isSendable)
  }

  update(messages: readonly Message[]): void {
    const before = this.#written
    if (!beginsWith(messages, this.#messages)) {
      this.#messages = []
      this.#written = []
      this.#ids = new CallIds(this.#isSendable)
      this.texts = []
      this.#joined = new GrowingText()
      this.#joinedLength = 0
    }
    for (let at = this.#written.length; at < messages.length; at++) {
      const written = writeOnce(messages[at]!, before[at], this.#ids, this.#write)
      this.#messages[at] = messages[at]!
      this.#written[at] = written
      this.texts[at] = written.text
    }
  }

  between(before: string, after: string, first = ''): BodyText {
    const joined = this.#joined
    for (; this.#joinedLength < this.texts.length; this.#joinedLength++) {
      const text = this.texts[this.#joinedLength]!
      if (text !== '') joined.append(joined.isEmpty ? text : `,${text}`)
    }
    const comma = first === '' || joined.isEmpty ? '' : ','
    return joined.between(before + first + comma, after)
  }
}

/** Whether the messages begin with these very objects. */
export function beginsWith(messages: readonly Message[], beginning: readonly Message[]): boolean {
  for (let at = 0; at < beginning.length; at++) if (messages[at] !== beginning[at]) return false
  return true
}

/**
 * The arguments of a call as JSON text of an object. Hosts refuse a history with others, so that what
 * a model got wrong is sent inside one, under the name that Anthropic's documentation gives it.
 */
export function argumentsOf({ arguments: text }: ToolCallPart): string {
  const parsed = parseJson(text)
  return parsed.ok && isObject(parsed.value)
    ? text
    : JSON.stringify({ INVALID_JSON: text.toWellFormed() })
}

export function callsOf(message: AssistantMessage): readonly ToolCallPart[] {
  return message.content.filter((part) => part.type === 'tool-call')
}

function systemFirst(messages: readonly Message[]): readonly Message[] {
  const from = messages.findIndex((message) => !isSystem(message))
  if (from < 0 || !messages.some((message, at) => at > from && isSystem(message))) return messages
  const others = messages.filter((message) => !isSystem(message))
  return [...messages.filter(isSystem), ...others]
}

function isSystem({ role }: Message): boolean {
  return role === 'system'
}

/** Which id each call of a history goes by. */
class CallIds {
  readonly #wireIds = new Map<string, string>()
  readonly #used = new Set<string>()
  readonly #isSendable: (id: string) => boolean

  constructor(isSendable: (id: string) => boolean) {
    this.#isSendable = isSendable
  }

  assign(call: ToolCallPart): string {
    const { callId, providerId } = call
    const isFree = this.#isSendable(providerId) && !this.#used.has(providerId)
    const id = isFree ? providerId : this.#own(callId)
    this.#used.add(id)
    this.#wireIds.set(callId, id)
    return id
  }

  /** Our ids can be sent almost everywhere; Mistral wants nine characters, and no more. */
  #own(callId: string): string {
    if (this.#isSendable(callId)) return callId
    const digest = sha256(callId)
    const id = `call_${digest.slice(-35)}`
    return this.#isSendable(id) ? id : digest.slice(-9)
  }

  of(message: ToolMessage): string {
    return this.#wireIds.get(message.callId) ?? message.callId
  }
}

function writeOnce(
  message: Message,
  known: Written | undefined,
  ids: CallIds,
  write: MessageWriter,
): Written {
  const used = idsIn(message, ids)
  if (known?.message === message && used.every((id, at) => id === known.ids[at])) return known
  return { message, text: withoutHalves(write(message, used)), ids: used }
}

/** A backslash, a character in two escapes, and half a character. */
const escapes = /\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u[dD][89a-fA-F]../g

/**
 * JSON text with U+FFFD in place of every half of a character, which a text may hold that was cut:
 * endpoints refuse a body with one, and so every later request of the conversation.
 */
function withoutHalves(json: string): string {
  if (!/\\u[dD]/.test(json)) return json
  return json.replaceAll(escapes, (escape) => (escape.length === 6 ? '\ufffd' : escape))
}

const noIds: readonly string[] = []

function idsIn(message: Message, ids: CallIds): readonly string[] {
  if (message.role === 'tool') return [ids.of(message)]
  if (message.role !== 'assistant') return noIds
  return callsOf(message).map((call) => ids.assign(call))
}
