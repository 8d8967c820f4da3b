import type { JsonObject, JsonValue } from '../../base/json.ts'

/** A call whose result the model sees. */
export interface FlowResult {
  readonly tool: string
  readonly callId: string
  readonly args: JsonObject
  /** The result, or the text the model is told instead. */
  readonly value: JsonValue
  /** The call has failed: `value` is no data of the tool, and lists and names nothing. */
  readonly isError?: boolean
  /** The tool is an agent. */
  readonly isDelegated?: boolean
  /** Somebody else has changed the value. */
  readonly isForeign?: boolean
}
