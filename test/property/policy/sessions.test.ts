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
import { expectCases } from '../../support/tally.ts'
import {
  addition,
  base,
  besides,
  mildBase,
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
  const seen = { deny: 0, flow: 0, guard: 0, limit: 0, sequence: 0 }
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(base, mildBase, mildBase),
      addition,
      calls,
      prompt,
      async (sections, [what, add], done, text) => {
        const before = await decisionAfter(policyOf(sections), done, {}, text)
        const after = await decisionAfter(policyOf(add(sections)), done, {}, text)
        expectStricter(after, before)
        if (after.effect !== before.effect) seen[what]++
      },
    ),
    { numRuns: 700 },
  )
  expectCases(seen, 1)
})

test('a scope never allows more in a session', async () => {
  const seen = { mattered: 0, 'did not': 0 }
  await fc.assert(
    fc.asyncProperty(base, rules, calls, async (sections, narrow, done) => {
      const policy = policyOf(sections)
      const before = await decisionAfter(policy, done)
      const after = await decisionAfter(policy, done, { scope: policyOf({ rules: narrow }) })
      expectStricter(after, before)
      seen[after.effect === before.effect ? 'did not' : 'mattered']++
    }),
    { numRuns: 200 },
  )
  expectCases(seen, 1)
})

test('a parent never allows more in a session, whatever it says, and neither does a child', async () => {
  const parentSections = fc.tuple(rules, besides).map(([list, rest]) => ({
    ...renamed(rest as unknown as Base),
    rules: list.map((rule) => ({ ...rule, id: `parent-${String(rule['id'])}` })),
  }))
  const seen = { mattered: 0, 'did not': 0 }
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
      seen[after.effect === child.effect ? 'did not' : 'mattered']++
    }),
    { numRuns: 200 },
  )
  expectCases(seen, 1)
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
  const seen = { allow: 0, ask: 0, deny: 0, default: 0 }
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
      seen[one.rule === 'default' ? 'default' : one.effect]++
    }),
    { numRuns: 200 },
  )
  expectCases(seen, 1)
})

/** Without the positions, which are where the entries stand. */
function comparable({ effect, rule, rules: applied, obligations }: Decision): object {
  return { effect, rule, applied: applied.map(({ id }) => id).toSorted(), obligations }
}
