import type { JsonObject, JsonValue } from '../base/json.ts'
import type { Decision, Position } from '../protocol/decision.ts'
import type { IdentityConfiguration } from '../protocol/identity.ts'
import type { Principal } from '../protocol/principal.ts'
import type { EffectiveRights } from './caller.ts'
import type { Diagnostic } from './diagnostic.ts'
import type { ToolFacts } from '../protocol/facts.ts'
import type {
  Approvals,
  AuditArguments,
  Limit,
  PolicyFile,
  PolicyTest,
  SourceKind,
} from './document.ts'
import type { Truth } from './truth.ts'

/** What no rule can lower: any of the roles, all of the scopes. */
export interface ToolFloor {
  readonly roles?: readonly string[]
  readonly scopes?: readonly string[]
}

/** What a policy has to know about a tool that the host offers. */
export interface PolicyTool {
  readonly name: string
  /** What its definition says; the entry of the policy wins where it names the same field. */
  readonly facts?: ToolFacts | undefined
  /** `sha256-` and base64 over its name, description and input schema. */
  readonly pin?: string | undefined
  readonly requires?: ToolFloor | undefined
  /** Names of its arguments; undefined when it takes any. */
  readonly argumentNames?: readonly string[] | undefined
  /** Where it takes any, those that its schema lists; undefined when others are to be expected. */
  readonly listedNames?: readonly string[] | undefined
}

/** One call to decide about. */
export interface DecisionRequest {
  /** Canonical name. */
  readonly tool: string
  /** Validated arguments with their defaults. */
  readonly args: JsonObject
  /** Null when the caller is not known. */
  readonly principal: Principal | null
  /** Milliseconds since the epoch, for `from` and `until`; NaN makes both unknown. */
  readonly now: number
  /** RFC 3339; copied into the decision. */
  readonly at: string
  /** What the session has seen, for the test `from`; without it that test is unknown. */
  readonly sources?: Sources
}

/** Text and values of a session, by where they came from. */
export interface Sources {
  /** Whether every scalar of a value of the call occurs in a source of one of the kinds. */
  hold(
    value: JsonValue,
    kinds: readonly SourceKind[],
    call?: Pick<DecisionRequest, 'tool' | 'args'>,
  ): Truth
}

export interface CompiledLimit extends Omit<Limit, 'tools' | 'who' | 'at'> {
  readonly position: Position
  matches(tool: string, principal: Principal | null): boolean
  /** Whether it is about this caller at all. */
  concerns(principal: Principal | null): boolean
}

/** A policy for ever, or what tells the one in force. */
export type PolicyInForce = Policy | (() => Policy)

export function inForce(policy: PolicyInForce): () => Policy {
  return typeof policy === 'function' ? policy : () => policy
}

/** A policy that is ready to decide. */
export interface Policy {
  readonly name: string
  readonly digest: string
  readonly mode: 'enforce' | 'shadow'
  readonly file: string
  /** As it was written; its parents are in it. */
  readonly document: PolicyFile
  /**
   * The file by itself, then each parent with rules: each decides with the definitions it sees, and
   * the strictest wins. A policy without such parents is its own only layer.
   */
  readonly layers: readonly Policy[]
  readonly identity: IdentityConfiguration
  /** Names of the roles that it and its parents define. */
  readonly roles: readonly string[]
  /** Of all layers, in the order of their ids. */
  readonly limits: readonly CompiledLimit[]
  /** The strictest of all layers. */
  readonly approvals: Approvals
  /** How much of the arguments goes into records: the most closed of all files that say. */
  readonly auditArguments: AuditArguments
  readonly tests: readonly PolicyTest[]
  readonly warnings: readonly Diagnostic[]
  /**
   * Decides by rules alone: deny before ask before allow, and deny when nothing applies. A rule
   * that cannot be evaluated is read the strict way. Never throws: a failure inside is a deny by
   * `policy_error`. Every obligation of the decision has to be met, and an unknown kind refused.
   */
  decide(request: DecisionRequest): Decision
  /** What definition and policy together say about a tool; empty when neither says anything. */
  factsOf(tool: string): ToolFacts
  /** Milliseconds; undefined leaves the timeout to the definition of the tool. */
  timeoutOf(tool: string): number | undefined
  effective(principal: Pick<Principal, 'roles' | 'scopes'>): EffectiveRights
  /** Whether the catalogue has the tool; without a catalogue, whether a tool can have this name. */
  hasTool(name: string): boolean
  /** Tools whose definition it pins, by name, as far as they are offered. */
  readonly pins: ReadonlyMap<string, PinnedTool>
}

/** A tool whose definition a policy pins. */
export interface PinnedTool {
  /** Of the definition that the host offers. */
  readonly pin: string
  /** Whether that is the one the policy names. */
  readonly isKept: boolean
}
