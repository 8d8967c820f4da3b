import type { Clock } from './base/clock.ts'
import { openCarrier, recordBeginning } from './carrier.ts'
import { carryToEnd, conclude } from './conclude.ts'
import type { DelegationFor } from './delegation.ts'
import type { Costs } from './cost/costs.ts'
import type { Authenticator, AuthResult } from './gate/authenticate.ts'
import type { Gate } from './gate/gate.ts'
import type { Journal } from './journal/journal.ts'
import type { Policy } from './policy/policy.ts'
import type { Message } from './protocol/message.ts'
import type { Model } from './protocol/model.ts'
import type { ToolSpecification } from './protocol/request.ts'
import type { RestedRuns } from './rested-runs.ts'
import { environmentOf } from './run-environment.ts'
import type { KeyedQueue } from './run/keyed-queue.ts'
import { compileOutput } from './run/output.ts'
import type { EventQueue } from './run/queue.ts'
import type { Plugins } from './run/plugins.ts'
import type { Steering } from './run/run.ts'
import type { RunLimits } from './run/stop.ts'
import type { Stops } from './run/stops.ts'
import {
  finiteLimits,
  type RunOptions,
  type RunResult,
  type RuntimeOptions,
} from './runtime-options.ts'
import type { PreviousRuns } from './previous-runs.ts'
import {
  checkOwnMessages,
  inConversation,
  withConversation,
  type Found,
  type SessionHistory,
} from './session-history.ts'
import type { SessionTurns } from './session-turns.ts'
import type { Signing } from './signing.ts'
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
  /** Another model as runs ask it. */
  readonly costed: (model: Model) => Promise<Model>
  readonly clock: Clock
  readonly format: (milliseconds: number) => string
  readonly journal: Journal
  /** The one in force. */
  readonly policy: () => Policy
  /** The tools of a run. */
  readonly registry: ToolRegistry
  /** These and those of all agents below. */
  readonly toolbox: ToolRegistry
  readonly tools: readonly Tool[]
  /** How runs call agents; undefined where there are none. */
  readonly delegationFor: DelegationFor | undefined
  readonly gate: Gate
  readonly authenticator: (policy: Policy) => Authenticator
  readonly keys: KeyedQueue
  readonly rested: RestedRuns
  /** Who signs what is recorded; undefined without `signing`. */
  readonly signing: Signing | undefined
  /** What runs name of those before them; undefined where the journal cannot tell. */
  readonly previousRuns: PreviousRuns | undefined
  readonly sessions: SessionTurns
  /** Undefined where conversations are not kept. */
  readonly history: SessionHistory | undefined
  readonly stops: Stops
  readonly drain: AbortSignal
  /** Undefined where there are none. */
  readonly plugins: Plugins | undefined
  /** What the model is shown of the tools. */
  readonly offered: () => readonly ToolSpecification[]
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
  readonly steering: Steering
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
  const { run, runId, signal } = started
  const caller = await parts.authenticator(parts.policy()).authenticate(run.auth)
  if (!caller.ok || isBusy) return carryFor(parts, started, caller, isBusy ? { isBusy: true } : {})
  const { principal } = caller
  const isKept = parts.history !== undefined && run.session !== undefined
  if (isKept) checkOwnMessages(run.messages)
  return inConversation(parts, { runId, session: run.session, principal }, signal, (found) =>
    carryFor(parts, started, caller, found),
  )
}

async function carryFor(
  parts: RuntimeParts,
  started: StartedRun,
  caller: AuthResult,
  { conversation, error, isBusy }: Found,
): Promise<RunResult> {
  const { run, runId } = started
  const principal = caller.ok ? caller.principal : null
  const output = run.output && (await compileOutput(run.output))
  const scope = run.scope && (await compileScope(run.scope, parts.tools))
  const { signal } = started
  const context = { runId, session: run.session, principal, scope, signal }
  const own = opening(parts.options.instructions, run)
  const messages = withConversation(own, conversation)
  const previousRuns = await parts.previousRuns?.unnamed()
  const carrier = openCarrier(parts, started, { conversation, messages, context }, { previousRuns })
  recordBeginning(carrier, parts, {
    context,
    messages,
    previousRuns,
    limits: finiteLimits(started.limits),
    scope: run.scope && scopesOf(run.scope),
  })
  const refusal = caller.ok
    ? (entryRefusal(parts, context, isBusy === true) ?? (error && { status: 'error', error }))
    : denied(caller.error)
  if (refusal !== undefined) {
    return conclude(parts, carrier, turnedAway(carrier.recorder, refusal, messages))
  }
  if (conversation !== undefined) parts.gate.remember(context, conversation.earlier)
  parts.gate.begin(context, own)
  const below = parts.delegationFor?.({ parts, started, context })
  const beginning = { context, messages, output, ...below }
  return carryToEnd(parts, carrier, environmentOf(carrier, parts, beginning))
}

function opening(instructions: string | undefined, run: RunOptions): readonly Message[] {
  const said: Message = { role: 'user', content: run.input }
  const system: readonly Message[] =
    instructions === undefined ? [] : [{ role: 'system', content: instructions }]
  return [...system, ...(run.messages ?? []), said].map((message) => Object.freeze(message))
}
