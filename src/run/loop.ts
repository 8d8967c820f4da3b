import { errorData, errorDataOf, type ErrorData } from '../base/errors.ts'
import type { JsonValue } from '../base/json.ts'
import type { ApprovalRequest } from '../gate/verdict.ts'
import type { FinishReason } from '../protocol/usage.ts'
import { addCost, addUsage, noUsage, type Cost, type Usage } from '../protocol/usage.ts'
import type { Message } from '../protocol/message.ts'
import type { EndStatus } from '../protocol/run-event.ts'
import { CallBudget } from './call-budget.ts'
import type { CallsOutcome } from './call-desk.ts'
import { runCalls } from './calls.ts'
import { answersOf } from './past.ts'
import type { RunEnvironment } from './environment.ts'
import { repairBound, repairRequest, type AnswerForm } from './output.ts'
import { firstStop, limitConditions, type StopCondition } from './stop.ts'
import { pastModelTurn, recallCalls, takeUpCalls, type PastCourse } from './take-up.ts'
import { streamTurn, type ModelTurn } from './turn.ts'
import { endingAfter, stopped, stoppedEnding, type Ending, type TurnEnd } from './turn-end.ts'

/** How a run ended, before a report is made of it. */
export interface RunOutcome {
  readonly status: EndStatus
  /** The text of the last model response, and of those that it went on with. */
  readonly text: string
  /** Addresses of the pictures in it. */
  readonly images: readonly string[]
  readonly refusal: string | undefined
  readonly finishReason: FinishReason | undefined
  readonly usage: Usage
  readonly cost: Cost | undefined
  /** What the answer holds, where a form was asked for and it has it. */
  readonly output: JsonValue | undefined
  /**
   * The whole transcript, the given messages included, without an answer that was asked for again.
   */
  readonly messages: readonly Message[]
  /** Requests nobody has answered. */
  readonly approvals: readonly ApprovalRequest[]
  /** Calls of which only an operator can find out how they ended. */
  readonly inDoubt: readonly string[]
  readonly error: ErrorData | undefined
}

/** An answer that was asked for again, and where it stands in the transcript. */
interface Rejected {
  readonly error: ErrorData
  /** The turn that asks again. */
  readonly repair: number
  readonly from: number
  readonly to: number
}

const noCalls: CallsOutcome = { messages: [], pending: [], succeeded: [], inDoubt: [] }

