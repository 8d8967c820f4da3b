import type { JsonValue } from '../../src/base/json.ts'
import { createGate, type Gate } from '../../src/gate/gate.ts'
import type { GateOptions } from '../../src/gate/gate-options.ts'
import type { ApprovalRequest, JudgeContext, Verdict } from '../../src/gate/verdict.ts'
import type { LoadedPolicy } from '../../src/loading/file.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { manualClock, type ManualClock } from '../../src/testing/clock.ts'
import { createRegistry } from '../../src/tools/registry.ts'
import type { Tool } from '../../src/tools/tool.ts'
import { user } from './agent.ts'

export interface GateUnderTest {
  readonly gate: Gate
  readonly clock: ManualClock
  /** Judges a call of `user`, each with an id of its own unless one is given. */
  judge(tool: string, args?: JsonValue, as?: Partial<Caller>): Promise<Verdict>
  /** Judges a call that has to end in a question. */
  ask(tool: string, args?: JsonValue, as?: Partial<Caller>): Promise<ApprovalRequest>
}

export interface Caller extends JudgeContext {
  readonly callId: string
}

/** `policy` is one for ever, or tells the one in force. */
export async function gateOf(
  policy: LoadedPolicy | (() => Policy),
  tools: readonly Tool[],
  options: Omit<GateOptions, 'policy' | 'registry' | 'clock'> = {},
): Promise<GateUnderTest> {
  const clock = manualClock(1_800_000_000_000)
  const registry = await createRegistry(tools)
  const gate = createGate({
    policy: typeof policy === 'function' ? policy : policy.compile(tools),
    registry,
    clock,
    ...options,
  })
  let calls = 0
  const judge = async (
    tool: string,
    args: JsonValue = {},
    as: Partial<Caller> = {},
  ): Promise<Verdict> => {
    const { callId, ...caller } = as
    const context = { runId: 'run_1', session: undefined, principal: user, ...caller }
    const rawArgs = JSON.stringify(args)
    const id = callId ?? `${context.runId}-1-${calls++}`
    const call = { callId: id, providerId: '', turn: 1, index: 0, tool, rawArgs }
    return gate.judge(await gate.examine(call), context)
  }
  return {
    gate,
    clock,
    judge,
    async ask(tool, args, as) {
      const verdict = await judge(tool, args, as)
      if (verdict.kind !== 'pending') throw new Error(`the gate did not ask: ${verdict.kind}`)
      return verdict.request
    },
  }
}
