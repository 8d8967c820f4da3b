import pLimit from 'p-limit'
import { errorData, errorDataOf } from '../base/errors.ts'
import { whenKnown } from '../base/when-known.ts'
import { refusalContent } from '../gate/refusal.ts'
import type { ExaminedCall, Permitted, Verdict } from '../gate/verdict.ts'
import type { ToolCall } from '../protocol/call.ts'
import type { ToolMessage } from '../protocol/message.ts'
import type { ToolResulted } from '../protocol/run-event.ts'
import { execute } from '../tools/execute.ts'
import type { Permit } from '../tools/permit.ts'
import { askPeople, type Asked } from './approvals.ts'
import { concluded, type Resting } from './delegation.ts'
import type { CallEnvironment } from './environment.ts'
import type { CallBudget } from './call-budget.ts'
import { executionContext } from './execution-context.ts'
import { Doubts } from './doubts.ts'
import type { CallsOutcome, Judged, Judging } from './judged.ts'
import {
  concurrencyKey,
  notRun,
  outdated,
  recordEnding,
  stoppedBefore,
  type Ending,
  type Waits,
} from './ending.ts'
import { toolMessage } from './tool-call.ts'
import { recordIntent, recordProposal } from './proposal.ts'
import { WaitingCalls } from './waiting-calls.ts'

type Refusal = Extract<Verdict, { kind: 'refusal' }>
type Pending = Extract<Verdict, { kind: 'pending' }>
/** What is left to ask of a call whose permit was not in force any more. */
type Left = Promise<Pending | undefined>

/** Carries each proposed call to its one result. */
export class CallDesk {
  readonly doubts = new Doubts()
  readonly #environment: CallEnvironment
  readonly #calls: readonly ToolCall[]
  /** Absent when there is a slot for every call. */
  readonly #slots: ReturnType<typeof pLimit> | undefined
  /** Those of agents: they may wait for the key of a call that waits for a slot itself. */
  readonly #agentSlots: ReturnType<typeof pLimit> | undefined
  readonly #answers = new Map<string, ToolMessage>()
  readonly #waiting = new WaitingCalls()
  readonly #succeeded: string[] = []

  constructor(environment: CallEnvironment, calls: readonly ToolCall[]) {
    const { maxParallel } = environment.limits
    this.#environment = environment
    this.#calls = calls
    if (calls.length <= maxParallel) return
    this.#slots = pLimit(maxParallel)
    this.#agentSlots = pLimit(maxParallel)
  }

