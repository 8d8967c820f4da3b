import type { Decision, Effect, Obligation, Position, RuleReference } from '../protocol/decision.ts'

/** Something beside the rules that makes a decision stricter. */
export interface Finding {
  readonly effect: 'ask' | 'deny'
  /**
   * As `Decision.rule` names it: `guards.<kind>`, `sequences.<id>`, `flow.<check>`, `limits.<id>`,
   * `hooks.<plugin>`.
   */
  readonly rule: string
  /** The entry of the policy that says so; none for what no policy says. */
  readonly position?: Position
  /** What is the matter and what would help, for the model and for people; no secrets. */
  readonly reason: string
}

// who decides, where several parts come to the same effect; rules stand as the empty prefix
const denyOrder = ['guards.', '', 'sequences.', 'flow.', 'limits.', 'hooks.'] as const
const askOrder = ['flow.', 'sequences.', 'limits.', 'guards.', '', 'hooks.'] as const

const anyApproval: Obligation = { kind: 'approval', approvers: { count: 1 } }

/**
 * The decision of the rules made stricter by what was found beside them. Nothing is found that
 * would make it milder.
 */
export function applyFindings(decision: Decision, findings: readonly Finding[]): Decision {
  if (findings.length === 0) return decision
  const effect = strictest(decision.effect, findings)
  const order = effect === 'deny' ? denyOrder : askOrder
  const place = (rule: string): number =>
    order.findIndex((prefix) => prefix !== '' && rule.startsWith(prefix))
  const own = order.indexOf('')
  const ranked = findings.toSorted(
    (a, b) =>
      Number(b.effect === effect) - Number(a.effect === effect) ||
      place(a.rule) - place(b.rule) ||
      (a.rule < b.rule ? -1 : 1),
  )
  const before = ranked.filter(
    (finding) =>
      finding.effect === effect && (decision.effect !== effect || place(finding.rule) < own),
  )
  const after = ranked.filter((finding) => !before.includes(finding))
  return {
    ...decision,
    effect,
    // where nothing denies, every finding asks
    obligations: effect === 'deny' ? [] : [...decision.obligations, anyApproval],
    reasons: [...before.map(reasonOf), ...decision.reasons, ...after.map(reasonOf)],
    rule: before[0]?.rule ?? decision.rule,
    rules: [...referencesOf(before), ...decision.rules, ...referencesOf(after)],
  }
}

function strictest(effect: Effect, findings: readonly Finding[]): Effect {
  if (effect === 'deny' || findings.some((finding) => finding.effect === 'deny')) return 'deny'
  return 'ask'
}

function reasonOf({ reason }: Finding): string {
  return reason
}

function referencesOf(findings: readonly Finding[]): readonly RuleReference[] {
  return findings.flatMap(({ effect, position, rule }) => {
    if (position === undefined) return []
    const { column, file, line } = position
    return [{ column, effect, file, id: rule, line }]
  })
}
