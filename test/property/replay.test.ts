import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { replayTrace } from '../../src/analysis/replay.ts'
import { decideScenario } from '../../src/analysis/scenario.ts'
import { traceOfRun } from '../../src/analysis/trace-run.ts'
import type { JsonObject } from '../../src/base/json.ts'
import { prepareRehearsals } from '../../src/gate/rehearsal.ts'
import { memoryJournal } from '../../src/journal/memory.ts'
import type { Decision } from '../../src/protocol/decision.ts'
import { expectCases } from '../support/tally.ts'
import { args, name, names, policies, turns } from './random-sections.ts'
import { agentOf, finish, policyOf, toolOf, user } from '../support/agent.ts'

const tools = names.map((known) =>
  toolOf(known, {
    execute: () => {
      if (known === 'mail') throw new Error('no post today')
      return { from: `${known}-77-secret` }
    },
  }),
)

/** What the task of a run needs; half of the tasks say nothing of it. */
const scopes = fc.option(
  fc.record({
    scope: fc.array(
      fc.record(
        { tools: fc.subarray([...names], { minLength: 1 }), onlyArgs: fc.constant(['a']) },
        { requiredKeys: ['tools'] },
      ),
      { minLength: 1, maxLength: 2 },
    ),
  }),
  { nil: {}, freq: 2 },
)

const lead = { subject: 'lead-1', roles: ['lead'] }

/** Everything but the time: it was another one. */
function timeless({ at: _at, ...decision }: Decision): Omit<Decision, 'at'> {
  return decision
}

test('a run that is replayed under its own policy comes to its own decisions', async () => {
  let compared = 0
  await fc.assert(
    fc.asyncProperty(policies, turns, scopes, async (sections, proposed, scope) => {
      const loaded = policyOf(sections as unknown as JsonObject)
      const journal = memoryJournal()
      const steps = [...proposed.map((turn) => ({ calls: turn })), { text: 'done' }]
      const agent = agentOf(steps, {
        tools,
        policy: loaded,
        journal,
        // a replay trusts nothing because it was approved, so with data flow nothing is approved
        approve: () => ({ action: 'flow' in sections ? 'deny' : 'approve', by: lead }),
        limits: { maxTurns: 100, maxToolCalls: 1000, maxRepeatedCalls: 1000 },
      })
      const { result } = await finish(agent.start({ ...scope }), 'result only')
      const trace = await traceOfRun(journal.read(result.report.header.runId), 'memory')
      const policy = loaded.compile(tools)
      const begin = await prepareRehearsals(policy, { tools })
      const replayed = await replayTrace({ policy, begin, caller: null }, trace)
      const recorded = trace.calls.map(({ decision }) => timeless(decision!))
      expect(replayed.calls.map(({ decision }) => timeless(decision))).toEqual(recorded)
      compared += recorded.length
    }),
    { numRuns: 450 },
  )
  expect(compared).toBeGreaterThan(10_000)
}, 120_000)

test('a single call is decided as the first call of a run is', async () => {
  const seen = { allow: 0, ask: 0, deny: 0, default: 0 }
  await fc.assert(
    fc.asyncProperty(policies, name, args, async (sections, tool, given) => {
      const loaded = policyOf(sections as unknown as JsonObject)
      const agent = agentOf([{ calls: [{ tool, args: given }] }, { text: 'done' }], {
        tools,
        policy: loaded,
      })
      const { result } = await finish(agent.start(), 'result only')
      const begin = await prepareRehearsals(loaded.compile(tools), { tools })
      const scenario = { principal: user, given: [], tool, args: given }
      const decision = await decideScenario(begin, scenario)
      expect(timeless(decision)).toEqual(timeless(result.report.rows[0]!.decision!))
      seen[decision.rule === 'default' ? 'default' : decision.effect]++
    }),
    { numRuns: 200 },
  )
  expectCases(seen, 1)
})

test('a call after one that returned null is decided as in a run', async () => {
  const own = [toolOf('look', { execute: () => null }), toolOf('pay')]
  const loaded = policyOf({
    tools: {
      look: { kind: 'read', output: { trust: 'untrusted' } },
      pay: { kind: 'write', args: { a: { steers: true } } },
    },
    flow: { untrustedSteering: 'deny' },
    rules: [{ id: 'all', allow: ['look', 'pay'], who: { roles: ['user'] } }],
  })
  const [look, pay] = [
    { tool: 'look', args: {} },
    { tool: 'pay', args: { a: 'O-7' } },
  ]
  const steps = [{ calls: [look] }, { calls: [pay] }, { text: 'done' }]
  const { result } = await finish(
    agentOf(steps, { tools: own, policy: loaded }).start(),
    'result only',
  )
  const begin = await prepareRehearsals(loaded.compile(own), { tools: own })
  const given = [{ ...look, result: null }]
  const decision = await decideScenario(begin, { principal: user, prompt: 'go', given, ...pay })
  expect(decision.rule).toBe('all')
  expect(timeless(result.report.rows[1]!.decision!)).toEqual(timeless(decision))
})