  /** Writes the proposal and its decision down; undefined when the call is already answered. */
  propose(
    examined: ExaminedCall,
    budget: CallBudget,
  ): Judged | undefined | Promise<Judged | undefined> {
    recordProposal(this.#environment.recorder, examined)
    return this.judge(examined, budget)
  }

  /** The same for a call whose proposal is on record; `judgeBy` is how the gate is asked. */
  judge(
    examined: ExaminedCall,
    budget: CallBudget,
    judgeBy = (): Judging | Promise<Judging> =>
      this.#environment.gate.judge(examined, this.#environment.context),
  ): Judged | undefined | Promise<Judged> {
    const { recorder } = this.#environment
    const { call } = examined
    const overdrawn = budget.take(call.tool, examined.argsDigest)
    if (overdrawn !== undefined) {
      if (overdrawn === budget.overdrawn) recorder.emit({ type: 'limit', ...overdrawn })
      const code = overdrawn.limit === 'maxRepeatedCalls' ? 'repeated-call' : 'limit-reached'
      this.#answer(call, notRun('skipped', errorData(code, overdrawn.message)))
      return undefined
    }
    return whenKnown(judgeBy(), ({ isAsked = false, ...verdict }) => {
      recorder.emit({ type: 'decision', callId: call.callId, decision: verdict.decision })
      return { examined, verdict, isAsked }
    })
  }

  /** The answer of a call that an earlier carrier of the run has recorded. */
  recall(call: ToolCall, result: ToolResulted): void {
    this.#answers.set(call.callId, toolMessage(call, result))
    if (result.status === 'success') this.#succeeded.push(call.tool)
  }

  /** What somebody has found out about a call. */
  conclude(examined: ExaminedCall, ending: Ending, resolvedBy?: string): void {
    this.#end(examined, ending, resolvedBy === undefined ? {} : { resolvedBy })
  }

  /** Rejects when the run cannot go on; the call has its answer also then. */
  async carryOut({ examined, verdict, isAsked }: Judged): Promise<void> {
    const { call } = examined
    try {
      switch (verdict.kind) {
        case 'permit': {
          const anew = await this.#run(examined, verdict, 0)
          return anew && (await this.#ask(examined, anew, false))
        }
        case 'refusal':
          return this.#refuse(call, verdict, 0)
        case 'pending':
          return await this.#ask(examined, verdict, isAsked)
      }
    } catch (error) {
      this.#environment.gate.release(call.callId)
      if (!this.#answers.has(call.callId))
        this.#answer(call, notRun('cancelled', errorDataOf(error)))
      throw error
    }
  }

  async #ask(examined: ExaminedCall, pending: Pending, isAsked: boolean): Promise<void> {
    const started = this.#environment.clock.monotonic()
    const asked: Asked = await askPeople(this.#environment, pending, isAsked)
    const waitedMs = Math.round(this.#environment.clock.monotonic() - started)
    switch (asked.kind) {
      case 'open':
        return this.#waiting.ask(examined, asked.request)
      case 'stopped': {
        const ending = stoppedBefore(this.#environment.signal)
        return this.#end(examined, ending, { approvalMs: waitedMs })
      }
      case 'settled': {
        const { examined: settled, verdict } = asked
        if (verdict.kind === 'refusal') return this.#refuse(examined.call, verdict, waitedMs)
        const anew = await this.#run(settled, verdict, waitedMs)
        return anew && this.#ask(settled, anew, false)
      }
    }
  }

  /** Waits for the key and a slot. Returns a question where another policy asks one by then. */
  #run(examined: ExaminedCall, { permit }: Permitted, approvalMs: number): Left {
    const queuedAt = this.#environment.clock.monotonic()
    const { delegation, keys, share, signal } = this.#environment
    const runNow = (): Left => this.#runNow(examined, permit, queuedAt, approvalMs)
    const isAgent = delegation?.isAgent(examined.tool) === true
    const slots = isAgent ? this.#agentSlots : this.#slots
    const work = isAgent || share === undefined ? runNow : (): Left => share.atWork(runNow)
    const inSlot = (): Left => slots?.(work) ?? work()
    const key = concurrencyKey(examined)
    if (key === undefined) return inSlot()
    if (typeof key === 'string') return keys.alone(key, signal, inSlot)
    this.#end(examined, key, { approvalMs })
    return Promise.resolve(undefined)
  }

  /** What the permit was given under has changed while the call waited: it is judged anew. */
  async #renew(examined: ExaminedCall, permit: Permit, queuedAt: number, approvalMs: number): Left {
    const { context, gate, recorder } = this.#environment
    const { callId } = examined.call
    const verdict = await gate.renew(examined, context, permit)
    recorder.emit({ type: 'decision', callId, decision: verdict.decision })
    if (verdict.kind === 'pending') return verdict
    if (verdict.kind === 'permit')
      return this.#runNow(examined, verdict.permit, queuedAt, approvalMs)
    this.#refuse(examined.call, verdict, approvalMs)
    return undefined
  }

  /** Writes the intent down, and only then executes. */
  async #runNow(
    examined: ExaminedCall,
    permit: Permit,
    queuedAt: number,
    approvalMs: number,
  ): Left {
    const { clock, context, gate, recorder, signal, stops } = this.#environment
    const { call } = examined
    if (!gate.isInForce(permit) && !signal.aborted)
      return this.#renew(examined, permit, queuedAt, approvalMs)
    const queueMs = Math.round(clock.monotonic() - queuedAt)
    let ending: Ending | Resting
    // between the permit and this moment the call may have waited for long
    const refusal = stops.refusal(call.tool, context)
    if (signal.aborted) ending = stoppedBefore(signal)
    else if (refusal !== undefined) ending = notRun('error-security', errorData('stopped', refusal))
    else ending = await this.#executeNow(examined, permit)
    if ('pending' in ending) return this.#rest(examined, ending)
    this.#end(examined, ending, { queueMs, approvalMs })
    if (this.#isLast(examined)) return undefined
    // the outcome is on its way to the disk before slot and key are given to another call
    const written = recorder.flush()
    if (written !== undefined) await written
    return undefined
  }

  /** Whether nobody can start before the flush that follows the calls. */
  #isLast({ tool }: ExaminedCall): boolean {
    const isKeyed = tool?.concurrencyKey !== undefined
    const isOver = this.#answers.size === this.#calls.length
    return isOver && !isKeyed && this.#environment.flushesAfterCalls === true
  }

  async #executeNow(examined: ExaminedCall, permit: Permit): Promise<Ending | Resting> {
    const { context, delegation, gate, recorder, signal, stops } = this.#environment
    const { tool } = examined.call
    const stop = stops.start(tool, context, signal)
    const delegating = delegation?.open(examined.call, examined.tool)
    try {
      recordIntent(recorder, examined, delegating?.runId)
      const written = recorder.flush()
      if (written !== undefined) await written
      if (!gate.isInForce(permit, true)) return outdated()
      const { delegate } = delegating ?? {}
      const given = executionContext(this.#environment, permit, stop.signal, delegate)
      return await concluded(await execute(permit, given), delegating)
    } finally {
      stop.dispose()
    }
  }

  /** An agent has come to rest: its questions are those of the call. */
  async #rest(examined: ExaminedCall, resting: Resting): Promise<undefined> {
    const { recorder } = this.#environment
    const { head, runId } = resting.child
    const { callId } = examined.call
    recorder.emit({ type: 'execution-progress', callId, value: { rests: { head, runId } } })
    this.#waiting.rest(examined, resting)
    this.doubts.add(...resting.inDoubt)
    await recorder.flush()
  }

  /** The gate learns what came out before anything else is judged by it. */
  #settle(examined: ExaminedCall, ending: Ending): void {
    const { attempts, child, status, result, content, durationMs } = ending
    const { gate, context } = this.#environment
    const [succeeded, isForeign] = [status === 'success', ending.foreign === true]
    // where a wrapper answered in place of the tool, the model sees what it said all the same
    if (attempts === 0 && !succeeded) {
      if (isForeign) gate.begin(context, [{ role: 'user', content }], 'untrusted')
      return gate.release(examined.call.callId)
    }
    const isDelegated = child !== undefined
    // null is a result, and says nothing
    const value = result === undefined ? content : result
    gate.settle(examined, context, { succeeded, value, durationMs, isDelegated, isForeign })
  }

