import type { ErrorData } from '../base/errors.ts'
import type { JsonObject, JsonValue } from '../base/json.ts'
import type { CallStatus, ToolCall } from '../protocol/call.ts'
import type { CallBelow } from '../protocol/child-run.ts'
import type { Message } from '../protocol/message.ts'
import type { Approvers, Decision, RuleReference } from '../protocol/decision.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Policy } from '../policy/policy.ts'
import type { Permit } from '../tools/permit.ts'
import type { Lineage } from './lineage.ts'
import type { Tool } from '../tools/tool.ts'

/** Why a call cannot run whatever a policy says. */
export interface Defect {
  readonly status: CallStatus
  /** Code of the pipeline step, as `Decision.rule` names it. */
  readonly step: 'truncated' | 'unknown_tool' | 'bad_json' | 'bad_args' | 'gate_error'
  readonly error: ErrorData
}

/** A call whose tool was looked up and whose arguments were read, once, for every later step. */
export interface ExaminedCall {
  readonly call: ToolCall
  /** As they will reach the tool when there is no defect: frozen, declared defaults included. */
  readonly args: JsonValue | null
  readonly argsDigest: string
  readonly tool: Tool | undefined
  readonly defect: Defect | undefined
  /** Pointers to hide instead of those of the tool: a refused call may misspell tool or member. */
  readonly sensitive?: readonly string[]
}

/** What is the same for all calls of a run. */
export interface JudgeContext {
  readonly runId: string
  readonly session: string | undefined
  readonly principal: Principal | null
  /** Present in the run of a sub-agent. */
  readonly lineage?: Lineage | undefined
  /** What the task of the run needs; it only makes decisions stricter. */
  readonly scope?: Policy | undefined
  /** Aborts when the run is stopped: gate hooks are then waited for no longer. */
  readonly signal?: AbortSignal
}

/** Whether messages count by their roles, or as text of nobody known. */
export type MessageTrust = 'by role' | 'untrusted'

/** A message of another run of the session, as a store of conversations gives it back. */
export interface Earlier {
  readonly runId: string
  readonly message: Message
  /** Untrusted text had been read when the model said this. */
  readonly untrusted?: true
  /** How its call ended, in a tool message. */
  readonly status?: CallStatus
  /** Its call has run with other arguments than the messages tell. */
  readonly argsUnknown?: true
  /** Its result says nothing of what the messages tell that the call was. */
  readonly unvouched?: true
  /** What agents have called in the run that its call has led to; null where nobody knows. */
  readonly below?: readonly CallBelow[] | null
}

/** A call of an agent that led to another run. */
export interface PathStep {
  readonly runId: string
  readonly callId: string
  /** The name of the agent. */
  readonly tool: string
}

/** A question to a person; plain data, safe to show. */
export interface ApprovalRequest {
  readonly id: string
  readonly runId: string
  readonly callId: string
  readonly tool: string
  /** With everything the tool calls sensitive taken out. */
  readonly args: JsonValue
  readonly argsDigest: string
  readonly askedBy: Principal | null
  readonly rules: readonly RuleReference[]
  readonly reasons: readonly string[]
  /** Every one of these has to be satisfied. */
  readonly approvers: readonly Approvers[]
  readonly expiresAt: string
  /** JSON pointers at which an answer may change the arguments. */
  readonly editable: readonly string[]
  /** In the run of an agent: the calls that led to it, from the first run on. */
  readonly path?: readonly PathStep[]
  /** Who has said yes so far, when more than one has to. */
  readonly approvedBy: readonly string[]
}

export interface Approver {
  readonly subject: string
  readonly roles?: readonly string[]
  /** Who acts for them, where somebody does: not who acts for the caller. */
  readonly agent?: string
  /** Where they belong: not in another tenant than the caller. */
  readonly tenant?: string
}

/** An answer to an approval request. */
export interface ApprovalAnswer {
  readonly action: 'approve' | 'edit' | 'deny'
  /** Who answers. Needed wherever the request names roles or more than one approver. */
  readonly by?: Approver
  readonly reason?: string
  /**
   * A yes counts for the same tool with the same arguments for the rest of the run; only where every
   * rule that asks permits it. A no always does.
   */
  readonly remember?: boolean
  /** The complete arguments of an `edit`. */
  readonly args?: JsonObject
}

/** What became of a call that was permitted. */
export interface Settlement {
  readonly succeeded: boolean
  /** The result, or the text the model is told instead. */
  readonly value: JsonValue
  readonly durationMs: number
  /** When it ended (RFC 3339), where that was under an earlier carrier. */
  readonly at?: string
  /** The tool is an agent: what it has read the session knows, and its words vouch for nothing. */
  readonly isDelegated?: boolean
  /** The value holds what the tool did not return: nothing of it is known. */
  readonly isForeign?: boolean
}

/** The call may run. */
export interface Permitted {
  readonly kind: 'permit'
  readonly decision: Decision
  readonly permit: Permit
}

/** The outcome of judging one call. */
export type Verdict =
  | Permitted
  | {
      readonly kind: 'refusal'
      readonly decision: Decision
      readonly status: CallStatus
      readonly error: ErrorData
    }
  | {
      readonly kind: 'pending'
      readonly decision: Decision
      readonly request: ApprovalRequest
      /** Who has agreed to an earlier request in place of which this one is. */
      readonly agreed?: readonly Approver[]
    }

/** What became of an answer. */
export type Answered =
  /** It settles the request; `examined` differs from the asked call when it was edited. */
  | {
      readonly kind: 'settled'
      readonly verdict: Exclude<Verdict, { kind: 'pending' }>
      readonly examined: ExaminedCall
    }
  /** More people have to answer; after an edit, a request of its own for what it changed. */
  | {
      readonly kind: 'waiting'
      readonly request: ApprovalRequest
      /** Who has agreed to the call before this answer. */
      readonly agreed: readonly Approver[]
      readonly examined: ExaminedCall
    }
  /** It does not count; the request stays open. */
  | { readonly kind: 'invalid'; readonly error: ErrorData }
