import type { JsonObject } from '../../src/base/json.ts'
import type { Answered } from '../../src/gate/verdict.ts'
import type { LoadedPolicy } from '../../src/loading/file.ts'
import type { Tool } from '../../src/tools/tool.ts'
import { policyOf, toolOf } from './agent.ts'
import { gateOf, type GateUnderTest } from './gate.ts'

export const ada = { subject: 'ada', roles: ['lead'] }
export const bob = { subject: 'bob', roles: ['lead'] }
export const who = { roles: ['user'] }

/** Asks about `refund`, by default any one person. */
export function asking(approvers?: JsonObject, sections: JsonObject = {}): LoadedPolicy {
  const rule = { id: 'asked', ask: ['refund'], who, ...(approvers ? { approvers } : {}) }
  return policyOf({ rules: [rule], approvals: { ttl: '15m' }, ...sections })
}

export const refund: Tool = toolOf('refund', { editable: ['/amount'], sensitive: ['/card'] })
export const args = { order: 'O-1', amount: 10, card: '4111' }

export function gateAsking(approvers?: JsonObject, sections?: JsonObject): Promise<GateUnderTest> {
  return gateOf(asking(approvers, sections), [refund])
}

export function verdictOf(answered: Answered): string {
  return answered.kind === 'settled' ? answered.verdict.kind : answered.kind
}
