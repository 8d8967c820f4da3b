import { redactArguments, redacted } from '../base/redact.ts'
import type { Message } from '../protocol/message.ts'
import type { StructuralEvent } from '../protocol/run-event.ts'

/**
 * An event as whoever follows a run sees it: without what a tool calls sensitive. The journal keeps
 * the event itself, from which a run can go on.
 */
export function shown(event: StructuralEvent): StructuralEvent {
  switch (event.type) {
    case 'tool-call': {
      if (event.sensitive === undefined) return event
      const args = redactArguments(event.args, event.sensitive)
      return { ...event, args, rawArgs: JSON.stringify(args) }
    }
    case 'approval-decision': {
      if (event.sensitive === undefined || event.args === undefined) return event
      return { ...event, args: redactArguments(event.args, event.sensitive) }
    }
    case 'run-start':
      return event.messages.some(hasCalls)
        ? { ...event, messages: event.messages.map(withoutArguments) }
        : event
    case 'usage':
      return event.message !== null && hasCalls(event.message)
        ? { ...event, message: withoutArguments(event.message) }
        : event
    default:
      return event
  }
}

function hasCalls(message: Message): boolean {
  return message.role === 'assistant' && message.content.some((part) => part.type === 'tool-call')
}

/** What is sensitive about arguments only their tool knows; they stand redacted in `tool-call`. */
function withoutArguments<Said extends Message>(message: Said): Said {
  if (message.role !== 'assistant') return message
  const content = message.content.map((part) =>
    part.type === 'tool-call' ? { ...part, arguments: redacted } : part,
  )
  return { ...message, content }
}
