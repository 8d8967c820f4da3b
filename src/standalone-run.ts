import type { Clock } from './base/clock.ts'
import { errorFrom, messageOf, type ErrorData } from './base/errors.ts'
import { callId, newId } from './base/ids.ts'
import type { JsonObject } from './base/json.ts'
import type { Gate } from './gate/gate.ts'
import type { Answered, ApprovalAnswer, ApprovalRequest, JudgeContext } from './gate/verdict.ts'
import { genesis } from './journal/chain.ts'
import type { Journal } from './journal/journal.ts'
import type { Policy } from './policy/policy.ts'
import type { Decision } from './protocol/decision.ts'
import type { Message } from './protocol/message.ts'
import type { Principal } from './protocol/principal.ts'
import type { StructuralEvent, ToolResulted } from './protocol/run-event.ts'
import { createFold } from './report/fold.ts'
import type { Report } from './report/report.ts'
import { CallBudget } from './run/call-budget.ts'
import { runCalls } from './run/calls.ts'
import type { CallEnvironment } from './run/environment.ts'
import { keepBy } from './run/kept.ts'
import { KeyedQueue } from './run/keyed-queue.ts'
import type { Plugins } from './run/plugins.ts'
import { unreadQueue } from './run/queue.ts'
import { Recorder } from './run/recorder.ts'
import { Stops } from './run/stops.ts'
import { RememberedAnswers } from './run/remembered.ts'
import { anotherProgram, recordStart } from './run/start.ts'
import { defaultLimits } from './run/stop.ts'
import type { Judged, Outcome, Settled } from './standalone-gate.ts'
import type { ToolRegistry } from './tools/registry.ts'

/** What all runs of a gate share. */
export interface GateRunParts {
  readonly gate: Gate
  readonly registry: ToolRegistry
  readonly journal: Journal
  readonly clock: Clock
  readonly format: (milliseconds: number) => string
  readonly policy: () => Policy
  readonly plugins?: Plugins | undefined
}

export interface GateRunStart {
  readonly principal: Principal | null
  readonly session: string
  readonly messages: readonly Message[]
}

/** A call on its way. */
interface OpenCall {
  /** Settled with each answer to the question what may be done now. */
  judged: PromiseWithResolvers<Judged>
  /** Present while the host carries the call out. */
  execution?: PromiseWithResolvers<unknown>
  readonly finished: Promise<void>
  /** The gate has not said yet what may be done, as long as its hooks think. */
  isAtGate: boolean
  /** What people were asked about it last. */
  approvalId?: string
  /** Why it could not be carried to its end, such as a journal that takes nothing. */
  failure?: unknown
}

interface Question {
  readonly callId: string
  readonly answer: PromiseWithResolvers<ApprovalAnswer>
}

/**
 * The calls of a program with its own loop, carried by the same code as those of a run: the
 * execution of a tool is a promise that `settle` keeps, the approver one that `answer` keeps.
 */
