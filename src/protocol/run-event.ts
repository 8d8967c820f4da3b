import type { ErrorData } from '../base/errors.ts'
import type { ProcessName } from '../base/process.ts'
import type { JsonObject, JsonValue } from '../base/json.ts'
import type { CallStatus } from './call.ts'
import type { ChildRun, ParentCall } from './child-run.ts'
import type { Approvers, Decision, RuleReference } from './decision.ts'
import type { ModelErrorData } from './event.ts'
import type { ForeignText } from './foreign.ts'
import type { AssistantMessage, Message } from './message.ts'
import type { Principal } from './principal.ts'
import type { ToolSet } from './tool-set.ts'
import type { TurnBeginning } from './turn-beginning.ts'
import type { Cost, FinishReason, Usage } from './usage.ts'

export type EndStatus =
  | 'completed'
  | 'needs-approval'
  | 'limit'
  | 'denied'
  | 'cancelled'
  | 'timeout'
  | 'error'

interface Base<Type extends string> {
  readonly type: Type
  /** Counts every event of the run from 0, deltas included; gaps appear where deltas were merged. */
  readonly seq: number
  readonly runId: string
  /** Counts from 1; 0 before the first turn. */
  readonly turn: number
  /** RFC 3339. */
  readonly at: string
}

/**
 * What the task of a run needs: the conditions of a rule. A call has to meet it on top of the
 * policy; a scope never permits what the policy does not.
 */
export interface ScopePart {
  /** Names or globs of tools. */
  readonly tools: readonly string[]
  /** Tests of arguments, as in an `allow` rule: a named argument has to be there and fit. */
  readonly args?: JsonObject
  /** No other arguments may be present. */
  readonly onlyArgs?: readonly string[]
}

/** A key that signs, as signatures name it. */
export interface Signer {
  readonly keyId: string
  readonly algorithm: string
}

/** A state of a run: the digest of what was its last record. */
export interface RunPoint {
  readonly runId: string
  readonly head: string
}

/** The calls of a run: by the effect of their last decision (`none` without any), and those without outcome. */
export interface CallCounts {
  readonly allow: number
  readonly ask: number
  readonly deny: number
  readonly none: number
  readonly open: number
}

/** What a run was started with, or is carried on with. */
export interface RunStart extends Base<'run-start'> {
  readonly session?: string
  /** Null when the caller could not be authenticated. */
  readonly principal: Principal | null
  readonly policy: {
    readonly name: string
    readonly digest: string
    readonly mode: 'enforce' | 'shadow'
    readonly file?: string
  }
  readonly tools: ToolSet
  readonly model: { readonly id: string; readonly provider: string }
  readonly limits: JsonObject
  /** What the task of the run was narrowed to; each part as the conditions of a rule. */
  readonly scope?: readonly ScopePart[]
  readonly versions: { readonly sallyport: string; readonly node: string }
  /** The run goes on from its record, of which this was the head. */
  readonly resumed?: {
    readonly head: string
    /** An operator has taken it from a carrier that may have been at work. */
    readonly tookOver?: true
  }
  /** The process that carries it from here on. */
  readonly carrier?: ProcessName
  /** The key that signs checkpoints of what is recorded from here on. */
  readonly signer?: Signer
  /**
   * Runs of the same journal that no run has named yet in the state they had when this one began,
   * 16 at most: a chain over runs, whoever they were for.
   */
  readonly previousRuns?: readonly RunPoint[]
  /** The digest of each tool's definition, by name. */
  readonly definitions?: Readonly<Record<string, string>>
  /** Present in the run of an agent: a model wrote its task. */
  readonly parent?: ParentCall
  /** What the run began with; none where it goes on. */
  readonly messages: readonly Message[]
}

export interface TurnStart extends Base<'turn-start'>, TurnBeginning {}

export interface TextDelta extends Base<'text-delta'> {
  readonly text: string
}

export interface ReasoningDelta extends Base<'reasoning-delta'> {
  readonly text: string
}

/** A call the model asked for; recorded whether or not it will run. */
export interface ToolCallProposed extends Base<'tool-call'> {
  readonly callId: string
  readonly providerId: string
  readonly index: number
  readonly tool: string
  /** Null when the text does not parse. */
  readonly args: JsonValue | null
  readonly rawArgs: string
  /** Digest of the canonical arguments; of the raw text when it does not parse. */
  readonly argsDigest: string
  /** JSON pointers into `args` whose values must not be shown. */
  readonly sensitive?: readonly string[]
}

export interface CallDecided extends Base<'decision'> {
  readonly callId: string
  readonly decision: Decision
}

/** A question to a person, with exactly what an answer is bound to. */
export interface ApprovalRequested extends Base<'approval-request'> {
  readonly approvalId: string
  readonly callId: string
  readonly tool: string
  /** Redacted as the tool demands. */
  readonly args: JsonValue
  readonly argsDigest: string
  readonly rules: readonly RuleReference[]
  readonly reasons: readonly string[]
  /** Every one of these has to be satisfied. */
  readonly approvers: readonly Approvers[]
  /** RFC 3339. */
  readonly expiresAt: string
  /** JSON pointers at which an answer may change the arguments. */
  readonly editable: readonly string[]
}

