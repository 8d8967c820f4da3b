import { compileRoles, concerns, type EffectiveRights } from '../policy/caller.ts'
import type { Role, Rule, Who } from '../policy/document.ts'

/** A caller as the conditions of rules see one. */
export interface Caller extends EffectiveRights {
  readonly tenant?: string
  readonly agent?: string
  readonly issuer?: string
}

/** More callers than this are not tried: the question stays without an answer. */
const maxCallers = 2048

/** Whoever is nobody the policy names. */
const stranger = 'somebody no rule names'

/** Roles with everything they inherit, by name. */
export function closures(roles: readonly Role[]): ReadonlyMap<string, ReadonlySet<string>> {
  const effective = compileRoles(roles)
  const names = roles.map(({ name }) => name.text)
  return new Map(names.map((name) => [name, effective({ roles: [name], scopes: [] }).roles]))
}

/**
 * Callers the rule is about, such that whatever the others can tell apart among all its callers is
 * told apart among these; undefined when there would be too many. Each has as little as the rule
 * needs, or that and all that some `notWho` of the others names.
 */
export function callersOf(
  rule: Rule,
  others: readonly Rule[],
  roles: ReadonlyMap<string, ReadonlySet<string>>,
): readonly Caller[] | undefined {
  const excluded = others.flatMap(({ notWho }) => (notWho === undefined ? [] : [notWho]))
  let found: Caller[] = [...leastCallers(rule, others, roles)]
  for (const who of excluded) {
    if (found.length > maxCallers) return undefined
    found = found.flatMap((caller) => [caller, ...raised(caller, who, roles)])
  }
  return found.length > maxCallers
    ? undefined
    : found.filter((caller) => concerns(rule, caller, caller))
}

function* leastCallers(
  { who }: Rule,
  others: readonly Rule[],
  roles: ReadonlyMap<string, ReadonlySet<string>>,
): Generator<Caller> {
  const named = who?.roles?.map(({ text }) => roles.get(text) ?? new Set([text]))
  const scopes = new Set(who?.scopes)
  for (const closure of named ?? [new Set<string>()]) {
    for (const tenant of choices('tenants', who, others)) {
      for (const agent of choices('agents', who, others)) {
        for (const issuer of choices('issuers', who, others)) {
          yield { roles: closure, scopes, tenant, agent, issuer }
        }
      }
    }
  }
}

function choices(
  key: 'tenants' | 'agents' | 'issuers',
  who: Who | undefined,
  others: readonly Rule[],
): readonly string[] {
  const own = who?.[key]
  if (own !== undefined) return own
  const named = others.flatMap((other) => [
    ...(other.who?.[key] ?? []),
    ...(other.notWho?.[key] ?? []),
  ])
  return [...new Set([stranger, ...named])]
}

/** The caller with what the condition asks for beside: one of its roles and all its scopes. */
function* raised(
  caller: Caller,
  who: Who,
  roles: ReadonlyMap<string, ReadonlySet<string>>,
): Generator<Caller> {
  const scopes = new Set([...caller.scopes, ...(who.scopes ?? [])])
  for (const role of who.roles ?? [undefined]) {
    const closure = role === undefined ? [] : (roles.get(role.text) ?? [role.text])
    yield { ...caller, roles: new Set([...caller.roles, ...closure]), scopes }
  }
}
