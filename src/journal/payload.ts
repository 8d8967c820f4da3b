import { randomHex } from '../base/ids.ts'
import type { StructuralEvent } from '../protocol/run-event.ts'

/**
 * The JSON text of what is kept apart from the line of an event, so that it can be erased without
 * breaking the chain: what people, models and tools said, and a salt, without which a short text
 * could be guessed by its digest. Undefined when an event has none.
 */
export function payloadText(event: StructuralEvent): string | undefined {
  const value = payloadOf(event)
  return value === undefined ? undefined : JSON.stringify({ salt: randomHex(), value })
}

function payloadOf(event: StructuralEvent): object | undefined {
  switch (event.type) {
    case 'run-start':
      return { definitions: event.definitions, messages: event.messages }
    case 'turn-start': {
      const { said, sent, settings } = event
      const isPlain = said === undefined && sent === undefined && settings === undefined
      return isPlain ? undefined : { said, sent, settings }
    }
    case 'tool-call':
      return { args: event.args, rawArgs: event.rawArgs }
    case 'approval-request':
      return { args: event.args }
    case 'approval-decision':
      return { args: event.args, reason: event.reason }
    case 'execution-progress':
      return { value: event.value }
    case 'tool-result':
      return { content: event.content, error: event.error, result: event.result }
    case 'usage':
      return {
        finishReason: event.finishReason,
        foreignMessages: event.foreignMessages,
        message: event.message,
      }
    default:
      return undefined
  }
}