  #refuse(call: ToolCall, refusal: Refusal, approvalMs: number): void {
    const content = refusalContent(refusal.decision, refusal.error)
    this.#answer(call, { ...notRun(refusal.status, refusal.error), content }, { approvalMs })
  }

  /** It has ended so, also where nobody can count it. */
  #end(examined: ExaminedCall, ending: Ending, waits: Waits): void {
    try {
      this.#settle(examined, ending)
    } finally {
      this.#answer(examined.call, ending, waits)
    }
    if (ending.status === 'success') this.#succeeded.push(examined.call.tool)
  }

  #answer(call: ToolCall, ending: Ending, waits: Waits = {}): void {
    const { recorder, signal } = this.#environment
    const standing = this.doubts.standing(call.callId, ending, signal.aborted)
    if (standing === undefined) return
    recordEnding(recorder, call, standing, waits)
    this.#answers.set(call.callId, toolMessage(call, standing))
    if (standing !== ending) this.doubts.ended(call.callId, standing)
  }

  /** To be asked for in the same breath as whether the run goes on: a stop drops what is pending. */
  outcome(): CallsOutcome {
    if (this.#environment.signal.aborted) this.#dropPending()
    const messages = this.#calls
      .map((call) => this.#answers.get(call.callId))
      .filter((message) => message !== undefined)
    return {
      messages,
      pending: this.#waiting.requests,
      succeeded: this.#succeeded,
      inDoubt: this.doubts.callIds,
    }
  }

  /** A run that was stopped waits for nobody, and knows no more about what is in doubt. */
  #dropPending(): void {
    const failures: unknown[] = []
    for (const [examined, ending] of this.#waiting.stop(this.#environment.signal)) {
      try {
        this.#end(examined, ending, {})
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}
