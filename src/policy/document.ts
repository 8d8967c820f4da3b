import type { JsonObject, JsonValue } from '../base/json.ts'
import type { Effect } from '../protocol/decision.ts'
import type { IdentityConfiguration } from '../protocol/identity.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Diagnostic } from './diagnostic.ts'
import type { Pattern } from './pattern.ts'
import type { Name } from './shape.ts'
import type { Source, Span } from './source.ts'

export type ToolKind = 'read' | 'write' | 'destructive' | 'exec' | 'network'
export type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object' | 'null'
export type PrincipalField = 'subject' | 'tenant' | 'agent'

/** Tests of one value; all of them have to hold. */
export interface ArgumentTest {
  readonly type?: JsonType
  readonly const?: JsonValue
  readonly enum?: readonly JsonValue[]
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly multipleOf?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly items?: ArgumentTest
  readonly anyItem?: ArgumentTest
  readonly startsWith?: readonly string[]
  readonly matches?: Pattern
  readonly containsMatch?: Pattern
  readonly contains?: string
  readonly domain?: readonly string[]
  readonly equals?: { readonly principal: PrincipalField }
  readonly not?: ArgumentTest
  readonly anyOf?: readonly ArgumentTest[]
  readonly at: Span
}

/** Conditions on the caller: keys are and-ed; `scopes` are all of, the others any of. */
export interface Who {
  readonly roles?: readonly Name[]
  readonly scopes?: readonly string[]
  readonly tenants?: readonly string[]
  readonly agents?: readonly string[]
  readonly issuers?: readonly string[]
}

export interface RuleArgument {
  /** A top-level name, or a JSON pointer that begins with `/`. */
  readonly name: Name
  readonly path: readonly string[]
  readonly optional: boolean
  readonly test: ArgumentTest
}

export interface Rule {
  readonly id: string
  readonly effect: Effect
  readonly tools: readonly Name[]
  readonly who?: Who
  readonly notWho?: Who
  readonly args: readonly RuleArgument[]
  readonly except: readonly Name[]
  readonly onlyArgs?: readonly Name[]
  readonly approvers?: { readonly roles?: readonly Name[]; readonly count: number }
  readonly reason?: string
  /** Milliseconds since the epoch; `until` is not included. */
  readonly from?: number
  readonly until?: number
  readonly at: Span
}

export interface Limit {
  readonly id: string
  readonly tools: readonly Name[]
  readonly who?: Who
  readonly per: 'session' | 'subject' | 'agent' | 'tenant' | 'global'
  /** Calls per window. */
  readonly max: number
  readonly windowMs?: number
  readonly over: 'ask' | 'deny'
  readonly at: Span
}

export interface Role {
  readonly name: Name
  readonly inherits: readonly Name[]
  /** Ceiling of scopes; a role without one states nothing. */
  readonly scopes?: readonly string[]
}

export interface ToolFacts {
  readonly name: Name
  readonly kind: ToolKind
}

export interface Approvals {
  readonly ttlMs: number
  readonly selfApproval: boolean
}

/** A case inside the file. */
export interface PolicyTest {
  readonly name: string
  readonly as?: Partial<Principal>
  readonly prompt?: string
  readonly given: readonly {
    readonly tool: string
    readonly args?: JsonObject
    readonly result?: JsonValue
  }[]
  readonly call: { readonly tool: string; readonly args?: JsonObject }
  readonly expect: Effect
  readonly by?: string
  readonly at: Span
}

/** A policy as it is written, checked on its own; the input of `compilePolicy`. */
export interface PolicyFile {
  readonly source: Source
  readonly name: string
  readonly description?: string
  readonly mode: 'enforce' | 'shadow'
  readonly identity: IdentityConfiguration
  readonly roles: readonly Role[]
  /** Undefined when the file has no `tools`: then it has no catalogue of its own. */
  readonly tools: readonly ToolFacts[] | undefined
  readonly rules: readonly Rule[]
  /** Where a rule would be added. */
  readonly rulesAt: Span
  readonly limits: readonly Limit[]
  readonly approvals: Approvals
  readonly tests: readonly PolicyTest[]
  readonly warnings: readonly Diagnostic[]
  /** `sha256:` over the canonical JSON of the file without `tests`. */
  readonly digest: string
}
