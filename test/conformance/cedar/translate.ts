import type { JsonValue } from '../../../src/base/json.ts'
import type { SharedCall, SharedRule, SharedTest, SharedWho } from './shared-language.ts'
import { roles } from './shared-language.ts'

/**
 * A rule as a Cedar policy. Cedar has no test for the type of a value, so the context says the
 * types beside the arguments.
 */
export function cedarPolicy(rule: SharedRule): string {
  const conditions = [
    or(rule.tools.map(toolCondition)),
    ...(rule.who === undefined ? [] : [whoCondition(rule.who)]),
    ...(rule.notWho === undefined ? [] : [`!(${whoCondition(rule.notWho)})`]),
    ...(rule.onlyArgs === undefined
      ? []
      : [`${literal(rule.onlyArgs)}.containsAll(context.names)`]),
    ...Object.entries(rule.args ?? {}).map(([name, test]) => argument(name, test, rule.effect)),
  ]
  const effect = rule.effect === 'allow' ? 'permit' : 'forbid'
  return `${effect} (principal, action, resource) when { ${and(conditions)} };`
}

function toolCondition(tool: string): string {
  if (tool === '**') return 'true'
  return tool.endsWith('**')
    ? `context.tool like ${literal(tool.replace('**', '*'))}`
    : `action == Action::${literal(tool)}`
}

function whoCondition({ roles: anyRole, scopes, tenants }: SharedWho): string {
  return and([
    ...(anyRole === undefined ? [] : [or(anyRole.map(hasRole))]),
    ...(scopes ?? []).map(hasScope),
    ...(tenants === undefined
      ? []
      : [`principal has tenant && ${literal(tenants)}.contains(principal.tenant)`]),
  ])
}

const hasRole = (role: string): string => `principal in Role::${literal(role)}`

/** A scope counts when no role of the caller states scopes, or one of them states this one. */
function hasScope(scope: string): string {
  const stating = Object.entries(roles).filter(([, role]) => 'scopes' in role)
  const naming = stating.filter(([, role]) => (role as { scopes: string[] }).scopes.includes(scope))
  return and([
    `principal.scopes.contains(${literal(scope)})`,
    or([
      `!(${or(stating.map(([name]) => hasRole(name)))})`,
      ...naming.map(([name]) => hasRole(name)),
    ]),
  ])
}

function argument(
  name: string,
  { optional = false, ...test }: SharedTest & { readonly optional?: boolean },
  effect: SharedRule['effect'],
): string {
  const [outer, inner] = name.startsWith('/') ? name.slice(1).split('/') : [name]
  const present =
    inner === undefined
      ? `context.args has ${outer}`
      : `context.args has ${outer} && context.args.${outer} has ${inner}`
  const holds = condition(test, inner === undefined ? `${outer}` : `${outer}.${inner}`)
  return optional && effect === 'allow'
    ? `if ${present} then ${holds} else true`
    : `${present} && ${holds}`
}

/** What cannot err comes first, so that a false one hides the error as it does here. */
function condition(test: SharedTest, path: string): string {
  const at = `context.args.${path}`
  const parts: string[] = []
  if (test.type !== undefined) {
    const type = test.type === 'integer' ? 'number' : test.type
    parts.push(`context.types.${path} == ${literal(type)}`)
  }
  if (test.const !== undefined) parts.push(equal(at, path, test.const))
  if (test.enum !== undefined) parts.push(or(test.enum.map((value) => equal(at, path, value))))
  if (test.minimum !== undefined) parts.push(`${at} >= ${test.minimum}`)
  if (test.maximum !== undefined) parts.push(`${at} <= ${test.maximum}`)
  if (test.exclusiveMinimum !== undefined) parts.push(`${at} > ${test.exclusiveMinimum}`)
  if (test.exclusiveMaximum !== undefined) parts.push(`${at} < ${test.exclusiveMaximum}`)
  if (test.matches !== undefined) {
    parts.push(`${at} like ${literal(test.matches.replace('.*', '*'))}`)
  }
  if (test.anyItem !== undefined) parts.push(`${at}.contains(${literal(test.anyItem.const)})`)
  if (test.items !== undefined) parts.push(`${literal(test.items.enum)}.containsAll(${at})`)
  // errs for what is no text, and for a caller without a tenant
  if (test.equals !== undefined) parts.push(`${at} like "*" && ${at} == principal.tenant`)
  if (test.not !== undefined) parts.push(`!(${condition(test.not, path)})`)
  if (test.anyOf !== undefined) parts.push(or(test.anyOf.map((one) => condition(one, path))))
  return and(parts)
}

/** Lists are sets there: the text of the list tells order and repetition. */
function equal(at: string, path: string, value: JsonValue): string {
  return Array.isArray(value)
    ? `context.types.${path} == "array" && context.texts.${path} == ${literal(JSON.stringify(value))}`
    : `${at} == ${literal(value)}`
}

function and(parts: readonly string[]): string {
  return parts.map((part) => `(${part})`).join(' && ')
}

function or(parts: readonly string[]): string {
  return parts.map((part) => `(${part})`).join(' || ')
}

/** Quotes and backslashes are escaped alike in both; nothing else of the alphabet is. */
function literal(value: JsonValue | readonly string[]): string {
  return JSON.stringify(value)
}

function ofRole(id: string): { type: string; id: string } {
  return { type: 'Role', id }
}

/** The call as Cedar sees it. */
export function cedarRequest({ tool, args, principal }: SharedCall) {
  const uid = { type: 'User', id: principal.subject }
  const inherits = Object.entries(roles).map(([id, role]) => ({
    uid: ofRole(id),
    attrs: {},
    parents: 'inherits' in role ? role.inherits.map(ofRole) : [],
  }))
  const attributes: Record<string, JsonValue> = { scopes: principal.scopes }
  if (principal.tenant !== undefined) attributes['tenant'] = principal.tenant
  return {
    principal: uid,
    action: { type: 'Action', id: tool },
    resource: { type: 'Runtime', id: 'this' },
    context: {
      tool,
      args: args as Record<string, never>,
      names: Object.keys(args),
      types: shapes(args, typeName),
      texts: shapes(args, (value) => JSON.stringify(value)),
    },
    entities: [
      { uid, attrs: attributes, parents: principal.roles.map(ofRole) },
      ...inherits,
    ] as never,
  }
}

function typeName(value: JsonValue): string {
  return Array.isArray(value) ? 'array' : typeof value
}

/** The same tree with something told of each leaf in its place. */
function shapes(
  args: Readonly<Record<string, JsonValue>>,
  tell: (value: JsonValue) => string,
): Record<string, never> {
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => [
      name,
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? shapes(value as Record<string, JsonValue>, tell)
        : tell(value),
    ]),
  ) as Record<string, never>
}
