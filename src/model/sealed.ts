import type { ModelEvent } from '../protocol/event.ts'
import type { AssistantMessage, Message } from '../protocol/message.ts'
import { beginsWith } from '../wire/history.ts'

/** Messages without what others have sealed, each made once: wires write the same message once. */
const bare = new WeakMap<AssistantMessage, AssistantMessage>()

/**
 * Gives the messages as a provider may see them. What another one wants back opaque is left out: it
 * may be sealed reasoning, which is that provider's alone, and what it says of its own tools and
 * containers is not to be taken for ours. What nobody has put a name to is left out too.
 *
 * A history that grows at its end is looked at once: what was seen before is known by its identity.
 */
export function foreignFilter(
  provider: string,
): (messages: readonly Message[]) => readonly Message[] {
  /** By their first message, those that were seen last and hold nothing foreign. */
  const own = new WeakMap<Message, readonly Message[]>()
  const isForeign = (message: Message): message is AssistantMessage =>
    message.role === 'assistant' && message.provider !== provider && isSealed(message)
  return (messages) => {
    const [first] = messages
    if (first === undefined) return messages
    const seen = own.get(first) ?? []
    const from = beginsWith(messages, seen) ? seen.length : 0
    for (let at = from; at < messages.length; at++) {
      if (!isForeign(messages[at]!)) continue
      return messages.map((message) => (isForeign(message) ? bareOf(message) : message))
    }
    own.set(first, [...messages])
    return messages
  }
}

function isSealed({ opaque, content }: AssistantMessage): boolean {
  if (opaque !== undefined) return true
  return content.some((part) => part.type === 'tool-call' && part.opaque !== undefined)
}

function bareOf(message: AssistantMessage): AssistantMessage {
  const known = bare.get(message)
  if (known !== undefined) return known
  const made: AssistantMessage = {
    role: 'assistant',
    content: message.content.map((part) => {
      if (part.type !== 'tool-call') return part
      const { opaque: _opaque, ...rest } = part
      return rest
    }),
  }
  bare.set(message, made)
  return made
}

/** The events, their end with the name of the provider where it wants something back opaque. */
export function named(
  events: readonly ModelEvent[],
  provider: string,
  hasSealedCalls: boolean,
): readonly ModelEvent[] {
  const last = events.at(-1)
  if (last?.type !== 'end' || (last.opaque === undefined && !hasSealedCalls)) return events
  return [...events.slice(0, -1), { ...last, provider }]
}
