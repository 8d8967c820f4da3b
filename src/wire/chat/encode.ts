import { SallyportError } from '../../base/errors.ts'
import type {
  AssistantMessage,
  Message,
  ToolCallPart,
  ToolMessage,
  UserPart,
} from '../../protocol/message.ts'
import { isObject } from '../../base/json.ts'
import { toHistoryName } from './names.ts'
import type { ChatDialect } from './options.ts'

/**
 * Messages as JSON text, each encoded once: the history is sent again with every turn, and writing
 * it is what a long run would spend its time on.
 *
 * A call goes by its provider's id where that is unique in the history, else by ours. The first
 * owner of an id keeps it, so that what was sent once is sent the same way again.
 */
export function encodeMessages(messages: readonly Message[], dialect: ChatDialect): string {
  const ids = new CallIds()
  const first = messages.filter((message) => message.role === 'system')
  const isOrdered = first.every((message, index) => messages[index] === message)
  const ordered = isOrdered
    ? messages
    : [...first, ...messages.filter((message) => message.role !== 'system')]
  return `[${encodeAll(ordered, ids, dialect).join(',')}]`
}

/** Which id each call of a history goes by. */
class CallIds {
  readonly #wireIds = new Map<string, string>()
  readonly #used = new Set<string>()

  assign(call: ToolCallPart): string {
    const { callId, providerId } = call
    const id = providerId === '' || this.#used.has(providerId) ? callId : providerId
    this.#used.add(id)
    this.#wireIds.set(callId, id)
    return id
  }

  of(message: ToolMessage): string {
    return this.#wireIds.get(message.callId) ?? message.callId
  }
}

interface Encoded {
  readonly message: Message
  readonly text: string
  /** The ids inside the text. */
  readonly ids: string
  readonly dialect: ChatDialect
}

/** What was sent last of the history that begins with this message. */
const sent = new WeakMap<Message, Encoded[]>()

function encodeAll(
  messages: readonly Message[],
  ids: CallIds,
  dialect: ChatDialect,
): readonly string[] {
  const [first] = messages
  if (first === undefined) return []
  let known = sent.get(first)
  if (known === undefined) {
    known = []
    // one entry for a history: an entry for each message would cost more than writing a short one
    sent.set(first, known)
  }
  for (let at = 0; at < messages.length; at++) {
    known[at] = encodeOnce(messages[at]!, known[at], ids, dialect)
  }
  known.length = messages.length
  return known.map(({ text }) => text)
}

function encodeOnce(
  message: Message,
  known: Encoded | undefined,
  ids: CallIds,
  dialect: ChatDialect,
): Encoded {
  const used = idsIn(message, ids)
  const key = used.join('\n')
  if (known?.message === message && known.ids === key && known.dialect === dialect) return known
  const text = JSON.stringify(encodeMessage(message, used, dialect))
  return { message, text, ids: key, dialect }
}

function idsIn(message: Message, ids: CallIds): readonly string[] {
  if (message.role === 'tool') return [ids.of(message)]
  if (message.role !== 'assistant') return []
  return callsOf(message).map((call) => ids.assign(call))
}

function callsOf(message: AssistantMessage): readonly ToolCallPart[] {
  return message.content.filter((part) => part.type === 'tool-call')
}

function encodeMessage(message: Message, ids: readonly string[], dialect: ChatDialect): object {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.content }
    case 'user':
      return {
        role: 'user',
        content:
          typeof message.content === 'string' ? message.content : message.content.map(encodePart),
      }
    case 'assistant':
      return encodeAssistant(message, ids, dialect)
    case 'tool':
      return { role: 'tool', tool_call_id: ids[0], content: message.content }
  }
}

function encodePart(part: UserPart): object {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text }
    case 'image':
      return {
        type: 'image_url',
        image_url: {
          url: part.url,
          ...(part.detail === undefined ? {} : { detail: part.detail }),
        },
      }
    case 'file':
      return { type: 'file', file: { filename: part.name, file_data: part.url } }
    default:
      throw new SallyportError('bad-option', 'a message has a part of an unknown type')
  }
}

function encodeAssistant(
  message: AssistantMessage,
  ids: readonly string[],
  dialect: ChatDialect,
): object {
  let text = ''
  let refusal = ''
  const images: object[] = []
  for (const part of message.content) {
    if (part.type === 'text') text += part.text
    else if (part.type === 'refusal') refusal += part.text
    else if (part.type === 'image') images.push(encodePart(part))
  }
  const calls = callsOf(message).map((call, index) => encodeCall(call, ids[index]!))
  const replayed = message.opaque?.wire === 'chat' ? message.opaque.value : undefined
  return {
    role: 'assistant',
    // a message without text, refusal and calls still needs something to be valid
    content: text === '' && (calls.length > 0 || refusal !== '') ? null : text,
    ...(refusal === '' ? {} : { refusal }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    // OpenAI's models make no pictures on this wire, and it refuses members it does not know
    ...(images.length === 0 || dialect === 'openai' ? {} : { images }),
    ...(isObject(replayed) ? pick(replayed) : {}),
  }
}

const replayedMembers = ['reasoning_details', 'reasoning_content']

/** The members that an endpoint may want back; what else a stored history claims is not sent. */
function pick(replayed: Record<string, unknown>): object {
  const present = replayedMembers.filter((key) => Object.hasOwn(replayed, key))
  return Object.fromEntries(present.map((key) => [key, replayed[key]]))
}

function encodeCall(call: ToolCallPart, id: string): object {
  return {
    id,
    type: 'function',
    function: { name: toHistoryName(call.tool), arguments: call.arguments },
    ...(call.opaque === undefined ? {} : { extra_content: call.opaque }),
  }
}
