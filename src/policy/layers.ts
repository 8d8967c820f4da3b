import type { Decision, Effect, Obligation, RuleReference } from '../protocol/decision.ts'
import { distinctObligations, maxReasons } from './decide.ts'

const strictness: readonly Effect[] = ['allow', 'ask', 'deny']

/**
 * Refusals of steps that come before rules: nothing after them is asked, and shadow mode keeps
 * them. Whatever else is not `default` is a rule.
 */
export const firmSteps: ReadonlySet<string> = new Set([
  'unknown_tool',
  'tool_changed',
  'scope',
  'unauthenticated',
  'tool.requires',
  'policy_error',
  'stopped',
])

/**
 * One decision out of those of all layers: the strictest wins. Among equals a step before the
 * rules comes first, then rules by their ids, then what nothing allows. `decisions` has one entry
 * at least.
 */
export function strictestOf(decisions: readonly Decision[], policy: Decision['policy']): Decision {
  const ranked = decisions.toSorted(
    (a, b) =>
      strictnessOf(b) - strictnessOf(a) ||
      precedence(a.rule) - precedence(b.rule) ||
      (a.rule < b.rule ? -1 : 1),
  )
  const first = ranked[0]!
  const deciding = ranked.filter(({ effect }) => effect === first.effect)
  return {
    at: first.at,
    effect: first.effect,
    labels: decisions.flatMap(({ labels }) => labels),
    obligations: first.effect === 'ask' ? obligationsOf(deciding) : [],
    policy,
    reasons: [...new Set(deciding.flatMap(({ reasons }) => reasons))].slice(0, maxReasons),
    rule: first.rule,
    rules: [...referencesOf(deciding), ...referencesOf(ranked.slice(deciding.length))],
  }
}

/** Of two decisions about one call the stricter one, else the later. */
export function stricterOf(earlier: Decision, later: Decision): Decision {
  return strictnessOf(earlier) > strictnessOf(later) ? earlier : later
}

/** An effect nobody knows is the strictest: whoever honours it has to refuse. */
export function strictnessOf({ effect }: Pick<Decision, 'effect'>): number {
  const place = strictness.indexOf(effect)
  return place < 0 ? strictness.length : place
}

function precedence(rule: string): number {
  return firmSteps.has(rule) ? 0 : rule === 'default' ? 2 : 1
}

function obligationsOf(asking: readonly Decision[]): readonly Obligation[] {
  return distinctObligations(asking.flatMap(({ obligations }) => obligations))
}

function referencesOf(decisions: readonly Decision[]): readonly RuleReference[] {
  return decisions.flatMap(({ rules }) => rules)
}
