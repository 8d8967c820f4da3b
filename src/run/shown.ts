import { redactArguments, redacted } from '../base/redact.ts'
import type { AssistantMessage, Message } from '../protocol/message.ts'
import type { StructuralEvent, UsageReported } from '../protocol/run-event.ts'

/**
 * An event as whoever follows a run sees it: without what a tool calls sensitive. The journal keeps
 * the event itself, from which a run can go on.
 */
export function shown(event: StructuralEvent): StructuralEvent {
  switch (event.type) {
    case 'tool-call': {
      if (event.sensitive === undefined) return event
      const args = redactArguments(event.args, event.sensitive)
      // null stands for a text that could not be read, and is not what the model sent
      return { ...event, args, rawArgs: JSON.stringify(args ?? redacted) }
    }
    case 'approval-decision': {
      if (event.sensitive === undefined || event.args === undefined) return event
      return { ...event, args: redactArguments(event.args, event.sensitive) }
    }
    case 'run-start':
      return event.messages.some(hasCalls)
        ? { ...event, messages: event.messages.map((message) => withoutArguments(message)) }
        : event
    case 'turn-start':
      return event.sent?.some((item) => typeof item !== 'number' && hasCalls(item)) === true
        ? { ...event, sent: event.sent.map((item) => sentWithout(item)) }
        : event
    case 'usage':
      return answerWithout(event)
    default:
      return event
  }
}

/** A response without the arguments of calls, also in what wrappers have put into its request. */
export function answerWithout(event: UsageReported, isHidden?: IsHidden): UsageReported {
  const { foreignMessages = [], message } = event
  if (![...foreignMessages, ...(message === null ? [] : [message])].some(hasCalls)) return event
  const foreign = foreignMessages.map((each) => withoutArguments(each, isHidden))
  return {
    ...event,
    ...(foreign.length === 0 ? {} : { foreignMessages: foreign }),
    message: message && withoutArguments(message, isHidden),
  }
}

function hasCalls(message: Message): boolean {
  return message.role === 'assistant' && message.content.some((part) => part.type === 'tool-call')
}

/** What was sent in place of the conversation, without the arguments of calls. */
export function sentWithout(item: number | Message, isHidden?: IsHidden): number | Message {
  return typeof item === 'number' ? item : withoutArguments(item, isHidden)
}

type IsHidden = (tool: string) => boolean

/**
 * A message without the arguments of calls of some tools, by default of all: what is sensitive about
 * arguments only their tool knows, and they stand redacted in `tool-call`. What the provider wants
 * back may repeat them in a form of its own, and goes with them.
 */
export function withoutArguments(message: AssistantMessage, isHidden?: IsHidden): AssistantMessage
export function withoutArguments(message: Message, isHidden?: IsHidden): Message
export function withoutArguments(message: Message, isHidden: IsHidden = () => true): Message {
  if (message.role !== 'assistant') return message
  let hidden = 0
  const content = message.content.map((part) => {
    if (part.type !== 'tool-call' || !isHidden(part.tool)) return part
    hidden++
    const { opaque: _opaque, ...rest } = part
    return { ...rest, arguments: redacted }
  })
  if (hidden === 0) return message
  const { opaque: _opaque, ...rest } = message
  return { ...rest, content }
}
