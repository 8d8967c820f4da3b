import { errorData } from '../base/errors.ts'
import type { ExaminedCall, Settlement } from '../gate/verdict.ts'
import type { AssistantMessage, UserMessage } from '../protocol/message.ts'
import type { CallBudget } from './call-budget.ts'
import { CallDesk } from './call-desk.ts'
import { judgeAgain } from './judge-again.ts'
import type { Judged } from './judged.ts'
import { carryOutAll } from './calls.ts'
import { reconcile } from '../tools/execute.ts'
import { canReconcile } from '../tools/tool.ts'
import type { Recall } from './delegation.ts'
import type { CallEnvironment } from './environment.ts'
import { notRun, type Ending } from './ending.ts'
import { executionContext } from './execution-context.ts'
import { repairBound } from './output.ts'
import type { PastCall, PastQuestion, PastTurn } from './past.ts'
import { yesTo } from './past-questions.ts'
import type { ModelTurn } from './turn.ts'

/** What an operator has found out about a call whose outcome the record cannot tell. */
export interface Resolution {
  readonly outcome: 'success' | 'failed' | 'retry'
  /** Who says so. */
  readonly by: string
}

/** What a run is taken up with. */
export interface PastCourse extends TakingUp {
  readonly turns: readonly PastTurn[]
  /** What the caller has said that no model response has followed. */
  readonly unheard: readonly UserMessage[]
  /** It ended with an error, by a stop from outside, out of time, or at a limit. */
  readonly isFailed: boolean
}

/** What a resumed run needs to know beside its record. */
export interface TakingUp {
  readonly resolutions: ReadonlyMap<string, Resolution>
  /** This process has carried the run so far (`seq`) before: what outlives a run has been counted. */
  readonly countedTo: number
  /** The gate has been told of everything on record. */
  readonly isKnown: boolean
}

/** A model response as it was before it was written down. */
export function pastModelTurn({ asked, calls, end, message, usage }: PastTurn): ModelTurn {
  return {
    response: {
      text: textOf(message, 'text'),
      reasoning: textOf(message, 'reasoning'),
      images: message?.content.flatMap((part) => (part.type === 'image' ? [part.url] : [])) ?? [],
      refusal: textOf(message, 'refusal') || undefined,
      calls: [],
      finishReason: end?.finishReason ?? usage.finishReason ?? { unified: 'other', raw: null },
      usage: usage.usage,
      cost: usage.cost,
      error: undefined,
      opaque: message?.opaque,
      provider: message?.provider,
      model: end?.model,
      responseId: end?.responseId,
    },
    calls: calls.map(({ call }) => call),
    message,
    attempts: end?.attempts ?? 1,
    durationMs: end?.durationMs ?? 0,
    at: usage.at,
    asked,
  }
}

function textOf(message: AssistantMessage | null, type: 'text' | 'reasoning' | 'refusal'): string {
  let text = ''
  for (const part of message?.content ?? []) if (part.type === type) text += part.text
  return text
}

/** What recalling needs of a run. */
export type Recalling = Pick<CallEnvironment, 'context' | 'delegation' | 'gate' | 'share' | 'view'>

/** Tells gate and budget of the calls of a turn that are over. */
export async function recallCalls(
  environment: Recalling,
  { calls, isRepair }: PastTurn,
  takingUp: TakingUp,
  budget: CallBudget,
): Promise<void> {
  if (isRepair) budget.close(repairBound)
  for (const past of calls) {
    if (past.proposed === undefined) continue
    budget.take(past.call.tool, past.proposed.argsDigest)
    await recallCall(environment, past, await examineAgain(environment, past), takingUp)
  }
}

async function recallCall(
  environment: Recalling,
  past: PastCall,
  examined: ExaminedCall,
  { countedTo, isKnown }: TakingUp,
): Promise<void> {
  const { result, started } = past
  const isCounted = (result ?? past.proposed!).seq <= countedTo
  const { delegation, share } = environment
  if (result?.child !== undefined) share?.recall(result.child)
  const how = { isCounted, isTold: result?.child !== undefined }
  const isDelegated =
    started && (await delegation?.recall(past.call.callId, examined.tool, how)) === true
  if (isKnown) return
  const refused = result !== undefined && !started && past.decision?.effect === 'deny'
  environment.gate.recall(examined, environment.context, {
    approved: started && hasYes(past.question),
    isCounted,
    isInDoubt: started && result === undefined,
    ...(refused ? { refused: past.decision! } : {}),
    ...(started && result !== undefined
      ? {
          outcome: {
            succeeded: result.status === 'success',
            value: result.result === undefined ? result.content : result.result,
            durationMs: result.executionMs,
            at: result.at,
            isDelegated,
            isForeign: result.foreign === true,
          },
        }
      : {}),
  })
}

/**
 * Carries the calls of a turn to their end that was begun by another carrier: what has a result is
 * left as it is, what was never started is judged again and run, and what was started without a
 * result is run again only if its tool is idempotent or an operator says so.
 */
