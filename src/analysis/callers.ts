import { canonicalJson } from '../base/digest.ts'
import type { PolicyFile, PolicyTest, Who } from '../policy/document.ts'
import type { Policy } from '../policy/policy.ts'
import type { Principal } from '../protocol/principal.ts'

/** Callers that are tried at most. */
const maxCallers = 64

/** The caller a test speaks of: `as`, else whoever an anonymous caller is. */
export function callerOf(
  { as }: Pick<PolicyTest, 'as'>,
  { identity }: Pick<Policy, 'identity'>,
): Principal | null {
  if (as !== undefined) return { subject: '', roles: [], scopes: [], ...as }
  const { anonymousRole } = identity
  return anonymousRole === undefined
    ? null
    : { subject: 'anonymous', roles: [anonymousRole], scopes: [] }
}

/**
 * One caller for each condition on callers that the files make: its roles one by one with all its
 * scopes and without them, its tenants, agents and issuers, each caller of a test, a caller with
 * nothing, and one who is not known.
 */
export function callersOf(files: readonly PolicyFile[]): readonly (Principal | null)[] {
  const nobody: Principal = { subject: 'someone', roles: [], scopes: [] }
  const found = new Map<string, Principal | null>()
  const add = (principal: Principal | null): void => {
    if (found.size < maxCallers) found.set(canonicalJson(principal), principal)
  }
  for (const file of files) {
    for (const test of file.tests) add(callerOf(test, file))
    for (const { who, notWho } of file.rules) {
      for (const condition of [who, notWho]) {
        if (condition !== undefined) for (const caller of fitting(condition, nobody)) add(caller)
      }
    }
  }
  add(nobody)
  add(null)
  return [...found.values()]
}

function fitting(who: Who, nobody: Principal): readonly Principal[] {
  const roles: readonly string[] = who.roles?.map(({ text }) => text) ?? []
  const scopes = who.scopes ?? []
  const base: Principal = {
    ...nobody,
    scopes,
    ...(who.tenants?.[0] === undefined ? {} : { tenant: who.tenants[0] }),
    ...(who.agents?.[0] === undefined ? {} : { agent: who.agents[0] }),
    ...(who.issuers?.[0] === undefined ? {} : { issuer: who.issuers[0] }),
  }
  const withRoles = roles.length === 0 ? [base] : roles.map((role) => ({ ...base, roles: [role] }))
  const others = [
    ...(who.tenants?.slice(1) ?? []).map((tenant) => ({ ...withRoles[0]!, tenant })),
    ...(who.agents?.slice(1) ?? []).map((agent) => ({ ...withRoles[0]!, agent })),
    ...(who.issuers?.slice(1) ?? []).map((issuer) => ({ ...withRoles[0]!, issuer })),
  ]
  const poorer = scopes.length === 0 ? [] : withRoles.map((rich) => ({ ...rich, scopes: [] }))
  return [...withRoles, ...others, ...poorer]
}
