import type { Principal } from '../protocol/principal.ts'
import type { Role, Rule, Who } from './document.ts'

/** What a principal amounts to under a policy. */
export interface EffectiveRights {
  /** Roles with everything they inherit. */
  readonly roles: ReadonlySet<string>
  /** Scopes that were granted and that the ceilings of the roles leave. */
  readonly scopes: ReadonlySet<string>
}

/** Turns principals into effective rights; roles the policy does not define do nothing. */
export function compileRoles(
  roles: readonly Role[],
): (principal: Pick<Principal, 'roles' | 'scopes'>) => EffectiveRights {
  const byName = new Map(roles.map((role) => [role.name.text, role]))
  return ({ roles: granted, scopes }) => {
    const closure = new Set<string>()
    const open = granted.filter((role) => byName.has(role))
    for (let role = open.pop(); role !== undefined; role = open.pop()) {
      if (closure.has(role)) continue
      closure.add(role)
      open.push(...byName.get(role)!.inherits.map(({ text }) => text))
    }
    return {
      roles: closure,
      scopes: underCeilings(
        scopes,
        [...closure].map((role) => byName.get(role)!),
      ),
    }
  }
}

function underCeilings(scopes: readonly string[], roles: readonly Role[]): ReadonlySet<string> {
  const stated = roles.flatMap((role) => (role.scopes === undefined ? [] : [role.scopes]))
  if (stated.length === 0) return new Set(scopes)
  const ceiling = new Set(stated.flat())
  return new Set(scopes.filter((scope) => ceiling.has(scope)))
}

/** What conditions on the caller look at beside its rights. */
type Belonging = Pick<Principal, 'tenant' | 'agent' | 'issuer'>

/** Conditions on the caller can always be evaluated: who has no tenant is in none. */
export function meets(who: Who, caller: Belonging, rights: EffectiveRights): boolean {
  return (
    (who.roles === undefined || who.roles.some(({ text }) => rights.roles.has(text))) &&
    (who.scopes === undefined || who.scopes.every((scope) => rights.scopes.has(scope))) &&
    isAmong(who.tenants, caller.tenant) &&
    isAmong(who.agents, caller.agent) &&
    isAmong(who.issuers, caller.issuer)
  )
}

/** Whether a condition on a name that a caller may not have holds. */
function isAmong(list: readonly string[] | undefined, value: string | undefined): boolean {
  return list === undefined || (value !== undefined && list.includes(value))
}

/** Whether a rule is about a caller. */
export function concerns(
  { who, notWho }: Pick<Rule, 'who' | 'notWho'>,
  caller: Belonging,
  rights: EffectiveRights,
): boolean {
  return (
    (who === undefined || meets(who, caller, rights)) &&
    (notWho === undefined || !meets(notWho, caller, rights))
  )
}
