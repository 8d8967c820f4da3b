import type { JsonValue } from '../../src/base/json.ts'
import type { Principal } from '../../src/protocol/principal.ts'

/** A rule as it stands in a file, as far as the generators make use of the language. */
export interface PlainRule {
  readonly id: string
  readonly allow?: readonly string[]
  readonly ask?: readonly string[]
  readonly deny?: readonly string[]
  readonly who?: PlainWho
  readonly notWho?: PlainWho
  readonly args?: Readonly<Record<string, PlainTest>>
  readonly except?: readonly string[]
  readonly onlyArgs?: readonly string[]
}

interface PlainWho {
  readonly roles?: readonly string[]
  readonly scopes?: readonly string[]
  readonly tenants?: readonly string[]
}

export interface PlainTest {
  readonly [key: string]: unknown
}

export interface PlainCall {
  readonly tool: string
  readonly args: Readonly<Record<string, JsonValue>>
  readonly principal: Principal
}

type Value = 'T' | 'F' | 'U'

/** Roles of the generated policies: `lead` inherits `user`; `user` states the ceiling `read`. */
const inherited: Readonly<Record<string, readonly string[]>> = {
  user: ['user'],
  lead: ['lead', 'user'],
  other: ['other'],
}

/** The decision by a plain reading of the rules of the language, one sentence after another. */
export function oracle(
  rules: readonly PlainRule[],
  call: PlainCall,
): { readonly effect: 'allow' | 'ask' | 'deny'; readonly rule: string } {
  const value = new Map(rules.map((rule) => [rule.id, ruleValue(rule, call)]))
  const ids = (effect: 'allow' | 'ask' | 'deny', wanted: readonly Value[]): string[] =>
    rules
      .filter((rule) => rule[effect] !== undefined && wanted.includes(value.get(rule.id)!))
      .map((rule) => rule.id)
      .toSorted()
  const denies = ids('deny', ['T', 'U'])
  if (denies.length > 0) return { effect: 'deny', rule: denies[0]! }
  const allows = ids('allow', ['T'])
  const excepted = (id: string): boolean =>
    rules.find((rule) => rule.id === id)!.except?.some((name) => value.get(name) === 'T') === true
  const asks = [
    ...ids('ask', ['T']).filter((id) => !excepted(id)),
    ...(allows.length > 0 ? ids('ask', ['U']) : []),
  ].toSorted()
  if (asks.length > 0) return { effect: 'ask', rule: asks[0]! }
  if (allows.length > 0) return { effect: 'allow', rule: allows[0]! }
  return { effect: 'deny', rule: 'default' }
}

function ruleValue(rule: PlainRule, call: PlainCall): Value {
  const tools = rule.allow ?? rule.ask ?? rule.deny ?? []
  if (!tools.includes(call.tool) && !tools.includes('**')) return 'F'
  const parts: Value[] = [
    rule.who === undefined || isWho(rule.who, call.principal) ? 'T' : 'F',
    rule.notWho !== undefined && isWho(rule.notWho, call.principal) ? 'F' : 'T',
    rule.onlyArgs === undefined ||
    Object.keys(call.args).every((name) => rule.onlyArgs!.includes(name))
      ? 'T'
      : 'F',
  ]
  for (const [name, argumentTest] of Object.entries(rule.args ?? {})) {
    const absent = argumentTest['optional'] === true && rule.deny === undefined ? 'T' : 'F'
    parts.push(
      name in call.args ? testValue(argumentTest, call.args[name]!, call.principal) : absent,
    )
  }
  return and(parts)
}

function isWho(who: PlainWho, principal: Principal): boolean {
  const roles = principal.roles.flatMap((role) => inherited[role] ?? [])
  const scopes = principal.scopes.filter((scope) => !roles.includes('user') || scope === 'read')
  return (
    (who.roles === undefined || who.roles.some((role) => roles.includes(role))) &&
    (who.scopes === undefined || who.scopes.every((scope) => scopes.includes(scope))) &&
    (who.tenants === undefined || who.tenants.some((tenant) => tenant === principal.tenant))
  )
}

function and(values: readonly Value[]): Value {
  return values.includes('F') ? 'F' : values.includes('U') ? 'U' : 'T'
}

function or(values: readonly Value[]): Value {
  return values.includes('T') ? 'T' : values.includes('U') ? 'U' : 'F'
}

function testValue(argumentTest: PlainTest, value: JsonValue, principal: Principal): Value {
  return and(
    Object.entries(argumentTest).map(([key, parameter]) =>
      keyValue(key, parameter, value, principal),
    ),
  )
}

function truth(holds: boolean): Value {
  return holds ? 'T' : 'F'
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function keyValue(key: string, parameter: unknown, value: JsonValue, principal: Principal): Value {
  const bound = parameter as number
  const n = typeof value === 'number' ? value : undefined
  const inner = parameter as PlainTest
  switch (key) {
    case 'optional':
      return 'T'
    case 'type':
      return truth(typeOf(value).includes(parameter as string))
    case 'const':
      return truth(same(value, parameter))
    case 'enum':
      return truth((parameter as unknown[]).some((one) => same(one, value)))
    case 'minimum':
      return n === undefined ? 'U' : truth(n >= bound)
    case 'maximum':
      return n === undefined ? 'U' : truth(n <= bound)
    case 'exclusiveMinimum':
      return n === undefined ? 'U' : truth(n > bound)
    case 'exclusiveMaximum':
      return n === undefined ? 'U' : truth(n < bound)
    case 'maxLength':
      return typeof value === 'string' ? truth([...value].length <= bound) : 'U'
    case 'matches':
      return typeof value === 'string'
        ? truth(new RegExp(`^(?:${parameter as string})$`, 'u').test(value))
        : 'U'
    case 'items':
      return Array.isArray(value)
        ? and(value.map((item: JsonValue) => testValue(inner, item, principal)))
        : 'U'
    case 'anyItem':
      return Array.isArray(value)
        ? or(value.map((item: JsonValue) => testValue(inner, item, principal)))
        : 'U'
    case 'equals':
      return principal.tenant === undefined || typeof value !== 'string'
        ? 'U'
        : truth(value === principal.tenant)
    case 'not':
      return ({ T: 'F', F: 'T', U: 'U' } as const)[testValue(inner, value, principal)]
    case 'anyOf':
      return or((parameter as PlainTest[]).map((one) => testValue(one, value, principal)))
    default:
      throw new Error(`the oracle does not know ${key}`)
  }
}

function typeOf(value: JsonValue): readonly string[] {
  if (value === null) return ['null']
  if (Array.isArray(value)) return ['array']
  if (typeof value === 'number') return Number.isInteger(value) ? ['number', 'integer'] : ['number']
  return [typeof value]
}