export interface ApprovalDecided extends Base<'approval-decision'> {
  readonly approvalId: string
  readonly callId: string
  /** `revoke`: what was to be remembered of it does not count any more. */
  readonly action: 'approve' | 'edit' | 'deny' | 'expire' | 'revoke'
  /** Who answered, and who acted for them; null when nobody did. */
  readonly by: Pick<Principal, 'subject' | 'roles' | 'agent'> | null
  readonly reason?: string
  /** A yes that counts for equal calls of the run too. */
  readonly remember?: true
  /** The request whose answer this repeats. */
  readonly remembered?: string
  /** The changed arguments of an edit. */
  readonly args?: JsonValue
  readonly argsDigest?: string
  /** JSON pointers into `args` whose values must not be shown. */
  readonly sensitive?: readonly string[]
}

/** The intent: written down before the tool is called. */
export interface ExecutionStarted extends Base<'execution-start'> {
  readonly callId: string
  readonly tool: string
  readonly argsDigest: string
  readonly idempotencyKey: string
  /** The run that the call of an agent leads to. */
  readonly child?: string
}

export interface ExecutionProgress extends Base<'execution-progress'> {
  readonly callId: string
  readonly value: JsonValue
}

/** The outcome: written down before the next model request. Exactly one for each tool call. */
export interface ToolResulted extends Base<'tool-result'> {
  readonly callId: string
  readonly tool: string
  readonly status: CallStatus
  readonly result?: JsonValue
  readonly error?: ErrorData
  /** What the model is told. */
  readonly content: string
  readonly attempts: number
  /** Time from permit to start, waiting for a person, and running; whole milliseconds. */
  readonly queueMs: number
  readonly approvalMs: number
  readonly executionMs: number
  /** Who has found out how the call ended, where the record could not tell. */
  readonly resolvedBy?: string
  /** Digest and length of the canonical JSON of the result, before it was cut. */
  readonly resultDigest?: string
  readonly resultBytes?: number
  readonly truncated?: boolean
  /** The run that the call of an agent has led to. */
  readonly child?: ChildRun
  /** A wrapper has made of it, in part, what the tool did not return: it is of nobody known. */
  readonly foreign?: true
  /** What the policy took out of the result, counted; digest and length are of what is left. */
  readonly changes?: readonly { readonly what: string; readonly count: number }[]
}

/**
 * The turn begins anew with the same model: text and reasoning shown in it so far are void. With
 * the error `model-output` it is the answer of the turn before that is void.
 */
export interface Retried extends Base<'retry'> {
  readonly attempt: number
  readonly delayMs: number
  readonly error: ModelErrorData
}

/** The turn begins anew with another model: text and reasoning shown in it so far are void. */
export interface FellBack extends Base<'fallback'> {
  readonly from: string
  readonly to: string
  readonly error: ModelErrorData
}

/** A model response is complete; written down before any of its calls starts. */
export interface UsageReported extends Base<'usage'>, ForeignText {
  readonly usage: Usage
  readonly cost?: Cost
  readonly finishReason?: FinishReason
  /** The response as the next request will repeat it; null when there was none. */
  readonly message: AssistantMessage | null
}

export interface LimitReached extends Base<'limit'> {
  readonly limit: string
  readonly max: number
  readonly message: string
}

export interface TurnEnded extends Base<'turn-end'> {
  readonly finishReason: FinishReason
  readonly usage: Usage
  readonly cost?: Cost
  readonly attempts: number
  readonly durationMs: number
  /** As the answer names it. */
  readonly model?: string
  readonly responseId?: string
  /** Who was asked last for it, where its answer is on record from an earlier carrier of the run. */
  readonly asked?: { readonly id: string; readonly provider: string }
}

export interface RunFailed extends Base<'error'>, Omit<ModelErrorData, 'code'> {
  readonly code: string
}

export interface RunEnded extends Base<'end'> {
  readonly status: EndStatus
  /** Head of the chain before this record. */
  readonly head: string
  /** What `verify` counts anew. */
  readonly counts?: CallCounts
}

/** News of a run, in order; `end` comes last, once, always. */
export type RunEvent =
  | RunStart
  | TurnStart
  | TextDelta
  | ReasoningDelta
  | ToolCallProposed
  | CallDecided
  | ApprovalRequested
  | ApprovalDecided
  | ExecutionStarted
  | ExecutionProgress
  | ToolResulted
  | Retried
  | FellBack
  | UsageReported
  | LimitReached
  | TurnEnded
  | RunFailed
  | RunEnded

/** The events a journal keeps; the others may be merged or left out under back-pressure. */
export type StructuralEvent = Exclude<RunEvent, TextDelta | ReasoningDelta>
