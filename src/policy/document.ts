import type { JsonObject, JsonValue } from '../base/json.ts'
import type { Effect } from '../protocol/decision.ts'
import type { ArgumentFacts, OutputLabel, Secrecy, ToolFacts as Facts } from '../protocol/facts.ts'
import type { IdentityConfiguration } from '../protocol/identity.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Diagnostic } from './diagnostic.ts'
import type { Pattern } from './pattern.ts'
import type { Name } from './shape.ts'
import type { Source, Span } from './source.ts'

export type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object' | 'null'
export type PrincipalField = 'subject' | 'tenant' | 'agent'

/** Where a value may come from: what people said, trusted tools, or the policy itself. */
export type SourceKind = 'user' | 'system' | 'trusted' | 'policy'

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
  /** Every scalar of the value has to occur in a source of one of these kinds. */
  readonly from?: readonly SourceKind[]
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
  readonly approvers?: {
    readonly roles?: readonly Name[]
    readonly count: number
    readonly remember?: boolean
  }
  readonly reason?: string
  /** Recorded, never enforced. */
  readonly shadow: boolean
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
  /** `cost` in US dollars and `time` in seconds, both of what has run. */
  readonly count: 'calls' | 'denials' | 'cost' | 'time'
  /** Adds up this argument, by its path, instead of counting. */
  readonly sum?: readonly string[]
  readonly max: number
  /** Sliding; absent means for as long as the counter lives. */
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

/** The entry of one tool. */
export interface ToolEntry {
  readonly name: Name
  /** Undefined keys leave what the definition of the tool says. */
  readonly facts: Omit<Facts, 'args' | 'fields'>
  readonly args: readonly { readonly name: Name; readonly value: ArgumentFacts }[]
  readonly fields: readonly { readonly name: Name; readonly value: OutputLabel }[]
  /** `sha256-` and base64: digest over name, description and input schema. */
  readonly pin?: string
  readonly timeoutMs?: number
}

/** What is asked or refused where untrusted text steers a call or secrets leave. */
export interface Flow {
  /** Messages that count as trusted text. */
  readonly trusted: readonly ('user' | 'system' | 'developer')[]
  readonly untrustedSteering?: 'ask' | 'deny'
  /** Absent and `allow` mean the same. */
  readonly untrustedLinks?: 'ask' | 'deny'
  readonly secretsOut?: 'ask' | 'deny'
  /** The lowest secrecy that `secretsOut` is about. */
  readonly secretFrom: Secrecy
  readonly afterUntrusted: readonly {
    readonly tools: readonly Name[]
    readonly effect: 'ask' | 'deny'
    readonly at: Span
  }[]
  readonly at: Span
}

/** After one of `after` no call of `tools`, or no call of them unless one of `unless` ran. */
export interface Sequence {
  readonly id: string
  readonly kind: 'after' | 'unless'
  readonly earlier: readonly Name[]
  /** Only earlier calls with the same value of this top-level argument count. */
  readonly sameArg?: string
  readonly tools: readonly Name[]
  readonly do: 'ask' | 'deny'
  readonly reason?: string
  readonly at: Span
}

interface GuardOf {
  readonly tools: readonly Name[]
  readonly at: Span
}

/** Files below one folder. Variables are filled in; patterns are globs with `*` and `**`. */
export interface PathGuard extends GuardOf {
  readonly arg: readonly string[]
  readonly root: string
  readonly deny: readonly string[]
  readonly readOnly: readonly string[]
  /** `inside` follows links that stay below the root. */
  readonly symlinks: 'deny' | 'inside'
}

export interface NetworkGuard extends GuardOf {
  readonly arg: readonly string[]
  readonly schemes: readonly ('https' | 'http' | 'wss')[]
  readonly hosts: readonly string[]
  readonly ports: readonly number[]
  readonly redirects: 'deny' | 'recheck'
  /** Undefined allows any. */
  readonly methods?: readonly string[]
}

/** What may follow a program name; absent lists allow nothing of their kind. */
export interface ProgramGuard {
  readonly name: Name
  readonly subcommands?: readonly string[]
  readonly flags: readonly string[]
  readonly maxArgs: number
}

