import { errorData, errorDataOf, type ErrorData } from '../base/errors.ts'
import type { JsonValue } from '../base/json.ts'
import type { Message, UserMessage } from '../protocol/message.ts'
import { Answer, type Rejected } from './answer.ts'
import { CallBudget } from './call-budget.ts'
import type { CallsOutcome } from './judged.ts'
import { runCalls } from './calls.ts'
import { answersOf } from './past.ts'
import type { RunEnvironment } from './environment.ts'
import type { RunOutcome } from './outcome.ts'
import { repairBound, repairRequest, type AnswerForm } from './output.ts'
import { asItBegan, prepare, type Preparation } from './prepare.ts'
import { firstStop, limitConditions, type RunState, type Stop, type StopCondition } from './stop.ts'
import type { Share } from './share.ts'
import { Spending } from './spending.ts'
import { pastModelTurn, recallCalls, takeUpCalls, type PastCourse } from './take-up.ts'
import { streamTurn, type ModelTurn } from './turn.ts'
import {
  endingAfter,
  recordTurnEnd,
  stopped,
  stoppedBy,
  stoppedEnding,
  type RunEnding,
  type TurnEnd,
} from './turn-end.ts'

const noCalls: CallsOutcome = { messages: [], pending: [], succeeded: [], inDoubt: [] }

/** Carries a run from its first model request to its end status; never throws. */
export async function carryRun(environment: RunEnvironment): Promise<RunOutcome> {
  const course = new Course(environment)
  let ending: RunEnding
  try {
    ending = await course.follow()
  } catch (error) {
    ending = { status: 'error', error: errorDataOf(error) }
  }
  if (ending.error !== undefined) environment.recorder.emit({ type: 'error', ...ending.error })
  return course.outcome(ending)
}

/** The turns of one run and what they add up to. */
class Course {
  readonly #environment: RunEnvironment
  readonly #budget: CallBudget
  readonly #bounds: readonly StopCondition[]
  readonly #messages: Message[]
  readonly #spending: Spending
  readonly #answer = new Answer()
  #preparation: Preparation | undefined
  #output: JsonValue | undefined
  #rejected: Rejected | undefined

  constructor(environment: RunEnvironment) {
    // both may take their time between the calls of a turn and the next request
    const flushesAfterCalls = !environment.prepareTurn && !environment.share
    this.#environment = { ...environment, flushesAfterCalls }
    this.#spending = new Spending(environment)
    this.#budget = new CallBudget(environment.limits, environment.share)
    this.#bounds = limitConditions(environment.limits)
    this.#messages = [...environment.messages]
  }

