import type { Clock } from './base/clock.ts'
import { ownProcess } from './base/process.ts'
import type { Costs } from './cost/costs.ts'
import type { Authenticator } from './gate/authenticate.ts'
import type { Gate } from './gate/gate.ts'
import type { JudgeContext } from './gate/verdict.ts'
import { genesis } from './journal/chain.ts'
import type { Journal } from './journal/journal.ts'
import type { Policy } from './policy/policy.ts'
import type { Message } from './protocol/message.ts'
import type { Model, ModelCaller } from './protocol/model.ts'
import { createFold, type ReportFold } from './report/fold.ts'
import type { Report } from './report/report.ts'
import { isFinal, type RestedRuns } from './rested-runs.ts'
import type { RunEnvironment } from './run/environment.ts'
import type { Checkpoints } from './run/checkpoints.ts'
import { keepBy } from './run/kept.ts'
import type { KeyedQueue } from './run/keyed-queue.ts'
import { carryRun, type RunOutcome } from './run/loop.ts'
import { compileOutput } from './run/output.ts'
import type { EventQueue } from './run/queue.ts'
import { Recorder } from './run/recorder.ts'
import type { Past } from './run/past.ts'
import type { Plugins } from './run/plugins.ts'
import { RememberedAnswers } from './run/remembered.ts'
import { recordStart, type FirstRecord } from './run/start.ts'
import type { RunLimits } from './run/stop.ts'
import type { Stops } from './run/stops.ts'
import {
  finiteLimits,
  type RunOptions,
  type RunResult,
  type RuntimeOptions,
} from './runtime-options.ts'
import type { SessionTurns } from './session-turns.ts'
import type { Snapshots } from './snapshot.ts'
import { compileScope, scopesOf } from './task-scope.ts'
import { denied, entryRefusal, turnedAway } from './turned-away.ts'
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
  readonly rested: RestedRuns
  /** Who signs what is recorded of a run; undefined without `signing`. */
  readonly checkpointsOf: ((runId: string) => Checkpoints) | undefined
  readonly sessions: SessionTurns
  readonly stops: Stops
  readonly drain: AbortSignal
  /** Undefined where there are none. */
  readonly plugins: Plugins | undefined
  /** Undefined where nothing is signed. */
  readonly snapshots: Snapshots | undefined
}

/** The options of everybody who carries a run. */
export type CarryOptions = Pick<
  RunOptions,
  'deps' | 'approve' | 'settings' | 'toolChoice' | 'finalAnswer'
>

/** A run that somebody has asked for. */
export interface StartedRun<Options extends CarryOptions = RunOptions> {
  readonly runId: string
  readonly run: Options
  readonly queue: EventQueue
  readonly limits: RunLimits
  readonly signal: AbortSignal
  /** Stops the run from outside; `detail` says why. */
  stop(detail: string): void
}

/** Carries one run from its first record to its result. */
export async function carry(parts: RuntimeParts, started: StartedRun): Promise<RunResult> {
  const leave = await parts.sessions.enter(started.run.session, started.signal)
  try {
    return await carryInTurn(parts, started, leave === undefined)
  } finally {
    leave?.()
  }
}

async function carryInTurn(
  parts: RuntimeParts,
  started: StartedRun,
  isBusy: boolean,
): Promise<RunResult> {
  const { run, runId } = started
  const caller = await parts.authenticator(parts.policy()).authenticate(run.auth)
  const principal = caller.ok ? caller.principal : null
  const output = run.output && (await compileOutput(run.output))
  const scope = run.scope && (await compileScope(run.scope, parts.tools))
  const { signal } = started
  const context = { runId, session: run.session, principal, scope, signal }
  const messages = opening(parts.options.instructions, run)
  const carrier = openCarrier(parts, started)
  recordBeginning(carrier, parts, {
    context,
    messages,
    limits: finiteLimits(started.limits),
    scope: run.scope && scopesOf(run.scope),
  })
  const refusal = caller.ok ? entryRefusal(parts, context, isBusy) : denied(caller.error)
  if (refusal !== undefined) {
    return conclude(parts, carrier, turnedAway(carrier.recorder, refusal, messages))
  }
  parts.gate.begin(context, messages)
  const leave = parts.stops.enter(context, started.stop)
  const outcome = await carryRun(environmentOf(carrier, parts, { context, messages, output }))
  leave()
  parts.gate.forget(context)
  parts.rested.note(runId, outcome.status)
  return conclude(parts, carrier, outcome)
}

