import { openCarrier, recordBeginning } from './carrier.ts'
import { carryToEnd } from './conclude.ts'
import { recallCosts } from './cost/recall.ts'
import type { JudgeContext } from './gate/verdict.ts'
import type { Message } from './protocol/message.ts'
import type { EndStatus } from './protocol/run-event.ts'
import { callerOf, environmentOf } from './run-environment.ts'
import type { RunEnvironment } from './run/environment.ts'
import type { Past } from './run/past.ts'
import { withoutAnswered } from './run/past-questions.ts'
import type { EventBody } from './run/recorder.ts'
import { RememberedAnswers } from './run/remembered.ts'
import type { TakingUp } from './run/take-up.ts'
import { finiteLimits, type RunResult } from './runtime-options.ts'
import type { Conversation } from './session-history.ts'
import type { CarryOptions, RuntimeParts, StartedRun } from './started-run.ts'

export type Revocation = Extract<EventBody, { type: 'approval-decision' }>

/** What a run of the journal goes on with. */
export interface Continuation
  extends
    Pick<TakingUp, 'resolutions' | 'isKnown'>,
    Pick<RunEnvironment, 'context' | 'output' | 'approve' | 'given' | 'share' | 'delegation'> {
  readonly past: Past
  /** What the run has begun with. */
  readonly messages: readonly Message[]
  /** The conversation of its session, where it is kept. */
  readonly conversation?: Conversation | undefined
  /** What the gate is told that it began with. */
  readonly heard: readonly Message[]
  /** Whoever carries it on says that its carrier is gone. */
  readonly takeOver: boolean
  readonly revocations: readonly Revocation[]
}

/** Ends after which a run may be taken up where it stopped; at a limit, a request that was not sent. */
const failures: ReadonlySet<EndStatus | 'open'> = new Set([
  'error',
  'cancelled',
  'timeout',
  'limit',
])

/** Carries a run on, from its first new record to its result. */
export async function carryOn(
  parts: RuntimeParts,
  started: StartedRun<CarryOptions>,
  continuation: Continuation,
): Promise<RunResult> {
  const { conversation, messages, context, heard, ...others } = continuation
  const { isKnown, past, resolutions, revocations, takeOver, ...rest } = others
  const { limits, runId } = started
  const { parent, scope, session } = past.start
  const isTakenOver = takeOver && past.status === 'open'
  const carrier = openCarrier(parts, started, { conversation, messages, context }, { past })
  recordBeginning(carrier, parts, {
    context,
    messages: [],
    limits: finiteLimits(limits),
    scope,
    parent,
    resumed: { head: past.head, ...(isTakenOver ? { tookOver: true } : {}) },
  })
  const remembered = RememberedAnswers.from(past.events)
  for (const revocation of revocations) {
    carrier.recorder.emit(revocation)
    remembered.revoke(revocation.approvalId)
  }
  // before anything is done: another process may be carrying the run
  await carrier.recorder.flush()
  const countedTo = isKnown ? Infinity : parts.rested.countedTo(past)
  parts.rested.delete(runId)
  if (conversation !== undefined) parts.gate.remember(context, conversation.earlier)
  if (countedTo < 0 || session === undefined) parts.gate.begin(context, heard)
  recallCostsOf(parts, past, { context, countedTo })
  const turns = withoutAnswered(
    past.turns,
    revocations.map(({ approvalId }) => approvalId),
  )
  const { unheard } = past
  const takingUp = { resolutions, countedTo, isKnown }
  const course = { turns, unheard, isFailed: failures.has(lastEnding(past)), ...takingUp }
  const beginning = { context, messages, ...rest, past: course }
  const environment = environmentOf(carrier, parts, beginning)
  return carryToEnd(parts, carrier, { ...environment, ...rest, remembered, askAgain: true })
}

/** How the run stood before whoever has begun to carry it on and has done nothing in it. */
function lastEnding({ events }: Past): Past['status'] {
  const last = events.findLast(({ type }) => type !== 'run-start')
  if (last?.type === 'limit') return 'limit'
  return last?.type === 'end' ? last.status : 'open'
}

export function recallCostsOf(
  { costs }: RuntimeParts,
  { turns }: Past,
  { context, countedTo }: Pick<TakingUp, 'countedTo'> & { readonly context: JudgeContext },
): void {
  const isCounted = turns.every(({ usage }) => usage.seq <= countedTo)
  if (costs === undefined || isCounted) return
  const answers = turns.map(({ asked: { id: model, provider }, usage: { cost, usage } }) => ({
    provider,
    model,
    usage,
    ...(cost === undefined ? {} : { cost }),
  }))
  recallCosts(costs, callerOf(context), answers)
}
