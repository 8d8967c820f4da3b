import type {
  AssistantMessage,
  FilePart,
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
import type { ResponsesDialect } from './options.ts'
import { customCalls, maxIdLength, replayed, textOf } from './replay.ts'

/** What writes histories as items; a text may hold several of them, or none. */
export function responsesHistory(dialect: ResponsesDialect): HistoryWriter {
  let custom: ReadonlySet<string> = new Set()
  let write = itemWriter(dialect, custom)
  return (messages) => {
    const found = customCalls(messages, dialect)
    // the form of a result hangs on its call: results were written for these calls, or for none
    if (found.size !== custom.size || [...found].some((id) => !custom.has(id))) {
      custom = found
      write = itemWriter(dialect, custom)
    }
    return write(messages)
  }
}

function itemWriter(dialect: ResponsesDialect, custom: ReadonlySet<string>): HistoryWriter {
  return historyWriter(
    (message, ids) =>
      encodeMessage(message, ids, dialect, custom)
        .map((item) => JSON.stringify(item))
        .join(','),
    dialect === 'openai' ? sendableUpTo(maxIdLength) : undefined,
  )
}

function encodeMessage(
  message: Message,
  ids: readonly string[],
  dialect: ResponsesDialect,
  custom: ReadonlySet<string>,
): readonly object[] {
  switch (message.role) {
    case 'system':
      return [{ role: 'system', content: message.content }]
    case 'user': {
      const { content } = message
      return [
        { role: 'user', content: typeof content === 'string' ? content : content.map(encodePart) },
      ]
    }
    case 'assistant':
      return replayed(message, ids, dialect) ?? encodeAssistant(message, ids)
    case 'tool': {
      const type = custom.has(message.callId) ? 'custom_tool_call_output' : 'function_call_output'
      return [{ type, call_id: ids[0], output: message.content }]
    }
  }
}

function encodePart(part: UserPart): object {
  switch (part.type) {
    case 'text':
      return { type: 'input_text', text: part.text }
    case 'image':
      pictureAt(part)
      return { type: 'input_image', image_url: part.url, detail: part.detail ?? 'auto' }
    case 'file':
      return encodeFile(part)
    default:
      throw unknownPart(part)
  }
}

function encodeFile(part: FilePart): object {
  const found = fileAt(part)
  if (typeof found === 'string') return { type: 'input_file', file_url: found }
  return { type: 'input_file', filename: part.name, file_data: base64Url(found, part.name) }
}

/**
 * An answer that did not come over this wire, or was changed since. Pictures are left out: only
 * those that carry an id of the provider can be sent as the model's own.
 */
function encodeAssistant(message: AssistantMessage, ids: readonly string[]): readonly object[] {
  const said = (['text', 'refusal'] as const)
    .map((type) => textOf(message, type))
    .filter((content) => content !== '')
    .map((content) => ({ role: 'assistant', content }))
  return [...said, ...callsOf(message).map((call, index) => encodeCall(call, ids[index]!))]
}

function encodeCall(call: ToolCallPart, id: string): object {
  return {
    type: 'function_call',
    call_id: id,
    name: toHistoryName(call.tool),
    arguments: argumentsOf(call),
  }
}
