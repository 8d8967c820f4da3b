import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { prepareRehearsals, type Situation } from '../../../src/gate/rehearsal.ts'
import { compilePolicy } from '../../../src/policy/compile.ts'
import type { PolicyFile } from '../../../src/policy/document.ts'
import type { Policy } from '../../../src/policy/policy.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import type { Decision, Effect } from '../../../src/protocol/decision.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import { toolOf } from '../../support/agent.ts'
import {
  addition,
  base,
  besides,
  call,
  prompt,
  resultOf,
  rules,
  toolNames,
  tools,
  type Base,
  type GeneratedCall,
} from './sections.ts'

const strictness: Readonly<Record<Effect, number>> = { allow: 0, ask: 1, deny: 2 }
// made once: to compile a schema takes longer than a session
const registered = toolNames.map((name) => toolOf(name))
const principal = { subject: 'u', roles: [], scopes: [] }

function fileOf(sections: object, parents: readonly PolicyFile[] = []): PolicyFile {
  const names = parents.map((_, index) => `./parent-${index}.json`)
  const document = {
    sallyport: 1,
    name: 'p',
    ...(parents.length === 0 ? {} : { extends: names }),
    ...sections,
  }
  return readPolicy(JSON.stringify(document), { file: 'p.json', parents })
}

function policyOf(sections: object): Policy {
  return compilePolicy(fileOf({ tools, ...sections }))
}

/** The decision about the last call, where the others ran, whoever allowed them. */
async function decisionAfter(
  policy: Policy,
  calls: readonly GeneratedCall[],
  situation: Partial<Situation> = {},
  text = 'go',
): Promise<Decision> {
  const begin = await prepareRehearsals(policy, {
    tools: registered,
    clock: manualClock(1_800_000_000_000),
  })
  const messages = [{ role: 'user', content: text }] as NonNullable<Situation['messages']>
  const rehearsal = begin({ principal, messages, ...situation })
  for (const earlier of calls.slice(0, -1)) await rehearsal.happened(earlier, resultOf(earlier))
  return rehearsal.decide(calls.at(-1)!)
}

const calls = fc.array(call, { minLength: 1, maxLength: 5 })

/** Law: what is allowed with more to say was allowed without, and what is asked was not denied. */
function expectStricter(after: Decision, before: Decision): void {
  expect(strictness[after.effect]).toBeGreaterThanOrEqual(strictness[before.effect])
}

test('another deny, limit, sequence, guard or check of flow never allows more in a session', async () => {
  const kinds = ['deny', 'flow', 'guard', 'limit', 'sequence']
  const seen = new Set<string>()
  const law = fc.asyncProperty(
    base,
    addition,
    calls,
    prompt,
    async (sections, [what, add], done, text) => {
      const before = await decisionAfter(policyOf(sections), done, {}, text)
      const after = await decisionAfter(policyOf(add(sections)), done, {}, text)
      expectStricter(after, before)
      if (after.effect !== before.effect) seen.add(what)
    },
  )
  // until each of them has mattered for some session, which a few hundred runs may miss
  for (let round = 0; round < 2 || (round < 20 && seen.size < kinds.length); round++) {
    await fc.assert(law, { numRuns: 350 })
  }
  expect([...seen].toSorted()).toEqual(kinds)
})

test('a scope never allows more in a session', async () => {
  let mattered = 0
  await fc.assert(
    fc.asyncProperty(base, rules, calls, async (sections, narrow, done) => {
      const policy = policyOf(sections)
      const before = await decisionAfter(policy, done)
      const after = await decisionAfter(policy, done, { scope: policyOf({ rules: narrow }) })
      expectStricter(after, before)
      if (after.effect !== before.effect) mattered++
    }),
    { numRuns: 200 },
  )
  expect(mattered).toBeGreaterThan(0)
})

test('a parent never allows more in a session, whatever it says, and neither does a child', async () => {
  const parentSections = fc.tuple(rules, besides).map(([list, rest]) => ({
    ...renamed(rest as unknown as Base),
    rules: list.map((rule) => ({ ...rule, id: `parent-${String(rule['id'])}` })),
  }))
  let mattered = 0
  await fc.assert(
    fc.asyncProperty(base, parentSections, calls, prompt, async (own, above, done, text) => {
      const definitions = readPolicy(JSON.stringify({ sallyport: 1, name: 'd', tools }), {
        file: 'd.json',
        asParent: true,
      })
      const parent = fileOf(above, [definitions])
      const both = compilePolicy(fileOf(own, [parent, definitions]))
      const child = await decisionAfter(policyOf(own), done, {}, text)
      const alone = await decisionAfter(policyOf(above), done, {}, text)
      const after = await decisionAfter(both, done, {}, text)
      expectStricter(after, child)
      if (above.rules.length > 0) expectStricter(after, alone)
      if (after.effect !== child.effect) mattered++
    }),
    { numRuns: 200 },
  )
  expect(mattered).toBeGreaterThan(0)
})

function prefixed<Entry extends Readonly<Record<string, unknown>>>(
  list: readonly Entry[],
): Entry[] {
  return list.map((entry) => ({ ...entry, id: `parent-${String(entry['id'])}` }))
}

function renamed<Sections extends Pick<Base, 'limits' | 'sequences'>>(
  sections: Sections,
): Sections {
  return {
    ...sections,
    limits: prefixed(sections.limits),
    sequences: prefixed(sections.sequences),
  }
}

test('the order of rules, limits, sequences, guards and parents changes no decision', async () => {
  await fc.assert(
    fc.asyncProperty(base, calls, prompt, async (sections, done, text) => {
      const turned: Base = {
        ...sections,
        rules: sections.rules.toReversed(),
        limits: sections.limits.toReversed(),
        sequences: sections.sequences.toReversed(),
        guards: {
          danger: sections.guards.danger.toReversed(),
          network: sections.guards.network.toReversed(),
        },
      }
      const one = await decisionAfter(policyOf(sections), done, {}, text)
      const other = await decisionAfter(policyOf(turned), done, {}, text)
      expect(comparable(other)).toEqual(comparable(one))
    }),
    { numRuns: 200 },
  )
})

/** Without the positions, which are where the entries stand. */
function comparable({ effect, rule, rules: applied, obligations }: Decision): object {
  return { effect, rule, applied: applied.map(({ id }) => id).toSorted(), obligations }
}