export class GateRun {
  readonly id: string
  readonly #environment: CallEnvironment
  readonly #fold = createFold()
  readonly #budget = new CallBudget({
    ...defaultLimits,
    maxToolCalls: Infinity,
    maxRepeatedCalls: Infinity,
  })
  readonly #controller = new AbortController()
  readonly #calls = new Map<string, OpenCall>()
  readonly #questions = new Map<string, Question>()
  readonly #decisions = new Map<string, Decision>()
  readonly #results = new Map<string, ToolResulted>()
  /** By request, the calls that were refused with an equal one before anybody answered. */
  readonly #refused = new Map<string, Judged>()
  /** By request, why the last answer did not count. */
  readonly #problems = new Map<string, ErrorData>()
  #count = 0
  #ended: Promise<Report> | undefined

  constructor(parts: GateRunParts, start: GateRunStart) {
    const { clock, format, gate, journal, plugins, policy, registry } = parts
    this.id = newId('run', clock.now())
    const { principal, session, messages } = start
    const { signal } = this.#controller
    const context: JudgeContext = { runId: this.id, session, principal, signal }
    const observe = (event: StructuralEvent): void => this.#observe(event)
    const recorder = new Recorder({
      runId: this.id,
      journal,
      clock,
      format,
      queue: unreadQueue(),
      signal,
      keep: keepBy(policy, registry),
      observe,
      observers: plugins?.observers,
    })
    this.#environment = {
      runId: this.id,
      gate: { ...gate, answer: (...given) => this.#weigh(gate, ...given) },
      recorder,
      clock,
      limits: { maxParallel: Infinity },
      context,
      deps: undefined,
      log: undefined,
      approve: (request) => this.#ask(request),
      remembered: new RememberedAnswers(),
      askAgain: true,
      signal,
      drain: new AbortController().signal,
      stops: new Stops(),
      keys: new KeyedQueue(),
    }
    recordStart(recorder, {
      context,
      messages,
      policy: policy(),
      registry,
      model: anotherProgram,
      limits: {},
    })
    gate.begin(context, messages)
  }

  judge(tool: string, rawArgs: string, providerId: string): Promise<Judged> {
    const index = this.#count++
    const call = { callId: callId(this.id, 1, index), providerId, turn: 1, index, tool, rawArgs }
    const finished = Promise.withResolvers<void>()
    const judged = Promise.withResolvers<Judged>()
    const open: OpenCall = { judged, finished: finished.promise, isAtGate: true }
    this.#calls.set(call.callId, open)
    runCalls(this.#environment, [call], this.#budget)
      .then((desk) => {
        // completes what a run that was stopped has left open
        desk.outcome()
        this.#conclude(call.callId)
      })
      .catch((error: unknown) => {
        open.failure = error
        open.judged.reject(error)
      })
      .finally(finished.resolve)
    return open.judged.promise
  }

  /** Undefined when the question is not one of this run. */
  answer(approvalId: string, answer: ApprovalAnswer): Promise<Judged> | undefined {
    const refused = this.#refused.get(approvalId)
    this.#refused.delete(approvalId)
    if (refused !== undefined) return Promise.resolve(refused)
    const question = this.#questions.get(approvalId)
    if (question === undefined) return undefined
    this.#questions.delete(approvalId)
    const open = this.#calls.get(question.callId)!
    open.judged = Promise.withResolvers()
    open.isAtGate = true
    question.answer.resolve(answer)
    return open.judged.promise
  }

  /** Undefined when no call of this run is carried out under the id. */
  settle(id: string, outcome: Outcome): Promise<Settled> | undefined {
    const open = this.#calls.get(id)
    if (open?.execution === undefined) return undefined
    if ('error' in outcome) open.execution.reject(errorOf(outcome.error))
    else open.execution.resolve(outcome.result)
    delete open.execution
    return open.finished.then(() => this.#settled(id, open))
  }

  /** Called in place of the tool. */
  execute(id: string, args: JsonObject): Promise<unknown> {
    const open = this.#calls.get(id)!
    open.execution = Promise.withResolvers()
    this.#tell(id, {
      callId: id,
      decision: this.#decisions.get(id),
      outcome: 'run',
      args,
    })
    return open.execution.promise
  }

  /** Questions nobody has answered and calls nobody has settled end with the run, which ends once. */
  end(): Promise<Report> {
    this.#ended ??= this.#end()
    return this.#ended
  }

  async #end(): Promise<Report> {
    const isOpen = [...this.#calls.values()].some(
      ({ execution, isAtGate }) => execution !== undefined || isAtGate,
    )
    if (isOpen || this.#questions.size > 0) this.#controller.abort('cancelled')
    await Promise.all([...this.#calls.values()].map(({ finished }) => finished))
    const { gate, context, recorder } = this.#environment
    gate.forget(context)
    const status = this.#controller.signal.aborted ? 'cancelled' : 'completed'
    await recorder.end(status, undefined, this.#fold.counts())
    return this.#fold.report(recorder.head === genesis ? null : recorder.head)
  }

  #ask(request: ApprovalRequest): Promise<ApprovalAnswer> {
    const { callId: id } = request
    const open = this.#calls.get(id)!
    open.approvalId = request.id
    const answer = Promise.withResolvers<ApprovalAnswer>()
    this.#questions.set(request.id, { callId: id, answer })
    const problem = this.#problems.get(request.id)
    this.#problems.delete(request.id)
    if (problem !== undefined) {
      open.judged.reject(errorFrom(problem))
    } else {
      this.#tell(id, { callId: id, decision: this.#decisions.get(id), outcome: 'ask', request })
    }
    return answer.promise
  }

  async #weigh(gate: Gate, ...given: Parameters<Gate['answer']>): Promise<Answered> {
    const answered = await gate.answer(...given)
    if (answered.kind === 'invalid') this.#problems.set(given[0], answered.error)
    return answered
  }

  #conclude(id: string): void {
    const result = this.#results.get(id)
    const judged: Judged = {
      callId: id,
      decision: this.#decisions.get(id),
      outcome: 'refused',
      status: result?.status ?? 'skipped',
      content: result?.content ?? 'Not executed: nobody has approved this call.',
    }
    // nobody would take an answer any more; who gives one is told of a no that came before it
    const { approvalId } = this.#calls.get(id)!
    if (approvalId !== undefined && this.#questions.delete(approvalId)) {
      if (result?.status === 'denied-by-human') this.#refused.set(approvalId, judged)
    }
    this.#tell(id, judged)
  }

  #tell(id: string, judged: Judged): void {
    const open = this.#calls.get(id)!
    open.isAtGate = false
    open.judged.resolve(judged)
  }

  #settled(id: string, { failure }: OpenCall): Settled {
    const { status, content } = this.#results.get(id)!
    this.#calls.delete(id)
    if (failure !== undefined) throw failure
    return { status, content }
  }

  #observe(event: StructuralEvent): void {
    this.#fold.add(event)
    if (event.type === 'decision') this.#decisions.set(event.callId, event.decision)
    else if (event.type === 'tool-result') this.#results.set(event.callId, event)
  }
}

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(messageOf(error))
}
