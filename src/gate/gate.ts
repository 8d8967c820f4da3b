import type { JsonObject } from '../base/json.ts'
import { whenKnown } from '../base/when-known.ts'
import type { ToolCall } from '../protocol/call.ts'
import type { Decision } from '../protocol/decision.ts'
import type { Message } from '../protocol/message.ts'
import { mintPermit, type Permit } from '../tools/permit.ts'
import type { ToolView } from '../tools/registry.ts'
import { readAnswer } from './answer.ts'
import {
  isOverdue,
  isSatisfied,
  isStale,
  needsOthers,
  notOpen,
  openApproval,
  reopen,
  restoreHidden,
  revive,
  withoutYes,
  withYes,
  type AskedBefore,
  type OpenApproval,
} from './approval.ts'
import { checkAnswer } from './check-answer.ts'
import { examineEdited, examineSafely } from './examine.ts'
import type { GateOptions } from './gate-options.ts'
import { Judgement, type LimitUse, type PastJudgement } from './judgement.ts'
import { OpenApprovals } from './open-approvals.ts'
import { Permits } from './permits.ts'
import { Weighing } from './weighing.ts'
import type {
  Answered,
  ApprovalAnswer,
  ApprovalRequest,
  Approver,
  Earlier,
  ExaminedCall,
  JudgeContext,
  MessageTrust,
  Permitted,
  Settlement,
  Verdict,
} from './verdict.ts'

/**
 * The enforcement point: the only place that makes permits. A call passes `examine` (find the
 * tool, parse, validate) and then `judge` (policy, limits, approval), which ends in a permit, a
 * refusal or a question to a person. Whatever goes wrong inside ends in a refusal.
 */
export interface Gate {
  /** What a session has heard beside results. Default: messages count by their roles. */
  begin(context: JudgeContext, messages: readonly Message[], trust?: MessageTrust): void
  /** Tells of other runs of the session, those that it does not know of. */
  remember(context: JudgeContext, earlier: readonly Earlier[]): void
  /** The run may go on elsewhere: what is remembered of it then is news. */
  leave(context: JudgeContext): void
  /** Whether the session has read untrusted text; false where no policy asks for it. */
  tainted(context: JudgeContext): boolean
  /** Async only for tools whose schema library validates asynchronously. Default: all tools. */
  examine(call: ToolCall, view?: ToolView): ExaminedCall | Promise<ExaminedCall>
  /** Async only where hooks of the host are asked. */
  judge(examined: ExaminedCall, context: JudgeContext): Verdict | Promise<Verdict>
  /** Judges a call again of which people were asked, or were to be; the stricter outcome wins. */
  rejudge(
    examined: ExaminedCall,
    context: JudgeContext,
    asked: AskedBefore | Decision,
  ): Verdict | Promise<Verdict>
  /**
   * Weighs an answer and judges the call again; the stricter outcome wins. `isRefused` tells whether
   * people have said no to a call: an edit that leads to one leaves a request for it open.
   */
  answer(
    approvalId: string,
    answer: ApprovalAnswer,
    isRefused?: (examined: ExaminedCall) => boolean,
  ): Promise<Answered>
  /**
   * Takes a permit back that a yes has led to: a no has come to the call while the yes was weighed.
   * An edit leaves a request for its call open. Undefined where the no does not count.
   */
  overrule(given: Permitted, examined: ExaminedCall, no: ApprovalAnswer): Answered | undefined
  /** Whether what the permit was given under still holds; a yes need not once the call has begun. */
  isInForce(permit: Permit, hasBegun?: boolean): boolean
  /** Judges a call again whose permit is not in force any more; the stricter outcome wins. */
  renew(examined: ExaminedCall, context: JudgeContext, permit: Permit): Verdict | Promise<Verdict>
  /** Nobody has answered in time. */
  expire(approvalId: string): Answered
  /** The call will not run after all: what it took is free again, and nobody is asked any more. */
  release(callId: string): void
  /** A permitted call has run: what it took and what came out count from now on. */
  settle(examined: ExaminedCall, context: JudgeContext, outcome: Settlement): void
  /** A call that was never judged has run: it counts like one that was permitted. */
  witness(examined: ExaminedCall, context: JudgeContext, outcome: Settlement): void
  /** What an earlier carrier of the run has done counts, against limits as of when it was done. */
  recall(examined: ExaminedCall, context: JudgeContext, past: PastJudgement): void
  /** How far the limits are used up that a call of this tool is held against. */
  limitsOf(tool: string, context: JudgeContext): readonly LimitUse[]
  /** What a model response has cost in US dollars; undefined when nobody says. */
  spent(dollars: number | undefined, context: JudgeContext, turn: number, at?: string): void
  /** The run is over: what was kept for it alone is dropped. */
  forget(context: JudgeContext): void
}

