import type { Clock } from '../base/clock.ts'
import type { ErrorCode } from '../base/codes.ts'
import { errorData, messageOf } from '../base/errors.ts'
import type { JsonBounds, JsonObject } from '../base/json.ts'
import { firmSteps } from '../policy/layers.ts'
import type { Policy } from '../policy/policy.ts'
import type { CallStatus, ToolCall } from '../protocol/call.ts'
import type { Decision } from '../protocol/decision.ts'
import type { Message } from '../protocol/message.ts'
import { mintPermit } from '../tools/permit.ts'
import type { ToolRegistry } from '../tools/registry.ts'
import { readAnswer } from './answer.ts'
import {
  checkAnswer,
  isOverdue,
  isSatisfied,
  needsOthers,
  openApproval,
  reopen,
  restoreHidden,
  revive,
  withAsked,
  withYes,
  type ApprovalRules,
  type AskedBefore,
  type OpenApproval,
} from './approval.ts'
import { examineSafely } from './examine.ts'
import { Judgement, type LimitUse, type PastJudgement } from './judgement.ts'
import type { Surroundings } from './layer.ts'
import { PermitTerms } from './terms.ts'
import type {
  Answered,
  ApprovalAnswer,
  ApprovalRequest,
  Approver,
  ExaminedCall,
  JudgeContext,
  Settlement,
  Verdict,
} from './verdict.ts'

export interface GateOptions extends Surroundings {
  /** One policy, or what tells the one in force: each judgement is by that of its moment. */
  readonly policy: Policy | (() => Policy)
  readonly registry: ToolRegistry
  readonly clock: Clock
  /** Bounds of argument texts. */
  readonly arguments?: JsonBounds
  /** The host accepts that a policy in shadow mode does not block. Default false. */
  readonly allowShadow?: boolean
}

/**
 * The enforcement point: the only place that makes permits. A call passes `examine` (find the
 * tool, parse, validate) and then `judge` (policy, limits, approval), which ends in a permit, a
 * refusal or a question to a person. Whatever goes wrong inside ends in a refusal.
 */
export interface Gate {
  /** What a session has heard before the first call of a run. */
  begin(context: JudgeContext, messages: readonly Message[]): void
  /** Async only for tools whose schema library validates asynchronously. */
  examine(call: ToolCall): ExaminedCall | Promise<ExaminedCall>
  judge(examined: ExaminedCall, context: JudgeContext): Verdict
  /** Judges a call again of which people were asked, or were to be; the stricter outcome wins. */
  rejudge(examined: ExaminedCall, context: JudgeContext, asked: AskedBefore | Decision): Verdict
  /** Weighs an answer and judges the call again; the stricter outcome wins. */
  answer(approvalId: string, answer: ApprovalAnswer): Promise<Answered>
  /** Nobody has answered in time. */
  expire(approvalId: string): Answered
  /** The call will not run after all: what it took is free again, and nobody is asked any more. */
  release(callId: string): void
  /** A permitted call has run: what it took and what came out count from now on. */
  settle(examined: ExaminedCall, context: JudgeContext, outcome: Settlement): void
  /** A call that was never judged has run: it counts like one that was permitted. */
  witness(examined: ExaminedCall, context: JudgeContext, outcome: Settlement): void
  /** What an earlier carrier of the run has done counts as if it were done now. */
  recall(examined: ExaminedCall, context: JudgeContext, past: PastJudgement): void
  /** How far the limits are used up that a call of this tool is held against. */
  limitsOf(tool: string, context: JudgeContext): readonly LimitUse[]
  /** What a model response has cost in US dollars; undefined when nobody says. */
  spent(dollars: number | undefined, context: JudgeContext, turn: number): void
  /** The run is over: what was kept for it alone is dropped. */
  forget(context: JudgeContext): void
}

type Weighed =
  | Exclude<Verdict, { kind: 'pending' }>
  | { readonly kind: 'ask'; readonly decision: Decision }

const notOpen: Answered = {
  kind: 'invalid',
  error: errorData(
    'approval-invalid',
    'there is no open request with this id; each is answered once',
  ),
}

