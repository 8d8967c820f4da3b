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
  /** True when a condition could not be evaluated and the rule was read the strict way. */
  readonly unknown?: boolean
}

export interface Approvers {
  /** Any of these roles; absent means anybody but the requester. */
  readonly roles?: readonly string[]
  /** How many different people have to say yes. */
  readonly count: number
}

/** What has to be done for a decision to be honoured. An unknown kind is a refusal. */
export type Obligation = { readonly kind: 'approval'; readonly approvers: Approvers }

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
  readonly labels: readonly string[]
  readonly policy: { readonly name: string; readonly digest: string }
  /** RFC 3339. */
  readonly at: string
  /** Present and true when a policy in shadow mode would have decided this but did not enforce it. */
  readonly shadow?: boolean
}
