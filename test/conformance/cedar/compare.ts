import assert from 'node:assert/strict'
import { preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs'
import { compilePolicy } from '../../../src/policy/compile.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import { cedarPolicy, cedarRequest } from './translate.ts'
import { roles, type SharedCase, type SharedRule } from './shared-language.ts'

/** How both decided, over all calls that were compared. */
export interface Tally {
  calls: number
  allow: number
  deny: number
  /** Calls in which some policy erred there. */
  erring: number
  /** Allowed there and denied here: all that forbids it erred there, and was skipped. */
  skipped: number
}

export function emptyTally(): Tally {
  return { calls: 0, allow: 0, deny: 0, erring: 0, skipped: 0 }
}

/**
 * Decides every call of a case in both languages. Throws unless the same rules apply in both, but
 * for the one difference that is meant: a `deny` that cannot be evaluated applies here.
 */
export function compare({ rules, calls }: SharedCase, tally: Tally): void {
  const document = { sallyport: 1, name: 'p', roles, rules: rules.map(ruleOf) }
  const policy = compilePolicy(readPolicy(JSON.stringify(document), { file: 'p.json' }))
  const staticPolicies = Object.fromEntries(rules.map((rule) => [rule.id, cedarPolicy(rule)]))
  const parsed = preparsePolicySet('case', { staticPolicies })
  assert.equal(parsed.type, 'success', JSON.stringify(parsed))
  const ids = (effect: SharedRule['effect']): ReadonlySet<string> =>
    new Set(rules.filter((rule) => rule.effect === effect).map(({ id }) => id))
  const denies = ids('deny')
  for (const call of calls) {
    const answer = statefulIsAuthorized({ ...cedarRequest(call), preparsedPolicySetId: 'case' })
    assert.equal(answer.type, 'success', JSON.stringify(answer))
    const { decision: theirs, diagnostics } = (answer as Extract<typeof answer, { response: {} }>)
      .response
    const erring = new Set(diagnostics.errors.map(({ policyId }) => policyId))
    const ours = policy.decide({ ...call, now: 0, at: '' })
    const applied = ours.rules.filter(({ effect }) => effect === ours.effect).map(({ id }) => id)
    const skipped = applied.filter((id) => denies.has(id) && erring.has(id))
    tally.calls++
    tally[ours.effect === 'allow' ? 'allow' : 'deny']++
    if (erring.size > 0) tally.erring++
    if (skipped.length === 0) {
      assert.equal(ours.effect, theirs)
      assert.deepEqual(applied.toSorted(), diagnostics.reason.toSorted())
      continue
    }
    const rest = applied.filter((id) => !skipped.includes(id))
    assert.equal(ours.effect, 'deny')
    if (theirs === 'allow') {
      tally.skipped++
      assert.deepEqual(rest, [])
    } else assert.deepEqual(rest.toSorted(), diagnostics.reason.toSorted())
  }
}

function ruleOf({ effect, tools, ...rule }: SharedRule): object {
  return { ...rule, [effect]: tools }
}
