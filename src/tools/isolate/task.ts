import type { JsonObject, JsonValue } from '../../base/json.ts'
import type { ToolContext } from '../tool.ts'

/** What the process is told first. */
export interface Start {
  readonly module: string
  readonly environment: Readonly<Record<string, string>>
  readonly task: Task
}

/** What the process is for: to tell what its tools are, or for one call of one of them. */
export type Task = { readonly kind: 'describe' } | CallTask

export interface CallTask {
  readonly kind: 'execute' | 'reconcile'
  readonly tool: string
  readonly args: JsonObject
  readonly context: CallFacts
}

/** The plain part of the context of a call. */
export interface CallFacts extends Pick<
  ToolContext,
  'principal' | 'runId' | 'callId' | 'turn' | 'attempt' | 'idempotencyKey' | 'deadline'
> {
  readonly deps: JsonValue
}
