import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson } from '../../src/base/digest.ts'
import type { JsonObject, JsonValue } from '../../src/base/json.ts'
import { callerOf, draftPolicy } from '../../src/analysis/draft.ts'
import { draftText } from '../../src/analysis/draft-text.ts'
import { lintPolicy } from '../../src/analysis/lint.ts'
import type { ObservedCall } from '../../src/analysis/observed.ts'
import { runSuite } from '../../src/analysis/suite.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import { readPolicy } from '../../src/policy/read.ts'
import type { Principal } from '../../src/protocol/principal.ts'
import { expectCases } from '../support/tally.ts'

const text = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    '',
    'no',
    '\u200b',
    'x'.repeat(200),
    'https://a.example/x?y=1',
    'me@b.example',
  ),
  fc.constantFrom(
    'https://user@a.example/',
    'HTTP://A.example',
    'me@b.example.',
    'https://10.0.0.1/',
  ),
  fc.string({ maxLength: 6 }),
)
const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.integer({ min: -20, max: 20 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom<JsonValue>(true, false, null),
    fc.array(tie('value'), { maxLength: 3 }) as fc.Arbitrary<JsonValue>,
    fc.dictionary(
      fc.constantFrom('a', 'b', '/', '~', '', '\u200b', 'n'.repeat(300)),
      tie('value'),
      {
        maxKeys: 3,
        noNullPrototype: true,
      },
    ) as fc.Arbitrary<JsonValue>,
  ),
}))
const args = fc.dictionary(fc.constantFrom('a', 'b', '/c', '~d', 'e f', '__proto__x'), value, {
  maxKeys: 4,
  noNullPrototype: true,
}) as fc.Arbitrary<JsonObject>

const principal: fc.Arbitrary<Principal | null> = fc.option(
  fc
    .record({
      subject: fc.constantFrom('u1', 'u2'),
      roles: fc.subarray(['user', 'lead', 'anonymous', 'not a role']),
      scopes: fc.subarray(['read', 'write', 'https://scope.example/x']),
      tenant: fc.option(fc.constantFrom('acme', 'b'), { nil: undefined }),
    })
    .map(({ tenant, ...rest }) => (tenant === undefined ? rest : { ...rest, tenant })),
  { nil: null, freq: 4 },
)

const outcome = fc.constantFrom('ran', 'ran', 'ran', 'ran-after-ask', 'refused', 'failed')
const call: fc.Arbitrary<ObservedCall> = fc.record({
  tool: fc.constantFrom('t', 'u.v', 'default'),
  args: fc.oneof(args, fc.constantFrom<JsonObject[]>({ a: 1 }, { a: 'b' })),
  principal,
  outcome: outcome as fc.Arbitrary<ObservedCall['outcome']>,
  trace: fc.constantFrom('1', '2'),
})

/** Equal to a policy; a rule that asks cannot say that there are no other arguments. */
function isTwin(other: ObservedCall, { tool, args: given }: ObservedCall): boolean {
  if (other.tool !== tool) return false
  const names = Object.keys(other.args)
  const same = names.every(
    (name) =>
      Object.hasOwn(given, name) && canonicalJson(other.args[name]) === canonicalJson(given[name]),
  )
  const asks = other.outcome === 'ran-after-ask'
  return same && (asks || names.length === Object.keys(given).length)
}

test('a draft allows what ran, asks what was asked, and lets nothing through that was only refused', async () => {
  const seen = {
    ran: 0,
    'ran-after-ask': 0,
    refused: 0,
    failed: 0,
    inexpressible: 0,
  }
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 12 }), async (calls) => {
      const observations = { traces: 2, calls, skipped: 0 }
      const draft = draftPolicy('observed', observations)
      const file = readPolicy(draftText(draft, observations), { file: 'draft' })
      const policy = compilePolicy(file)
      const conflicting = new Set(draft.conflicts)
      const unspoken = new Set(draft.inexpressible)
      const shown = new Set<ObservedCall['outcome']>()
      for (const each of calls) {
        const { tool, args: given } = each
        const caller = callerOf(each, draft)
        const { effect } = policy.decide({ tool, args: given, principal: caller, now: 0, at: '' })
        if (conflicting.has(each)) {
          // nothing a policy sees tells it from one that came out otherwise
          continue
        }
        if (unspoken.has(each)) continue
        if (each.outcome === 'ran') expect(effect).toBe('allow')
        else if (each.outcome === 'ran-after-ask') expect(effect).toBe('ask')
        else if (each.outcome === 'refused') expect(effect).toBe('deny')
        shown.add(each.outcome)
      }
      for (const kind of shown) seen[kind]++
      if (draft.inexpressible.length > 0) seen.inexpressible++
      const results = await runSuite(policy)
      expect(results.filter(({ passed }) => !passed)).toEqual([])
      const codes = lintPolicy(file).map(({ code }) => code)
      for (const wrong of ['never-true', 'shadowed', 'secret-value'])
        expect(codes).not.toContain(wrong)
    }),
    { numRuns: 150 },
  )
  expectCases(seen, 1)
})

test('calls conflict only where a policy sees no difference', () => {
  const seen = { conflicting: 0, 'without conflict': 0 }
  fc.assert(
    fc.property(fc.array(call, { maxLength: 10 }), (calls) => {
      // one role, one tenant: whoever has the rule has all of it
      const alike = calls.map((each) => ({
        ...each,
        principal: { subject: 'u', roles: ['user'], scopes: [], tenant: 'acme' },
      }))
      const draft = draftPolicy('observed', { traces: 1, calls: alike, skipped: 0 })
      seen[draft.conflicts.length > 0 ? 'conflicting' : 'without conflict']++
      for (const each of draft.conflicts) {
        const twins = alike.filter((other) => other.outcome !== each.outcome && isTwin(other, each))
        expect(twins).not.toEqual([])
      }
    }),
    { numRuns: 150 },
  )
  expectCases(seen, 1)
})

test('a draft loads also where tools and roles are called as its rules are numbered', () => {
  const calls: ObservedCall[] = ['t', 't:1', 't/1', 't-1'].flatMap((tool) =>
    ['user', 'user.1', 'user-1', 'user:1', 'user:2'].flatMap((role) => {
      const who = { subject: 'u', roles: [role], scopes: [] }
      return [1, 2, 3].map((a): ObservedCall => {
        const became = a === 2 && role === 'user' ? 'refused' : 'ran'
        return { tool, args: { a }, principal: who, outcome: became, trace: '1' }
      })
    }),
  )
  const observations = { calls, traces: 1, skipped: 0 }
  const draft = draftPolicy('observed', observations)
  const { rules } = readPolicy(draftText(draft, observations), { file: 'draft' })
  expect(rules.map(({ id }) => id)).toEqual(draft.rules.map(({ id }) => id))
  expect(rules.length).toBeGreaterThan(4 * 5)
})

test('failed and refused calls alone make no rule', () => {
  const inVain = fc
    .record({ call, outcome: fc.constantFrom('failed' as const, 'refused' as const) })
    .map(({ call: each, outcome: how }): ObservedCall => ({ ...each, outcome: how }))
  fc.assert(
    fc.property(fc.array(inVain, { minLength: 1, maxLength: 6 }), (calls) => {
      const draft = draftPolicy('observed', { traces: 1, calls, skipped: 0 })
      expect(draft.rules).toEqual([])
    }),
    { numRuns: 100 },
  )
})
