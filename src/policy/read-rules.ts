import { pointerTokens } from '../base/json.ts'
import type { Effect } from '../protocol/decision.ts'
import type { Diagnostics } from './diagnostic.ts'
import type { Limit, Rule, Who } from './document.ts'
import { duration, globs, id, instant, namedId, pointer, ruleId } from './names.ts'
import { ruleArguments } from './read-arguments.ts'
import { boolean, listOf, mapping, numberOf, oneOf, type Name, type Read } from './shape.ts'
import { named, textOf } from './texts.ts'
import type { Span } from './source.ts'
import type { Entries, Node } from './tree.ts'

const claim = textOf({ what: 'the value', maxLength: 512 })

const whoFields = mapping(
  'a condition on the caller',
  {},
  {
    roles: listOf('`roles`', namedId),
    scopes: listOf('`scopes`', id),
    tenants: listOf('`tenants`', claim),
    agents: listOf('`agents`', claim),
    issuers: listOf('`issuers`', claim),
  },
  {
    repair: () => ({
      help: 'name roles, scopes, tenants, agents or issuers, such as `{ roles: [lead] }`',
    }),
  },
)

const readWho: Read<Who> = (node, diagnostics) => {
  const fields = whoFields(node, diagnostics)
  if (node.kind !== 'map' || node.entries.size > 0) return fields
  return diagnostics.error(node, 'bad-value', 'the condition on the caller is empty', {
    help: 'name roles, scopes, tenants, agents or issuers, or leave the key out',
  })
}

const conditions =
  'conditions on arguments are `args`, on the caller `who` and `notWho`, on the time `from` and `until`'
const effectHelp = 'write the effect with a list of tools, such as `allow: [search]`'
const caller = 'conditions on the caller stand in `who`, such as `who: { roles: [lead] }`'

const ruleFields = mapping(
  'a rule',
  { id: ruleId },
  {
    allow: globs,
    ask: globs,
    deny: globs,
    who: readWho,
    notWho: readWho,
    args: ruleArguments,
    except: listOf('`except`', namedId),
    onlyArgs: listOf('`onlyArgs`', named(textOf({ what: 'an argument name', maxLength: 256 })), {
      minimum: 0,
    }),
    approvers: mapping(
      '`approvers`',
      {},
      {
        roles: listOf('`roles`', namedId),
        count: numberOf('`count`', { integer: true, minimum: 1, maximum: 5 }),
        remember: boolean,
      },
    ),
    reason: textOf({ what: 'the reason', maxLength: 200 }),
    from: instant,
    until: instant,
    shadow: boolean,
  },
  {
    meant: {
      when: conditions,
      if: conditions,
      condition: conditions,
      conditions,
      tools: effectHelp,
      tool: effectHelp,
      effect: effectHelp,
      action: effectHelp,
      roles: caller,
      scopes: caller,
      role: caller,
      users: caller,
      name: 'write `id`',
      description: 'write `reason`',
      unless: '`except` of an `ask` names the allow rules it does not ask about',
      priority: 'rules have no order: a deny beats an ask, and an ask beats an allow',
    },
  },
)

type RuleFields = NonNullable<ReturnType<typeof ruleFields>>

const effects = ['allow', 'ask', 'deny'] as const

/** Undefined when there is none, or more than one. */
function effectOf(entries: Entries): Effect | undefined {
  let found: Effect | undefined
  for (const effect of effects) {
    if (!entries.has(effect)) continue
    if (found !== undefined) return undefined
    found = effect
  }
  return found
}

/** Keys that mean something beside one effect only. */
const bound = [
  ['except', 'ask'],
  ['onlyArgs', 'allow'],
  ['approvers', 'ask'],
] as const

export const readRule: Read<Rule> = (node, diagnostics) => {
  const fields = ruleFields(node, diagnostics)
  if (node.kind !== 'map') return undefined
  const effect = effectOf(node.entries)
  if (effect === undefined) {
    const place = node.entries.get('id')?.value ?? node
    return diagnostics.error(
      place,
      'missing-key',
      'a rule needs exactly one of `allow`, `ask` and `deny`',
      { help: effectHelp },
    )
  }
  checkBound(node, effect, diagnostics)
  if (fields === undefined) return undefined
  const tools = fields.allow ?? fields.ask ?? fields.deny
  if (tools === undefined) return undefined
  checkWindow(fields, diagnostics)
  return ruleOf(fields, effect, tools)
}

