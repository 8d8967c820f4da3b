import { errorData } from '../base/errors.ts'
import { whenKnown } from '../base/when-known.ts'
import { endOf } from '../gate/refusal.ts'
import type { ExaminedCall, Verdict } from '../gate/verdict.ts'
import type { Decision } from '../protocol/decision.ts'
import type { ApprovalDecided } from '../protocol/run-event.ts'
import type { CallEnvironment } from './environment.ts'
import type { Judging } from './judged.ts'
import type { PastCall } from './past.ts'
import { requestOf, yesTo } from './past-questions.ts'

/**
 * The current policy decides, and what was decided before where that is stricter. What people have
 * agreed to counts in the time of their request, and after it only to end a call that `hasBegun`.
 */
export function judgeAgain(
  environment: CallEnvironment,
  { decision, question, started }: PastCall,
  examined: ExaminedCall,
  hasBegun = false,
): () => Judging | Promise<Judging> {
  const { context, gate } = environment
  return () => {
    // a stop that has kept a call from going on is over with it, or the gate knows of it
    const isRefused = decision?.effect === 'deny' && !(started && decision.rule === 'stopped')
    if (isRefused && examined.defect === undefined) return refusedBefore(decision)
    if (question === undefined) {
      const wasToAsk = decision?.effect === 'ask' && decision.shadow !== true
      return wasToAsk ? gate.rejudge(examined, context, decision) : gate.judge(examined, context)
    }
    const request = requestOf(question, context.principal)
    const asked = { askedAt: question.request.at, request, yes: yesTo(question), hasBegun }
    const no = question.answers.find(({ action }) => action === 'deny' || action === 'expire')
    const judged = gate.rejudge(examined, context, asked)
    if (no !== undefined) return refusedByAnswer(environment, examined, judged, no)
    return whenKnown(judged, (verdict) => {
      const isSame = verdict.kind === 'pending' && verdict.request.id === request.id
      return { ...verdict, isAsked: isSame }
    })
  }
}

/** As the call would have ended where it was refused, so that the model is told the same. */
function refusedBefore(decision: Decision): Verdict {
  const message = decision.reasons[0] ?? `refused by \`${decision.rule}\``
  const [status, code] = endOf(decision.rule)
  return { kind: 'refusal', decision, status, error: errorData(code, message) }
}

/**
 * A process may die between the answer of a person and what was decided by it. Nobody is asked
 * again after a no, whatever the policy has become meanwhile.
 */
async function refusedByAnswer(
  { gate }: CallEnvironment,
  examined: ExaminedCall,
  judged: Verdict | Promise<Verdict>,
  { action, by, reason }: ApprovalDecided,
): Promise<Verdict> {
  const verdict = await judged
  if (verdict.kind === 'refusal') return verdict
  if (verdict.kind === 'pending') {
    const { id } = verdict.request
    const from = { ...(by === null ? {} : { by }), ...(reason === undefined ? {} : { reason }) }
    const answered =
      action === 'deny' ? await gate.answer(id, { action, ...from }) : gate.expire(id)
    if (answered.kind === 'settled' && answered.verdict.kind === 'refusal') return answered.verdict
  }
  gate.release(examined.call.callId)
  const rule = action === 'deny' ? 'approval_denied' : 'approval_expired'
  const said = reason ?? 'a person refused this call before the run was carried on'
  const decision = { ...verdict.decision, effect: 'deny', rule, obligations: [] } as const
  return refusedBefore({ ...decision, reasons: [said] })
}
