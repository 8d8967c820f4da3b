import type { ErrorData } from '../base/errors.ts'
import type { JsonValue } from '../base/json.ts'
import type { Cost, FinishReason, Usage } from './usage.ts'

/** The part of an error that only a model endpoint has. */
export interface ModelErrorData extends ErrorData {
  /** HTTP status of the response, or the status named inside it. */
  readonly status?: number
  /** The provider's own code, e.g. `provider_unavailable`. */
  readonly providerCode?: string
  /** How long the provider asks to wait. */
  readonly retryAfterMs?: number
}

/**
 * News of one model response. Law: `end` comes exactly once and last on every path, cancelling
 * included. An `error` precedes an `end` whose finish reason is `error`.
 *
 * `retry` and `fallback` begin another attempt of the same response: all text, reasoning, pictures
 * and calls that came before are void, and slots count from 0 again. Only `usage` stays, since it
 * was spent. Calls run after `end`, so nothing that is void can have run.
 */
export type ModelEvent =
  | { readonly type: 'text-delta'; readonly text: string }
  | { readonly type: 'reasoning-delta'; readonly text: string }
  /** A picture the model made, whole: a data or https URL. */
  | { readonly type: 'image'; readonly url: string }
  /** `slot` counts the calls of this response in order of first appearance, from 0. */
  | {
      readonly type: 'tool-call-start'
      readonly slot: number
      readonly providerId: string
      readonly tool: string
    }
  | { readonly type: 'tool-call-delta'; readonly slot: number; readonly text: string }
  /** The complete call; sent for every started slot before `end`, also when the turn failed. */
  | {
      readonly type: 'tool-call'
      readonly slot: number
      readonly providerId: string
      readonly tool: string
      readonly arguments: string
      readonly opaque?: JsonValue
      /** Why this call must not run although its turn ended well. */
      readonly defect?: string
    }
  | {
      readonly type: 'usage'
      readonly usage: Usage
      readonly cost?: Cost
      /** Who was asked, where the model has chosen among several. */
      readonly model?: string
    }
  /** The same model is asked again, after a wait. */
  | {
      readonly type: 'retry'
      /** Counts the attempts of one model, from 2. */
      readonly attempt: number
      readonly delayMs: number
      readonly error: ModelErrorData
    }
  /** Another model is asked; both are written `provider/model`. */
  | {
      readonly type: 'fallback'
      readonly from: string
      readonly to: string
      readonly error: ModelErrorData
    }
  | { readonly type: 'error'; readonly error: ModelErrorData }
  | ModelEnd

export interface ModelEnd {
  readonly type: 'end'
  readonly finishReason: FinishReason
  /** The model's refusal in its own words; never part of the text. */
  readonly refusal?: string
  readonly opaque?: { readonly wire: string; readonly value: JsonValue }
  /** Who wants the opaque data of the response back, that of its calls included. */
  readonly provider?: string
  /** The model that answered, if the provider says so. */
  readonly model?: string
  /** The provider's id of the response, for support cases. */
  readonly responseId?: string
}
