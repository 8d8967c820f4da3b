import type { Clock } from '../base/clock.ts'
import { errorData, type ErrorData } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import { canonicalJson } from '../base/digest.ts'
import {
  deepFreeze,
  hasToken,
  pointerTokens,
  type JsonObject,
  type JsonValue,
} from '../base/json.ts'
import { redacted, redactPointers } from '../base/redact.ts'
import type { Policy } from '../policy/policy.ts'
import type { Approvers, Decision } from '../protocol/decision.ts'
import type {
  Answered,
  ApprovalAnswer,
  ApprovalRequest,
  Approver,
  ExaminedCall,
  JudgeContext,
} from './verdict.ts'

/** An approval that waits for answers. Bound to one run, call, argument digest and principal. */
export interface OpenApproval {
  readonly request: ApprovalRequest
  readonly examined: ExaminedCall
  readonly context: JudgeContext
  /** Who has said yes so far; an unnamed approver counts once. */
  readonly yes: readonly Approver[]
  /** On monotonic time, so that setting the clock back does not revive it. */
  readonly deadline: number
  /** The one it was asked under. */
  readonly policy: Pick<Policy, 'approvals'>
  /** As in `AskedBefore`. */
  readonly hasBegun?: boolean | undefined
}

/** What comes of an answer to a request that is not open. */
export const notOpen: Answered = {
  kind: 'invalid',
  error: errorData(
    'approval-unknown',
    'there is no open request with this id; each is answered once',
  ),
}

/** The subject of who does not say who it is. */
export const unnamed = ''

/** Opens the record a person answers. */
export function openApproval(
  examined: ExaminedCall,
  context: JudgeContext,
  decision: Decision,
  policy: Pick<Policy, 'approvals'>,
  clock: Clock,
): OpenApproval {
  const wall = clock.now()
  // where no time is known, the request has expired before anybody can answer
  const now = Number.isFinite(wall) ? wall : 0
  const { ttlMs } = policy.approvals
  const { call, tool, args, argsDigest } = examined
  const request: ApprovalRequest = {
    id: newId('apr', now),
    runId: context.runId,
    callId: call.callId,
    tool: call.tool,
    args: redactPointers(args, tool?.sensitive ?? []),
    argsDigest,
    askedBy: context.principal,
    rules: decision.rules,
    reasons: decision.reasons,
    approvers: approversOf(decision),
    expiresAt: new Date(now + ttlMs).toISOString(),
    editable: tool?.editable ?? [],
    approvedBy: [],
  }
  const deadline = clock.monotonic() + ttlMs
  return { request: deepFreeze(request), examined, context, yes: [], deadline, policy }
}

/**
 * Another request in place of one that was answered, with the time that is left: for the arguments
 * of an edit that more people have to agree to, or for the people whom a changed policy asks.
 */
export function reopen(
  open: OpenApproval,
  examined: ExaminedCall,
  decision: Decision,
  policy: Pick<Policy, 'approvals'>,
  clock: Clock,
): OpenApproval {
  const { context, deadline, request, yes } = open
  const opened = openApproval(examined, context, decision, policy, clock)
  const { approvedBy, expiresAt } = request
  return {
    ...opened,
    deadline,
    yes,
    request: deepFreeze({ ...opened.request, approvedBy, expiresAt }),
  }
}

/** By either clock, also one that fails: setting the wall clock back does not revive a request. */
export function isOverdue({ deadline, request }: OpenApproval, clock: Clock): boolean {
  const isInTime = clock.monotonic() <= deadline && clock.now() <= Date.parse(request.expiresAt)
  return !isInTime
}

/** What an earlier carrier of the run has asked, and who has said yes to it. */
export interface AskedBefore {
  readonly request: ApprovalRequest
  /** RFC 3339. */
  readonly askedAt: string
  readonly yes: readonly Approver[]
  /** The call has begun on these answers in time, and running it again does nothing more. */
  readonly hasBegun?: boolean
}

/**
 * The question of an earlier carrier, open again with the time that is left; or a new one where it
 * had decided to ask and did not come to it.
 */
export function revive(
  asked: AskedBefore | Decision,
  examined: ExaminedCall,
  context: JudgeContext,
  policy: Pick<Policy, 'approvals'>,
  clock: Clock,
): OpenApproval {
  if ('effect' in asked) return openApproval(examined, context, asked, policy, clock)
  const { askedAt, hasBegun, request, yes } = asked
  const end = Date.parse(request.expiresAt)
  // setting the wall clock back leaves no more time than there was at first
  const left = end - Math.max(clock.now(), Date.parse(askedAt))
  // a time that cannot be told has passed
  const deadline = clock.monotonic() + (Number.isFinite(left) ? left : -1)
  return { request: deepFreeze(request), examined, context, yes, deadline, policy, hasBegun }
}