export function createGate(options: GateOptions): Gate {
  const { registry, clock } = options
  const judgement = new Judgement(options.policy, clock, {
    schemaOf: (tool) => registry.get(tool)?.output,
    inputOf: (tool) => registry.get(tool)?.input,
    ...options,
  })
  const terms = new PermitTerms(options.secrets)
  const open = new Map<string, OpenApproval>()

  const rolesOf = (approver: Approver): ReadonlySet<string> =>
    judgement.policy.effective({ roles: approver.roles ?? [], scopes: [] }).roles

  function judge(examined: ExaminedCall, context: JudgeContext): Verdict {
    const weighed = weigh(examined, context)
    if (weighed.kind !== 'ask') return weighed
    const { approvals } = judgement.policy
    if (isPendingFull(context.runId, approvals)) return refusePending(examined, context, approvals)
    const approval = openApproval(examined, context, weighed.decision, judgement.policy, clock)
    open.set(approval.request.id, approval)
    return { kind: 'pending', decision: weighed.decision, request: approval.request }
  }

  const rejudge: Gate['rejudge'] = (examined, context, asked) => {
    const revived = revive(asked, examined, context, judgement.policy, clock)
    const weighed = weigh(examined, context, revived)
    if (weighed.kind !== 'ask') return weighed
    const { decision } = weighed
    const request = wait(revived, examined, decision, needsOthers(revived, decision))
    return { kind: 'pending', decision, request }
  }

  /** Leaves a question open, as another one where what was asked has changed. */
  function wait(
    approval: OpenApproval,
    examined: ExaminedCall,
    decision: Decision,
    isAnother: boolean,
  ): ApprovalRequest {
    const waiting = isAnother
      ? reopen(approval, examined, decision, judgement.policy, clock)
      : approval
    open.set(waiting.request.id, waiting)
    return waiting.request
  }

  function isPendingFull(runId: string, { maxPending = Infinity }: ApprovalRules): boolean {
    let pending = 0
    for (const { context } of open.values()) if (context.runId === runId) pending++
    return pending >= maxPending
  }

  function refusePending(
    examined: ExaminedCall,
    context: JudgeContext,
    { maxPending }: ApprovalRules,
  ): Verdict {
    const message = `${maxPending} calls of this run wait for a person already`
    const decision = judgement.denial('approval_limit', message)
    return refuse(examined, context, decision, 'error-security', 'limit-reached')
  }

  /** The pipeline after `examine`; with an open request, given the people who have said yes. */
  function weigh(examined: ExaminedCall, context: JudgeContext, asked?: OpenApproval): Weighed {
    try {
      if (examined.defect !== undefined) return refuseDefect(examined, context)
      const decided = judgement.decide(examined, context, asked !== undefined)
      const decision = asked === undefined ? decided : withAsked(decided, asked)
      const shadow = judgement.policy.mode === 'shadow' && options.allowShadow === true
      const strange = decision.obligations.find(({ kind }) => kind !== 'approval')
      if (strange !== undefined) throw new Error(`unknown obligation \`${strange.kind}\``)
      if (decision.effect === 'allow') return permit(decision, examined, context)
      if (shadow && !firmSteps.has(decision.rule)) {
        return permit({ ...decision, shadow }, examined, context)
      }
      if (decision.effect === 'deny')
        return refuse(examined, context, decision, 'error-security', 'denied')
      if (!isSatisfied(decision, asked?.yes ?? [], rolesOf)) return { kind: 'ask', decision }
      judgement.approved(examined, context)
      return permit(decision, examined, context)
    } catch (error) {
      const decision = judgement.denial('gate_error', `the gate failed: ${messageOf(error)}`)
      return refuse(examined, context, decision, 'error-security', 'denied')
    }
  }

  function permit(decision: Decision, examined: ExaminedCall, context: JudgeContext): Weighed {
    const { call, tool, args } = examined
    const { principal } = context
    judgement.permitted(examined, context)
    const grant = { call, tool: tool!, args: args as JsonObject, principal }
    const minted = mintPermit({ ...grant, ...terms.of(judgement.policy, call.tool) })
    return { kind: 'permit', decision, permit: minted }
  }

  function refuseDefect(examined: ExaminedCall, context: JudgeContext): Weighed {
    const { status, step, error } = examined.defect!
    const decision = judgement.denial(step, error.message)
    judgement.refused(examined, context, decision)
    return { kind: 'refusal', decision, status, error }
  }

  function refuse(
    examined: ExaminedCall,
    context: JudgeContext,
    decision: Decision,
    status: CallStatus,
    code: ErrorCode,
  ): Extract<Verdict, { kind: 'refusal' }> {
    judgement.refused(examined, context, decision)
    const message = decision.reasons[0] ?? `refused by \`${decision.rule}\``
    return { kind: 'refusal', decision, status, error: errorData(code, message) }
  }

  async function answer(approvalId: string, given: ApprovalAnswer): Promise<Answered> {
    const approval = open.get(approvalId)
    if (approval === undefined) return notOpen
    if (isOverdue(approval, clock)) return expire(approvalId)
    const sent = readAnswer(given)
    const read = 'code' in sent ? sent : restoreHidden(approval, sent)
    if ('code' in read) return { kind: 'invalid', error: read }
    const problem = checkAnswer(approval, read, judgement.policy.approvals, rolesOf)
    if (problem !== undefined) return { kind: 'invalid', error: problem }
    if (read.action !== 'deny') return approve(approvalId, approval, read)
    const { examined, context } = approval
    open.delete(approvalId)
    const message = read.reason ?? 'a person refused this call'
    const decision = judgement.denial('approval_denied', message)
    const verdict = refuse(examined, context, decision, 'denied-by-human', 'approval-denied')
    return { kind: 'settled', verdict, examined }
  }

  function expire(approvalId: string): Answered {
    const approval = open.get(approvalId)
    if (approval === undefined) return notOpen
    open.delete(approvalId)
    const { examined, context } = approval
    const decision = judgement.denial('approval_expired', 'nobody answered in time')
    const verdict = refuse(examined, context, decision, 'approval-expired', 'approval-expired')
    return { kind: 'settled', verdict, examined }
  }

  async function approve(
    approvalId: string,
    approval: OpenApproval,
    given: ApprovalAnswer,
  ): Promise<Answered> {
    // closed while an edit is examined, so that no second answer can use it meanwhile
    open.delete(approvalId)
    const examined =
      given.action === 'edit'
        ? await examineCall({ ...approval.examined.call, rawArgs: JSON.stringify(given.args) })
        : approval.examined
    if (examined.defect !== undefined) {
      open.set(approvalId, approval)
      return { kind: 'invalid', error: examined.defect.error }
    }
    // who said yes before an edit has not seen what it changes
    const before = given.action === 'edit' ? { ...approval, yes: [] } : approval
    const supported = withYes(before, given.by)
    // other arguments and another policy take something else of the limits than was reserved
    if (given.action === 'edit' || approval.policy !== judgement.policy) {
      judgement.release(examined.call.callId)
    }
    const weighed = weigh(examined, approval.context, supported)
    if (weighed.kind !== 'ask') return { kind: 'settled', verdict: weighed, examined }
    const { decision } = weighed
    const isAnother = given.action === 'edit' || needsOthers(supported, decision)
    return { kind: 'waiting', request: wait(supported, examined, decision, isAnother), examined }
  }

  function examineCall(call: ToolCall): ExaminedCall | Promise<ExaminedCall> {
    return examineSafely(call, registry, options.arguments)
  }

  return {
    begin: (context, messages) => judgement.begin(context, messages),
    examine: examineCall,
    judge,
    rejudge,
    answer,
    expire,
    release(callId) {
      for (const [id, { examined }] of open) if (examined.call.callId === callId) open.delete(id)
      judgement.release(callId)
    },
    witness: (examined, context, outcome) => judgement.witnessed(examined, context, outcome),
    settle: (examined, context, outcome) => judgement.settled(examined, context, outcome),
    recall: (examined, context, past) => judgement.recall(examined, context, past),
    limitsOf: (tool, context) => judgement.limitsOf(tool, context),
    spent: (dollars, context, turn) => judgement.spent(dollars, context, turn),
    forget(context) {
      for (const [id, { context: asked, examined }] of open) {
        if (asked.runId !== context.runId) continue
        open.delete(id)
        judgement.release(examined.call.callId)
      }
      judgement.forget(context)
    },
  }
}
