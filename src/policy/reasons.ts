import { shorten } from '../base/text.ts'
import type { Effect, RuleReference } from '../protocol/decision.ts'
import type { Principal } from '../protocol/principal.ts'
import type { CompiledRule } from './compiled-rule.ts'
import type { Rule } from './document.ts'
import { nameOf } from './misses.ts'
import type { DecisionRequest } from './policy.ts'
import type { Caller, RuleTable } from './rule-table.ts'

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

/** Rules that are compared to find the one that nearly allowed a call. */
const maxCompared = 8

/** Conditions of the nearest rule that are named. */
const maxMisses = 3

/** What is said to a kind of caller about a tool when nothing allows a call of it. */
export interface Hints {
  /** The tool as it is shown. */
  readonly tool: string
  /** When there is no rule to compare with. */
  readonly withoutRule: string
  /** After the nearest rule was named. */
  readonly besidesRule: string
}

/** `place` is where a rule would be added, as `file:line:column`. */
export function hintsFor(name: string, { roles }: Principal, place: string): Hints {
  const tool = shorten(name, 128)
  const where = `one to \`rules\` (${place}), such as \`${ruleFor(tool, roles)}\``
  return {
    tool,
    withoutRule: `no rule allows \`${tool}\`; add ${where}`,
    besidesRule: `to allow it, change that rule, or add ${where}`,
  }
}

/**
 * Why nothing allowed a call, and what to write to allow it. The nearest rule is looked for among
 * those that fit by value and the first few others; the values of arguments are never repeated.
 */
export function explainDefault(
  table: RuleTable,
  request: DecisionRequest,
  principal: Principal,
  caller: Caller,
): readonly string[] {
  const hints = caller.hintsFor(request.tool)
  const nearest = findNearest(table, request, principal, caller)
  if (nearest === undefined) return [hints.withoutRule]
  const misses = nearest.misses.slice(0, maxMisses).join(', and ')
  return [
    `no rule allows this call of \`${hints.tool}\`; the nearest is ${nearest.rule.misses.name}, which ${misses}`,
    hints.besidesRule,
  ]
}

/** Roles of the caller that a suggested rule names. */
const maxRoles = 4

/** The narrowest rule that can be suggested without knowing what the tool is for. */
function ruleFor(tool: string, roles: readonly string[]): string {
  const id = `allow-${tool.replaceAll(/[^A-Za-z0-9]/g, '-').slice(0, 50)}`
  const named = roles.slice(0, maxRoles).map((role) => shorten(role, 64))
  const who = named.length === 0 ? '' : `, who: { roles: [${named.join(', ')}] }`
  return `- { id: ${id}, allow: [${tool}]${who} }`
}

interface Nearest {
  readonly rule: CompiledRule
  readonly misses: readonly string[]
}

function findNearest(
  table: RuleTable,
  request: DecisionRequest,
  principal: Principal,
  caller: Caller,
): Nearest | undefined {
  const fitting: CompiledRule[] = []
  const add = (rule: CompiledRule): void => {
    if (rule.effect === 'allow' && fitting.length < maxCompared) fitting.push(rule)
  }
  caller.rulesFor(request.tool).candidates(request, add)
  const nearest = nearestOf(fitting, undefined, request, principal, caller)
  if (nearest !== undefined && isUnbeatable(nearest)) return nearest
  const others = table
    .rulesOf(request.tool)
    .slice(0, maxCompared)
    .filter((rule) => rule.effect === 'allow' && !fitting.includes(rule))
    .slice(0, maxCompared - fitting.length)
  return nearestOf(others, nearest, request, principal, caller)
}

function nearestOf(
  rules: readonly CompiledRule[],
  before: Nearest | undefined,
  request: DecisionRequest,
  principal: Principal,
  { rights }: Caller,
): Nearest | undefined {
  let nearest = before
  for (const rule of rules) {
    const misses = rule.misses.of(request, principal, rights)
    if (nearest === undefined || misses.length < nearest.misses.length) nearest = { rule, misses }
    if (isUnbeatable(nearest)) break
  }
  return nearest
}

function isUnbeatable({ misses }: Nearest): boolean {
  return misses.length <= 1
}
