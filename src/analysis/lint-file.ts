import { shorten } from '../base/text.ts'
import { createSecretDetector } from '../gate/detect/secrets.ts'
import type { ArgumentTest, Rule } from '../policy/document.ts'
import { mergeFacts } from '../policy/facts.ts'
import { isGlob } from '../policy/glob.ts'
import { entriesOf } from '../policy/inherited.ts'
import { factsOfEntry } from '../policy/read-facts.ts'
import type { Name } from '../policy/shape.ts'
import { suggestionFor } from '../policy/suggest.ts'
import type { ToolFacts } from '../protocol/facts.ts'
import { closures } from './rule-callers.ts'
import type { LintContext } from './lint-context.ts'
import { strangeArgument } from './tool-schema.ts'
import { nestedTests } from './written.ts'

/** A rule that gives everything to everybody is a policy that is none. */
export function lintAllowAll({ file, catalog, diagnostics, targets }: LintContext): void {
  const isAll = (name: Name): boolean =>
    name.text === '**' ||
    (isGlob(name.text) && catalog !== undefined && targets(name).length === catalog.length)
  for (const rule of file.rules) {
    if (rule.effect !== 'allow' || rule.shadow || isConditional(rule)) continue
    const all = rule.tools.find(isAll)
    if (all === undefined) continue
    const count = catalog === undefined ? '' : ` (${catalog.length} now)`
    const message = `rule \`${rule.id}\` allows every tool${count} to every caller`
    diagnostics.warning(all, 'allow-all', message, {
      help: 'name the tools, or add `who` or `args`; a tool that is added later is allowed as well',
    })
  }
}

function isConditional({ who, notWho, args, onlyArgs, until }: Rule): boolean {
  return [who, notWho, onlyArgs, until].some((value) => value !== undefined) || args.length > 0
}

/** Whoever writes the name of a tool wants it to be used; without a rule it is denied. */
export function lintTools({ file, tools, diagnostics, isAbout }: LintContext): void {
  const isUnruled = (tool: string): boolean => !file.rules.some((rule) => isAbout(rule, tool))
  const stated = file.tools ?? []
  for (const { name } of stated) {
    if (isUnruled(name.text)) {
      const message = `no rule is about the tool \`${shorten(name.text, 128)}\`: it is always denied`
      diagnostics.warning(name, 'unruled-tool', message, {
        help: 'add a rule, or a `deny` that says it is meant',
      })
    }
  }
  const known = new Set(stated.map(({ name }) => name.text))
  const others = [...tools.keys()].filter((tool) => !known.has(tool) && isUnruled(tool))
  if (others.length === 0) return
  const shown = others.slice(0, 12).map((tool) => `\`${shorten(tool, 128)}\``)
  const more = others.length > shown.length ? ` and ${others.length - shown.length} more` : ''
  const what = others.length === 1 ? 'the tool' : 'the tools'
  diagnostics.warning(
    file.rulesAt,
    'unruled-tool',
    `no rule is about ${what} ${shown.join(', ')}${more}: always denied`,
    { help: 'add a rule, or a `deny` that says it is meant' },
  )
}

/** Names below the top level, which loading does not hold against schemas. */
export function lintPointers(context: LintContext): void {
  for (const rule of context.file.rules) {
    for (const { name, path } of rule.args) {
      if (path.length < 2) continue
      const inputs = rule.tools
        .flatMap((tool) => context.targets(tool))
        .map((tool) => context.tools.get(tool)?.input)
      const strange = inputs.map((input) => input && strangeArgument(input, name.text))
      const first = strange[0]
      if (first === undefined || strange.includes(undefined)) continue
      const message = `no tool of rule \`${rule.id}\` has \`${shorten(first.token, 64)}\` at \`${shorten(name.text, 128)}\``
      const { help } = suggestionFor(first.token, first.known)
      context.diagnostics.error(name, 'unknown-argument', message, { help })
    }
  }
}

