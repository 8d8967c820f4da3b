/** The tools that a run is offered. */
export interface ToolSet {
  readonly digest: string
  readonly names: readonly string[]
  /** Those whose definition the policy pins, and which have it; left out where there are none. */
  readonly pinned?: readonly string[]
  /** Those whose definition is not the one the policy pins: they are refused. As above. */
  readonly changed?: readonly string[]
}
