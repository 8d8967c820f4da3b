import type { JsonObject, JsonValue } from '../base/json.ts'

export interface ScriptedCall {
  readonly tool: string
  /** Default `{}`. */
  readonly args?: JsonValue
  /** Argument text as it is, in place of `args`; several texts are sent as one fragment each. */
  readonly rawArgs?: string | readonly string[]
  /** The provider's id. Default `call_<turn>_<index>`, both from 0. */
  readonly id?: string
}

/** What a model says in one turn. */
export interface ScriptedTurn {
  /** Several texts are sent as one delta each. */
  readonly text?: string | readonly string[]
  readonly reasoning?: string | readonly string[]
  readonly refusal?: string
  /** Pictures, as data or https URLs. */
  readonly images?: readonly string[]
  readonly calls?: readonly ScriptedCall[]
  /**
   * The finish word; null leaves it out. Default `tool_calls` when there are calls, else `stop`,
   * and none when there is an error.
   */
  readonly finish?: string | null
  /** Default 10 in, 5 out; null leaves usage out. */
  readonly usage?: TurnUsage | null
  /** An error inside the answer, after everything else. */
  readonly error?: { readonly message: string; readonly code?: number | string } & JsonObject
}

export interface TurnUsage {
  readonly inputTokens: number
  readonly outputTokens: number
  /** US dollars. */
  readonly cost?: number
}

export const defaultTurnUsage: TurnUsage = { inputTokens: 10, outputTokens: 5 }

/** The deltas of a text. */
export function piecesOf(text: string | readonly string[] | undefined): readonly string[] {
  const pieces = typeof text === 'string' ? [text] : (text ?? [])
  return pieces.filter((piece) => piece !== '')
}

/** The fragments of the argument text of a call. */
export function argumentPieces(call: ScriptedCall): readonly string[] {
  return piecesOf(call.rawArgs ?? JSON.stringify(call.args ?? {}))
}

export function finishWord(turn: ScriptedTurn): string | null {
  if (turn.finish !== undefined) return turn.finish
  if (turn.error !== undefined) return null
  return (turn.calls ?? []).length > 0 ? 'tool_calls' : 'stop'
}

export function callIdAt(call: ScriptedCall, turn: number, index: number): string {
  return call.id ?? `call_${turn}_${index}`
}
