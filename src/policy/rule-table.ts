import type { Principal } from '../protocol/principal.ts'
import type { EffectiveRights } from './caller.ts'
import { CompiledRule, inOrder } from './compiled-rule.ts'
import type { Rule } from './document.ts'
import { compileGlob, isGlob } from './glob.ts'
import { hintsFor, type Hints } from './reasons.ts'
import { group, RuleIndex } from './rule-index.ts'
import type { Source } from './source.ts'

/** Callers, and tools of a policy without a catalogue, that are remembered at most. */
const maxCallers = 64
const maxTools = 1000

/** What one kind of caller can meet: an index of rules for each tool, built when first used. */
export interface Caller {
  readonly rights: EffectiveRights
  /** What `rulesFor` has built for a tool, if it was asked. */
  keptRules(tool: string): RuleIndex | undefined
  rulesFor(tool: string): RuleIndex
  hintsFor(tool: string): Hints
}

interface GlobRule {
  readonly matches: (tool: string) => boolean
  /** The number of the rule. */
  readonly order: number
}

interface Remembered {
  readonly principal: Principal
  readonly caller: Caller
}

/**
 * The rules by tool and by caller. Two principals that no rule can tell apart share one entry; all
 * that rules look at is part of the key, so nothing is decided by fewer inputs than it depends on.
 */
export class RuleTable {
  readonly #rules: readonly Rule[]
  readonly #source: Source
  /** By the number of the rule: compiled when the first call meets it. */
  readonly #compiled: (CompiledRule | undefined)[]
  readonly #exact = new Map<string, number[]>()
  readonly #globs: GlobRule[] = []
  readonly #tools = new Map<string, readonly CompiledRule[]>()
  readonly #callers = new Map<string, Caller>()
  readonly #place: string
  readonly #effective: (principal: Principal) => EffectiveRights
  readonly #mentioned: Readonly<Record<'tenants' | 'agents' | 'issuers', ReadonlySet<string>>>
  #last: Remembered | undefined

  /** `place` is where a rule would be added, as `file:line:column`. */
  constructor(
    rules: readonly Rule[],
    source: Source,
    effective: (principal: Principal) => EffectiveRights,
    place: string,
  ) {
    this.#rules = inOrder(rules)
    this.#source = source
    this.#compiled = Array.from({ length: rules.length })
    this.#effective = effective
    this.#place = place
    this.#mentioned = {
      tenants: mentioned(rules, 'tenants'),
      agents: mentioned(rules, 'agents'),
      issuers: mentioned(rules, 'issuers'),
    }
    for (const [order, { tools }] of this.#rules.entries()) {
      for (const { text: name } of tools) {
        if (isGlob(name)) this.#globs.push({ matches: compileGlob(name), order })
        else group(this.#exact, name, order)
      }
    }
  }

  /** All rules about a tool, in the order of their ids. */
  rulesOf(tool: string): readonly CompiledRule[] {
    return kept(this.#tools, tool, maxTools, () => {
      const orders = new Set(this.#exact.get(tool))
      for (const { matches, order } of this.#globs) if (matches(tool)) orders.add(order)
      return [...orders].toSorted((a, b) => a - b).map((order) => this.#ruleAt(order))
    })
  }

  #ruleAt(order: number): CompiledRule {
    return (this.#compiled[order] ??= new CompiledRule(this.#rules[order]!, order, this.#source))
  }

  caller(principal: Principal): Caller {
    if (this.#last !== undefined && isSame(this.#last.principal, principal)) {
      return this.#last.caller
    }
    const { roles, scopes } = principal
    const key = JSON.stringify([
      roles,
      scopes,
      ...(['tenant', 'agent', 'issuer'] as const).map((field) => {
        const value = principal[field]
        return value !== undefined && this.#mentioned[`${field}s`].has(value) ? value : null
      }),
    ])
    const caller = this.#callers.get(key) ?? this.#createCaller(principal)
    remember(this.#callers, key, caller, maxCallers)
    this.#last = { principal: { ...principal, roles: [...roles], scopes: [...scopes] }, caller }
    return caller
  }

  #createCaller(given: Principal): Caller {
    const principal = { ...given, roles: [...given.roles], scopes: [...given.scopes] }
    const rights = this.#effective(principal)
    const indexes = new Map<string, RuleIndex>()
    const hints = new Map<string, Hints>()
    return {
      rights,
      keptRules: (tool) => indexes.get(tool),
      rulesFor: (tool) =>
        kept(indexes, tool, maxTools, () => {
          const rules = this.rulesOf(tool)
          return new RuleIndex(rules.filter((rule) => rule.concerns(principal, rights)))
        }),
      hintsFor: (tool) => kept(hints, tool, maxTools, () => hintsFor(tool, principal, this.#place)),
    }
  }
}

function mentioned(
  rules: readonly Rule[],
  key: 'tenants' | 'agents' | 'issuers',
): ReadonlySet<string> {
  const found = new Set<string>()
  for (const { who, notWho } of rules) {
    for (const value of who?.[key] ?? []) found.add(value)
    for (const value of notWho?.[key] ?? []) found.add(value)
  }
  return found
}

function kept<V extends object>(
  map: Map<string, V>,
  key: string,
  maximum: number,
  build: () => V,
): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const value = build()
  remember(map, key, value, maximum)
  return value
}

/** Keeps the newest entries; the oldest one makes room. */
function remember<K, V>(map: Map<K, V>, key: K, value: V, maximum: number): void {
  if (map.size >= maximum && !map.has(key)) map.delete(map.keys().next().value!)
  map.set(key, value)
}

/** Compared by content: the host may change a principal between two calls. */
function isSame(a: Principal, b: Principal): boolean {
  return (
    a.tenant === b.tenant &&
    a.agent === b.agent &&
    a.issuer === b.issuer &&
    isSameList(a.roles, b.roles) &&
    isSameList(a.scopes, b.scopes)
  )
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}
