import { errorData, messageOf, type ErrorData } from '../base/errors.ts'
import { after, lending } from '../base/signal.ts'
import { ownAnswer, recordedBy } from '../gate/answer.ts'
import { unnamed } from '../gate/approval.ts'
import type {
  Answered,
  ApprovalAnswer,
  ApprovalRequest,
  Approver,
  ExaminedCall,
} from '../gate/verdict.ts'
import type { CallEnvironment } from './environment.ts'
import { RepeatedAnswer } from './remembered.ts'

/** Who has agreed to an earlier request that the call was about is on record with this one. */
interface Question {
  readonly request: ApprovalRequest
  readonly agreed?: readonly Approver[]
}

/** Where a question to people ended. */
export type Asked =
  | Extract<Answered, { kind: 'settled' }>
  /** Nobody could answer now. */
  | { readonly kind: 'open'; readonly request: ApprovalRequest }
  /** The run ended while people were asked. */
  | { readonly kind: 'stopped' }

const noAnswer = Symbol('no answer')
const overdue = Symbol('overdue')
const stopped = Symbol('stopped')

/** Answers of the host about one call: edits that need more people could go on for ever. */
const maxAnswers = 20

/** Answers about one call of which the record says why they do not count. */
const maxProblems = 20

/**
 * Hears what was answered beforehand, then puts the request to the host's `approve` until it is
 * settled, or an equal call is refused; every step goes on record, but for answers beyond the 20th
 * that do not count. After 20 answers of the host it stays open.
 */
export async function askPeople(
  environment: CallEnvironment,
  { agreed, request: first }: Question,
  isRecorded: boolean,
): Promise<Asked> {
  if (!isRecorded) recordRequest(environment, first, agreed)
  const count = { asked: 0, problems: 0 }
  for (let request = first; ;) {
    const elsewhere: Elsewhere = { refusals: [], wake: undefined }
    const leave = environment.remembered.onNo(request, (no) => {
      elsewhere.refusals.push(no)
      elsewhere.wake?.()
    })
    try {
      const heard = await hearOut(environment, request, elsewhere, count)
      if (heard.kind !== 'another') return heard
      request = heard.request
    } finally {
      leave()
    }
  }
}

/** What is said to calls equal to the one that waits. */
interface Elsewhere {
  /** The first of them settles this one too. */
  readonly refusals: RepeatedAnswer[]
  /** Nobody needs to be asked any more. */
  wake: (() => void) | undefined
}

/** Another request has taken the place of the one that waited: what was said to its equals counts. */
interface Another {
  readonly kind: 'another'
  readonly request: ApprovalRequest
}

async function hearOut(
  environment: CallEnvironment,
  firstRequest: ApprovalRequest,
  elsewhere: Elsewhere,
  count: { asked: number; problems: number },
): Promise<Asked | Another> {
  let request = firstRequest
  const repeated = [...environment.remembered.answersTo(request)]
  while (count.asked < maxAnswers) {
    const given = repeated.shift() ?? (await environment.given?.(request))
    if (given === undefined) count.asked++
    const said = given ?? (await firstAnswer(environment, request, elsewhere))
    if (said === stopped || environment.signal.aborted) return { kind: 'stopped' }
    const first = elsewhere.refusals.shift() ?? said
    if (first === noAnswer) return { kind: 'open', request }
    const weighed = await weigh(environment, request, first)
    const [answer, answered] = heardMeanwhile(environment, first, weighed)
    switch (answered.kind) {
      case 'invalid':
        // what was said under other circumstances is passed over, and people are asked
        if (answer instanceof RepeatedAnswer) break
        if (count.problems++ < maxProblems) recordProblem(environment, answered.error)
        if (environment.askAgain !== true) return { kind: 'open', request }
        break
      case 'waiting':
        recordAnswer(environment, request, answer, answered.examined)
        if (answered.request.id !== request.id) {
          recordEdited(environment, answered, answer)
          return { kind: 'another', request: answered.request }
        }
        request = answered.request
        break
      case 'settled':
        settle(environment, request, answer, answered)
        return answered
    }
  }
  return { kind: 'open', request }
}

type Answer = ApprovalAnswer | RepeatedAnswer | typeof overdue

function givenBy(answer: ApprovalAnswer | RepeatedAnswer): ApprovalAnswer {
  return answer instanceof RepeatedAnswer ? answer.given : answer
}

function weigh(
  environment: CallEnvironment,
  { id }: ApprovalRequest,
  answer: Answer,
): Answered | Promise<Answered> {
  const { gate } = environment
  if (answer === overdue) return gate.expire(id)
  return gate.answer(id, givenBy(answer), (call) => noesTo(environment, call).length > 0)
}

function noesTo(
  { remembered }: CallEnvironment,
  { argsDigest, call: { tool } }: ExaminedCall,
): readonly RepeatedAnswer[] {
  return remembered.noesTo({ argsDigest, tool })
}

