import { errorData, errorDataOf, type ErrorData } from '../base/errors.ts'
import { isObject, type JsonValue } from '../base/json.ts'
import { stopReason } from '../base/signal.ts'
import type { ApprovalRequest } from '../gate/verdict.ts'
import type { FinishReason } from '../protocol/usage.ts'
import { addCost, addUsage, noUsage, type Cost, type Usage } from '../protocol/usage.ts'
import type { Message } from '../protocol/message.ts'
import type { EndStatus } from '../protocol/run-event.ts'
import { CallBudget } from './call-budget.ts'
import { runCalls, type CallsOutcome } from './calls.ts'
import type { RunEnvironment } from './environment.ts'
import { repairRequest, type AnswerForm } from './output.ts'
import { limitConditions, type Stop } from './stop.ts'
import { streamTurn, type ModelTurn } from './turn.ts'

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

const noCalls: CallsOutcome = { messages: [], pending: [], succeeded: [] }

interface Ending {
  readonly status: EndStatus
  readonly error?: ErrorData
  readonly approvals?: readonly ApprovalRequest[]
}

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
    this.#messages = [...environment.messages]
  }

  async follow(): Promise<Ending> {
    const { limits, stopWhen, recorder, signal } = this.#environment
    const bounds = limitConditions(limits)
    const conditions = [...stopWhen, ...bounds]
    for (let turn = 1; ; turn++) {
      if (signal.aborted) return stoppedEnding(signal)
      recorder.turn = turn
      recorder.emit({ type: 'turn-start' })
      this.#announceRepair(turn)
      const { ending, lastTools } = await this.#turn(turn)
      if (ending !== undefined) return ending
      const state = {
        turns: turn,
        toolCalls: this.#budget.calls,
        usage: this.#usage,
        cost: this.#cost,
        messages: this.#messages,
        lastTools,
      }
      // what a program waits for is done with by the time an answer is asked for again
      for (const condition of this.#rejected === undefined ? conditions : bounds) {
        const stop = condition(state)
        if (stop !== undefined) return this.#stop(stop)
      }
    }
  }

  /** One model response and its calls; an ending when the run does not go on. */
  async #turn(turn: number): Promise<{ ending: Ending | undefined; lastTools: readonly string[] }> {
    // outcomes of the last turn are written down before the model sees them
    const written = this.#environment.recorder.flush()
    if (written !== undefined) await written
    const modelTurn = await streamTurn(this.#asking, this.#messages, turn)
    this.#answer(modelTurn)
    this.#usage = addUsage(this.#usage, modelTurn.response.usage ?? noUsage)
    this.#cost = addCost(this.#cost, modelTurn.response.cost)
    this.#account(modelTurn)
    this.#warn()
    if (modelTurn.message !== null) this.#messages.push(modelTurn.message)
    const { calls } = modelTurn
    const desk =
      calls.length === 0 ? undefined : await runCalls(this.#environment, calls, this.#budget)
    const outcome = desk?.outcome() ?? noCalls
    this.#messages.push(...outcome.messages)
    this.#endTurn(modelTurn)
    const ending = this.#endingAfter(modelTurn, outcome.pending)
    return {
      ending: ending?.status === 'completed' ? await this.#checkAnswer(ending, turn) : ending,
      lastTools: outcome.succeeded,
    }
  }

  /** An answer that is asked for again is to be nothing but that. */
  get #asking(): RunEnvironment {
    const environment = this.#environment
    return this.#rejected === undefined ? environment : { ...environment, toolChoice: 'none' }
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
    this.#budget.close('outputRepair', 'no calls run while an answer is asked for again')
    return undefined
  }

  #announceRepair(turn: number): void {
    if (this.#rejected?.repair !== turn) return
    const { error } = this.#rejected
    this.#environment.recorder.emit({ type: 'retry', attempt: 2, delayMs: 0, error })
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
    const { gate, context } = this.#environment
    if (usage !== undefined || cost !== undefined) {
      gate.spent(cost?.source === 'unknown' ? undefined : cost?.amount, context)
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

  #endTurn({ response, attempts, durationMs }: ModelTurn): void {
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

  #endingAfter(
    { response, calls }: ModelTurn,
    pending: readonly ApprovalRequest[],
  ): Ending | undefined {
    const { signal } = this.#environment
    if (signal.aborted) return stoppedEnding(signal)
    if (response.error?.code === 'budget-exceeded') return this.#overspent(response.error)
    if (response.error !== undefined) return { status: 'error', error: response.error }
    if (pending.length > 0) return { status: 'needs-approval', approvals: pending }
    const { unified, raw } = response.finishReason
    if (unified === 'content-filter') {
      const message = `the provider filtered the answer (\`${raw ?? unified}\`)`
      return { status: 'error', error: errorData('model-refused', message) }
    }
    if (unified === 'error') {
      const message = `the model stopped with \`${raw ?? unified}\``
      return { status: 'error', error: errorData('model-error', message) }
    }
    if (this.#rejected !== undefined && calls.length > 0) {
      return { status: 'error', error: this.#rejected.error }
    }
    const { overdrawn } = this.#budget
    // the limit itself is on record since the call that passed it
    if (overdrawn !== undefined) return { status: 'limit' }
    // a paused answer is bounded like every other sequence of turns
    if (calls.length > 0 || unified === 'pause') return undefined
    if (unified !== 'length') return { status: 'completed' }
    const message = 'the answer was cut at the bound of output tokens'
    return this.#stop({ status: 'limit', limit: 'maxOutputTokens', max: 0, message })
  }

  #overspent({ message, details }: ErrorData): Ending {
    const max = isObject(details) ? Number(details['limit']) : 0
    return this.#stop({ status: 'limit', limit: 'budget.hard', max, message })
  }

  #stop({ status, limit, max, message }: Stop): Ending {
    if (status === 'limit') this.#environment.recorder.emit({ type: 'limit', limit, max, message })
    return { status }
  }

  get #transcript(): readonly Message[] {
    const rejected = this.#rejected
    if (rejected === undefined) return this.#messages
    return this.#messages.filter((_, at) => at < rejected.from || at >= rejected.to)
  }

  outcome({ status, error, approvals }: Ending): RunOutcome {
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
      error,
    }
  }
}

function stoppedEnding(signal: AbortSignal): Ending {
  return stopReason(signal) === 'run-timeout'
    ? { status: 'timeout', error: errorData('run-timeout', 'the run did not finish in time') }
    : { status: 'cancelled', error: errorData('cancelled', 'the run was cancelled') }
}
