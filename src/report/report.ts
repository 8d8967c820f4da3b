import type { JsonValue } from '../base/json.ts'
import type { CallStatus } from '../protocol/call.ts'
import type { ChildRun, ParentCall } from '../protocol/child-run.ts'
import type { Approvers, ArgumentLabel, Decision, Effect } from '../protocol/decision.ts'
import type { ForeignText } from '../protocol/foreign.ts'
import type { ImageFacts } from '../protocol/image.ts'
import type { Principal } from '../protocol/principal.ts'
import type { EndStatus, ScopePart } from '../protocol/run-event.ts'
import type { ToolSet } from '../protocol/tool-set.ts'
import type { Cost, FinishReason, Usage } from '../protocol/usage.ts'

/**
 * What happened in a run, as plain data: a fold over its journal and nothing else. Its JSON Schema
 * is `report.schema.json`. Times are RFC 3339, durations whole milliseconds. Optional members are
 * absent when there is nothing to say; `null` is used where absence itself is the news.
 */
export interface Report {
  readonly version: 1
  readonly header: ReportHeader
  /** One row for each proposed call, executed or not, in the order of proposal. */
  readonly rows: readonly CallRow[]
  readonly modelCalls: readonly ModelCallRow[]
  /** Limits that were reached. */
  readonly limits: readonly LimitRow[]
  readonly totals: ReportTotals
  readonly end: ReportEnd
  /** Digest of the last record the report was folded from; null when there is no journal. */
  readonly head: string | null
  /** True when a policy in shadow mode decided anything: refusals may then not have been enforced. */
  readonly shadow: boolean
  /** The calls whose course is not finished. */
  readonly openCalls: readonly OpenCall[]
}

export interface ReportHeader {
  readonly runId: string
  readonly session?: string
  /** Without the claims of the token. Null when the caller could not be authenticated. */
  readonly principal: Omit<Principal, 'claims'> | null
  /** The agent that acted for the principal. */
  readonly actor: string | null
  readonly policy: {
    readonly name: string
    readonly digest: string
    readonly mode: 'enforce' | 'shadow'
    readonly file?: string
  }
  /** The call that this run of an agent works for. */
  readonly parent?: ParentCall
  /** What the task of the run was narrowed to. */
  readonly scope?: readonly ScopePart[]
  /** Those of whoever carried the run on too; `digest` is of those it began with. */
  readonly toolSet: ToolSet
  readonly provider: string
  /** The model that was asked first, then others that answered. */
  readonly models: readonly string[]
  readonly versions: { readonly sallyport: string; readonly node: string }
  readonly startedAt: string
  /** Null while the run has no end. */
  readonly endedAt: string | null
  /** From the first to the last event. */
  readonly durationMs: number
  /** What was taken out when the report was rendered; absent when nothing was to be. */
  readonly redaction?: Redaction
}

/** What was looked for to be taken out. Texts that look like keys were too. */
export interface Redaction {
  /** JSON pointers into the arguments of every call. */
  readonly pointers: readonly string[]
  /** Names of members of arguments. */
  readonly names: readonly string[]
  /** How many patterns. */
  readonly patterns: number
  /** How many values that are known to be secret. */
  readonly values: number
}

/** The parts of an error that a report keeps; its details may hold arguments and stay behind. */
export interface ReportError {
  readonly code: string
  readonly message: string
  readonly retryable: boolean
  readonly help?: string
}

export interface CallRow {
  readonly callId: string
  readonly providerId: string
  readonly turn: number
  readonly index: number
  readonly tool: string
  /** Redacted. Null when the text did not parse; absent when the payload was erased. */
  readonly args?: JsonValue | null
  /** JSON pointers into `args` whose values were redacted. */
  readonly sensitive?: readonly string[]
  readonly argsDigest: string
  /** The last decision; null when the call was never judged. */
  readonly decision: Decision | null
  /** Decisions that were overtaken, oldest first: a call is judged again after an answer. */
  readonly earlierDecisions?: readonly Decision[]
  readonly approvals: readonly ApprovalRow[]
  /** How often the tool was started. */
  readonly attempts: number
  readonly queueMs: number
  readonly approvalMs: number
  readonly executionMs: number
  /** Data-flow labels of the arguments. */
  readonly labels: readonly ArgumentLabel[]
  /** The run that the call of an agent has led to. */
  readonly child?: ChildRun
  readonly resultDigest?: string
  readonly resultBytes?: number
  readonly truncated?: boolean
  /** A wrapper has made of the result, in part, what the tool did not return: it is untrusted. */
  readonly foreign?: true
  /** What output rules of the policy took out of the result, and how often; kinds, not values. */
  readonly changes?: readonly ResultChange[]
  readonly status: CallStatus
  readonly error?: ReportError
  readonly proposedAt: string
  /** Last start of the tool. */
  readonly startedAt?: string
  readonly endedAt?: string
}