export interface CommandGuard extends GuardOf {
  readonly arg: readonly string[]
  readonly programs: readonly ProgramGuard[]
}

export type DangerPack = 'secrets' | 'sql' | 'shell' | 'html' | 'template' | 'invisible'

export interface DangerGuard extends GuardOf {
  readonly packs: readonly DangerPack[]
  readonly do: 'ask' | 'deny'
}

export interface Guards {
  readonly paths: readonly PathGuard[]
  readonly network: readonly NetworkGuard[]
  readonly commands: readonly CommandGuard[]
  readonly danger: readonly DangerGuard[]
}

export type Stripped = 'ansi' | 'bidi' | 'tags' | 'zero-width' | 'control'

/** What is blacked out in results: a known kind of value, or what a pattern finds. */
export type Redaction =
  | {
      readonly what: 'secrets' | 'email' | 'iban' | 'card' | 'phone'
      /** Characters left at the end. */
      readonly keep: number
    }
  | { readonly matches: Pattern; readonly keep: number }

export interface OutputRule {
  readonly tools: readonly Name[]
  readonly maxBytes?: number
  readonly strip: readonly Stripped[]
  readonly redact: readonly Redaction[]
  readonly at: Span
}

export interface Approvals {
  /** 15 minutes when no file says more or less. */
  readonly ttlMs: number
  /** False when no file says so. */
  readonly selfApproval: boolean
  /** Open requests of one run at most; undefined leaves them to the limits of the run. */
  readonly maxPending?: number
}

/** How much of the arguments of calls goes into records: digests, what is not sensitive, all. */
export type AuditArguments = 'hash' | 'redacted' | 'full'

/** A case inside the file. */
export interface PolicyTest {
  readonly name: string
  readonly as?: Partial<Principal>
  readonly prompt?: string
  readonly given: readonly {
    readonly tool: string
    readonly args?: JsonObject
    readonly result?: JsonValue
    /** Proposed and denied, where the others have run. */
    readonly refused?: boolean
    /** How often; once unless it is said. */
    readonly times?: number
  }[]
  readonly call: { readonly tool: string; readonly args?: JsonObject }
  readonly expect: Effect
  readonly by?: string
  readonly at: Span
}

/** A value for `${name}` in paths. */
export interface Variable {
  readonly name: Name
  readonly value: string
}

/** A policy as it is written, checked with its parents; the input of `compilePolicy`. */
export interface PolicyFile {
  readonly source: Source
  /** Parent files, relative to this one. */
  readonly extends: readonly Name[]
  /** What `extends` names, in its order; a file that several name is one object. */
  readonly parents: readonly PolicyFile[]
  /** `vars`, as written. */
  readonly variables: readonly Variable[]
  readonly name: string
  readonly description?: string
  readonly mode: 'enforce' | 'shadow'
  readonly identity: IdentityConfiguration
  /** Where `identity` stands; undefined when the file says nothing about callers. */
  readonly identityAt: Span | undefined
  readonly roles: readonly Role[]
  /** Undefined when the file has no `tools`: then it has no catalogue of its own. */
  readonly tools: readonly ToolEntry[] | undefined
  readonly rules: readonly Rule[]
  /** False when the file has no `rules` at all: as a parent it only defines. */
  readonly hasRules: boolean
  /** Where a rule would be added. */
  readonly rulesAt: Span
  readonly flow: Flow | undefined
  readonly sequences: readonly Sequence[]
  readonly limits: readonly Limit[]
  readonly guards: Guards
  readonly output: readonly OutputRule[]
  /** What the file says; parents and defaults fill the rest. */
  readonly approvals: Partial<Approvals>
  readonly tests: readonly PolicyTest[]
  readonly warnings: readonly Diagnostic[]
  /** How much of the arguments goes into records; undefined when the file does not say. */
  readonly auditArguments: AuditArguments | undefined
  /**
   * `sha256:` over the canonical JSON of the file without `tests`, with the values of its variables
   * and the digests of its parents.
   */
  readonly digest: string
}