export async function takeUpCalls(
  environment: CallEnvironment,
  turn: PastTurn,
  takingUp: TakingUp,
  budget: CallBudget,
): Promise<CallDesk> {
  if (turn.isRepair) budget.close(repairBound)
  const desk = new CallDesk(
    environment,
    turn.calls.map(({ call }) => call),
  )
  const known: (readonly [PastCall, ExaminedCall])[] = []
  for (const past of turn.calls) known.push([past, await examineAgain(environment, past)])
  const begun = known.flatMap(([{ result, started }, examined]) =>
    started && result === undefined ? [examined] : [],
  )
  // everything that was done is known before anything else is judged
  for (const [past, examined] of known) {
    if (past.result !== undefined) await recallCall(environment, past, examined, takingUp)
  }
  await recallAgents(environment, begun, { isCounted: false, isTold: true })
  const judged: (Judged | undefined)[] = []
  for (const [past, examined] of known) {
    if (past.result !== undefined) {
      if (past.proposed !== undefined) budget.take(past.call.tool, past.proposed.argsDigest)
      desk.recall(past.call, past.result)
    } else {
      const found = await reconcileCall(environment, past, examined, takingUp)
      if (found === undefined) {
        judged.push(await takeUp({ environment, desk, budget, takingUp }, past, examined))
      } else {
        budget.take(past.call.tool, past.proposed!.argsDigest)
        desk.conclude(examined, found, 'reconcile')
      }
    }
  }
  await carryOutAll(desk, judged)
  await recallAgents(environment, begun, { isCounted: false, isTold: false })
  return desk
}

/**
 * What agents have done whose calls have no result: first what the gate is to know of all of them,
 * and at last what those have used that do not go on. Their calls have ended otherwise, or wait.
 */
async function recallAgents(
  { delegation }: Pick<CallEnvironment, 'delegation'>,
  begun: readonly ExaminedCall[],
  how: Recall,
): Promise<void> {
  for (const { call, tool } of begun) await delegation?.recall(call.callId, tool, how)
}

/** What a tool says of its own call in doubt; undefined where nobody asks it or it cannot tell. */
async function reconcileCall(
  environment: CallEnvironment,
  past: PastCall,
  examined: ExaminedCall,
  { resolutions }: TakingUp,
): Promise<Ending | undefined> {
  const { callId } = past.call
  const isAsked = past.started && !resolutions.has(callId) && !isUnlike(past, examined)
  if (!isAsked || examined.tool === undefined || !canReconcile(examined.tool)) return undefined
  const verdict = await judgeAgain(environment, past, examined, true)()
  const found =
    verdict.kind === 'permit'
      ? await reconcile(
          verdict.permit,
          executionContext(environment, verdict.permit, environment.signal),
        )
      : undefined
  if (found === undefined) environment.gate.release(callId)
  return found
}

interface Desk {
  readonly environment: CallEnvironment
  readonly desk: CallDesk
  readonly budget: CallBudget
  readonly takingUp: TakingUp
}

function takeUp(
  { budget, desk, environment, takingUp }: Desk,
  past: PastCall,
  examined: ExaminedCall,
): Judged | undefined | Promise<Judged | undefined> {
  if (past.proposed === undefined) return desk.propose(examined, budget)
  const resolution = takingUp.resolutions.get(past.call.callId)
  if (isUnlike(past, examined) && (!past.started || resolution?.outcome === 'retry')) {
    const attempts = past.started ? 1 : 0
    desk.conclude(examined, { ...notRun('abandoned', argumentsLost), attempts }, resolution?.by)
    return undefined
  }
  if (!past.started) return desk.judge(examined, budget, judgeAgain(environment, past, examined))
  const leave = (ending?: Ending): void =>
    environment.gate.recall(examined, environment.context, {
      approved: hasYes(past.question),
      isCounted: false,
      ...(ending === undefined ? { isInDoubt: true } : { outcome: unfinished(ending) }),
    })
  const mayRepeat = examined.tool?.annotations.idempotent === true && !isUnlike(past, examined)
  if (resolution?.outcome === 'retry' || (resolution === undefined && mayRepeat)) {
    const leavesDoubt = environment.delegation?.leavesDoubt(past.call.callId, examined.tool) ?? true
    desk.doubts.mayEnd(past.call.callId, { leavesDoubt, leave })
    return desk.judge(examined, budget, judgeAgain(environment, past, examined, mayRepeat))
  }
  budget.take(past.call.tool, past.proposed.argsDigest)
  leave()
  if (resolution === undefined) desk.doubts.add(past.call.callId)
  else desk.conclude(examined, resolvedEnding(resolution), resolution.by)
  return undefined
}

/** What an agent has done that does not go on is known by its own run. */
function unfinished({ content, foreign }: Ending): Settlement {
  const isForeign = foreign === true
  return { succeeded: false, value: content, durationMs: 0, isDelegated: true, isForeign }
}

const argumentsLost = errorData(
  'run-not-resumable',
  'the arguments that were decided about are not on record, or mean something else to the tool',
)

/** Whether these are other arguments than were decided about. */
function isUnlike({ argsDigest }: PastCall, examined: ExaminedCall): boolean {
  return examined.argsDigest !== argsDigest
}

/** The call as it would run: with the arguments a person has put in place of those of the model. */
async function examineAgain(
  { gate, view }: Pick<CallEnvironment, 'gate' | 'view'>,
  { call, rawArgs }: PastCall,
): Promise<ExaminedCall> {
  return gate.examine({ ...call, rawArgs }, view)
}

function hasYes(question: PastQuestion | undefined): boolean {
  return question !== undefined && yesTo(question).length > 0
}

function resolvedEnding({ by, outcome }: Resolution): Ending {
  if (outcome === 'failed') {
    const error = errorData('tool-failed', `${by} found that the tool did not do its work`)
    return { ...notRun('error-execution', error), attempts: 1 }
  }
  const content = `${by} found that the tool did its work; what it returned is not known.`
  return { status: 'success', content, attempts: 1, durationMs: 0 }
}
