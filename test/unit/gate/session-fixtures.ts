import type { JsonObject } from '../../../src/base/json.ts'
import type { Gate } from '../../../src/gate/gate.ts'
import type { JudgeContext, Settlement } from '../../../src/gate/verdict.ts'
import type { Message } from '../../../src/protocol/message.ts'
import { policyOf, toolOf, user } from '../../support/agent.ts'
import { gateOf, type GateUnderTest } from '../../support/gate.ts'

export const run: JudgeContext = { runId: 'run_1', session: 's', principal: user }

export const sections = {
  rules: [{ id: 'all', allow: ['**'] }],
  tools: {
    read: { kind: 'read', output: { trust: 'trusted' } },
    page: { kind: 'read', output: { trust: 'untrusted' } },
    agent: { kind: 'read', output: { trust: 'trusted' } },
    net: { kind: 'network' },
    drop: { kind: 'write' },
    act: { kind: 'write', args: { to: { steers: true } } },
  },
  sequences: [
    { id: 'after', after: ['read'], sameArg: 'n', then: { tools: ['net'], do: 'deny' } },
    { id: 'until', unless: ['read'], sameArg: 'n', then: { tools: ['drop'], do: 'deny' } },
  ],
  flow: { untrustedSteering: 'deny' },
} as unknown as JsonObject

export const tools = Object.keys(sections['tools'] as JsonObject).map((name) => toolOf(name))

export function opened(given: JsonObject = sections): Promise<GateUnderTest> {
  return gateOf(policyOf(given), tools)
}

/** By which rule each call is decided. */
export async function rulesOf(
  { judge }: GateUnderTest,
  calls: Readonly<Record<string, JsonObject>>,
  as: Partial<JudgeContext> = {},
): Promise<readonly string[]> {
  const rules: string[] = []
  for (const [tool, given] of Object.entries(calls)) {
    rules.push((await judge(tool, given, { session: 's', ...as })).decision.rule)
  }
  return rules
}

export async function settled(
  gate: Gate,
  tool: string,
  { args = {}, ...outcome }: Partial<Settlement> & { readonly args?: JsonObject } = {},
  context = run,
): Promise<void> {
  const rawArgs = JSON.stringify(args)
  const call = { callId: `c-${rawArgs}`, providerId: '', turn: 1, index: 0, tool, rawArgs }
  const done = { succeeded: true, value: 'ok', durationMs: 0, ...outcome }
  gate.witness(await gate.examine(call), context, done)
}

export function proposing(callId: string, tool: string, args: JsonObject): Message {
  const call = { type: 'tool-call', callId, providerId: '', tool } as const
  return { role: 'assistant', content: [{ ...call, arguments: JSON.stringify(args) }] }
}

export function answer(callId: string, tool: string, content: string): Message {
  return { role: 'tool', callId, providerId: '', tool, content, isError: false }
}

export const probes = { net: { n: 1 }, drop: { n: 1 }, act: { to: 'eve' } }
