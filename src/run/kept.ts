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
 * repeat the arguments of their calls, and lose them likewise, as runs of agents do their task. Report and followers see no more
 * than the record, so that it stays the only truth.
 */
export function keepBy(policy: Policy | (() => Policy), registry: ToolRegistry): Keep {
  const inForce = typeof policy === 'function' ? policy : () => policy
  return (event) => {
    const { auditArguments } = inForce()
    return auditArguments === 'full' ? event : lessened(event, auditArguments, registry)
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
      // the task of an agent is an argument of the call that it works for
      const isTask = isHash && event.parent !== undefined
      const messages = event.messages.map((message): Message => {
        if (isTask && message.role === 'user') return { role: 'user', content: redacted }
        return withoutArguments(message, isHidden)
      })
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
