import type { JsonValue } from '../../../src/base/json.ts'
import type { Principal } from '../../../src/protocol/principal.ts'

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
  readonly from?: string
  readonly until?: string
  readonly shadow?: boolean
}

interface PlainWho {
  readonly roles?: readonly string[]
  readonly scopes?: readonly string[]
  readonly tenants?: readonly string[]
  readonly agents?: readonly string[]
}

export interface PlainTest {
  readonly [key: string]: unknown
}

export interface PlainCall {
  readonly tool: string
  readonly args: Readonly<Record<string, JsonValue>>
  readonly principal: Principal
  /** Milliseconds since the epoch; NaN when nobody knows the time. */
  readonly now: number
}

type Value = 'T' | 'F' | 'U'

/** Roles of the generated policies: `lead` inherits `user`; `user` states the ceiling `read`. */
const inherited: Readonly<Record<string, readonly string[]>> = {
  user: ['user'],
  lead: ['lead', 'user'],
  other: ['other'],
}

/** The decision by a plain reading of the rules of the language, one sentence after another. */
export function plainReading(
  written: readonly PlainRule[],
  call: PlainCall,
): { readonly effect: 'allow' | 'ask' | 'deny'; readonly rule: string } {
  const rules = written.filter((rule) => rule.shadow !== true)
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
    ...(rule.from === undefined && rule.until === undefined ? [] : [windowValue(rule, call.now)]),
  ]
  for (const [name, argumentTest] of Object.entries(rule.args ?? {})) {
    const whenAbsent = argumentTest['optional'] === true && rule.deny === undefined ? 'T' : 'F'
    const value = argumentAt(call.args, name)
    if (value === 'blocked') parts.push('U')
    else if (value === undefined) parts.push(whenAbsent)
    else parts.push(testValue(argumentTest, value.is, call.principal))
  }
  return and(parts)
}

function windowValue({ from, until }: PlainRule, now: number): Value {
  if (Number.isNaN(now)) return 'U'
  const begun = from === undefined || now >= Date.parse(from)
  const over = until !== undefined && now >= Date.parse(until)
  return truth(begun && !over)
}

/** Names are top-level arguments, or pointers of two steps. */
function argumentAt(
  args: PlainCall['args'],
  name: string,
): { readonly is: JsonValue } | 'blocked' | undefined {
  if (!name.startsWith('/')) return name in args ? { is: args[name]! } : undefined
  const [outer, inner] = name.slice(1).split('/') as [string, string]
  if (!(outer in args)) return undefined
  const parent = args[outer]!
  if (typeof parent !== 'object' || parent === null || Array.isArray(parent)) return 'blocked'
  const members = parent as Readonly<Record<string, JsonValue>>
  return inner in members ? { is: members[inner]! } : undefined
}

function isWho(who: PlainWho, principal: Principal): boolean {
  const roles = principal.roles.flatMap((role) => inherited[role] ?? [])
  const scopes = principal.scopes.filter((scope) => !roles.includes('user') || scope === 'read')
  return (
    (who.roles === undefined || who.roles.some((role) => roles.includes(role))) &&
    (who.scopes === undefined || who.scopes.every((scope) => scopes.includes(scope))) &&
    (who.tenants === undefined || who.tenants.some((tenant) => tenant === principal.tenant)) &&
    (who.agents === undefined || who.agents.some((agent) => agent === principal.agent))
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
  const text = typeof value === 'string' ? value : undefined
  const list = Array.isArray(value) ? (value as JsonValue[]) : undefined
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
    case 'multipleOf':
      // divisors are halves at the finest
      return n === undefined ? 'U' : truth((n * 2) % (bound * 2) === 0)
    case 'minLength':
      return text === undefined ? 'U' : truth([...text].length >= bound)
    case 'maxLength':
      return text === undefined ? 'U' : truth([...text].length <= bound)
    case 'minItems':
      return list === undefined ? 'U' : truth(list.length >= bound)
    case 'maxItems':
      return list === undefined ? 'U' : truth(list.length <= bound)
    case 'matches':
      return text === undefined
        ? 'U'
        : truth(new RegExp(`^(?:${parameter as string})$`, 'u').test(text))
    case 'containsMatch':
      return text === undefined ? 'U' : truth(new RegExp(parameter as string, 'u').test(text))
    case 'contains':
      return text === undefined ? 'U' : containsValue(text, parameter as string)
    case 'domain':
      return text === undefined ? 'U' : domainValue(text, parameter as string[])
    case 'startsWith':
      return list === undefined ? 'U' : startsWithValue(list, parameter as string[])
    case 'items':
      return list === undefined ? 'U' : and(list.map((item) => testValue(inner, item, principal)))
    case 'anyItem':
      return list === undefined ? 'U' : or(list.map((item) => testValue(inner, item, principal)))
    case 'equals':
      return principal.tenant === undefined || typeof value !== 'string'
        ? 'U'
        : truth(value === principal.tenant)
    case 'not':
      return ({ T: 'F', F: 'T', U: 'U' } as const)[testValue(inner, value, principal)]
    case 'anyOf':
      return or((parameter as PlainTest[]).map((one) => testValue(one, value, principal)))
    default:
      throw new Error(`the plain reading does not know ${key}`)
  }
}

/** Text with invisible characters may hide the part, or be meant as it is. */
function containsValue(text: string, part: string): Value {
  const holds = (where: string): boolean => where.toLowerCase().includes(part.toLowerCase())
  return holds(text) ? 'T' : holds(text.replaceAll('\u200b', '')) ? 'U' : 'F'
}

/** Of the alphabet of the generators, letters and dots are host names, and nothing else is. */
function domainValue(text: string, domains: readonly string[]): Value {
  if (!/^[a-z]+(\.[a-z]+)*$/.test(text)) return 'U'
  return truth(
    domains.some((domain) =>
      domain.startsWith('*.') ? text.endsWith(domain.slice(1)) : text === domain,
    ),
  )
}

/** Item by item: too few items are as false as one that differs. */
function startsWithValue(list: readonly JsonValue[], prefix: readonly string[]): Value {
  const values = prefix.map((expected, index): Value => {
    const item = list[index]
    if (item === undefined) return 'F'
    return typeof item === 'string' ? truth(item === expected) : 'U'
  })
  return and(values)
}

function typeOf(value: JsonValue): readonly string[] {
  if (value === null) return ['null']
  if (Array.isArray(value)) return ['array']
  if (typeof value === 'number') return Number.isInteger(value) ? ['number', 'integer'] : ['number']
  return [typeof value]
}
