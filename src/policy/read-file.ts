import { checkFile } from './check.ts'
import { Diagnostics } from './diagnostic.ts'
import type { PolicyFile, Role, Variable } from './document.ts'
import { expiringRules, warnOfExpiry, warnOfShadow } from './expiry.ts'
import { checkIdKey, duration, id, namedId, sentence } from './names.ts'
import { readToolEntries } from './read-facts.ts'
import { checkParents } from './parents.ts'
import { filesOf } from './inherited.ts'
import { readFlow, readSequence } from './read-flow.ts'
import { noGuards, readGuards } from './read-guards.ts'
import { noIdentity, readIdentity } from './read-identity.ts'
import { readLimit, readRule } from './read-rules.ts'
import { readOutputRule } from './read-output.ts'
import { readTest } from './read-tests.ts'
import { boolean, listOf, mapping, numberOf, oneOf, recordOf, type Name } from './shape.ts'
import { named, textOf } from './texts.ts'
import type { Source, Span } from './source.ts'
import { digestTree } from './tree-digest.ts'
import { Entries, type MapNode, type Node } from './tree.ts'
import { fillVariables } from './variables.ts'

/** Same folder or below: a policy never reaches out of its tree, and never over the network. */
const parentPath = named(
  textOf({
    what: 'a parent file',
    pattern: /^\.\/(?!(.*\/)?\.\.?\/)[A-Za-z0-9_./-]+\.(ya?ml|json)$/,
    help: 'write a path such as `./roles.yaml` in this folder or below it, without `..`',
  }),
)

const fields = {
  sallyport: oneOf('the format version', [1]),
  name: textOf({
    what: 'a policy name',
    pattern: /^[a-z0-9][a-z0-9.-]{0,62}$/,
    help: 'use 1 to 63 of the characters a-z 0-9 . - and begin with a letter or a digit',
  }),
  rules: listOf('`rules`', readRule, { minimum: 0 }),
  $schema: sentence,
  description: sentence,
  extends: listOf('`extends`', parentPath, { maximum: 8 }),
  vars: recordOf('`vars`', checkIdKey, textOf({ what: 'the value', maxLength: 4096 })),
  mode: oneOf('`mode`', ['enforce', 'shadow']),
  identity: readIdentity,
  roles: recordOf(
    '`roles`',
    checkIdKey,
    mapping(
      'a role',
      {},
      {
        inherits: listOf('`inherits`', namedId, { minimum: 0 }),
        scopes: listOf('`scopes`', id, { minimum: 0 }),
      },
    ),
  ),
  tools: readToolEntries,
  flow: readFlow,
  sequences: listOf('`sequences`', readSequence, { minimum: 0 }),
  guards: readGuards,
  output: listOf('`output`', readOutputRule, { minimum: 0 }),
  limits: listOf('`limits`', readLimit, { minimum: 0 }),
  approvals: mapping(
    '`approvals`',
    {},
    {
      ttl: duration,
      selfApproval: boolean,
      onTimeout: oneOf('`onTimeout`', ['deny']),
      maxPending: numberOf('`maxPending`', { integer: true, minimum: 1 }),
    },
  ),
  audit: mapping(
    '`audit`',
    {},
    {
      args: oneOf('`args`', ['hash', 'redacted', 'full']),
      onFailure: oneOf('`onFailure`', ['deny']),
    },
  ),
  tests: listOf('`tests`', readTest, { minimum: 0 }),
}

const needed = ['sallyport', 'name']
const readMain = mapping('a policy', {}, fields, { needed: [...needed, 'rules'] })
const readParent = mapping('a policy', {}, fields, { needed })

/** What a file without rules cannot say: nobody would evaluate it. */
const ruleKeys = ['mode', 'flow', 'sequences', 'guards', 'output', 'limits', 'tests']

export interface FileContext {
  /** Values of the host; they win over `vars`. */
  readonly variables: Readonly<Record<string, string>>
  /** What `extends` names, in its order. */
  readonly parents: readonly PolicyFile[]
  /** As a parent a file may leave out `rules`. */
  readonly asParent: boolean
  /** Milliseconds since the epoch; undefined leaves out warnings about times. */
  readonly now: number | undefined
}

/** The paths below `extends` that are usable; what is wrong with others is found by `readFile`. */
export function readExtends(root: Node, source: Source): readonly Name[] {
  const entry = root.kind === 'map' ? root.entries.get('extends') : undefined
  return entry === undefined ? [] : (fields.extends(entry.value, new Diagnostics(source)) ?? [])
}

