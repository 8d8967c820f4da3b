import type { JsonObject, JsonValue } from '../../base/json.ts'
import type { Principal } from '../../protocol/principal.ts'

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
export interface CallFacts {
  readonly principal: Principal | null
  readonly runId: string
  readonly callId: string
  readonly turn: number
  readonly attempt: number
  readonly idempotencyKey: string
  readonly deadline: number
  readonly deps: JsonValue
}
