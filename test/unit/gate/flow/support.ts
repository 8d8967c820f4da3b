import type { JsonObject, JsonValue } from '../../../../src/base/json.ts'
import { applyFindings } from '../../../../src/gate/finding.ts'
import { FlowSession, type FlowSessionOptions } from '../../../../src/gate/flow/session.ts'
import type { Policy } from '../../../../src/policy/policy.ts'
import type { Truth } from '../../../../src/policy/truth.ts'
import type { Decision } from '../../../../src/protocol/decision.ts'
import type { Principal } from '../../../../src/protocol/principal.ts'
import { policyOf, user } from '../../policy/build.ts'

export const strict = { untrustedSteering: 'ask', untrustedLinks: 'deny', secretsOut: 'ask' }

/** A policy that allows `act` and `read`; `tools` and `flow` are added to it or replace its own. */
export function flowPolicy({
  act = {},
  tools = {},
  flow = strict,
  rules = [{ id: 'all', allow: ['**'] }],
}: {
  readonly act?: Readonly<Record<string, unknown>>
  readonly tools?: Readonly<Record<string, unknown>>
  readonly flow?: Readonly<Record<string, unknown>>
  readonly rules?: readonly unknown[]
} = {}): Policy {
  return policyOf({
    flow,
    rules,
    tools: {
      read: { kind: 'read', output: { trust: 'untrusted', secrecy: 'internal' } },
      lookup: { kind: 'read', output: { trust: 'trusted', secrecy: 'internal' } },
      act: { kind: 'write', ...act },
      ...tools,
    },
  })
}

/** A session to talk to in the words of a test. */
export class Talk {
  readonly policy: Policy
  readonly flow: FlowSession
  #calls = 0

  constructor(policy: Policy, options: FlowSessionOptions & { readonly flow?: FlowSession } = {}) {
    this.policy = policy
    this.flow = options.flow ?? new FlowSession(policy, options)
  }

  begin(principal: Principal): this {
    this.flow.begin(principal)
    return this
  }

  says(content: string): this {
    this.flow.addMessage({ role: 'user', content })
    return this
  }

  reads(value: JsonValue, tool = 'read', args: JsonObject = {}): this {
    this.flow.addResult({ tool, callId: `c${++this.#calls}`, args, value })
    return this
  }

  decide(args: JsonObject, tool = 'act'): Decision {
    const request = { tool, args, principal: user, now: Number.NaN, at: '', sources: this.flow }
    const decision = this.policy.decide(request)
    const { findings, labels } = this.flow.check({ tool, args, decision })
    return { ...applyFindings(decision, findings), labels }
  }

  /** The deciding rule of a call. */
  rule(args: JsonObject, tool = 'act'): string {
    return this.decide(args, tool).rule
  }
}

export const tools = {
  vault: { kind: 'read', output: { trust: 'trusted', secrecy: 'secret' } },
  bare: { kind: 'read' },
}

export const act = {
  sink: 'external',
  args: {
    to: { steers: true, idsFrom: ['lookup'], fromNamed: ['read'] },
    body: { carries: true },
  },
}

/** With a vault, and with arguments that steer and carry. */
export function talkOf(flow: Readonly<Record<string, unknown>> = strict): Talk {
  return new Talk(flowPolicy({ act, tools, flow }))
}

export function holds(talk: Talk, value: JsonValue, kind: 'user' | 'system' | 'trusted'): Truth {
  return talk.flow.hold(value, [kind])
}

export function isSecret(talk: Talk, body: string): boolean {
  return talk.decide({ body }).rules.some(({ id }) => id === 'flow.secretsOut')
}