/** A no that has gone on record while a yes was weighed counts in its place. */
function heardMeanwhile(
  environment: CallEnvironment,
  answer: Answer,
  answered: Answered,
): readonly [Answer, Answered] {
  if (answered.kind !== 'settled' || answered.verdict.kind !== 'permit') return [answer, answered]
  const { examined, verdict } = answered
  for (const no of noesTo(environment, examined)) {
    const overruled = environment.gate.overrule(verdict, examined, no.given)
    if (overruled !== undefined) return [overruled.kind === 'settled' ? no : answer, overruled]
  }
  return [answer, answered]
}

/** Asks once; that the time is over is an answer too. */
async function firstAnswer(
  { approve, clock, drain, recorder, signal }: CallEnvironment,
  request: ApprovalRequest,
  elsewhere: Elsewhere,
): Promise<Answer | typeof noAnswer | typeof stopped> {
  if (approve === undefined || drain.aborted) return noAnswer
  await recorder.flush()
  if (signal.aborted) return stopped
  const refused = elsewhere.refusals.shift()
  if (refused !== undefined) return refused
  let cancelTimer: (() => void) | undefined
  let stop: (() => void) | undefined
  let leave: (() => void) | undefined
  const interrupted = new Promise<typeof overdue | typeof stopped | typeof noAnswer>((resolve) => {
    // the question stays open for whoever carries the run on
    leave = () => resolve(noAnswer)
    elsewhere.wake = leave
    drain.addEventListener('abort', leave, { once: true })
    stop = () => resolve(stopped)
    signal.addEventListener('abort', stop, { once: true })
    const left = Math.max(0, Date.parse(request.expiresAt) - clock.now())
    cancelTimer = after(left, () => resolve(overdue))
  })
  try {
    return await lending(signal, async (lent) => {
      const answer = Promise.resolve(approve(request, { signal: lent }))
      const own = answer.then((given) => (given ? ownAnswer(given) : (given ?? noAnswer)))
      return Promise.race([own, interrupted])
    })
  } catch (error) {
    recorder.emit({
      type: 'error',
      ...errorData('approval-invalid', `the approve callback threw: ${messageOf(error)}`),
    })
    return noAnswer
  } finally {
    elsewhere.wake = undefined
    cancelTimer?.()
    if (stop !== undefined) signal.removeEventListener('abort', stop)
    if (leave !== undefined) drain.removeEventListener('abort', leave)
  }
}

function settle(
  environment: CallEnvironment,
  request: ApprovalRequest,
  answer: Answer,
  { verdict, examined }: Extract<Answered, { kind: 'settled' }>,
): void {
  const expired = verdict.kind === 'refusal' && verdict.status === 'approval-expired'
  recordAnswer(environment, request, expired ? overdue : answer, examined)
  environment.recorder.emit({
    type: 'decision',
    callId: request.callId,
    decision: verdict.decision,
  })
}

/** The request that an edit leads to, which the one who edited has agreed to unless it was refused. */
function recordEdited(
  environment: CallEnvironment,
  { agreed, request, examined }: Extract<Answered, { kind: 'waiting' }>,
  answer: Answer,
): void {
  recordRequest(environment, request, agreed)
  if (answer === overdue || request.approvedBy.length === 0) return
  // what is to be remembered stands with the edit itself
  const yes = { ...givenBy(answer), action: 'approve', remember: false } as const
  recordAnswer(environment, request, yes, examined)
}

function recordRequest(
  { recorder }: CallEnvironment,
  request: ApprovalRequest,
  agreed: readonly Approver[] = [],
): void {
  const { callId, tool, args, argsDigest, rules, reasons, approvers, expiresAt, editable } = request
  recorder.emit({
    type: 'approval-request',
    approvalId: request.id,
    callId,
    tool,
    args,
    argsDigest,
    rules,
    reasons,
    approvers,
    expiresAt,
    editable,
  })
  for (const by of agreed) {
    const named = by.subject === unnamed ? null : recordedBy(by)
    recorder.emit({
      type: 'approval-decision',
      approvalId: request.id,
      callId,
      action: 'approve',
      by: named,
    })
  }
}

/** `examined` is the call as it is after the answer, which matters for an edit. */
function recordAnswer(
  { recorder, remembered }: CallEnvironment,
  request: ApprovalRequest,
  answer: Answer,
  { args, argsDigest, tool }: ExaminedCall,
): void {
  const named = {
    type: 'approval-decision',
    approvalId: request.id,
    callId: request.callId,
  } as const
  if (answer === overdue) return recorder.emit({ ...named, action: 'expire', by: null })
  const { action, by, reason, remember } = givenBy(answer)
  const body = {
    ...named,
    action,
    by: by === undefined ? null : recordedBy(by),
    ...(reason === undefined ? {} : { reason: reason.toWellFormed() }),
    ...(remember === true ? { remember } : {}),
    ...(answer instanceof RepeatedAnswer ? { remembered: answer.remembered } : {}),
  }
  remembered.note(request, { ...body, argsDigest })
  if (action !== 'edit') return recorder.emit(body)
  recorder.emit({ ...body, args, argsDigest, sensitive: tool?.sensitive ?? [] })
}

function recordProblem({ recorder }: CallEnvironment, error: ErrorData): void {
  recorder.emit({ type: 'error', ...error })
}
