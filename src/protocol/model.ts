import type { ModelEvent } from './event.ts'
import type { ModelRequest } from './request.ts'

export interface ModelStreamOptions {
  readonly signal: AbortSignal
  /**
   * Whether the caller looks at `tool-call-delta` events. Default true; with false a model may
   * leave them out, since the complete call comes as `tool-call`.
   */
  readonly toolCallDeltas?: boolean
  /** On whose behalf the model is asked; what costs and budgets are counted by. */
  readonly caller?: ModelCaller
}

/** What costs of model requests are counted by. */
export interface ModelCaller {
  /** Of agents that work for a run, that run. */
  readonly runId: string
  /** The run of the agent itself, where that is another one. */
  readonly ownRunId?: string
  readonly session?: string
  readonly agent?: string
}

/** What answers. Everything the run loop knows of the model side. */
export interface Model {
  /** Name sent to the provider, e.g. `anthropic/claude-haiku-4.5`. */
  readonly id: string
  /** All that may be asked in its place, itself included; absent where it is the only one. */
  readonly models?: readonly string[]
  /** Who hosts it, e.g. `openrouter`. */
  readonly provider: string
  /**
   * One response as events. Never throws and never rejects: failures are `error` events, and
   * `end` comes exactly once and last, also after `signal` aborted. Leaving the loop early closes
   * the connection.
   */
  stream(request: ModelRequest, options: ModelStreamOptions): AsyncIterable<ModelEvent>
  /**
   * The same events, those that arrived together in one list, under the same law. Optional: it
   * spares a promise for each delta, which costs more than reading the delta.
   */
  streamBatches?(
    request: ModelRequest,
    options: ModelStreamOptions,
  ): AsyncIterable<readonly ModelEvent[]>
}