export function createGate(options: GateOptions): Gate {
  const { registry, clock } = options
  const judgement = new Judgement(options.policy, clock, {
    schemaOf: (tool) => registry.get(tool)?.output,
    inputOf: (tool) => registry.get(tool)?.input,
    ...options,
  })
  const permits = new Permits(options.policy, clock, options.secrets)
  const open = new OpenApprovals()

  const rolesOf = (approver: Approver): ReadonlySet<string> =>
    judgement.policy.effective({ roles: approver.roles ?? [], scopes: [] }).roles

  const { allowShadow, hooks } = options
  const weighing = new Weighing({ judgement, allowShadow, hooks, rolesOf, mint })

  function mint(
    { args, call, tool }: ExaminedCall,
    { principal }: JudgeContext,
    { at }: Decision,
    asked?: OpenApproval,
  ): Permit {
    const grant = { call, tool: tool!, args: args as JsonObject, principal }
    return permits.note(mintPermit({ ...grant, ...permits.termsOf(call.tool) }), at, asked)
  }

  /** Where what was asked has changed. Who has agreed before goes on record with it. */
  const anew = (asked: OpenApproval, examined: ExaminedCall, decision: Decision): OpenApproval =>
    reopen(asked, examined, decision, judgement.policy, clock)

  const judge: Gate['judge'] = (examined, context) =>
    whenKnown(weighing.weigh(examined, context), (weighed) => {
      if (weighed.kind !== 'ask') return weighed
      const { decision } = weighed
      const approval = openApproval(examined, context, decision, judgement.policy, clock)
      return refuseTooMany(approval) ?? { kind: 'pending', decision, request: keep(approval) }
    })

  const rejudge: Gate['rejudge'] = (examined, context, asked) =>
    reweigh(examined, context, revive(asked, examined, context, judgement.policy, clock))

  function reweigh(
    examined: ExaminedCall,
    context: JudgeContext,
    revived: OpenApproval,
    isUsed = false,
  ): Verdict | Promise<Verdict> {
    // what has not begun in its time is asked about anew
    const isLate = isStale(revived, clock)
    const heard = isLate ? { ...revived, yes: [] } : revived
    return whenKnown(weighing.weigh(examined, context, heard), (weighed) => {
      if (weighed.kind !== 'ask') return weighed
      const { decision } = weighed
      const isAnew = isLate && (isUsed || isSatisfied(decision, revived.yes, rolesOf))
      const waiting = isAnew
        ? openApproval(examined, context, decision, judgement.policy, clock)
        : revived
      // what has led to a permit has its answer, and may be older than an edit
      const isAnother = isUsed || needsOthers(waiting, decision)
      const asked = isAnother ? anew(waiting, examined, decision) : waiting
      // what was permitted has not waited until now
      const refused = isUsed || isAnew ? refuseTooMany(asked) : undefined
      return refused ?? { kind: 'pending', decision, request: keep(asked), agreed: waiting.yes }
    })
  }

  function keep(approval: OpenApproval): ApprovalRequest {
    open.keep(approval)
    return approval.request
  }

  /** Where as many calls of the run wait as the policy lets. */
  function refuseTooMany(approval: OpenApproval): Verdict | undefined {
    const { maxPending } = judgement.policy.approvals
    if (maxPending === undefined || open.countOf(approval.context) < maxPending) return undefined
    const message = `${maxPending} calls of this run wait for a person already`
    return weighing.refuseBy('approval_limit', approval, message)
  }

  async function answer(
    approvalId: string,
    given: ApprovalAnswer,
    isRefused: (examined: ExaminedCall) => boolean = () => false,
  ): Promise<Answered> {
    const approval = open.get(approvalId)
    if (approval === undefined) return notOpen
    if (isOverdue(approval, clock)) return expire(approvalId)
    const sent = readAnswer(given)
    const read = 'code' in sent ? sent : restoreHidden(approval, sent)
    if ('code' in read) return { kind: 'invalid', error: read }
    const problem = checkAnswer(approval, read, judgement.policy.approvals, rolesOf)
    if (problem !== undefined) return { kind: 'invalid', error: problem }
    if (read.action !== 'deny') return approve(approvalId, approval, read, isRefused)
    return refuse(approval, read)
  }

  function refuse(approval: OpenApproval, { reason }: ApprovalAnswer): Answered {
    return close(approval, 'approval_denied', reason ?? 'a person refused this call')
  }

  function overrule(
    { decision, permit }: Permitted,
    examined: ExaminedCall,
    no: ApprovalAnswer,
  ): Answered | undefined {
    const asked = permits.askedFor(permit)
    if (asked === undefined) return undefined
    const isEdit = asked.examined.argsDigest !== examined.argsDigest
    const { approvals } = judgement.policy
    if (!isEdit && checkAnswer(asked, no, approvals, rolesOf) !== undefined) return undefined
    judgement.withdraw(examined, asked.context)
    if (!isEdit) return refuse(asked, no)
    // whether the no counts for what the edit has made of the call is weighed with its request
    const request = keep(anew(withoutYes(asked), examined, decision))
    return { kind: 'waiting', request, agreed: [], examined }
  }

  function expire(approvalId: string): Answered {
    const approval = open.get(approvalId)
    if (approval === undefined) return notOpen
    return close(approval, 'approval_expired', 'nobody answered in time')
  }

  function close(approval: OpenApproval, step: string, reason: string): Answered {
    open.drop(approval.request.id)
    const verdict = weighing.refuseBy(step, approval, reason)
    return { kind: 'settled', verdict, examined: approval.examined }
  }

  async function approve(
    approvalId: string,
    approval: OpenApproval,
    given: ApprovalAnswer,
    isRefused: (examined: ExaminedCall) => boolean,
  ): Promise<Answered> {
    // no second answer can use it meanwhile
    open.hold(approvalId)
    const examined =
      given.action === 'edit'
        ? await examineEdited(approval.examined, given.args!, options.arguments)
        : approval.examined
    if (examined.defect !== undefined) {
      open.keep(approval)
      return { kind: 'invalid', error: examined.defect.error }
    }
    const isEdit = given.action === 'edit'
    // who said yes before an edit has not seen what it changes
    const before = isEdit ? withoutYes(approval) : approval
    const supported = isEdit && isRefused(examined) ? before : withYes(before, given.by)
    // other arguments and another policy take something else of the limits than was reserved
    if (isEdit || approval.policy !== judgement.policy) {
      judgement.release(examined.call.callId)
    }
    const weighed = await weighing.weigh(examined, approval.context, supported)
    open.drop(approvalId)
    if (weighed.kind !== 'ask') return { kind: 'settled', verdict: weighed, examined }
    const { decision } = weighed
    const isAnother = isEdit || needsOthers(supported, decision)
    const request = keep(isAnother ? anew(supported, examined, decision) : supported)
    return { kind: 'waiting', request, agreed: before.yes, examined }
  }

  return {
    begin: (context, messages, trust = 'by role') => judgement.begin(context, messages, trust),
    remember: (context, earlier) => judgement.remember(context, earlier),
    leave: (context) => judgement.leave(context),
    tainted: (context) => judgement.tainted(context),
    examine: (call, view = registry) => examineSafely(call, view, options.arguments),
    judge,
    rejudge,
    isInForce: (permit, hasBegun = false) => permits.isInForce(permit, hasBegun),
    renew(examined, context, permit) {
      judgement.withdraw(examined, context)
      const asked = permits.askedFor(permit)
      return asked ? reweigh(examined, context, asked, true) : judge(examined, context)
    },
    answer,
    overrule,
    expire,
    release(callId) {
      open.dropCall(callId)
      judgement.release(callId)
    },
    witness: (examined, context, outcome) => judgement.witnessed(examined, context, outcome),
    settle: (examined, context, outcome) => judgement.settled(examined, context, outcome),
    recall: (examined, context, past) => judgement.recall(examined, context, past),
    limitsOf: (tool, context) => judgement.limitsOf(tool, context),
    spent: (dollars, context, turn, at) => judgement.spent(dollars, context, turn, at),
    forget(context) {
      for (const callId of open.dropRun(context.runId)) judgement.release(callId)
      judgement.forget(context)
    },
  }
}