/** `failed` stands for a result that was taken out whole, as the rules could not be applied to it. */
export interface ResultChange {
  readonly what: string
  readonly count: number
}

/** A question to a person and the answers to it. */
export interface ApprovalRow {
  readonly approvalId: string
  /** Digest of the arguments the answer is bound to. */
  readonly argsDigest: string
  /** Every one of these has to be satisfied. */
  readonly approvers: readonly Approvers[]
  readonly reasons: readonly string[]
  readonly requestedAt: string
  readonly expiresAt: string
  readonly answers: readonly ApprovalAnswer[]
}

export interface ApprovalAnswer {
  readonly action: 'approve' | 'edit' | 'deny' | 'expire' | 'revoke'
  readonly by: { readonly subject: string; readonly roles: readonly string[] } | null
  readonly reason?: string
  /** It counts for equal calls of the run too. */
  readonly remember?: true
  /** The request whose answer this repeats. */
  readonly remembered?: string
  /** The changed arguments of an edit, redacted. */
  readonly args?: JsonValue
  readonly argsDigest?: string
  readonly at: string
}

/** One model response with its attempts. */
export interface ModelCallRow {
  readonly turn: number
  /** The model that answered, as far as the provider says; else the one that was asked. */
  readonly model: string
  readonly responseId?: string
  readonly attempts: number
  readonly retries: readonly ModelRetry[]
  readonly fallbacks: readonly ModelFallback[]
  /** Null when the response never ended. */
  readonly finishReason: FinishReason | null
  readonly usage: Usage
  readonly cost?: Cost
  /** Pictures the model made, without what they show; the first 64. Absent when there are none. */
  readonly images?: readonly ImageFacts[]
  /** Where wrappers have put text of nobody known; absent when nowhere. */
  readonly foreign?: ForeignText['foreign']
  readonly startedAt: string
  readonly durationMs: number
  readonly error?: ReportError
}

export interface ModelRetry {
  readonly attempt: number
  readonly delayMs: number
  readonly reason: ReportError
}

export interface ModelFallback {
  readonly from: string
  readonly to: string
  readonly reason: ReportError
}

export interface LimitRow {
  readonly turn: number
  readonly limit: string
  readonly max: number
  readonly message: string
}

export interface ReportTotals {
  readonly calls: number
  /** Only statuses that occur. */
  readonly byStatus: { readonly [Status in CallStatus]?: number }
  /** By the effect of the last decision; `none` counts calls that were never judged. */
  readonly byEffect: { readonly [Key in Effect | 'none']: number }
  readonly turns: number
  readonly usage: Usage
  /** Absent when no response had a known cost. */
  readonly cost?: Cost
  /** What agents have used in runs of their own, which the rest does not hold. */
  readonly delegated?: Omit<ChildRun, 'runId' | 'head' | 'status'> & { readonly runs: number }
  /** Model responses whose cost is not known, or only in part, which the sum lacks. */
  readonly unpriced: number
}

export interface ReportEnd {
  /** `open` while the run has no end: it is going on, or its process died. */
  readonly status: EndStatus | 'open'
  /** The last error since the run was begun or carried on, also of one that was completed. */
  readonly error?: ReportError
}

export interface OpenCall {
  readonly callId: string
  /** What is missing: the outcome of a started tool, the answer of a person, or any result. */
  readonly missing: 'outcome' | 'approval' | 'result'
}

/** Every call status, in the order in which reports list them. */
export const callStatuses: readonly CallStatus[] = [
  'success',
  'error-parsing',
  'error-validation',
  'error-not-found',
  'error-security',
  'error-execution',
  'error-output',
  'timeout',
  'cancelled',
  'denied-by-human',
  'approval-expired',
  'truncated',
  'abandoned',
  'unknown-outcome',
  'skipped',
]

/** The kept parts of an error. */
export function reportError(error: ReportError): ReportError {
  const { code, message, retryable, help } = error
  return { code, message, retryable, ...(help === undefined ? {} : { help }) }
}
