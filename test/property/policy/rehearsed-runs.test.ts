import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import { prepareRehearsals } from '../../../src/gate/rehearsal.ts'
import type { Decision } from '../../../src/protocol/decision.ts'
import type { Message } from '../../../src/protocol/message.ts'
import type { ScriptedTurn } from '../../../src/testing/turn.ts'
import { agentOf, finish, only, policyOf, toolOf, user } from '../../support/agent.ts'
import { expectCases } from '../../support/tally.ts'
import { base, call, prompt, resultOf, toolNames, tools, type GeneratedCall } from './sections.ts'

const runs = 250
const callsOfRun = 40

const registered = toolNames.map((name) =>
  toolOf(name, { execute: (args) => resultOf({ tool: name, args: args as JsonObject }) }),
)

/** Without its time, and with calls named by their number: the one thing that has to differ. */
function comparable(decision: Decision): Decision {
  const text = JSON.stringify({ ...decision, at: '' })
  return JSON.parse(text.replaceAll(/"(?:rehearsal|run_[a-z0-9]+)-(\d+)(?:-0)?"/g, '"call-$1"'))
}

/** Each call in a turn of its own; whoever is asked says no. */
async function decidedInRun(
  policy: ReturnType<typeof policyOf>,
  calls: readonly GeneratedCall[],
  input: string,
): Promise<readonly Decision[]> {
  const turns: ScriptedTurn[] = calls.map(({ tool, args }) => ({
    calls: [{ tool, rawArgs: JSON.stringify(args) }],
  }))
  const { start } = agentOf([...turns, { text: 'done' }], {
    tools: registered,
    policy,
    limits: {
      maxTurns: calls.length + 1,
      maxToolCalls: calls.length,
      maxRepeatedCalls: calls.length + 1,
    },
    approve: () => ({ action: 'deny' }),
  })
  const { recorded, result } = await finish(start({ input }))
  expect(result.status).toBe('completed')
  // the answer of a person is a decision of its own
  const first = new Map<string, Decision>()
  for (const { callId, decision } of only(recorded, 'decision')) {
    if (!first.has(callId)) first.set(callId, comparable(decision))
  }
  return [...first.values()]
}

async function decidedInRehearsal(
  policy: ReturnType<typeof policyOf>,
  calls: readonly GeneratedCall[],
  input: string,
): Promise<readonly Decision[]> {
  const begin = await prepareRehearsals(policy.compile(registered), { tools: registered })
  const messages = [{ role: 'user', content: input }] as unknown as readonly Message[]
  const rehearsal = begin({ principal: user, messages })
  const decisions: Decision[] = []
  for (const one of calls) {
    const decision = await rehearsal.decide(one)
    decisions.push(comparable(decision))
    if (decision.effect === 'allow') await rehearsal.happened(one, resultOf(one))
    else rehearsal.withdraw(one)
  }
  return decisions
}

test(
  '10,000 calls are decided by a rehearsal as they are in a run',
  { timeout: 120_000 },
  async () => {
    const seen: Record<string, number> = {
      allow: 0,
      ask: 0,
      deny: 0,
      default: 0,
      flow: 0,
      guards: 0,
      limits: 0,
      sequences: 0,
    }
    const calls = fc.array(call, { minLength: callsOfRun, maxLength: callsOfRun })
    await fc.assert(
      fc.asyncProperty(base, calls, prompt, async (sections, proposed, input) => {
        const policy = policyOf({ tools, ...(sections as unknown as JsonObject) })
        const inRun = await decidedInRun(policy, proposed, input)
        expect(inRun).toHaveLength(callsOfRun)
        expect(await decidedInRehearsal(policy, proposed, input)).toEqual(inRun)
        const kinds = inRun.flatMap(({ effect, rule }) => [effect, rule.split('.')[0]!])
        for (const kind of new Set(kinds)) if (kind in seen) seen[kind]!++
      }),
      { numRuns: runs },
    )
    expectCases(seen, 1)
  },
)
