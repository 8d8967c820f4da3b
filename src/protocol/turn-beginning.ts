import type { Message, UserMessage } from './message.ts'
import type { ModelSettings, ToolChoice } from './request.ts'

/** What a turn hears before it begins, and what is different in it alone. */
export interface TurnBeginning {
  /** What the caller has said since the turn before. */
  readonly said?: readonly UserMessage[]
  /** The model that is asked in this turn alone. */
  readonly model?: { readonly id: string; readonly provider: string }
  /** The tools of this turn alone; calls of others are unknown in it. */
  readonly tools?: readonly string[]
  readonly toolChoice?: ToolChoice
  readonly settings?: ModelSettings
  /** What the model is sent in this turn: places in the conversation so far, or other messages. */
  readonly sent?: readonly (number | Message)[]
  /** The host vouches for those other messages. */
  readonly trusted?: true
}
