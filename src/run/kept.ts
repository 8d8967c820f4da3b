import { isObject } from '../base/json.ts'
import { redacted } from '../base/redact.ts'
import { hidesArguments } from '../gate/examine.ts'
import type { AuditArguments } from '../policy/document.ts'
import type { Policy } from '../policy/policy.ts'
import type { Message } from '../protocol/message.ts'
import type { StructuralEvent } from '../protocol/run-event.ts'
import type { ToolRegistry } from '../tools/registry.ts'
import { answerWithout, sentWithout, shown, withoutArguments } from './shown.ts'

/** Makes of an event what its record keeps. */
export type Keep = (event: StructuralEvent) => StructuralEvent

/** Everything in the record, as it was: the pointer to the whole of the arguments. */
const everything = ['']

/**
 * What `audit.args` of the policy in force leaves of arguments in records: `full` all of them,
 * `redacted` what no tool calls sensitive, `hash` nothing but their digests. Responses of models
 * repeat the arguments of their calls, and lose them likewise, as runs of agents do their task.
 * Report and followers see no more than the record, so that it stays the only truth.
 */
export function keepBy(policy: () => Policy, registry: ToolRegistry): Keep {
  let isAgent = false
  return (event) => {
    if (event.type === 'run-start') isAgent = event.parent !== undefined
    const { auditArguments } = policy()
    if (auditArguments === 'full') return event
    const kept = lessened(event, auditArguments, registry)
    return isAgent && auditArguments === 'hash' ? withoutTask(kept) : kept
  }
}

/** What is kept of one message by the same measure. */
export function keepMessageBy(
  policy: () => Policy,
  registry: ToolRegistry,
): (message: Message) => Message {
  return (message) => {
    const { auditArguments } = policy()
    if (auditArguments === 'full') return message
    return withoutArguments(message, hiddenBy(auditArguments, registry))
  }
}

type Lessened = Exclude<AuditArguments, 'full'>

function hiddenBy(level: Lessened, registry: ToolRegistry): (tool: string) => boolean {
  return (tool) => level === 'hash' || hidesArguments(tool, registry)
}

function lessened(
  event: StructuralEvent,
  level: Lessened,
  registry: ToolRegistry,
): StructuralEvent {
  const isHash = level === 'hash'
  const isHidden = hiddenBy(level, registry)
  switch (event.type) {
    case 'tool-call':
      return shown(isHash ? { ...event, sensitive: everything } : event)
    case 'approval-request':
      return isHash ? { ...event, args: redacted } : event
    case 'approval-decision':
      return shown(isHash && event.args !== undefined ? { ...event, sensitive: everything } : event)
    case 'run-start': {
      const messages = event.messages.map((message) => withoutArguments(message, isHidden))
      return { ...event, messages }
    }
    case 'turn-start': {
      const { sent } = event
      if (sent === undefined) return event
      return { ...event, sent: sent.map((item) => sentWithout(item, isHidden)) }
    }
    case 'usage':
      return answerWithout(event, isHidden)
    default:
      return event
  }
}

/**
 * The task of an agent is an argument of the call that it works for, also where whoever prepares its
 * turns or wraps its model has made something else of it.
 */
function withoutTask(event: StructuralEvent): StructuralEvent {
  switch (event.type) {
    case 'run-start': {
      const hide = (message: Message): Message => (message.role === 'user' ? hidden : message)
      return { ...event, messages: event.messages.map(hide) }
    }
    case 'turn-start':
      return event.sent === undefined ? event : { ...event, sent: event.sent.map(withoutText) }
    case 'usage': {
      const { foreignMessages } = event
      if (foreignMessages === undefined) return event
      return { ...event, foreignMessages: foreignMessages.map(withoutText) }
    }
    default:
      return event
  }
}

const hidden = { role: 'user', content: redacted } as const

/** Instructions may have been made of the task as well. */
function withoutText<Item>(item: Item | Message): Item | Message {
  if (!isObject(item)) return item
  if (item['role'] === 'user') return hidden
  return item['role'] === 'system' ? { role: 'system', content: redacted } : item
}