/** A run under way, with what writes it down and what its report is made of. */
export interface Carrier {
  readonly started: StartedRun<CarryOptions>
  readonly recorder: Recorder
  readonly fold: ReportFold
}

/** `past` is what the journal holds of the run already. */
export function openCarrier(
  parts: RuntimeParts,
  started: StartedRun<CarryOptions>,
  past?: Pick<Past, 'events' | 'head' | 'length'>,
): Carrier {
  const { journal, clock, format } = parts
  const { runId, queue, signal } = started
  const fold = createFold()
  const keep = keepBy(parts.policy, parts.registry)
  for (const event of past?.events ?? []) fold.add(event)
  const observe = fold.add.bind(fold)
  const after = past && {
    length: past.length,
    head: past.head,
    eventSeq: (past.events.at(-1)?.seq ?? -1) + 1,
  }
  const checkpoints = parts.checkpointsOf?.(runId)
  const options = { runId, journal, clock, format, queue, signal, keep, observe, after }
  const observers = parts.plugins?.observers
  return { started, recorder: new Recorder({ ...options, checkpoints, observers }), fold }
}

/** Writes the first record of whoever carries the run. */
export function recordBeginning(
  { recorder }: Carrier,
  { options, policy, registry }: RuntimeParts,
  first: Pick<FirstRecord, 'context' | 'messages' | 'limits' | 'scope' | 'resumed'>,
): void {
  recordStart(recorder, {
    ...first,
    carrier: ownProcess(),
    policy: policy(),
    policyFile: options.policy?.path,
    registry,
    model: options.model,
  })
}

/** Records the end of the run and makes its result. */
export async function conclude(
  parts: Pick<RuntimeParts, 'policy' | 'snapshots'>,
  { started: { runId }, recorder, fold }: Carrier,
  outcome: RunOutcome,
): Promise<RunResult> {
  const ended = await writeEnd(recorder, outcome)
  const head = recorder.head === genesis ? null : recorder.head
  const snapshot = await snapshotOf(parts, runId, recorder, ended)
  return toResult(runId, ended, { report: fold.report(head), snapshot })
}

/** None of a run that nobody can carry on, and none where the journal may lack the end of it. */
async function snapshotOf(
  { policy, snapshots }: Pick<RuntimeParts, 'policy' | 'snapshots'>,
  runId: string,
  { head, isWritten, length }: Recorder,
  { status }: RunOutcome,
): Promise<string | undefined> {
  if (snapshots === undefined || !isWritten || isFinal(status)) return undefined
  return snapshots.sign({ runId, head, length, policy: policy().digest })
}

type Beginning = Pick<RunEnvironment, 'context' | 'messages' | 'output' | 'past'>

function opening(instructions: string | undefined, run: RunOptions): readonly Message[] {
  return [
    ...(instructions === undefined ? [] : [{ role: 'system' as const, content: instructions }]),
    ...(run.messages ?? []),
    { role: 'user', content: run.input },
  ]
}

export function environmentOf(
  { recorder, started: { run, runId, limits, signal } }: Carrier,
  { options, model, costs, clock, drain, gate, keys, plugins, registry, stops }: RuntimeParts,
  beginning: Beginning,
): RunEnvironment {
  return {
    runId,
    model,
    caller: callerOf(beginning.context),
    costs,
    gate,
    recorder,
    clock,
    limits,
    stopWhen: options.stopWhen ?? [],
    tools: registry.specifications,
    finalAnswer: run.finalAnswer ?? false,
    toolChoice: run.toolChoice ?? options.toolChoice ?? 'auto',
    settings: run.settings ?? options.settings,
    ...beginning,
    deps: run.deps,
    log: options.log,
    wrappers: plugins?.toolWrappers,
    approve: run.approve ?? options.approve,
    remembered: new RememberedAnswers(),
    signal,
    drain,
    stops,
    keys,
  }
}

export function callerOf({ runId, session, principal }: JudgeContext): ModelCaller {
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

function toResult(
  runId: string,
  outcome: RunOutcome,
  { report, snapshot }: { readonly report: Report; readonly snapshot: string | undefined },
): RunResult {
  const { status, text, images, usage, approvals, inDoubt, messages } = outcome
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
    inDoubt,
    ...(snapshot === undefined ? {} : { snapshot }),
    messages,
    ...(error === undefined ? {} : { error }),
  }
}
