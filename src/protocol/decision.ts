import type { Secrecy, Trust } from './facts.ts'

export type Effect = 'allow' | 'ask' | 'deny'

/** A place in a policy file; line and column count from 1, columns in UTF-16 code units. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A rule (or limit) that had a say in a decision. */
export interface RuleReference extends Position {
  readonly id: string
  readonly effect: Effect
  /** True when the rule only records what it would have said. */
  readonly shadow?: boolean
  /** True when a condition could not be evaluated and the rule was read the strict way. */
  readonly unknown?: boolean
}

export interface Approvers {
  /** Any of these roles; absent means anybody but the requester. */
  readonly roles?: readonly string[]
  /** How many different people have to say yes. */
  readonly count: number
  /** A yes may be given for equal calls of the run too. */
  readonly remember?: true
}

/** What has to be done for a decision to be honoured. An unknown kind is a refusal. */
export type Obligation = { readonly kind: 'approval'; readonly approvers: Approvers }

/** Where a value was seen. */
export interface Origin {
  /** The call whose result held it. */
  readonly callId?: string
  /** JSON pointer into that result. */
  readonly field?: string
  readonly kind: 'approval' | 'policy' | 'principal' | 'system' | 'tool' | 'user'
  readonly tool?: string
}

/** What is known about the origin of an argument. */
export interface ArgumentLabel {
  /** JSON pointer into the arguments. */
  readonly argument: string
  /** Empty when the value was seen nowhere: the model made it. */
  readonly from: readonly Origin[]
  /** The most closed of its sources. */
  readonly secrecy?: Secrecy
  readonly trust: Trust
}

/** The outcome of judging one call; plain data. */
export interface Decision {
  readonly effect: Effect
  /**
   * Id of the deciding rule, or `default`, `tool.requires`, `limits.<id>`, or the code of the
   * pipeline step that refused (`unknown_tool`, `bad_json`, `bad_args`, `unauthenticated`, …).
   */
  readonly rule: string
  /** Every rule that applied, the deciding one first; empty when no rule did. */
  readonly rules: readonly RuleReference[]
  readonly reasons: readonly string[]
  readonly obligations: readonly Obligation[]
  /** Of the arguments that data flow looked at. */
  readonly labels: readonly ArgumentLabel[]
  readonly policy: { readonly name: string; readonly digest: string }
  /** RFC 3339. */
  readonly at: string
  /** Present and true when a policy in shadow mode would have decided this but did not enforce it. */
  readonly shadow?: boolean
}
