import { canonicalJson } from '../base/digest.ts'
import { errorData, type ErrorData } from '../base/errors.ts'
import type { JsonObject, JsonValue } from '../base/json.ts'
import { redactPointers } from '../base/redact.ts'
import { shorten } from '../base/text.ts'
import type { Policy } from '../policy/policy.ts'
import type { Principal } from '../protocol/principal.ts'
import { unnamed, type OpenApproval } from './approval.ts'
import type { ApprovalAnswer, ApprovalRequest, Approver } from './verdict.ts'

type ApprovalRules = Pick<Policy['approvals'], 'selfApproval'>

/** What of a request tells who may answer it. */
export interface Answerable extends Pick<ApprovalRequest, 'approvers' | 'askedBy'> {
  /** Who has said yes. */
  readonly yes: readonly Approver[]
}

/** Why an answer does not count; undefined when it does. */
export function checkAnswer(
  { context, examined, request, yes }: OpenApproval,
  answer: ApprovalAnswer,
  rules: ApprovalRules,
  rolesOf: (approver: Approver) => ReadonlySet<string>,
): ErrorData | undefined {
  const asked = { approvers: request.approvers, askedBy: context.principal, yes }
  const problem = checkAnswerer(asked, answer, rules, rolesOf)
  if (problem !== undefined || answer.action !== 'edit') return problem
  return checkEdit(request, examined.args, answer.args)
}

/**
 * Why an answer does not count whatever it would change; undefined when it does. A no counts from
 * anybody entitled, also from who has said yes before.
 */
export function checkAnswerer(
  { approvers, askedBy, yes }: Answerable,
  { action, by, remember }: ApprovalAnswer,
  rules: ApprovalRules,
  rolesOf: (approver: Approver) => ReadonlySet<string>,
): ErrorData | undefined {
  const own = rules.selfApproval ? undefined : ownName(by, askedBy)
  if (own !== undefined) {
    return errorData('approval-own', `\`${own}\` asked for this call and cannot answer for it`)
  }
  if (action !== 'deny' && yes.some((earlier) => isSamePerson(earlier, by))) {
    return invalid('the same person has answered before')
  }
  const roles = by === undefined ? new Set<string>() : rolesOf(by)
  const entitled = approvers.some(
    (needed) =>
      needed.roles?.some((role) => roles.has(role)) ??
      // somebody without a name cannot be told apart from a second one
      (by !== undefined || needed.count === 1),
  )
  if (!entitled) return errorData('approval-not-entitled', notAsked(by, approvers))
  if (isOfOtherTenant(by, askedBy)) {
    const message = `${nameOf(by)} belongs to another tenant than the caller`
    return errorData('approval-not-entitled', message)
  }
  const mayRemember = approvers.every((needed) => needed.remember === true)
  if (remember === true && action !== 'deny' && !mayRemember) {
    return invalid('not every rule that asks lets a yes be remembered')
  }
  return undefined
}

/** Which of the people who are asked the answer is not from. */
function notAsked(by: Approver | undefined, approvers: Answerable['approvers']): string {
  const roles = [...new Set(approvers.flatMap((needed) => needed.roles ?? []))]
  if (roles.length === 0) return 'the answer names nobody in `by`, and more than one has to agree'
  const shown = roles.map((role) => `\`${role}\``).join(', ')
  return by === undefined
    ? `the answer names nobody in \`by\`, and somebody in the role ${shown} is asked`
    : `${nameOf(by)} is not in the role ${shown}, which is asked`
}

function nameOf(by: Approver | undefined): string {
  return `\`${shorten(by?.subject ?? unnamed, 128)}\``
}

/** By which name the caller, or who acts for it, answers; also through somebody else's rights. */
function ownName(by: Approver | undefined, askedBy: Principal | null): string | undefined {
  if (by === undefined || askedBy === null) return undefined
  const { actors = [], agent, subject } = askedBy
  const asking = new Set([subject, ...(agent === undefined ? [] : [agent]), ...actors])
  return [by.subject, by.agent].find((name) => name !== undefined && asking.has(name))
}

/** Also where one of them has answered in the name of another: an agent of both may tell for each. */
function isSamePerson(earlier: Approver, by: Approver | undefined): boolean {
  const { agent, subject = unnamed } = by ?? {}
  return [earlier.subject, earlier.agent].includes(subject) || earlier.subject === agent
}

function isOfOtherTenant(by: Approver | undefined, askedBy: Principal | null): boolean {
  const tenant = by?.tenant
  return tenant !== undefined && askedBy?.tenant !== undefined && tenant !== askedBy.tenant
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
