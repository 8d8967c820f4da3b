import { shorten } from '../base/text.ts'
import type { Effect, RuleReference } from '../protocol/decision.ts'
import { placeText } from '../protocol/place.ts'
import type { Principal } from '../protocol/principal.ts'
import type { CompiledRule } from './compiled-rule.ts'
import type { Rule } from './document.ts'
import type { DecisionRequest } from './policy.ts'
import type { Caller } from './rule-table.ts'

const verbs: Readonly<Record<Effect, string>> = {
  allow: 'allows this',
  ask: 'asks for an approval',
  deny: 'denies this',
}

/** The reason a rule states, or a sentence that names it. */
export function explainRule(rule: Rule, reference: RuleReference): string {
  return rule.reason ?? `rule ${nameOf(reference)} ${verbs[rule.effect]}`
}

/** For a rule that was read the strict way. */
export function explainUnknown(rule: Rule, reference: RuleReference): string {
  return `rule ${nameOf(reference)} cannot be evaluated for this call and ${verbs[rule.effect]}`
}

function nameOf(reference: RuleReference): string {
  return `\`${reference.id}\` (${placeText(reference)})`
}

/** Rules that are compared to find the one that nearly allowed a call. */
const maxCompared = 8

/** Conditions of the nearest rule that are named. */
const maxMisses = 3

/**
 * Why nothing allowed a call, and what to write to allow it. The nearest rule is looked for among
 * those that fit by value and the first few others; the values of arguments are never repeated.
 */
export function explainDefault(
  rules: readonly CompiledRule[],
  place: string,
  request: DecisionRequest,
  principal: Principal,
  caller: Caller,
): readonly string[] {
  const tool = shorten(request.tool, 128)
  const rule = ruleFor(tool, principal)
  const nearest = findNearest(candidates(rules, request, caller), request, principal, caller)
  if (nearest === undefined) {
    return [`no rule allows \`${tool}\`; add one to \`rules\` (${place}), such as \`${rule}\``]
  }
  const misses = nearest.misses.slice(0, maxMisses).join(', and ')
  return [
    `no rule allows this call of \`${tool}\`; the nearest is ${nameOf(nearest.rule.reference)}, which ${misses}`,
    `to allow it, change that rule, or add one to \`rules\` (${place}), such as \`${rule}\``,
  ]
}

/** Roles of the caller that a suggested rule names. */
const maxRoles = 4

/** The narrowest rule that can be suggested without knowing what the tool is for. */
function ruleFor(tool: string, { roles }: Principal): string {
  const id = `allow-${tool.replaceAll(/[^A-Za-z0-9]/g, '-').slice(0, 50)}`
  const named = roles.slice(0, maxRoles).map((role) => shorten(role, 64))
  const who = named.length === 0 ? '' : `, who: { roles: [${named.join(', ')}] }`
  return `- { id: ${id}, allow: [${tool}]${who} }`
}

function candidates(
  rules: readonly CompiledRule[],
  request: DecisionRequest,
  caller: Caller,
): ReadonlySet<CompiledRule> {
  const found = new Set<CompiledRule>()
  const add = (rule: CompiledRule): void => {
    if (rule.effect === 'allow' && found.size < maxCompared) found.add(rule)
  }
  caller.rulesFor(request.tool).candidates(request.args, add)
  for (let index = 0; index < Math.min(rules.length, maxCompared); index++) add(rules[index]!)
  return found
}

function findNearest(
  rules: Iterable<CompiledRule>,
  request: DecisionRequest,
  principal: Principal,
  { rights }: Caller,
): { readonly rule: CompiledRule; readonly misses: readonly string[] } | undefined {
  let nearest: { rule: CompiledRule; misses: readonly string[] } | undefined
  for (const rule of rules) {
    const misses = rule.misses(request, principal, rights)
    if (nearest === undefined || misses.length < nearest.misses.length) nearest = { rule, misses }
  }
  return nearest
}