/** Carries a run from its first model request to its end status; never throws. */
export async function carryRun(environment: RunEnvironment): Promise<RunOutcome> {
  const course = new Course(environment)
  let ending: Ending
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
  #usage: Usage = noUsage
  #cost: Cost | undefined
  #last: ModelTurn | undefined
  #warned = false
  /** The answer so far, which goes on over several responses where it is paused. */
  #text = ''
  #images: readonly string[] = []
  /** Where it begins in the transcript. */
  #answerAt = 0
  #output: JsonValue | undefined
  #rejected: Rejected | undefined

  constructor(environment: RunEnvironment) {
    this.#environment = environment
    this.#budget = new CallBudget(environment.limits)
    this.#bounds = limitConditions(environment.limits)
    this.#messages = [...environment.messages]
  }

  async follow(): Promise<Ending> {
    const { drain, past, recorder, signal } = this.#environment
    let turn = past?.turns.at(-1)?.turn ?? 0
    let end = past && (await this.#takeUp(past))
    for (; ; end = await this.#turn(turn)) {
      if (end?.ending !== undefined) return end.ending
      const stop = end && this.#stopAfter(turn, end.lastTools)
      if (stop !== undefined) return stop
      if (signal.aborted || drain.aborted) return stoppedEnding(signal.aborted ? signal : drain)
      recorder.turn = ++turn
      recorder.emit({ type: 'turn-start' })
      this.#announceRepair(turn)
    }
  }

  /** What the run has done before another carrier of it gave up; its last turn is brought to its end. */
  async #takeUp({ isFailed, turns, ...takingUp }: PastCourse): Promise<TurnEnd | undefined> {
    const environment = this.#environment
    for (const [index, past] of turns.entries()) {
      environment.recorder.turn = past.turn
      const modelTurn = pastModelTurn(past)
      this.#take(modelTurn, takingUp.isCounted)
      if (index < turns.length - 1) {
        await recallCalls(environment, past, takingUp, this.#budget)
        this.#messages.push(...answersOf(past))
        await this.#checkEnd(this.#endOf(modelTurn, noCalls), past.turn)
        continue
      }
      const desk = await takeUpCalls(environment, past, takingUp, this.#budget)
      const end = this.#endTurn(modelTurn, desk.outcome(), past.end !== undefined)
      // what failed then is tried again
      return isFailed && end.ending?.status === 'error'
        ? { ...end, ending: undefined }
        : this.#checkEnd(end, past.turn)
    }
    return undefined
  }

  #stopAfter(turns: number, lastTools: readonly string[]): Ending | undefined {
    const { stopWhen } = this.#environment
    const state = {
      turns,
      toolCalls: this.#budget.calls,
      usage: this.#usage,
      cost: this.#cost,
      messages: this.#messages,
      lastTools,
    }
    // what a program waits for is done with by the time an answer is asked for again
    const stop = this.#rejected === undefined ? firstStop(stopWhen, state) : undefined
    const found = stop ?? firstStop(this.#bounds, state)
    return found && stopped(this.#environment.recorder, found)
  }

  /** One model response and its calls; an ending when the run does not go on. */
  async #turn(turn: number): Promise<TurnEnd> {
    // outcomes of the last turn are written down before the model sees them
    const written = this.#environment.recorder.flush()
    if (written !== undefined) await written
    this.#closeCalls(turn)
    const modelTurn = await streamTurn(this.#asking, this.#messages, turn)
    this.#take(modelTurn, false)
    const { calls } = modelTurn
    const desk =
      calls.length === 0 ? undefined : await runCalls(this.#environment, calls, this.#budget)
    const end = this.#endTurn(modelTurn, desk?.outcome() ?? noCalls, false)
    return this.#checkEnd(end, turn)
  }

  async #checkEnd(end: TurnEnd, turn: number): Promise<TurnEnd> {
    if (end.ending?.status !== 'completed') return end
    return { ...end, ending: await this.#checkAnswer(end.ending, turn) }
  }

  /** Where no call could run any more, the answer is to be nothing but an answer. */
  get #asking(): RunEnvironment {
    const environment = this.#environment
    return this.#budget.isOpen ? environment : { ...environment, toolChoice: 'none' }
  }

  /** The last turn is for the answer, where the run is to end with one. */
  #closeCalls(turn: number): void {
    const { finalAnswer, limits } = this.#environment
    if (!finalAnswer || turn < limits.maxTurns) return
    const { maxTurns: max } = limits
    const message = `the last of ${max} turns is for the answer`
    this.#budget.close({ limit: 'maxTurns', max, message })
  }

  /** Ends the run where the answer has the form it has to have; else it is asked for once again. */
  async #checkAnswer(ending: Ending, turn: number): Promise<Ending | undefined> {
    const { output } = this.#environment
    if (output === undefined) return ending
    if (this.#last?.response.refusal !== undefined) {
      return { status: 'error', error: errorData('model-refused', 'the model refused to answer') }
    }
    const answer = await output.check(this.#text)
    if (!answer.ok) return this.#reject(output, answer.error, turn)
    this.#output = answer.value
    return ending
  }

  #reject(output: AnswerForm, error: ErrorData, turn: number): Ending | undefined {
    if (this.#rejected !== undefined) return { status: 'error', error }
    const from = this.#answerAt
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
    this.#answer(modelTurn)
    this.#usage = addUsage(this.#usage, modelTurn.response.usage ?? noUsage)
    this.#cost = addCost(this.#cost, modelTurn.response.cost)
    if (!isCounted) this.#account(modelTurn)
    this.#warn()
    if (modelTurn.message !== null) this.#messages.push(modelTurn.message)
  }

  #answer(modelTurn: ModelTurn): void {
    const { text, images } = modelTurn.response
    const goesOn = this.#last?.response.finishReason.unified === 'pause'
    if (!goesOn) this.#answerAt = this.#messages.length
    this.#text = goesOn ? this.#text + text : text
    this.#images = goesOn ? [...this.#images, ...images] : images
    this.#last = modelTurn
  }

  /** An answer without usage has cost nothing that anybody knows of. */
  #account({ response: { usage, cost } }: ModelTurn): void {
    const { gate, context, recorder } = this.#environment
    if (usage !== undefined || cost !== undefined) {
      gate.spent(cost?.source === 'unknown' ? undefined : cost?.amount, context, recorder.turn)
    }
  }

  /** A soft limit stops nothing; the run tells of it once. */
  #warn(): void {
    const { costs, caller, model, recorder } = this.#environment
    if (costs === undefined || this.#warned) return
    const passed = costs.exceeded('soft', { provider: model.provider, model: model.id, caller })
    if (passed === undefined) return
    this.#warned = true
    recorder.emit({ type: 'limit', limit: 'budget.soft', ...passed })
  }

  #endTurn(modelTurn: ModelTurn, outcome: CallsOutcome, isRecorded: boolean): TurnEnd {
    this.#messages.push(...outcome.messages)
    if (!isRecorded) this.#recordEnd(modelTurn)
    return this.#endOf(modelTurn, outcome)
  }

  #endOf(modelTurn: ModelTurn, outcome: CallsOutcome): TurnEnd {
    return {
      ending: endingAfter(this.#environment, modelTurn, outcome, {
        budget: this.#budget,
        rejected: this.#rejected?.error,
      }),
      lastTools: outcome.succeeded,
    }
  }

  #recordEnd({ response, attempts, durationMs }: ModelTurn): void {
    this.#environment.recorder.emit({
      type: 'turn-end',
      finishReason: response.finishReason,
      // the provider's own words are on record with `usage`
      usage: addUsage(noUsage, response.usage ?? noUsage),
      ...(response.cost === undefined ? {} : { cost: response.cost }),
      attempts,
      durationMs,
      ...(response.model === undefined ? {} : { model: response.model }),
      ...(response.responseId === undefined ? {} : { responseId: response.responseId }),
    })
  }

  get #transcript(): readonly Message[] {
    const rejected = this.#rejected
    if (rejected === undefined) return this.#messages
    return this.#messages.filter((_, at) => at < rejected.from || at >= rejected.to)
  }

  outcome({ status, error, approvals, inDoubt }: Ending): RunOutcome {
    const response = this.#last?.response
    return {
      status,
      text: this.#text,
      images: this.#images,
      output: this.#output,
      refusal: response?.refusal,
      finishReason: response?.finishReason,
      usage: this.#usage,
      cost: this.#cost,
      messages: this.#transcript,
      approvals: approvals ?? [],
      inDoubt: inDoubt ?? [],
      error,
    }
  }
}
