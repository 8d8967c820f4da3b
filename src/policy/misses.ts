import { isPattern } from './pattern.ts'
import { shorten, visible } from '../base/text.ts'
import type { RuleReference } from '../protocol/decision.ts'
import { placeText } from '../protocol/place.ts'
import type { Principal } from '../protocol/principal.ts'
import { absent, blocked, valueAt } from '../base/json-path.ts'
import { compileChecks } from './argument-test.ts'
import { meets, type EffectiveRights } from './caller.ts'
import type { Rule, RuleArgument, Who } from './document.ts'
import type { DecisionRequest } from './policy.ts'
import { isWithin } from './time.ts'
import { yes } from './truth.ts'

type Part = (
  request: DecisionRequest,
  principal: Principal,
  rights: EffectiveRights,
) => string | undefined

/** Which conditions of an allow rule do not hold; built when asked, for most never are. */
export class Misses {
  readonly #rule: Rule
  readonly #reference: RuleReference
  #name: string | undefined
  #parts: readonly Part[] | undefined

  constructor(rule: Rule, reference: RuleReference) {
    this.#rule = rule
    this.#reference = reference
  }

  /** The rule and its place, as a sentence names them. */
  get name(): string {
    this.#name ??= nameOf(this.#reference)
    return this.#name
  }

  /** Each is the rest of a sentence about the rule. */
  of(request: DecisionRequest, principal: Principal, rights: EffectiveRights): readonly string[] {
    this.#parts ??= partsOf(this.#rule)
    const misses: string[] = []
    for (const part of this.#parts) {
      const miss = part(request, principal, rights)
      if (miss !== undefined) misses.push(miss)
    }
    return misses
  }
}

export function nameOf(reference: RuleReference): string {
  return `\`${reference.id}\` (${placeText(reference)})`
}

function partsOf(rule: Rule): readonly Part[] {
  // last: what would have to change comes first
  const shadow = rule.shadow ? [() => 'is recorded, but not enforced'] : []
  return [...partsOfWho(rule), ...partsOfCall(rule), ...rule.args.map(partOfArgument), ...shadow]
}

const words = {
  roles: 'is for the roles',
  scopes: 'needs the scopes',
  tenants: 'is for other tenants',
  agents: 'is for other agents',
  issuers: 'is for other issuers',
} as const satisfies Record<keyof Who, string>

function partsOfWho({ who = {}, notWho }: Rule): readonly Part[] {
  const parts = (Object.keys(words) as (keyof typeof words)[]).flatMap((key): Part[] => {
    const names: readonly (string | { readonly text: string })[] | undefined = who[key]
    if (names === undefined) return []
    const condition: Who = { [key]: names }
    // who the other customers are is none of the caller's business
    const isOpen = key === 'roles' || key === 'scopes'
    const miss = isOpen ? `${words[key]} ${names.map(quoted).join(', ')}` : words[key]
    return [
      (_request, principal, rights) => (meets(condition, principal, rights) ? undefined : miss),
    ]
  })
  if (notWho === undefined) return parts
  return [
    ...parts,
    (_request, principal, rights) =>
      meets(notWho, principal, rights) ? 'is not for this caller' : undefined,
  ]
}

function quoted(value: string | { readonly text: string }): string {
  return `\`${visible(typeof value === 'string' ? value : value.text)}\``
}

function partsOfCall(rule: Rule): readonly Part[] {
  const parts: Part[] = []
  if (rule.from !== undefined || rule.until !== undefined) {
    parts.push(({ now }) => {
      if (isWithin(now, rule) === yes) return undefined
      const isTold = Number.isFinite(now)
      return isTold ? 'is not valid at this time' : 'is not valid at all times, and none is given'
    })
  }
  const { onlyArgs } = rule
  if (onlyArgs !== undefined) {
    const names = new Set(onlyArgs.map(({ text }) => text))
    parts.push(({ args }) => {
      const strange = Object.keys(args).find((name) => !names.has(name))
      if (strange === undefined) return undefined
      return `does not take the argument \`${shorten(strange, 64)}\``
    })
  }
  return parts
}

function partOfArgument({ name, path, optional, test }: RuleArgument): Part {
  const argument = `\`${visible(name.text)}\``
  const checks = compileChecks(test).map(({ key, check }) => ({
    check,
    miss: `needs ${argument} to satisfy \`${key}: ${written(test[key])}\``,
  }))
  return (request) => {
    const value = valueAt(request.args, path)
    if (value === absent) return optional ? undefined : `needs the argument ${argument}`
    if (value === blocked) return `needs the argument ${argument}, which cannot be reached`
    return checks.find(({ check }) => check(value, request) !== yes)?.miss
  }
}

/** The parameter of a test as a policy states it, without the places of nested tests. */
function written(parameter: unknown): string {
  const plain = JSON.stringify(parameter, (key, value: unknown) => {
    if (key === 'at') return undefined
    return isPattern(value) ? value.source : value
  })
  return shorten(plain, 80)
}
