import { SallyportError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import type {
  AssistantMessage,
  FilePart,
  ImagePart,
  Message,
  ToolCallPart,
  UserPart,
} from '../../protocol/message.ts'
import {
  argumentsOf,
  callsOf,
  historyWriter,
  sendableUpTo,
  type HistoryWriter,
} from '../history.ts'
import { base64Url, fileAt, pictureAt, unknownPart } from '../media.ts'
import { toHistoryName } from '../names.ts'
import type { ChatDialect } from './options.ts'

/** Which ids of calls a host accepts that looks at them. Its own fit; those of others need not. */
const acceptedIds: Partial<Record<ChatDialect, (id: string) => boolean>> = {
  openai: sendableUpTo(40),
  mistral: (id) => /^[a-zA-Z0-9]{9}$/.test(id),
}

/** What writes histories in a dialect. */
export function chatHistory(dialect: ChatDialect): HistoryWriter {
  return historyWriter(
    (message, ids) => JSON.stringify(encodeMessage(message, ids, dialect)),
    acceptedIds[dialect],
  )
}

function encodeMessage(message: Message, ids: readonly string[], dialect: ChatDialect): object {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.content }
    case 'user':
      return {
        role: 'user',
        content:
          typeof message.content === 'string'
            ? message.content
            : message.content.map((part) => encodePart(part, dialect)),
      }
    case 'assistant':
      return encodeAssistant(message, ids, dialect)
    case 'tool':
      return { role: 'tool', tool_call_id: ids[0], content: message.content }
  }
}

function encodePart(part: UserPart, dialect: ChatDialect): object {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text }
    case 'image':
      pictureAt(part)
      return encodeImage(part)
    case 'file':
      return { type: 'file', file: { filename: part.name, file_data: fileData(part, dialect) } }
    default:
      throw unknownPart(part)
  }
}

function encodeImage({ url, detail }: ImagePart): object {
  return { type: 'image_url', image_url: { url, ...(detail === undefined ? {} : { detail }) } }
}

/** OpenRouter takes addresses in the place of data; OpenAI does not. */
function fileData(part: FilePart, dialect: ChatDialect): string {
  const found = fileAt(part)
  if (typeof found !== 'string') return base64Url(found, part.name)
  if (dialect !== 'openai') return found
  throw new SallyportError('bad-option', `the file \`${part.name}\` is an address`, {
    help: 'give its data as a data URL, or use the wire `responses`',
  })
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
    else if (part.type === 'image') images.push(encodeImage(part))
  }
  // OpenAI refuses members it does not know, and has sent none of them
  const isReplayed = dialect !== 'openai'
  const calls = callsOf(message).map((call, index) => encodeCall(call, ids[index]!, isReplayed))
  const opaque = isReplayed && message.opaque?.wire === 'chat' ? message.opaque.value : undefined
  return {
    role: 'assistant',
    // a message without text, refusal and calls still needs something to be valid
    content: text === '' && (calls.length > 0 || refusal !== '') ? null : text,
    ...(refusal === '' ? {} : { refusal }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    // OpenAI's models make no pictures on this wire, and it refuses members it does not know
    ...(images.length === 0 || dialect === 'openai' ? {} : { images }),
    ...(isObject(opaque) ? pick(opaque) : {}),
  }
}

const replayedMembers = ['reasoning_details', 'reasoning_content']

/** The members that an endpoint may want back; what else a stored history claims is not sent. */
function pick(replayed: Record<string, unknown>): object {
  const present = replayedMembers.filter((key) => Object.hasOwn(replayed, key))
  return Object.fromEntries(present.map((key) => [key, replayed[key]]))
}

function encodeCall(call: ToolCallPart, id: string, isReplayed: boolean): object {
  return {
    id,
    type: 'function',
    function: { name: toHistoryName(call.tool), arguments: argumentsOf(call) },
    ...(call.opaque === undefined || !isReplayed ? {} : { extra_content: call.opaque }),
  }
}
