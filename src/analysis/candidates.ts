import { CompiledRule, inOrder } from '../policy/compiled-rule.ts'
import { evaluate } from '../policy/condition.ts'
import { compileGlobs } from '../policy/glob.ts'
import type { DecisionRequest, Policy } from '../policy/policy.ts'
import { no, unknown, yes, type Truth } from '../policy/truth.ts'
import type { Decision, RuleReference } from '../protocol/decision.ts'
import type { Principal } from '../protocol/principal.ts'

/** A rule about the tool of a call, and what it makes of the call. */
export interface Candidate extends RuleReference {
  /** `U` cannot be evaluated. */
  readonly truth: 'T' | 'F' | 'U'
  /** The first condition that is not true, as the rest of a sentence about the rule. */
  readonly miss?: string
}

const letters = ['F', 'U', 'T'] as const satisfies Readonly<Record<Truth, Candidate['truth']>>

/**
 * Every rule about the tool of a decided call, those that are true first. What the gate has found
 * counts for more than what is evaluated here: it also knows what the session has seen.
 */
export function candidatesOf(
  policy: Policy,
  request: DecisionRequest,
  decision: Decision,
): readonly Candidate[] {
  const found = policy.layers.flatMap((layer) => {
    const { rules, source } = layer.document
    return inOrder(rules)
      .filter(({ tools }) => compileGlobs(tools)(request.tool))
      .map((rule, order) => new CompiledRule(rule, order, source))
      .map((rule) => candidateOf(rule, layer, request, decision))
  })
  const order = ['T', 'U', 'F']
  return found.toSorted((a, b) => order.indexOf(a.truth) - order.indexOf(b.truth))
}

function candidateOf(
  rule: CompiledRule,
  layer: Policy,
  request: DecisionRequest,
  decision: Decision,
): Candidate {
  const { reference } = rule.whenTrue
  const applied = decision.rules.find((other) => isSame(other, reference))
  if (applied !== undefined && applied.unknown !== true) return { ...reference, truth: 'T' }
  const { principal } = request
  if (principal === null) return { ...reference, truth: 'F', miss: 'needs a known caller' }
  const truth = applied === undefined ? truthOf(rule, layer, request, principal) : unknown
  const [miss] = rule.misses.of(request, principal, layer.effective(principal))
  return {
    ...reference,
    truth: letters[truth],
    ...(truth === yes || miss === undefined ? {} : { miss }),
  }
}

function truthOf(
  rule: CompiledRule,
  layer: Policy,
  request: DecisionRequest,
  principal: Principal,
): Truth {
  if (!rule.concerns(principal, layer.effective(principal))) return no
  return evaluate(rule.conditions, request)
}

function isSame(a: RuleReference, b: RuleReference): boolean {
  return a.id === b.id && a.file === b.file && a.line === b.line && a.column === b.column
}
