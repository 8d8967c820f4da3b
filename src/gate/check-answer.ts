import { canonicalJson } from '../base/digest.ts'
import { errorData, type ErrorData } from '../base/errors.ts'
import type { JsonObject, JsonValue } from '../base/json.ts'
import { redactPointers } from '../base/redact.ts'
import type { Policy } from '../policy/policy.ts'
import { unnamed, type OpenApproval } from './approval.ts'
import type { ApprovalAnswer, ApprovalRequest, Approver } from './verdict.ts'

type ApprovalRules = Pick<Policy['approvals'], 'selfApproval'>

/** What of a request tells who may answer it. */
type Answerable = Pick<ApprovalRequest, 'approvers' | 'approvedBy' | 'askedBy'>

/** Why an answer does not count; undefined when it does. */
export function checkAnswer(
  { context, examined, request, yes }: OpenApproval,
  answer: ApprovalAnswer,
  rules: ApprovalRules,
  rolesOf: (approver: Approver) => ReadonlySet<string>,
): ErrorData | undefined {
  const approvedBy = yes.map(({ subject }) => subject)
  const asked = { ...request, approvedBy, askedBy: context.principal }
  const problem = checkAnswerer(asked, answer, rules, rolesOf)
  if (problem !== undefined || answer.action !== 'edit') return problem
  return checkEdit(request, examined.args, answer.args)
}

/**
 * Why an answer does not count whatever it would change; undefined when it does. A no counts from
 * anybody entitled, also from who has said yes before.
 */
export function checkAnswerer(
  { approvedBy, approvers, askedBy }: Answerable,
  { action, by, remember }: ApprovalAnswer,
  rules: ApprovalRules,
  rolesOf: (approver: Approver) => ReadonlySet<string>,
): ErrorData | undefined {
  if (by !== undefined && !rules.selfApproval && by.subject === askedBy?.subject) {
    const message = `\`${by.subject}\` asked for this call and cannot answer for it`
    return errorData('approval-own', message)
  }
  if (action !== 'deny' && approvedBy.includes(by?.subject ?? unnamed)) {
    return invalid('the same person has answered before')
  }
  const roles = by === undefined ? new Set<string>() : rolesOf(by)
  const entitled = approvers.some(
    (needed) =>
      needed.roles?.some((role) => roles.has(role)) ??
      // somebody without a name cannot be told apart from a second one
      (by !== undefined || needed.count === 1),
  )
  if (!entitled) {
    return errorData('approval-not-entitled', 'the answer is not from a person who is asked')
  }
  const mayRemember = approvers.every((needed) => needed.remember === true)
  if (remember === true && action !== 'deny' && !mayRemember) {
    return invalid('not every rule that asks lets a yes be remembered')
  }
  return undefined
}

/** An edit may differ from what was asked only at the pointers the tool declares editable. */
export function checkEdit(
  { editable }: Pick<ApprovalRequest, 'editable'>,
  asked: JsonValue | null,
  edited: JsonObject | undefined,
): ErrorData | undefined {
  if (edited === undefined) return invalid('an edit needs the complete `args`')
  if (editable.length === 0) {
    return errorData('approval-edit', 'no argument of this tool may be edited')
  }
  const same =
    canonicalJson(redactPointers(asked, editable)) ===
    canonicalJson(redactPointers(edited, editable))
  return same ? undefined : errorData('approval-edit', `only ${editable.join(', ')} may be edited`)
}

function invalid(message: string): ErrorData {
  return errorData('approval-invalid', message)
}
