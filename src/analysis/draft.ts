import { canonicalJson } from '../base/digest.ts'
import { pointerTokens, type JsonObject } from '../base/json.ts'
import { compilePolicy, type Policy } from '../policy/compile.ts'
import { readPolicy } from '../policy/read.ts'
import type { Decision, Effect } from '../protocol/decision.ts'
import type { Principal } from '../protocol/principal.ts'
import { policyJson } from './format-scalar.ts'
import { groupCalls, type CallGroup } from './draft-groups.ts'
import { exactly, generalise, type DraftArgument, type Sample } from './generalise.ts'
import type { Observations, ObservedCall } from './observed.ts'

/** A rule of a draft, and the calls it comes from. */
export interface DraftRule extends BareRule {
  /** Ids of the allow rules it does not ask about. */
  readonly except: readonly string[]
}

interface BareRule {
  readonly id: string
  readonly effect: 'allow' | 'ask'
  readonly group: CallGroup
  readonly calls: readonly ObservedCall[]
  readonly args: readonly DraftArgument[]
}

export interface Draft {
  readonly name: string
  readonly rules: readonly DraftRule[]
  /** Roles of the rules; callers without a role have none. */
  readonly roles: readonly string[]
  /** Set when somebody called who was not known. */
  readonly anonymousRole: string | undefined
  /** Calls that ran and cannot be described in a policy. */
  readonly inexpressible: readonly ObservedCall[]
  /** Refused calls that the draft would let through, because equal ones ran. */
  readonly conflicts: readonly ObservedCall[]
}

/** Calls of one group with different arguments that are written down one by one. */
const maxExact = 64

/**
 * The narrowest rules that cover what was observed to run: one for each tool and role. What ran
 * after a person was asked is asked again. Refused and failed calls make no rule; where a rule
 * would let a refused call through, its calls are written down one by one instead. Where equal
 * calls were asked about once and ran at once another time, they are asked about.
 */
export function draftPolicy(name: string, { calls }: Observations): Draft {
  const anonymous = freeRole(calls)
  const { groups, inexpressible } = groupCalls(calls, anonymous)
  const known = calls.filter((call) => !inexpressible.includes(call))
  let exact: ReadonlySet<CallGroup> = new Set()
  let asked: ReadonlySet<string> = new Set()
  for (;;) {
    const bare = groups.flatMap((group, index) => rulesOf(group, index, groups, exact.has(group)))
    const rules = bare.map((rule) => ({ ...rule, except: exceptionsOf(rule, bare, asked) }))
    const draft = { name, rules, ...rolesOf(groups, anonymous), inexpressible, conflicts: [] }
    const wrong = mistakes(draft, known)
    const narrower = new Set([...exact, ...wrong.map(({ rule }) => rule.group)])
    const stricter = new Set([...asked, ...wrong.filter(isUnasked).map(({ rule }) => rule.id)])
    if (narrower.size > exact.size) exact = narrower
    else if (stricter.size > asked.size) asked = stricter
    else return { ...draft, conflicts: [...new Set(wrong.map(({ call }) => call))] }
  }
}

/** What ran without a question is not asked about, except where an equal call was. */
function exceptionsOf(
  { effect, group }: BareRule,
  rules: readonly BareRule[],
  asked: ReadonlySet<string>,
): readonly string[] {
  if (effect === 'allow') return []
  return rules
    .filter((rule) => rule.effect === 'allow' && rule.group.tool === group.tool)
    .map(({ id }) => id)
    .filter((id) => !asked.has(id))
}

function isUnasked({ call, rule }: Mistake): boolean {
  return call.outcome === 'ran-after-ask' && rule.effect === 'allow'
}

/** A name for the role of callers who are not known, which nobody who is known has. */
function freeRole(calls: readonly ObservedCall[]): string {
  const taken = new Set(calls.flatMap(({ principal }) => principal?.roles ?? []))
  let name = 'anonymous'
  for (let count = 2; taken.has(name); count++) name = `anonymous-${count}`
  return name
}

function rolesOf(
  groups: readonly CallGroup[],
  anonymous: string,
): Pick<Draft, 'roles' | 'anonymousRole'> {
  const roles = new Set(groups.flatMap(({ role }) => (role === undefined ? [] : [role])))
  return {
    roles: [...roles].toSorted(),
    anonymousRole: roles.has(anonymous) ? anonymous : undefined,
  }
}

