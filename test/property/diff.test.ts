import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { diffPolicies, isNewlyAllowed } from '../../src/analysis/diff.ts'
import type { Replay } from '../../src/analysis/replay.ts'
import { clockAt, decideScenario } from '../../src/analysis/scenario.ts'
import type { JsonObject } from '../../src/base/json.ts'
import { prepareRehearsals } from '../../src/gate/rehearsal.ts'
import { policyOf, user } from '../support/agent.ts'
import { expectCases } from '../support/tally.ts'
import { args, name, policies } from './random-sections.ts'

type Sections = typeof policies extends fc.Arbitrary<infer Value> ? Value : never

async function sideOf(sections: Sections): Promise<Replay> {
  const policy = policyOf(sections as unknown as JsonObject).compile()
  return { policy, begin: await prepareRehearsals(policy, { clock: clockAt(0) }), caller: null }
}

test('a policy does not differ from itself, in whatever order its rules stand', async () => {
  await fc.assert(
    fc.asyncProperty(policies, async (sections) => {
      const turned = { ...sections, rules: sections.rules.toReversed() }
      const { changes, generated } = await diffPolicies(
        await sideOf(sections),
        await sideOf(turned),
        {},
      )
      expect(changes).toEqual([])
      expect(generated).toBeGreaterThan(0)
    }),
    { numRuns: 25 },
  )
}, 120_000)

test('a deny that is added never shows as newly allowed, and one taken away may', async () => {
  const seen = { allowed: 0 }
  await fc.assert(
    fc.asyncProperty(policies, name, async (sections, tool) => {
      const open = [...sections.rules, { id: 'open', allow: [tool] }]
      const rules = [...open, { id: 'added', deny: [tool] }]
      const few = await sideOf({ ...sections, rules: open })
      const more = await sideOf({ ...sections, rules })
      expect((await diffPolicies(few, more, {})).changes.filter(isNewlyAllowed)).toEqual([])
      const back = await diffPolicies(more, few, {})
      if (back.changes.some(isNewlyAllowed)) seen.allowed++
    }),
    { numRuns: 40 },
  )
  expectCases(seen, 1)
}, 120_000)

test('where a call is decided otherwise, a change of its tool is shown, and each example is true', async () => {
  const seen = { alike: 0, differing: 0 }
  await fc.assert(
    fc.asyncProperty(policies, policies, name, args, async (first, second, tool, given) => {
      const sides = [await sideOf(first), await sideOf(second)] as const
      const { changes } = await diffPolicies(...sides, {})
      for (const { before, after, example } of changes) {
        const [was, is] = [
          await decideScenario(sides[0].begin, example),
          await decideScenario(sides[1].begin, example),
        ]
        expect([was.effect, was.rule, is.effect, is.rule]).toEqual([
          before.effect,
          before.rule,
          after.effect,
          after.rule,
        ])
      }
      const call = { principal: user, given: [], tool, args: given }
      const [was, is] = [
        await decideScenario(sides[0].begin, call),
        await decideScenario(sides[1].begin, call),
      ]
      seen[was.effect === is.effect ? 'alike' : 'differing']++
      if (was.effect === is.effect) return
      expect(
        changes.some(
          (change) =>
            change.tool === tool &&
            change.before.effect === was.effect &&
            change.after.effect === is.effect,
        ),
      ).toBe(true)
    }),
    { numRuns: 60 },
  )
  expectCases(seen, 1)
}, 120_000)
