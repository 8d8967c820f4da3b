import { openApproval, type OpenApproval } from '../../../src/gate/approval.ts'
import type { JsonObject } from '../../../src/base/json.ts'
import type { ExaminedCall } from '../../../src/gate/verdict.ts'
import type { Approvers, Decision } from '../../../src/protocol/decision.ts'
import { manualClock, type ManualClock } from '../../../src/testing/clock.ts'
import { toolOf, user } from '../../support/agent.ts'

export const start = Date.parse('2027-01-15T08:00:00.000Z')
export const context = { runId: 'run_1', session: undefined, principal: user }
export const policy = { approvals: { ttlMs: 60_000, selfApproval: false } }

/** A decision that asks these people. */
export function asks(...approvers: Approvers[]): Decision {
  return {
    effect: 'ask',
    rule: 'asked',
    rules: [{ id: 'asked', effect: 'ask', file: 'desk.yaml', line: 1, column: 1 }],
    reasons: ['a person decides'],
    obligations: approvers.map((each) => ({ kind: 'approval', approvers: each })),
    labels: [],
    policy: { name: 'desk', digest: 'sha256:0' },
    at: '2027-01-15T08:00:00.000Z',
  }
}

/** A sound call of `pay`. */
export function callOf(args: JsonObject, fields: Parameters<typeof toolOf>[1] = {}): ExaminedCall {
  const rawArgs = JSON.stringify(args)
  const call = { callId: 'c1', providerId: '', turn: 1, index: 0, tool: 'pay', rawArgs }
  return {
    call,
    args,
    argsDigest: `sha256:${rawArgs}`,
    tool: toolOf('pay', fields),
    defect: undefined,
  }
}

/** The request about it, which waits a minute from `start`. */
export function opened(
  decision: Decision,
  examined = callOf({ amount: 1 }),
  clock: ManualClock = manualClock(start),
): OpenApproval {
  return openApproval(examined, context, decision, policy, clock)
}
