import type { ApprovalRequest, Approver } from '../gate/verdict.ts'
import type { Past, PastCall, PastQuestion, PastTurn } from './past.ts'

/** Who has said yes to a question. */
export function yesTo({ answers }: PastQuestion): readonly Approver[] {
  return answers
    .filter(({ action }) => action === 'approve' || action === 'edit')
    .map(({ by }) => by ?? { subject: '' })
}

/** A question of the record as people were shown it. */
export function requestOf(
  question: PastQuestion,
  askedBy: ApprovalRequest['askedBy'],
): ApprovalRequest {
  const { approvalId, approvers, args, argsDigest, callId, editable } = question.request
  const { expiresAt, reasons, rules, runId, tool } = question.request
  return {
    id: approvalId,
    runId,
    callId,
    tool,
    args,
    argsDigest,
    askedBy,
    rules,
    reasons,
    approvers,
    expiresAt,
    editable,
    approvedBy: yesTo(question).map(({ subject }) => subject),
  }
}

/** The questions to people that have no final answer yet. */
export function openQuestions({ events, start, turns }: Past): readonly ApprovalRequest[] {
  const starts = new Map(
    events.flatMap((event) =>
      event.type === 'execution-start' ? [[event.callId, event.seq] as const] : [],
    ),
  )
  return turns
    .flatMap(({ calls }) => calls)
    .flatMap(({ call, decision, question, result }) => {
      if (question === undefined || result !== undefined || decision?.effect !== 'ask') return []
      // a call that was started is asked about again before it runs a second time
      const isAnswered = (starts.get(call.callId) ?? -1) > question.request.seq
      return isAnswered ? [] : [requestOf(question, start.principal)]
    })
}

/**
 * Whether one of the requests is the question or one before it about the call, or was given an
 * answer that was repeated for them.
 */
export function restsOn(question: PastQuestion | undefined, requests: readonly string[]): boolean {
  for (let each = question; each !== undefined; each = each.before) {
    const ids = [each.request.approvalId, ...each.answers.map(({ remembered }) => remembered)]
    if (ids.some((id) => id !== undefined && requests.includes(id))) return true
  }
  return false
}

/** The turns without questions whose answers are revoked. */
export function withoutAnswered(
  turns: readonly PastTurn[],
  revoked: readonly string[] = [],
): readonly PastTurn[] {
  if (revoked.length === 0) return turns
  const kept = (call: PastCall): PastCall =>
    restsOn(call.question, revoked) ? { ...call, question: undefined } : call
  return turns.map((turn) => ({ ...turn, calls: turn.calls.map(kept) }))
}
