import { canonicalJson } from '../base/digest.ts'
import { copyJson, type JsonValue } from '../base/json.ts'
import { redactArguments } from '../base/redact.ts'
import type { Decision } from '../protocol/decision.ts'
import type {
  ApprovalDecided,
  ApprovalRequested,
  CallDecided,
  ExecutionStarted,
  ToolCallProposed,
  ToolResulted,
} from '../protocol/run-event.ts'
import {
  reportError,
  type ApprovalAnswer,
  type ApprovalRow,
  type CallRow,
  type OpenCall,
} from './report.ts'

type Outcome = Pick<
  CallRow,
  | 'attempts'
  | 'queueMs'
  | 'approvalMs'
  | 'executionMs'
  | 'child'
  | 'resultDigest'
  | 'resultBytes'
  | 'truncated'
  | 'foreign'
  | 'changes'
  | 'status'
  | 'error'
  | 'endedAt'
>

interface Asked {
  /** Without the arguments, which stand in the proposal. */
  readonly request: Omit<ApprovalRequested, 'args'>
  readonly answers: ApprovalAnswer[]
}

/**
 * The course of one call, event by event. Keeps nothing that a row does not show, and copies of
 * that: readers of a run may write over its events.
 */
export class CallFold {
  readonly #proposed: Omit<ToolCallProposed, 'rawArgs'>
  // most calls are judged once and never asked about, so lists are made when they are needed
  #decision: Decision | undefined
  #earlierDecisions: Decision[] | undefined
  #approvals: Asked[] | undefined
  #startedAt: string | undefined
  #isAgent = false
  #starts = 0
  #result: Outcome | undefined

  constructor({ rawArgs: _rawArgs, ...proposed }: ToolCallProposed) {
    this.#proposed = proposed
  }

  get callId(): string {
    return this.#proposed.callId
  }

  decide(event: CallDecided): void {
    // who carries a run on judges again what was judged before
    if (this.#decision !== undefined && !isSame(this.#decision, event.decision)) {
      ;(this.#earlierDecisions ??= []).push(this.#decision)
    }
    this.#decision = copyDecision(event.decision)
  }

  requestApproval({ args: _args, ...request }: ApprovalRequested): void {
    ;(this.#approvals ??= []).push({ request: copyJson(request), answers: [] })
  }

  answerApproval(event: ApprovalDecided): void {
    const approval = this.#approvals?.find(({ request }) => request.approvalId === event.approvalId)
    approval?.answers.push({
      action: event.action,
      by: event.by === null ? null : { subject: event.by.subject, roles: [...event.by.roles] },
      ...(event.reason === undefined ? {} : { reason: event.reason }),
      ...(event.remember === undefined ? {} : { remember: event.remember }),
      ...(event.remembered === undefined ? {} : { remembered: event.remembered }),
      ...(event.args === undefined
        ? {}
        : { args: redactArgs(event.args, event.sensitive ?? this.#proposed.sensitive) }),
      ...(event.argsDigest === undefined ? {} : { argsDigest: event.argsDigest }),
      at: event.at,
    })
  }

  start(event: ExecutionStarted): void {
    this.#startedAt = event.at
    this.#isAgent = event.child !== undefined
    this.#starts++
    // the outcome of an earlier start, such as `unknown-outcome`, is overtaken
    this.#result = undefined
  }

  finish(event: ToolResulted): void {
    this.#result = outcomeOf(event)
  }

  /** That of the last decision. */
  get effect(): Decision['effect'] | 'none' {
    return this.#decision?.effect ?? 'none'
  }

  get isOpen(): boolean {
    return this.#result === undefined
  }

  /** What is missing; undefined for a finished call. */
  open(): OpenCall | undefined {
    const { callId } = this.#proposed
    if (this.#result !== undefined) return undefined
    if (this.#isUnderWay) return { callId, missing: 'outcome' }
    const last = this.#approvals?.at(-1)
    const waits = last !== undefined && !isSettled(last.request, last.answers)
    return { callId, missing: waits ? 'approval' : 'result' }
  }

  /** Of an agent its own run tells how far it has come. */
  get #isUnderWay(): boolean {
    return this.#startedAt !== undefined && !this.#isAgent
  }

  row(): CallRow {
    const { callId, providerId, turn, index, tool, args, argsDigest, sensitive, at } =
      this.#proposed
    return {
      callId,
      providerId,
      turn,
      index,
      tool,
      ...(args === undefined ? {} : { args: redactArgs(args, sensitive) }),
      ...(sensitive === undefined ? {} : { sensitive }),
      argsDigest,
      decision: this.#decision ?? null,
      ...(this.#earlierDecisions === undefined
        ? {}
        : { earlierDecisions: [...this.#earlierDecisions] }),
      approvals: this.#approvals?.map(approvalRow) ?? [],
      labels: this.#decision?.labels ?? [],
      proposedAt: at,
      ...(this.#startedAt === undefined ? {} : { startedAt: this.#startedAt }),
      ...this.#outcome(),
    }
  }

  #outcome(): Outcome {
    return (
      this.#result ?? {
        attempts: this.#starts,
        queueMs: 0,
        approvalMs: 0,
        executionMs: 0,
        status: this.#isUnderWay ? 'unknown-outcome' : 'skipped',
      }
    )
  }
}

function outcomeOf(result: ToolResulted): Outcome {
  const { attempts, queueMs, approvalMs, executionMs, status, at } = result
  const { child, resultDigest, resultBytes, truncated, foreign, changes, error } = result
  return {
    attempts,
    queueMs,
    approvalMs,
    executionMs,
    status,
    endedAt: at,
    ...(child === undefined ? {} : { child: copyJson(child) }),
    ...(resultDigest === undefined ? {} : { resultDigest }),
    ...(resultBytes === undefined ? {} : { resultBytes }),
    ...(truncated === undefined ? {} : { truncated }),
    ...(foreign === undefined ? {} : { foreign }),
    ...(changes === undefined ? {} : { changes: copyJson(changes) }),
    ...(error === undefined ? {} : { error: reportError(error) }),
  }
}

function copyDecision(decision: Decision): Decision {
  const { labels, obligations, policy, reasons, rules } = decision
  return {
    ...decision,
    rules: rules.map((rule) => ({ ...rule })),
    reasons: [...reasons],
    obligations: copyJson(obligations),
    labels: copyJson(labels),
    policy: { ...policy },
  }
}

function isSame({ at: _a, ...one }: Decision, { at: _b, ...other }: Decision): boolean {
  return canonicalJson(one) === canonicalJson(other)
}

/** A pointer that is malformed redacts everything. */
function redactArgs(args: JsonValue, sensitive: readonly string[] | undefined): JsonValue {
  return sensitive === undefined ? args : redactArguments(args, sensitive)
}

/** Whether an approval needs no further answer. */
function isSettled(
  request: Pick<ApprovalRow, 'approvers'>,
  answers: readonly Pick<ApprovalAnswer, 'action' | 'by'>[],
): boolean {
  if (answers.some(({ action }) => action === 'deny' || action === 'expire')) return true
  const yes = answers.filter(({ action }) => action !== 'revoke')
  const people = new Set(yes.map(({ by }) => by?.subject))
  return request.approvers.every(({ count }) => people.size >= count)
}

function approvalRow(approval: Asked): ApprovalRow {
  const { approvalId, argsDigest, approvers, reasons, at, expiresAt } = approval.request
  return {
    approvalId,
    argsDigest,
    approvers,
    reasons,
    requestedAt: at,
    expiresAt,
    answers: [...approval.answers],
  }
}
