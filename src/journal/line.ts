import { canonicalJson } from '../base/digest.ts'
import type { StructuralEvent } from '../protocol/run-event.ts'
import {
  decisionLine,
  executionStartLine,
  toolCallLine,
  toolResultLine,
  turnEndLine,
  turnStartLine,
  usageLine,
} from './call-lines.ts'
import type { Link } from './link.ts'

/**
 * The line of a record: canonical JSON (RFC 8785). What people, models and tools said is not in it;
 * what remains is enough to read the course of a run. Throws a TypeError for what has no canonical
 * form, as `canonicalJson` does.
 */
export function lineText(event: StructuralEvent, link: Link): string {
  switch (event.type) {
    case 'turn-start':
      return turnStartLine(event, link)
    case 'usage':
      return usageLine(event, link)
    case 'tool-call':
      return toolCallLine(event, link)
    case 'decision':
      return decisionLine(event, link)
    case 'execution-start':
      return executionStartLine(event, link)
    case 'tool-result':
      return toolResultLine(event, link)
    case 'turn-end':
      return turnEndLine(event, link)
    default: {
      const members = rare[event.type] as (event: StructuralEvent, link: Link) => object
      return canonicalJson(members(event, link))
    }
  }
}

type Rare = Exclude<
  StructuralEvent['type'],
  'turn-start' | 'usage' | 'tool-call' | 'decision' | 'execution-start' | 'tool-result' | 'turn-end'
>
type EventOf<Type extends Rare> = Extract<StructuralEvent, { type: Type }>

// Each of these lists the members of its line in canonical order, so that nothing is left to sort;
// `type` and what every line has are repeated because their places differ. Members that are
// undefined are left out when the line is written.
const rare: { readonly [Type in Rare]: (event: EventOf<Type>, link: Link) => object } = {
  'run-start': (e, { payload, prev, seq }) => ({
    at: e.at,
    carrier: e.carrier,
    eventSeq: e.seq,
    limits: e.limits,
    model: e.model,
    parent: e.parent,
    payload,
    policy: e.policy,
    prev,
    previousRuns: e.previousRuns,
    principal: e.principal,
    resumed: e.resumed,
    runId: e.runId,
    scope: e.scope,
    seq,
    session: e.session,
    signer: e.signer,
    tools: e.tools,
    turn: e.turn,
    type: e.type,
    v: 1,
    versions: e.versions,
  }),
  'approval-request': (e, { payload, prev, seq }) => ({
    approvalId: e.approvalId,
    approvers: e.approvers,
    argsDigest: e.argsDigest,
    at: e.at,
    callId: e.callId,
    editable: e.editable,
    eventSeq: e.seq,
    expiresAt: e.expiresAt,
    payload,
    prev,
    reasons: e.reasons,
    rules: e.rules,
    runId: e.runId,
    seq,
    tool: e.tool,
    turn: e.turn,
    type: e.type,
    v: 1,
  }),
  'approval-decision': (e, { payload, prev, seq }) => ({
    action: e.action,
    approvalId: e.approvalId,
    argsDigest: e.argsDigest,
    at: e.at,
    by: e.by,
    callId: e.callId,
    eventSeq: e.seq,
    payload,
    prev,
    remember: e.remember,
    remembered: e.remembered,
    runId: e.runId,
    sensitive: e.sensitive,
    seq,
    turn: e.turn,
    type: e.type,
    v: 1,
  }),
  'execution-progress': (e, { payload, prev, seq }) => ({
    at: e.at,
    callId: e.callId,
    eventSeq: e.seq,
    payload,
    prev,
    runId: e.runId,
    seq,
    turn: e.turn,
    type: e.type,
    v: 1,
  }),
  retry: (e, { prev, seq }) => ({
    at: e.at,
    attempt: e.attempt,
    delayMs: e.delayMs,
    error: e.error,
    eventSeq: e.seq,
    prev,
    runId: e.runId,
    seq,
    turn: e.turn,
    type: e.type,
    v: 1,
  }),
  fallback: (e, { prev, seq }) => ({
    at: e.at,
    error: e.error,
    eventSeq: e.seq,
    from: e.from,
    prev,
    runId: e.runId,
    seq,
    to: e.to,
    turn: e.turn,
    type: e.type,
    v: 1,
  }),
  limit: (e, { prev, seq }) => ({
    at: e.at,
    eventSeq: e.seq,
    limit: e.limit,
    max: e.max,
    message: e.message,
    prev,
    runId: e.runId,
    seq,
    turn: e.turn,
    type: e.type,
    v: 1,
  }),
  error: (e, { prev, seq }) => ({
    at: e.at,
    code: e.code,
    details: e.details,
    eventSeq: e.seq,
    help: e.help,
    message: e.message,
    prev,
    providerCode: e.providerCode,
    retryAfterMs: e.retryAfterMs,
    retryable: e.retryable,
    runId: e.runId,
    seq,
    status: e.status,
    turn: e.turn,
    type: e.type,
    v: 1,
  }),
  end: (e, { prev, seq }) => ({
    at: e.at,
    counts: e.counts,
    eventSeq: e.seq,
    head: e.head,
    prev,
    runId: e.runId,
    seq,
    status: e.status,
    turn: e.turn,
    type: e.type,
    v: 1,
  }),
}
