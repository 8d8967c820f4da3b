import type { Clock } from './base/clock.ts'
import type { Costs } from './cost/costs.ts'
import type { DelegationFor } from './delegation.ts'
import type { Authenticator } from './gate/authenticate.ts'
import type { Gate } from './gate/gate.ts'
import type { Journal } from './journal/journal.ts'
import type { Policy } from './policy/policy.ts'
import type { PreviousRuns } from './previous-runs.ts'
import type { Model } from './protocol/model.ts'
import type { ToolSpecification } from './protocol/request.ts'
import type { RestedRuns } from './rested-runs.ts'
import type { KeyedQueue } from './run/keyed-queue.ts'
import type { Plugins } from './run/plugins.ts'
import type { EventQueue } from './run/queue.ts'
import type { Steering } from './run/run.ts'
import type { RunLimits } from './run/stop.ts'
import type { Stops } from './run/stops.ts'
import type { RunOptions, RuntimeOptions } from './runtime-options.ts'
import type { SessionHistory } from './session-history.ts'
import type { SessionTurns } from './session-turns.ts'
import type { Signing } from './signing.ts'
import type { Snapshots } from './snapshot.ts'
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
