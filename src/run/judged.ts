import type { ExaminedCall, Verdict } from '../gate/verdict.ts'
import type { ToolMessage } from '../protocol/message.ts'

/** What became of the calls of one turn. */
export interface CallsOutcome {
  /** One answer for each call, in call order; complete unless something is pending. */
  readonly messages: readonly ToolMessage[]
  readonly pending: readonly Extract<Verdict, { kind: 'pending' }>['request'][]
  readonly succeeded: readonly string[]
  /** Calls that were started by an earlier carrier of the run, and nobody knows how they ended. */
  readonly inDoubt: readonly string[]
}

export interface Judged {
  readonly examined: ExaminedCall
  readonly verdict: Verdict
  /** The question to people is on record already. */
  readonly isAsked: boolean
}

/** A verdict, and whether the question it leads to is on record already. */
export type Judging = Verdict & { readonly isAsked?: boolean }