/** An argument that a rule requires and does not take. */
export function lintOnlyArguments({ file, diagnostics }: LintContext): void {
  for (const { args, id, onlyArgs } of file.rules) {
    if (onlyArgs === undefined) continue
    const taken = new Set<string | undefined>(onlyArgs.map(({ text }) => text))
    const refused = args.find(({ optional, path }) => !optional && !taken.has(path[0]))
    if (refused === undefined) continue
    const name = shorten(refused.name.text, 64)
    const message = `rule \`${id}\` needs \`${name}\`, and its \`onlyArgs\` leaves it out`
    diagnostics.warning(refused.name, 'never-true', message, {
      help: 'add it to `onlyArgs`, which holds all arguments that a call may have',
    })
  }
}

/** Host names are compared by their labels; a pattern over them matches look-alikes. */
export function lintPatterns({ file, diagnostics }: LintContext): void {
  for (const rule of file.rules) {
    for (const { name, test } of rule.args) {
      const found = [...nestedTests(test)].map(hostInPattern).find((host) => host !== undefined)
      if (found === undefined) continue
      const message = `the pattern for \`${shorten(name.text, 64)}\` in rule \`${rule.id}\` means a domain`
      diagnostics.warning(name, 'domain-pattern', message, {
        help: `patterns over hosts match look-alikes; write \`domain: ['${found}']\`, or \`not\` with it`,
      })
    }
  }
}

const host = /(?:[a-z0-9-]+\\?\.)+(?:com|org|net|edu|gov|io|dev|app|ai|co|example|test|[a-z]{2})\b/i

/** The host name that a pattern about an address or URL spells out. */
function hostInPattern({ matches, containsMatch }: ArgumentTest): string | undefined {
  const source = matches?.source ?? containsMatch?.source
  if (source === undefined || !/@|:\/\/|:\\\/\\\/|^\^?https?/.test(source)) return undefined
  return host.exec(source)?.[0].replaceAll('\\', '').toLowerCase()
}

/** Roles and scopes that do nothing, and scopes that nobody can have. */
export function lintRoles({ file, tools, diagnostics }: LintContext): void {
  // roles of a file that others build on are used there
  if (!file.hasRules || file.extends.length > 0) return
  const conditions = [...file.rules, ...file.limits].map(({ who }) => who)
  const negated = file.rules.map(({ notWho }) => notWho)
  const all = [...conditions, ...negated]
  const named = new Set([
    ...all.flatMap((who) => who?.roles?.map(({ text }) => text) ?? []),
    ...file.rules.flatMap(({ approvers }) => approvers?.roles?.map(({ text }) => text) ?? []),
    ...file.roles.flatMap(({ inherits }) => inherits.map(({ text }) => text)),
    ...[...tools.values()].flatMap(({ requires }) => requires.roles),
    ...identityRoles(file.identity),
  ])
  const asked = new Set([
    ...all.flatMap((who) => who?.scopes ?? []),
    ...[...tools.values()].flatMap(({ requires }) => requires.scopes),
  ])
  for (const { name, scopes = [], inherits } of file.roles) {
    if (!named.has(name.text) && inherits.length === 0) {
      const message = `nothing in the policy uses the role \`${name.text}\``
      diagnostics.warning(name, 'unused-role', message, { help: 'use it in a rule, or remove it' })
    }
    for (const scope of scopes.filter((each) => !asked.has(each))) {
      const message = `no rule asks for the scope \`${shorten(scope, 64)}\` of role \`${name.text}\``
      diagnostics.warning(name, 'unused-scope', message, {
        help: 'ask for it in `who`, or remove it',
      })
    }
  }
}

function identityRoles({ anonymousRole, jwt, apiKeys }: LintContext['file']['identity']): string[] {
  return [
    ...(anonymousRole === undefined ? [] : [anonymousRole]),
    ...jwt.flatMap(({ roleMap }) => Object.values(roleMap ?? {}).flat()),
    ...apiKeys.flatMap(({ roles }) => roles ?? []),
  ]
}