  async follow(): Promise<RunEnding> {
    const { past, recorder } = this.#environment
    let turn = past?.turns.at(-1)?.turn ?? 0
    let end = past && (await this.#takeUp(past))
    let ending: RunEnding | undefined
    while ((ending = this.#endingOf(end, turn)) === undefined) end = await this.#turn(++turn)
    // what a run ends with may take its time; while calls wait, all outcomes have been flushed
    const isWaiting = ending.status === 'needs-approval'
    if (end !== undefined && end.lastCalls.length > 0 && !isWaiting) await recorder.flush()
    return ending
  }

  /** Undefined when the run goes on. */
  #endingOf(end: TurnEnd | undefined, turn: number): RunEnding | undefined {
    const { drain, signal } = this.#environment
    return (end && this.#endingAfter(end, turn)) ?? stoppedBy(signal, drain)
  }

  #endingAfter(end: TurnEnd, turn: number): RunEnding | undefined {
    const { recorder, signal, drain, steering } = this.#environment
    const { ending } = end
    const isSteered = ending?.status === 'completed' && steering.isWaiting
    if (ending !== undefined && !isSteered) return ending
    const stop = this.#stopAfter(turn, end, isSteered)
    if (ending === undefined) return stop && stopped(recorder, stop)
    return stop === undefined && !signal.aborted && !drain.aborted ? undefined : ending
  }

  /** What the turn hears, and what is different in it. */
  async #begin(turn: number): Promise<void> {
    const environment = this.#environment
    const said = environment.steering.take()
    this.#hear(said)
    this.#preparation =
      environment.prepareTurn === undefined
        ? undefined
        : await prepare(environment, { turn, ...this.#standing })
    environment.recorder.emit({
      type: 'turn-start',
      ...(said.length === 0 ? {} : { said }),
      ...this.#preparation?.record,
    })
  }

  /** The caller goes on speaking. */
  #hear(said: readonly UserMessage[]): void {
    if (said.length === 0) return
    const { context, gate } = this.#environment
    gate.begin(context, said)
    this.#messages.push(...said)
  }

  get #standing(): Pick<RunState, 'messages' | 'toolCalls' | 'usage' | 'cost'> {
    return {
      messages: this.#messages,
      toolCalls: this.#budget.calls,
      usage: this.#spending.usage,
      cost: this.#spending.cost,
    }
  }

  /** What the run has done before another carrier of it gave up; its last turn is brought to its end. */
  async #takeUp({
    isFailed,
    turns,
    unheard,
    ...takingUp
  }: PastCourse): Promise<TurnEnd | undefined> {
    let end: TurnEnd | undefined
    for (const [index, past] of turns.entries()) {
      const environment = asItBegan(this.#environment, past)
      environment.recorder.turn = past.turn
      this.#hear(past.start.said ?? [])
      const modelTurn = pastModelTurn(past)
      environment.share?.recallTurn()
      this.#take(modelTurn, past.usage.seq <= takingUp.countedTo)
      if (index < turns.length - 1) {
        await recallCalls(environment, past, takingUp, this.#budget)
        this.#messages.push(...answersOf(past))
        await this.#checkEnd(this.#endOf(modelTurn, noCalls), past.turn)
        continue
      }
      const desk = await takeUpCalls(environment, past, takingUp, this.#budget)
      const taken = this.#endTurn(modelTurn, desk.outcome(), past.end !== undefined)
      // what failed then is tried again
      end =
        isFailed && taken.ending?.status === 'error'
          ? { ...taken, ending: undefined }
          : await this.#checkEnd(taken, past.turn)
    }
    this.#hear(unheard)
    return end
  }

  /** What a program waits for is done with by the time an answer is asked for again. */
  #stopAfter(turns: number, end: TurnEnd, isAnswered: boolean): Stop | undefined {
    const { lastCalls, lastTools } = end
    const state = { turns, ...this.#standing, text: this.#answer.text, lastCalls, lastTools }
    const isAsked = this.#rejected === undefined && !isAnswered
    const stop = isAsked ? firstStop(this.#environment.stopWhen, state) : undefined
    return stop ?? firstStop(this.#bounds, state)
  }

  /** One model response and its calls; an ending when the run does not go on. */
  async #turn(turn: number): Promise<TurnEnd> {
    const { share, signal } = this.#environment
    const asked =
      share === undefined
        ? await this.#ask(turn)
        : await share.inTurn(signal, () => this.#askWithin(share, turn))
    if ('status' in asked) return { ending: asked, lastCalls: [], lastTools: [] }
    const { calls } = asked
    const environment = this.#preparation?.environment ?? this.#environment
    const desk = calls.length === 0 ? undefined : await runCalls(environment, calls, this.#budget)
    const end = this.#endTurn(asked, desk?.outcome() ?? noCalls, false)
    return this.#checkEnd(end, turn)
  }

  /** An ending where the run and those above it have no room for another turn. */
  async #askWithin(share: Share, turn: number): Promise<ModelTurn | RunEnding> {
    const { recorder, signal } = this.#environment
    if (signal.aborted) return stoppedEnding(signal)
    const stop = share.takeTurn()
    return stop === undefined ? this.#ask(turn) : stopped(recorder, stop)
  }

  async #ask(turn: number): Promise<ModelTurn> {
    const { recorder } = this.#environment
    recorder.turn = turn
    await this.#begin(turn)
    this.#announceRepair(turn)
    // outcomes of the last turn are written down before the model sees them
    const written = recorder.flush()
    if (written !== undefined) await written
    this.#closeCalls(turn)
    const environment = this.#preparation?.environment ?? this.#environment
    const messages = this.#preparation?.messages ?? this.#messages
    const modelTurn = await streamTurn(this.#asking(environment), messages, turn)
    this.#take(modelTurn, false)
    return modelTurn
  }

  async #checkEnd(end: TurnEnd, turn: number): Promise<TurnEnd> {
    if (end.ending?.status !== 'completed') return end
    return { ...end, ending: await this.#checkAnswer(end.ending, turn) }
  }

  /** Where no call could run any more, the answer is to be nothing but an answer. */
  #asking(environment: RunEnvironment): RunEnvironment {
    return this.#budget.isOpen ? environment : { ...environment, preparedToolChoice: 'none' }
  }

  /** The last turn is for the answer, where the run is to end with one. */
  #closeCalls(turn: number): void {
    const { finalAnswer, limits, share } = this.#environment
    const isLast = turn >= limits.maxTurns || share?.isLastTurn === true
    if (!finalAnswer || !isLast) return
    const { maxTurns: max } = limits
    const message = `the last of ${max} turns is for the answer`
    this.#budget.close({ limit: 'maxTurns', max, message })
  }

  /** Ends the run where the answer has the form it has to have; else it is asked for once again. */
  async #checkAnswer(ending: RunEnding, turn: number): Promise<RunEnding | undefined> {
    const { output } = this.#environment
    if (output === undefined) return ending
    if (this.#answer.last?.response.refusal !== undefined) {
      return { status: 'error', error: errorData('model-refused', 'the model refused to answer') }
    }
    const answer = await output.check(this.#answer.text)
    if (!answer.ok) return this.#reject(output, answer.error, turn)
    this.#output = answer.value
    return ending
  }

  #reject(output: AnswerForm, error: ErrorData, turn: number): RunEnding | undefined {
    if (this.#rejected !== undefined) return { status: 'error', error }
    const from = this.#answer.at
    const to = this.#messages.push({ role: 'user', content: repairRequest(output, error) })
    this.#rejected = { error, repair: turn + 1, from, to }
    this.#budget.close(repairBound)
    return undefined
  }

  #announceRepair(turn: number): void {
    if (this.#rejected?.repair !== turn) return
    const { error } = this.#rejected
    this.#environment.recorder.emit({ type: 'retry', attempt: 2, delayMs: 0, error })
  }

  #take(modelTurn: ModelTurn, isCounted: boolean): void {
    this.#answer.take(modelTurn, this.#messages.length)
    this.#spending.take(modelTurn, isCounted)
    if (modelTurn.message !== null) this.#messages.push(modelTurn.message)
  }

  #endTurn(modelTurn: ModelTurn, outcome: CallsOutcome, isRecorded: boolean): TurnEnd {
    this.#messages.push(...outcome.messages)
    if (!isRecorded) recordTurnEnd(this.#environment.recorder, modelTurn)
    return this.#endOf(modelTurn, outcome)
  }

  #endOf(modelTurn: ModelTurn, outcome: CallsOutcome): TurnEnd {
    return {
      ending: endingAfter(this.#environment, modelTurn, outcome, {
        budget: this.#budget,
        rejected: this.#rejected?.error,
      }),
      lastCalls: modelTurn.calls.map(({ tool }) => tool),
      lastTools: outcome.succeeded,
    }
  }

  get #transcript(): readonly Message[] {
    const rejected = this.#rejected
    if (rejected === undefined) return this.#messages
    return this.#messages.filter((_, at) => at < rejected.from || at >= rejected.to)
  }

  outcome({ status, error, approvals, inDoubt }: RunEnding): RunOutcome {
    const response = this.#answer.last?.response
    return {
      status,
      text: this.#answer.text,
      images: this.#answer.images,
      output: this.#output,
      refusal: response?.refusal,
      finishReason: response?.finishReason,
      ...this.#spending.total,
      messages: this.#transcript,
      approvals: approvals ?? [],
      inDoubt: inDoubt ?? [],
      error,
    }
  }
}
