import type { JsonValue } from '../base/json.ts'
import { isId, isToolName } from '../policy/names.ts'
import { hasUnseen } from '../policy/texts.ts'
import { forbiddenKeys } from '../policy/tree.ts'
import type { Principal } from '../protocol/principal.ts'
import { canBeNamed } from './generalise.ts'
import type { ObservedCall } from './observed.ts'

/** Calls of one tool by callers of one kind, of which either all were asked about or none. */
export interface CallGroup {
  readonly tool: string
  readonly effect: 'allow' | 'ask'
  /** Undefined for callers without a role. */
  readonly role: string | undefined
  readonly who: DraftWho
  readonly calls: readonly ObservedCall[]
}

export interface DraftWho {
  readonly [key: string]: readonly string[]
}

export interface Grouped {
  readonly groups: readonly CallGroup[]
  readonly inexpressible: readonly ObservedCall[]
}

/** Different tenants, agents and issuers that are listed; with more, the condition is left out. */
const maxListed = 8

/**
 * The calls that ran, by tool, role and whether they were asked about. A caller with several roles
 * stands for the one that the fewest calls came with: it gives the least away.
 */
export function groupCalls(calls: readonly ObservedCall[], anonymousRole: string): Grouped {
  const ran = calls.filter(({ outcome }) => outcome === 'ran' || outcome === 'ran-after-ask')
  const inexpressible = ran.filter((call) => !isExpressible(call))
  const counts = countRoles(ran)
  const groups = new Map<string, { role: string | undefined; calls: ObservedCall[] }>()
  for (const call of ran.filter(isExpressible)) {
    const role = roleOf(call.principal, counts, anonymousRole)
    const key = JSON.stringify([call.tool, role ?? null, call.outcome])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { role, calls: [call] })
    else group.calls.push(call)
  }
  const sorted = [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return {
    groups: sorted.map(([, { role, calls: own }]) => ({
      tool: own[0]!.tool,
      effect: own[0]!.outcome === 'ran' ? 'allow' : 'ask',
      role,
      who: whoOf(role, own),
      calls: own,
    })),
    inexpressible,
  }
}

/** Names a policy cannot hold, and roles of which none can be named, make no rule. */
function isExpressible({ tool, args, principal }: ObservedCall): boolean {
  const roles = principal?.roles ?? []
  return (
    isToolName(tool) &&
    Object.keys(args).every((name) => canBeNamed([name])) &&
    canBeWritten(args) &&
    (roles.length === 0 || roles.some((role) => isName(role)))
  )
}

/** Levels of a value that fit into a rule of a policy file. */
const maxDepth = 16

/** Whether a policy file can hold the value as it is. */
function canBeWritten(value: JsonValue, depth = 0): boolean {
  if (depth > maxDepth) return false
  if (typeof value === 'number') return !Number.isInteger(value) || Number.isSafeInteger(value)
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(
    ([name, member]) =>
      !forbiddenKeys.has(name) &&
      name.isWellFormed() &&
      canBeWritten(member as JsonValue, depth + 1),
  )
}

function isName(name: string): boolean {
  return isId(name) && !forbiddenKeys.has(name)
}

function countRoles(calls: readonly ObservedCall[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { principal } of calls) {
    for (const role of principal?.roles ?? []) counts.set(role, (counts.get(role) ?? 0) + 1)
  }
  return counts
}

function roleOf(
  principal: Principal | null,
  counts: ReadonlyMap<string, number>,
  anonymousRole: string,
): string | undefined {
  if (principal === null) return anonymousRole
  const named = principal.roles.filter(isName)
  const count = (role: string): number => counts.get(role) ?? 0
  return named.toSorted((a, b) => count(a) - count(b) || (a < b ? -1 : 1))[0]
}

function whoOf(role: string | undefined, calls: readonly ObservedCall[]): DraftWho {
  const callers = calls.flatMap(({ principal }) => (principal === null ? [] : [principal]))
  const known = callers.length === calls.length
  return {
    ...(role === undefined ? {} : { roles: [role] }),
    ...(known ? common(callers) : {}),
  }
}

/** What all callers have in common. */
function common(callers: readonly Principal[]): DraftWho {
  const [first] = callers
  const scopes = (first?.scopes ?? []).filter(
    (scope) => isName(scope) && callers.every((caller) => caller.scopes.includes(scope)),
  )
  return {
    ...(scopes.length === 0 ? {} : { scopes: [...new Set(scopes)].toSorted() }),
    ...listed(
      'tenants',
      callers.map(({ tenant }) => tenant),
    ),
    ...listed(
      'agents',
      callers.map(({ agent }) => agent),
    ),
    ...listed(
      'issuers',
      callers.map(({ issuer }) => issuer),
    ),
  }
}

function listed(key: string, values: readonly (string | undefined)[]): DraftWho {
  const distinct = [...new Set(values)].toSorted()
  const writable = distinct.every(
    (value) => value !== undefined && value !== '' && value.length <= 512 && !hasUnseen(value),
  )
  return writable && distinct.length <= maxListed ? { [key]: distinct as string[] } : {}
}
