import type { Decision, Obligation, RuleReference } from '../protocol/decision.ts'
import type { Principal } from '../protocol/principal.ts'
import type { PolicyTest } from './document.ts'
import type { CompiledLimit, Policy } from './policy.ts'

/** How a case of a policy file came out. */
export interface TestResult {
  readonly test: PolicyTest
  readonly passed: boolean
  readonly decision: Decision
}

export interface SuiteOptions {
  /** Milliseconds since the epoch. Without it, rules with a time window cannot be evaluated. */
  readonly now?: number
}

/** Runs the tests inside a policy file; no tool runs. A case without `as` is anonymous. */
export function runSuite(
  policy: Policy,
  { now = Number.NaN }: SuiteOptions = {},
): readonly TestResult[] {
  return policy.tests.map((test) => {
    const principal = principalOf(test, policy)
    const { tool, args = {} } = test.call
    const at = new Date(Number.isFinite(now) ? now : 0).toISOString()
    const byRules = policy.decide({ tool, args, principal, now, at })
    const decision = underLimits(byRules, policy, test, principal)
    const passed =
      decision.effect === test.expect && (test.by === undefined || decision.rule === test.by)
    return { test, passed, decision }
  })
}

function principalOf({ as }: PolicyTest, { identity }: Policy): Principal | null {
  if (as !== undefined) return { subject: '', roles: [], scopes: [], ...as }
  const { anonymousRole } = identity
  return anonymousRole === undefined
    ? null
    : { subject: 'anonymous', roles: [anonymousRole], scopes: [] }
}

/** The earlier calls of a test count against every limit the call itself meets. */
function underLimits(
  decision: Decision,
  policy: Policy,
  test: PolicyTest,
  principal: Principal | null,
): Decision {
  if (decision.effect === 'deny') return decision
  const full = policy.limits.filter((limit) => isFull(limit, test, principal))
  // those that deny first; within an effect they are in the order of their ids
  const ordered = full.toSorted((a, b) => Number(b.over === 'deny') - Number(a.over === 'deny'))
  const [first] = ordered
  if (first === undefined) return decision
  return {
    ...decision,
    effect: first.over,
    rule: `limits.${first.id}`,
    rules: [...ordered.map(referenceOf), ...decision.rules],
    reasons: [...ordered.map(reasonOf), ...decision.reasons],
    obligations: first.over === 'deny' ? [] : [...decision.obligations, anyApproval],
  }
}

const anyApproval: Obligation = { kind: 'approval', approvers: { count: 1 } }

function referenceOf({ id, over, position }: CompiledLimit): RuleReference {
  return { id: `limits.${id}`, effect: over, ...position }
}

function reasonOf({ id, max }: CompiledLimit): string {
  return `limit \`${id}\` of ${max} calls is used up`
}

function isFull(
  limit: CompiledLimit,
  { call, given }: PolicyTest,
  principal: Principal | null,
): boolean {
  if (!limit.matches(call.tool, principal)) return false
  return given.filter(({ tool }) => limit.matches(tool, principal)).length >= limit.max
}
