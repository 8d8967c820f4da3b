import type { Clock } from './base/clock.ts'
import type { ErrorData } from './base/errors.ts'
import type { Costs } from './cost/costs.ts'
import type { Authenticator } from './gate/authenticate.ts'
import type { Gate } from './gate/gate.ts'
import type { JudgeContext } from './gate/verdict.ts'
import { genesis } from './journal/chain.ts'
import type { Journal } from './journal/journal.ts'
import type { Policy } from './policy/policy.ts'
import type { Message } from './protocol/message.ts'
import type { Model, ModelCaller } from './protocol/model.ts'
import { noUsage } from './protocol/usage.ts'
import { createFold } from './report/fold.ts'
import type { Report } from './report/report.ts'
import type { RunEnvironment } from './run/environment.ts'
import { keepBy } from './run/kept.ts'
import type { KeyedQueue } from './run/keyed-queue.ts'
import { carryRun, type RunOutcome } from './run/loop.ts'
import { compileOutput, type AnswerForm } from './run/output.ts'
import type { EventQueue } from './run/queue.ts'
import { Recorder } from './run/recorder.ts'
import { recordStart } from './run/start.ts'
import type { RunLimits } from './run/stop.ts'
import {
  finiteLimits,
  type RunOptions,
  type RunResult,
  type RuntimeOptions,
} from './runtime-options.ts'
import { compileScope, scopesOf } from './task-scope.ts'
import type { ToolRegistry } from './tools/registry.ts'
import type { Tool } from './tools/tool.ts'

/** What all runs of a runtime share. */
export interface RuntimeParts {
  readonly options: RuntimeOptions
  /** As runs ask it. */
  readonly model: Model
  readonly costs: Costs | undefined
  readonly clock: Clock
  readonly format: (milliseconds: number) => string
  readonly journal: Journal
  /** The one in force. */
  readonly policy: () => Policy
  readonly registry: ToolRegistry
  readonly tools: readonly Tool[]
  readonly gate: Gate
  readonly authenticator: (policy: Policy) => Authenticator
  readonly keys: KeyedQueue
}

/** A run that somebody has asked for. */
export interface StartedRun {
  readonly runId: string
  readonly run: RunOptions
  readonly queue: EventQueue
  readonly limits: RunLimits
  readonly signal: AbortSignal
}

/** Carries one run from its first record to its result. */
export async function carry(parts: RuntimeParts, started: StartedRun): Promise<RunResult> {
  const { journal, clock, format, authenticator, gate } = parts
  const { runId, run, queue, signal } = started
  const fold = createFold()
  const observe = fold.add.bind(fold)
  const keep = keepBy(parts.policy, parts.registry)
  const recorder = new Recorder({ runId, journal, clock, format, queue, signal, keep, observe })
  const caller = await authenticator(parts.policy()).authenticate(run.auth)
  const principal = caller.ok ? caller.principal : null
  const output = run.output && (await compileOutput(run.output))
  const scope = run.scope && (await compileScope(run.scope, parts.tools))
  const context = { runId, session: run.session, principal, scope }
  const messages = opening(parts.options.instructions, run)
  recordStart(recorder, {
    context,
    messages,
    policy: parts.policy(),
    policyFile: parts.options.policy?.path,
    registry: parts.registry,
    model: parts.options.model,
    limits: finiteLimits(started.limits),
    scope: run.scope && scopesOf(run.scope),
  })
  if (caller.ok) gate.begin(context, messages)
  const outcome = caller.ok
    ? await carryRun(environmentOf(recorder, parts, started, { context, messages, output }))
    : turnedAway(recorder, caller.error, messages)
  gate.forget(context)
  const ended = await writeEnd(recorder, outcome)
  return toResult(runId, ended, fold.report(recorder.head === genesis ? null : recorder.head))
}

interface Beginning {
  readonly context: JudgeContext
  readonly messages: readonly Message[]
  readonly output: AnswerForm | undefined
}

function opening(instructions: string | undefined, run: RunOptions): readonly Message[] {
  return [
    ...(instructions === undefined ? [] : [{ role: 'system' as const, content: instructions }]),
    ...(run.messages ?? []),
    { role: 'user', content: run.input },
  ]
}

function environmentOf(
  recorder: Recorder,
  { options, model, costs, clock, gate, keys, registry }: RuntimeParts,
  { run, runId, limits, signal }: StartedRun,
  { context, messages, output }: Beginning,
): RunEnvironment {
  return {
    runId,
    model,
    caller: callerOf(context),
    costs,
    gate,
    recorder,
    clock,
    limits,
    stopWhen: options.stopWhen ?? [],
    tools: registry.specifications,
    toolChoice: run.toolChoice ?? options.toolChoice ?? 'auto',
    settings: run.settings ?? options.settings,
    output,
    messages,
    context,
    deps: run.deps,
    log: options.log,
    approve: run.approve ?? options.approve,
    signal,
    keys,
  }
}

function callerOf({ runId, session, principal }: JudgeContext): ModelCaller {
  const agent = principal?.agent
  return {
    runId,
    ...(session === undefined ? {} : { session }),
    ...(agent === undefined ? {} : { agent }),
  }
}

/** Records the end; a journal that cannot hold it makes the run a failure, whatever it achieved. */
async function writeEnd(recorder: Recorder, outcome: RunOutcome): Promise<RunOutcome> {
  const error = await recorder.end(outcome.status, outcome.error)
  return error === undefined ? outcome : { ...outcome, status: 'error', error }
}

/** The outcome of a run whose caller could not be authenticated: nothing happened. */
function turnedAway(
  recorder: Recorder,
  error: ErrorData,
  messages: readonly Message[],
): RunOutcome {
  recorder.emit({ type: 'error', ...error })
  return {
    status: 'denied',
    text: '',
    images: [],
    output: undefined,
    refusal: undefined,
    finishReason: undefined,
    usage: noUsage,
    cost: undefined,
    messages,
    approvals: [],
    error,
  }
}

function toResult(runId: string, outcome: RunOutcome, report: Report): RunResult {
  const { status, text, images, usage, approvals, messages } = outcome
  const { refusal, finishReason, cost, error, output } = outcome
  return {
    runId,
    status,
    text,
    images,
    ...(output === undefined || status !== 'completed' ? {} : { output }),
    ...(refusal === undefined ? {} : { refusal }),
    ...(finishReason === undefined ? {} : { finishReason }),
    usage,
    ...(cost === undefined ? {} : { cost }),
    report,
    approvals,
    messages,
    ...(error === undefined ? {} : { error }),
  }
}