function rulesOf(
  group: CallGroup,
  index: number,
  groups: readonly CallGroup[],
  isExact: boolean,
): readonly BareRule[] {
  const id = ruleId(group, index, groups)
  const { effect, calls } = group
  const distinct = [...new Map(calls.map((call) => [canonicalJson(call.args), call])).values()]
  if (!isExact || distinct.length > maxExact) {
    return [{ id, effect, group, calls, args: generalise(calls.map(sampleOf)) }]
  }
  return distinct.map((call, at) => ({
    id: `${id}:${at + 1}`,
    effect,
    group,
    calls: calls.filter(({ args }) => canonicalJson(args) === canonicalJson(call.args)),
    args: exactly(sampleOf(call)),
  }))
}

/**
 * Tool and role, made into an id; a number tells apart what would become the same. It stands behind
 * a colon, which nothing else has: roles and tools may end in numbers themselves.
 */
function ruleId(group: CallGroup, index: number, groups: readonly CallGroup[]): string {
  const base = baseId(group)
  const same = groups.filter((other) => baseId(other) === base)
  return same.length === 1 ? base : `${base}:${index + 1}`
}

function baseId({ tool, role, effect }: CallGroup): string {
  const words = role === undefined ? [effect, tool] : [effect, tool, role]
  return words
    .join('-')
    .replaceAll(/[^A-Za-z0-9_.-]+/g, '-')
    .slice(0, 48)
}

function sampleOf({ args, principal }: ObservedCall): Sample {
  return { args, tenant: principal?.tenant, subject: principal?.subject }
}

/** The draft as the plain data of a policy file. */
export function draftDocument({ name, rules, roles, anonymousRole: anonymous }: Draft): JsonObject {
  return {
    sallyport: 1,
    name,
    ...(anonymous === undefined
      ? {}
      : { identity: { anonymous: 'role', anonymousRole: anonymous } }),
    ...(roles.length === 0 ? {} : { roles: Object.fromEntries(roles.map((role) => [role, {}])) }),
    rules: rules.map(ruleDocument),
  }
}

function ruleDocument({ id, effect, group, args, except }: DraftRule): JsonObject {
  const { tool, who } = group
  const top = args.filter(({ name }) => !/^\/.*\//.test(name))
  const names = top.map(({ name }) => (name.startsWith('/') ? pointerTokens(name)![0]! : name))
  return {
    id,
    [effect]: [tool],
    ...(except.length === 0 ? {} : { except }),
    ...(Object.keys(who).length === 0 ? {} : { who }),
    ...(args.length === 0
      ? {}
      : { args: Object.fromEntries(args.map((argument) => [argument.name, argument.test])) }),
    ...(effect === 'allow' ? { onlyArgs: names } : {}),
  }
}

/** Whoever calls without being known comes in the role for that. */
export function callerOf(
  call: ObservedCall,
  draft: Pick<Draft, 'anonymousRole'>,
): Principal | null {
  if (call.principal !== null) return call.principal
  const { anonymousRole: role } = draft
  return role === undefined ? null : { subject: 'anonymous', roles: [role], scopes: [] }
}

interface Mistake {
  readonly call: ObservedCall
  readonly rule: DraftRule
}

/** Calls the draft decides otherwise than what became of them, with a rule to blame. */
function mistakes(draft: Draft, calls: readonly ObservedCall[]): readonly Mistake[] {
  const policy = compileDraft(draft)
  const byId = new Map(draft.rules.map((rule) => [rule.id, rule]))
  return calls.flatMap((call) => {
    const { effect, rules } = decideObserved(policy, draft, call)
    if (isRight(call, effect)) return []
    const deciding = rules.filter((rule) => rule.effect === effect).map(({ id }) => byId.get(id))
    const own = draft.rules.filter((rule) => rule.calls.includes(call))
    const blamed = effect === 'deny' ? own : deciding.filter((rule) => rule !== undefined)
    return blamed.map((rule) => ({ call, rule }))
  })
}

/** The draft as it would decide. */
export function compileDraft(draft: Draft): Policy {
  const text = policyJson(JSON.stringify(draftDocument(draft)))
  return compilePolicy(readPolicy(text, { file: 'draft' }))
}

/** What a compiled draft says about a recorded call. */
export function decideObserved(policy: Policy, draft: Draft, call: ObservedCall): Decision {
  const { tool, args } = call
  const principal = callerOf(call, draft)
  return policy.decide({ tool, args, principal, now: Number.NaN, at: '' })
}

/** A failed call may be decided either way: nothing is known about it. */
function isRight({ outcome }: ObservedCall, effect: Effect): boolean {
  switch (outcome) {
    case 'ran':
      return effect === 'allow'
    case 'ran-after-ask':
      return effect === 'ask'
    case 'refused':
      return effect === 'deny'
    case 'failed':
      return true
  }
}