/** Member by member: a policy may have thousands of rules, and a rest and a spread copy each of them. */
function ruleOf(fields: RuleFields, effect: Effect, tools: readonly Name[]): Rule {
  const { args = nothing, except = nothing, shadow = false, at } = fields
  const { who, notWho, onlyArgs, approvers, reason, from, until } = fields
  const rule: { -readonly [Key in keyof Rule]: Rule[Key] } = {
    id: fields.id,
    effect,
    tools,
    args,
    except,
    shadow,
    at,
  }
  if (who !== undefined) rule.who = who
  if (notWho !== undefined) rule.notWho = notWho
  if (onlyArgs !== undefined) rule.onlyArgs = onlyArgs
  if (approvers !== undefined) rule.approvers = { ...approvers, count: approvers.count ?? 1 }
  if (reason !== undefined) rule.reason = reason
  if (from !== undefined) rule.from = from
  if (until !== undefined) rule.until = until
  return rule
}

const nothing: readonly never[] = Object.freeze([])

function checkBound(
  node: Extract<Node, { kind: 'map' }>,
  effect: Effect,
  diagnostics: Diagnostics,
): void {
  for (const [key, needed] of bound) {
    const entry = node.entries.get(key)
    if (entry !== undefined && effect !== needed) {
      diagnostics.error(entry, 'bad-value', `\`${key}\` only goes with \`${needed}\``, {
        help: `remove it; this rule says \`${effect}\``,
      })
    }
  }
}

function checkWindow(
  rule: { readonly from?: number; readonly until?: number; readonly at: Span },
  diagnostics: Diagnostics,
): void {
  if (rule.from === undefined || rule.until === undefined || rule.from < rule.until) return
  diagnostics.error(rule.at, 'never-true', '`from` is not before `until`', {
    help: 'let `until` be later, or leave one of them out',
  })
}

const limitFields = mapping(
  'a limit',
  {
    id,
    tools: globs,
    per: oneOf('`per`', ['session', 'subject', 'agent', 'tenant', 'global']),
    max: numberOf('`max`', { above: 0 }),
  },
  {
    who: readWho,
    window: duration,
    over: oneOf('`over`', ['ask', 'deny']),
    count: oneOf('`count`', ['calls', 'denials', 'cost', 'time']),
    sum: pointer,
  },
)

const manyAmounts = 'a sum is of one argument: `*` would name none'

export const readLimit: Read<Limit> = (node, diagnostics) => {
  const fields = limitFields(node, diagnostics)
  if (fields === undefined || node.kind !== 'map') return undefined
  const { window, over, count = 'calls', sum, ...rest } = fields
  const counted = count === 'calls' || count === 'denials'
  if (sum !== undefined && node.entries.has('count')) {
    return diagnostics.error(
      node.entries.get('sum')!,
      'bad-value',
      'a limit has either `count` or `sum`',
      { help: 'remove one of them, or write two limits' },
    )
  }
  const path = sum === undefined ? undefined : pointerTokens(sum)!
  if (path?.includes('*') === true) {
    return diagnostics.error(node.entries.get('sum')!.value, 'bad-value', manyAmounts, {
      help: 'name one argument, such as `/amount`; what a list holds is not added up',
    })
  }
  if (path === undefined && counted && !Number.isInteger(rest.max)) {
    const place = node.entries.get('max')!.value
    return diagnostics.error(
      place,
      'wrong-type',
      `\`max\` has to be a whole number, not ${rest.max}`,
      { help: `calls are counted; write one such as \`${Math.max(1, Math.trunc(rest.max))}\`` },
    )
  }
  return {
    ...rest,
    count,
    ...(path === undefined ? {} : { sum: path }),
    over: over ?? 'deny',
    ...(window === undefined ? {} : { windowMs: window }),
  }
}
