import { errorData, type ErrorData } from '../base/errors.ts'
import { isObject, isTexts, type JsonObject } from '../base/json.ts'
import { copyPlain } from '../base/plain.ts'
import type { Principal } from '../protocol/principal.ts'
import type { ApprovalDecided } from '../protocol/run-event.ts'
import { isName } from './identity/claims.ts'
import type { ApprovalAnswer, Approver } from './verdict.ts'

const actions = ['approve', 'edit', 'deny'] as const
const members = ['action', 'by', 'reason', 'remember', 'args']
const argumentBounds = { maxLength: 4 * 1024 * 1024, maxDepth: 64, exact: true }

/**
 * A checked copy of an answer, or why it is none. Answers come through code and forms of the
 * host, which no type checker has seen: what is not plainly a yes must not count as one.
 */
export function readAnswer(given: unknown): ApprovalAnswer | ErrorData {
  if (!isObject(given)) return invalid('an answer is an object with an `action`')
  const stranger = Object.keys(given).find((key) => !members.includes(key))
  if (stranger !== undefined) return invalid(`an answer has no \`${stranger}\``)
  const { action, by, reason, remember, args } = given
  const known = actions.find((name) => name === action)
  if (known === undefined) return invalid('the `action` is not `approve`, `edit` or `deny`')
  if (reason !== undefined && typeof reason !== 'string') return invalid('`reason` is not a text')
  if (remember !== undefined && typeof remember !== 'boolean') {
    return invalid('`remember` is not true or false')
  }
  if (by !== undefined && !isApprover(by))
    return invalid('`by` needs a `subject`, and texts as `roles`, `agent` and `tenant`')
  if (args !== undefined && known !== 'edit') return invalid('only an `edit` has `args`')
  const edited = known === 'edit' ? readArguments(args) : undefined
  if (typeof edited === 'string') return invalid(edited)
  return {
    action: known,
    ...(by === undefined ? {} : { by: copyApprover(by) }),
    ...(reason === undefined ? {} : { reason: reason.toWellFormed() }),
    ...(remember === undefined ? {} : { remember }),
    ...(edited === undefined ? {} : { args: edited }),
  }
}

/**
 * The answer as it is now: what the host makes of its object later neither counts nor is recorded.
 * One that cannot be read stays what it is, for the gate to say why.
 */
export function ownAnswer(given: ApprovalAnswer): ApprovalAnswer {
  const read = readAnswer(given)
  return 'code' in read ? given : read
}

/** Read once: what is compared with the request is what will be judged. */
function readArguments(args: unknown): JsonObject | string {
  if (!isObject(args)) return 'an edit needs the complete `args`'
  const copy = copyPlain(args, argumentBounds)
  return copy.ok ? (copy.value as JsonObject) : `the edited arguments are no JSON: ${copy.message}`
}

const named = ['agent', 'tenant'] as const

function isApprover(by: unknown): by is Approver {
  if (!isObject(by) || typeof by['subject'] !== 'string' || by['subject'] === '') return false
  const { roles } = by
  return (
    (roles === undefined || isTexts(roles)) &&
    named.every((name) => by[name] === undefined || isName(by[name]))
  )
}

function copyApprover({ agent, roles, subject, tenant }: Approver): Approver {
  return {
    subject,
    ...(roles === undefined ? {} : { roles: [...roles] }),
    ...(agent === undefined ? {} : { agent }),
    ...(tenant === undefined ? {} : { tenant }),
  }
}

/** A caller as somebody who answers. */
export function approverOf({ agent, roles, subject, tenant }: Principal): Approver {
  return copyApprover({
    subject,
    roles,
    ...(agent === undefined ? {} : { agent }),
    ...(tenant === undefined ? {} : { tenant }),
  })
}

/** Who answers, as records name them. */
export function recordedBy({
  agent,
  roles = [],
  subject,
}: Approver): NonNullable<ApprovalDecided['by']> {
  return { subject, roles, ...(agent === undefined ? {} : { agent }) }
}

function invalid(message: string): ErrorData {
  return errorData('approval-invalid', message)
}