/** The root of a policy file, and what can be told about the file as a whole. */
export function readFile(
  root: Node,
  diagnostics: Diagnostics,
  { variables, parents, asParent, now }: FileContext,
): Omit<PolicyFile, 'warnings'> | undefined {
  const read = (asParent ? readParent : readMain)(root, diagnostics)
  if (read === undefined || root.kind !== 'map') return undefined
  const hasRules = root.entries.has('rules')
  if (!hasRules && asParent) refuseRuleKeys(root, diagnostics)
  const values = valuesOf(read.vars ?? [], parents, variables)
  const {
    name = '',
    description,
    mode = 'enforce',
    rules = [],
    limits = [],
    approvals,
    tests = [],
  } = read
  const who = read.identity ?? noIdentity
  const policy = {
    source: diagnostics.source,
    name,
    ...(description === undefined ? {} : { description }),
    mode,
    identity: who.configuration,
    identityAt: keyOf(root, 'identity'),
    roles: (read.roles ?? []).map(({ name: role, value: { inherits = [], scopes } }): Role => ({
      name: role,
      inherits,
      ...(scopes === undefined ? {} : { scopes }),
    })),
    tools: read.tools,
    extends: read.extends ?? [],
    parents,
    variables: read.vars ?? [],
    rules,
    hasRules,
    rulesAt: keyOf(root, 'rules') ?? { start: root.start, end: root.end },
    flow: read.flow,
    sequences: read.sequences ?? [],
    limits,
    guards: fillVariables(read.guards ?? noGuards, values, diagnostics),
    output: read.output ?? [],
    auditArguments: read.audit?.args,
    approvals: {
      ...(approvals?.ttl === undefined ? {} : { ttlMs: approvals.ttl }),
      ...(approvals?.selfApproval === undefined ? {} : { selfApproval: approvals.selfApproval }),
      ...(approvals?.maxPending === undefined ? {} : { maxPending: approvals.maxPending }),
    },
    tests,
  }
  checkParents(policy, diagnostics)
  checkFile(policy, who.roles, diagnostics)
  warnOfShadow(rules, diagnostics)
  if (now !== undefined) {
    warnOfExpiry([...expiringRules(rules), ...who.expiring], now, diagnostics)
  }
  return { ...policy, digest: digestOf(root, values, parents) }
}

/** A copy: what has an entry has all that is below it. */
function keyOf(root: MapNode, name: string): Span | undefined {
  const entry = root.entries.get(name)
  return entry === undefined ? undefined : { start: entry.start, end: entry.end }
}

function refuseRuleKeys(root: MapNode, diagnostics: Diagnostics): void {
  for (const key of ruleKeys) {
    const entry = root.entries.get(key)
    if (entry === undefined) continue
    const message = `\`${key}\` means nothing in a parent without \`rules\``
    diagnostics.error(entry, 'not-evaluated', message, {
      help: 'move it to a file with rules; a parent without them only defines roles, tools, variables, callers, approvals and what records keep',
    })
  }
}

/** The host wins over the file, and nobody over a parent: a second definition is an error. */
function valuesOf(
  own: readonly Variable[],
  parents: readonly PolicyFile[],
  variables: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> {
  const stated = [...filesOf(parents).flatMap((file) => file.variables), ...own]
  return new Map([
    ...stated.map(({ name, value }) => [name.text, value] as const),
    ...Object.entries(variables),
  ])
}

/** Of the file without its tests, with the variables that are in force, and of its parents. */
function digestOf(
  root: MapNode,
  values: ReadonlyMap<string, string>,
  parents: readonly PolicyFile[],
): string {
  const members = new Map([...root.entries].map(({ name, value }) => [name, value] as const))
  members.delete('tests')
  const variables = [...values].map(([name, value]) => [name, made(value)] as const)
  if (variables.length > 0) members.set('vars', madeOf(new Map(variables)))
  const policy = madeOf(members)
  if (parents.length === 0) return digestTree(policy)
  const items = parents.map(({ digest }) => made(digest))
  const list: Node = { kind: 'list', items, ...nowhere }
  return digestTree(
    madeOf(
      new Map<string, Node>([
        ['policy', policy],
        ['parents', list],
      ]),
    ),
  )
}

const nowhere: Span = { start: 0, end: 0 }

function made(value: string): Node {
  return { kind: 'scalar', value, ...nowhere }
}

function madeOf(members: ReadonlyMap<string, Node>): Node {
  const entries = new Entries()
  for (const [name, value] of members) entries.add(name, value, nowhere)
  return { kind: 'map', entries, ...nowhere }
}