/** A scope no ceiling has is lost on the way, if every role that can meet the rule has a ceiling. */
export function lintScopes({ file, roles: known, diagnostics }: LintContext): void {
  const inherited = closures(known)
  const ceilings = new Map(known.map(({ name, scopes }) => [name.text, scopes]))
  const left = new Set([...ceilings.values()].flatMap((scopes) => scopes ?? []))
  for (const rule of file.rules) {
    const { roles, scopes = [] } = rule.who ?? {}
    const isBound = roles?.every(({ text }) =>
      [...(inherited.get(text) ?? [])].some((role) => ceilings.get(role) !== undefined),
    )
    const lost = isBound === true ? scopes.find((scope) => !left.has(scope)) : undefined
    if (lost === undefined) continue
    const message = `nobody can have the scope \`${shorten(lost, 64)}\` that rule \`${rule.id}\` needs`
    diagnostics.warning(rule.at, 'unmet-scope', message, {
      help: 'add it to the `scopes` of a role: scopes outside of the ceilings are dropped',
    })
  }
}

/** A policy is read by many; what it has to compare with stands in it as a hash or a name. */
export function lintSecrets({ file, diagnostics }: LintContext): void {
  for (const span of createSecretDetector()(file.source.text)) {
    diagnostics.error(span, 'secret-value', 'the file holds a value that looks like a secret', {
      help: 'write its hash, or the name of an environment variable, and renew the secret',
      secret: true,
    })
  }
}

/** Data flow only looks at what the facts state, in the policy or in the definition of the tool. */
export function lintFacts(context: LintContext): void {
  const { diagnostics } = context
  const { flow } = context.file
  if (flow === undefined) return
  for (const { tool, facts, at } of [...statedTools(context), ...unstatedTools(context)]) {
    const states = (key: 'steers' | 'carries'): boolean =>
      Object.values(facts.args ?? {}).some((argument) => argument[key] !== undefined)
    if (flow.untrustedSteering !== undefined && facts.kind !== 'read' && !states('steers')) {
      const message = `the tool \`${shorten(tool, 128)}\` does not state which arguments steer it`
      diagnostics.warning(at, 'unstated-steering', message, {
        help: 'add `steers: true` to arguments that choose who, where or what, else `steers: false`',
      })
    }
    const leaves = facts.sink === 'external' || facts.sink === 'public'
    if (flow.secretsOut !== undefined && leaves && !states('carries')) {
      const message = `the tool \`${shorten(tool, 128)}\` does not state which arguments it sends out`
      diagnostics.warning(at, 'unstated-carrying', message, {
        help: 'add `carries: true` to arguments whose content leaves, else `carries: false`',
      })
    }
  }
}

interface Stating {
  readonly tool: string
  readonly facts: ToolFacts
  /** Where the policy names it. */
  readonly at: Name
}

function statedTools({ file, tools }: LintContext): readonly Stating[] {
  return (file.tools ?? []).map((entry) => {
    const tool = entry.name.text
    const facts = mergeFacts(tools.get(tool)?.facts ?? {}, factsOfEntry(entry))
    return { tool, facts, at: entry.name }
  })
}

/** Tools of the host that a rule permits and that no file names under `tools`. */
function unstatedTools({ file, tools, targets }: LintContext): Iterable<Stating> {
  const entries = new Set(entriesOf(file)?.map(({ name }) => name.text))
  const found = new Map<string, Stating>()
  for (const at of file.rules.flatMap((rule) => (rule.effect === 'deny' ? [] : rule.tools))) {
    for (const tool of targets(at)) {
      const given = entries.has(tool) || found.has(tool) ? undefined : tools.get(tool)
      if (given === undefined || given.annotations.readOnly) continue
      found.set(tool, { tool, facts: given.facts, at })
    }
  }
  return found.values()
}
