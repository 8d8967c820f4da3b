import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../../src/base/digest.ts'
import { Chain, openRecord } from '../../../src/journal/chain.ts'
import type { Decision, RuleReference } from '../../../src/protocol/decision.ts'
import type { StructuralEvent } from '../../../src/protocol/run-event.ts'

type Types = StructuralEvent['type']

/** One event of each type with every member it can have; the compiler sees that none is missing. */
type Complete = { [Type in Types]: Required<Extract<StructuralEvent, { type: Type }>> }

const base = { seq: 41, runId: 'run_a', turn: 2, at: '2026-01-01T00:00:00.000Z' }
const call = { callId: 'run_a-2-0', tool: 'refund' }
const usage = {
  inputTokens: 5,
  outputTokens: 4,
  cacheReadTokens: 3,
  cacheWriteTokens: 2,
  reasoningTokens: 1,
}
const cost = { amount: 0.01, currency: 'USD', source: 'provider' } as const
const error = { code: 'tool-failed', message: 'it broke', retryable: false } as const
const rule: Required<RuleReference> = {
  id: 'r',
  effect: 'ask',
  file: 'p "1".yaml',
  line: 3,
  column: 5,
  shadow: true,
  unknown: true,
}
const decision: Required<Decision> = {
  effect: 'allow',
  rule: 'r',
  rules: [rule, { id: 'q', effect: 'deny', file: 'p.yaml', line: 1, column: 1 }],
  reasons: ['because', 'it is "so"\n'],
  obligations: [{ kind: 'approval', approvers: { roles: ['lead'], count: 2 } }],
  labels: [{ argument: '/to', from: [{ kind: 'user' }], trust: 'trusted' }],
  policy: { name: 'desk', digest: 'sha256:d' },
  at: '2026-01-01T00:00:00.000Z',
  shadow: true,
}

const events: Complete = {
  'run-start': {
    ...base,
    type: 'run-start',
    session: 's1',
    principal: { subject: 'u1', roles: ['support'], scopes: [] },
    policy: { name: 'desk', digest: 'sha256:d', mode: 'enforce', file: 'p.yaml' },
    tools: { digest: 'sha256:t', names: ['refund'] },
    model: { id: 'm', provider: 'p' },
    limits: { maxTurns: 20 },
    scope: [{ tools: ['refund'], args: { amount: { maximum: 5 } } }],
    resumed: { head: 'sha256:h', tookOver: true },
    signer: { keyId: 'ops', algorithm: 'EdDSA' },
    previousRuns: [{ runId: 'run_b', head: 'sha256:b' }],
    carrier: { host: 'desk-1', pid: 7, since: '2026-01-01T00:00:00.000Z' },
    versions: { sallyport: '0.1.0', node: '24.0.0' },
    definitions: { refund: 'sha256:r' },
    parent: { runId: 'run_p', callId: 'run_p-1-0' },
    messages: [{ role: 'user', content: 'hello' }],
  },
  'turn-start': {
    ...base,
    type: 'turn-start',
    said: [{ role: 'user', content: 'and quickly' }],
    model: { id: 'm2', provider: 'p' },
    tools: ['refund'],
    toolChoice: { tool: 'refund' },
    settings: { temperature: 0 },
    sent: [0, { role: 'user', content: 'in short' }],
    trusted: true,
  },
  'tool-call': {
    ...base,
    ...call,
    type: 'tool-call',
    providerId: 'call_1',
    index: 0,
    args: { amount: 5 },
    rawArgs: '{"amount": 5}',
    argsDigest: 'sha256:a',
    sensitive: ['/card'],
  },
  decision: {
    ...base,
    type: 'decision',
    callId: call.callId,
    decision,
  },
  'approval-request': {
    ...base,
    ...call,
    type: 'approval-request',
    approvalId: 'apr_1',
    args: { amount: 500 },
    argsDigest: 'sha256:a',
    rules: [rule],
    reasons: ['because'],
    approvers: [{ count: 1, roles: ['lead'] }],
    expiresAt: base.at,
    editable: ['/amount'],
  },
  'approval-decision': {
    ...base,
    type: 'approval-decision',
    approvalId: 'apr_1',
    callId: call.callId,
    action: 'edit',
    by: { subject: 'u2', roles: ['lead'] },
    reason: 'too much',
    remember: true,
    remembered: 'apr_0',
    args: { amount: 50 },
    argsDigest: 'sha256:b',
    sensitive: [],
  },
  'execution-start': {
    ...base,
    ...call,
    type: 'execution-start',
    argsDigest: 'sha256:a',
    idempotencyKey: call.callId,
    child: 'run_c',
  },
  'execution-progress': {
    ...base,
    type: 'execution-progress',
    callId: call.callId,
    value: { percent: 50 },
  },
  'tool-result': {
    ...base,
    ...call,
    type: 'tool-result',
    status: 'success',
    result: { 10: 'ten', 9: 'nine', a: null },
    error,
    content: 'paid',
    attempts: 1,
    queueMs: 1,
    approvalMs: 2,
    executionMs: 3,
    resultDigest: 'sha256:r',
    resultBytes: 9,
    resolvedBy: 'lena',
    truncated: true,
    foreign: true,
    child: {
      runId: 'run_c',
      head: 'sha256:h',
      status: 'completed',
      turns: 2,
      calls: 1,
      usage,
      cost,
    },
    changes: [{ what: 'secrets', count: 2 }],
  },
  retry: { ...base, type: 'retry', attempt: 1, delayMs: 5, error: { ...error, status: 503 } },
  fallback: { ...base, type: 'fallback', from: 'a', to: 'b', error },
  usage: {
    ...base,
    type: 'usage',
    usage: { ...usage, raw: { prompt_tokens: 5 } },
    cost,
    finishReason: { unified: 'stop', raw: 'stop' },
    message: { role: 'assistant', content: [{ type: 'text', text: 'hi' }] },
    foreign: ['request', 'answer'],
    foreignMessages: [{ role: 'user', content: 'from elsewhere' }],
  },
  limit: { ...base, type: 'limit', limit: 'maxTurns', max: 1, message: 'used' },
  'turn-end': {
    ...base,
    type: 'turn-end',
    finishReason: { unified: 'stop', raw: null },
    usage,
    cost,
    attempts: 1,
    durationMs: 9,
    model: 'm',
    responseId: 'r1',
  },
  error: { ...base, ...error, type: 'error', help: 'mend it', details: { at: [1] } },
  end: {
    ...base,
    type: 'end',
    status: 'completed',
    head: 'sha256:h',
    counts: { allow: 1, ask: 2, deny: 3, none: 4, open: 5 },
  },
}

describe.each(Object.values(events))('a record of `$type`', (event: StructuralEvent) => {
  test('keeps every member of its event', () => {
    expect(openRecord(new Chain().seal(event)).event).toEqual(event)
  })

  test('is a line of canonical JSON', () => {
    const { line } = new Chain().seal(event)
    expect(line).toBe(canonicalJson(JSON.parse(line)))
  })
})