/** Whether a yes is too old: it is no stock to draw on, unless the call has begun on it in time. */
export function isStale(approval: OpenApproval, clock: Clock): boolean {
  return approval.hasBegun !== true && isOverdue(approval, clock)
}

/**
 * What is decided now made as strict as what was asked: whoever was to agree still has to, also
 * when nobody has to any more.
 */
export function withAsked(decision: Decision, { request }: OpenApproval): Decision {
  if (decision.effect === 'deny') return decision
  const asked = request.approvers.map((approvers) => ({ kind: 'approval', approvers }) as const)
  const all = [...decision.obligations, ...asked]
  const distinct = new Map(all.map((obligation) => [canonicalJson(obligation), obligation]))
  return { ...decision, effect: 'ask', obligations: [...distinct.values()] }
}

/**
 * Whether the request no longer tells what people have to agree to: it does not name all of them,
 * or holds arguments from before an edit.
 */
export function needsOthers({ examined, request }: OpenApproval, decision: Decision): boolean {
  if (request.argsDigest !== examined.argsDigest) return true
  const asked = new Set(request.approvers.map((approvers) => canonicalJson(approvers)))
  return approversOf(decision).some((approvers) => !asked.has(canonicalJson(approvers)))
}

/** Adds a yes; the request shows who has answered. */
export function withYes(open: OpenApproval, by: Approver | undefined): OpenApproval {
  const yes = [...open.yes, by ?? { subject: unnamed }]
  const approvedBy = yes.map((approver) => approver.subject)
  return { ...open, yes, request: deepFreeze({ ...open.request, approvedBy }) }
}

/** As if nobody had answered yet. */
export function withoutYes(open: OpenApproval): OpenApproval {
  return { ...open, yes: [], request: deepFreeze({ ...open.request, approvedBy: [] }) }
}

/**
 * The answer with the values the approver was not shown: where an edit holds `[redacted]` at a
 * sensitive pointer, it means what was asked. Refused where nothing was hidden at that place.
 */
export function restoreHidden(
  { examined }: OpenApproval,
  answer: ApprovalAnswer,
): ApprovalAnswer | ErrorData {
  if (answer.args === undefined) return answer
  let args: JsonValue | undefined = answer.args
  for (const pointer of examined.tool?.sensitive ?? []) {
    args = restorePath(args, examined.args, pointerTokens(pointer) ?? [], 0)
    if (args === undefined) {
      return errorData('approval-invalid', `nothing was hidden where the edit holds ${redacted}`)
    }
  }
  return { ...answer, args: args as JsonObject }
}

/** Undefined when there is no asked value to put back. */
function restorePath(
  edited: JsonValue,
  asked: JsonValue | undefined,
  path: readonly string[],
  at: number,
): JsonValue | undefined {
  if (at === path.length) return edited === redacted ? asked : edited
  if (typeof edited !== 'object' || edited === null) return edited
  const token = path[at]!
  const keys = token === '*' ? Object.keys(edited) : hasToken(edited, token) ? [token] : []
  const copy = (Array.isArray(edited) ? [...edited] : { ...edited }) as Record<string, JsonValue>
  for (const key of keys) {
    const member = restorePath(copy[key]!, memberOf(asked, edited, key), path, at + 1)
    if (member === undefined) return undefined
    copy[key] = member
  }
  return copy as JsonValue
}

/** None in lists of different lengths, whose items may have moved. */
function memberOf(
  asked: JsonValue | undefined,
  edited: object,
  key: string,
): JsonValue | undefined {
  if (typeof asked !== 'object' || asked === null || !hasToken(asked, key)) return undefined
  const isList = Array.isArray(asked)
  if (isList !== Array.isArray(edited)) return undefined
  if (isList && asked.length !== (edited as readonly unknown[]).length) return undefined
  return (asked as JsonObject)[key]
}

/** True when the people who said yes satisfy every approval the decision asks for. */
export function isSatisfied(
  decision: Decision,
  yes: readonly Approver[],
  rolesOf: (approver: Approver) => ReadonlySet<string>,
): boolean {
  return approversOf(decision).every((needed) => {
    const counted = yes.filter(
      (approver) =>
        needed.roles === undefined || needed.roles.some((role) => rolesOf(approver).has(role)),
    )
    return counted.length >= needed.count
  })
}

/** The approvals a decision asks for; one by anybody when it does not say more. */
function approversOf(decision: Decision): readonly Approvers[] {
  const approvers = decision.obligations
    .filter((obligation) => obligation.kind === 'approval')
    .map((obligation) => obligation.approvers)
  return approvers.length > 0 ? approvers : [{ count: 1 }]
}
