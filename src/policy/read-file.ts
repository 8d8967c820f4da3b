import { digestJson } from '../base/digest.ts'
import { checkFile } from './check.ts'
import type { Diagnostics } from './diagnostic.ts'
import type { Approvals, PolicyFile, Role } from './document.ts'
import { checkIdKey, duration, id, namedId, sentence } from './names.ts'
import { readToolEntries } from './read-facts.ts'
import { readFlow, readSequence } from './read-flow.ts'
import { noGuards, readGuards } from './read-guards.ts'
import { noIdentity, readIdentity } from './read-identity.ts'
import { readLimit, readRule } from './read-rules.ts'
import { readOutputRule } from './read-output.ts'
import { readTest } from './read-tests.ts'
import { boolean, listOf, mapping, named, numberOf, oneOf, recordOf, textOf } from './shape.ts'
import { mapToJson, type Node } from './tree.ts'
import { fillVariables } from './variables.ts'

/** How long an approval waits when the policy does not say. */
const defaultTtlMs = 15 * 60_000

/** Same folder or below: a policy never reaches out of its tree, and never over the network. */
const parentPath = named(
  textOf({
    what: 'a parent file',
    pattern: /^\.\/(?!(.*\/)?\.\.?\/)[A-Za-z0-9_./-]+\.(ya?ml|json)$/,
    help: 'write a path such as `./roles.yaml` in this folder or below it, without `..`',
  }),
)

const fileFields = mapping(
  'a policy',
  {},
  {
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
      { notEvaluated: ['maxPending'] },
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
  },
  {
    needed: ['sallyport', 'name', 'rules'],
    notEvaluated: ['extends', 'vars', 'flow', 'guards', 'output', 'audit'],
  },
)

/** The root of a policy file, and what can be told about the file as a whole. */
export function readFile(
  root: Node,
  diagnostics: Diagnostics,
  variables: Readonly<Record<string, string>>,
): Omit<PolicyFile, 'warnings'> | undefined {
  const fields = fileFields(root, diagnostics)
  if (fields === undefined || root.kind !== 'map') return undefined
  const own = (fields.vars ?? []).map(({ name, value }) => [name.text, value] as const)
  const values = new Map([...own, ...Object.entries(variables)])
  const {
    name = '',
    description,
    mode = 'enforce',
    rules = [],
    limits = [],
    approvals,
    tests = [],
  } = fields
  const who = fields.identity ?? noIdentity
  const policy = {
    source: diagnostics.source,
    name,
    ...(description === undefined ? {} : { description }),
    mode,
    identity: who.configuration,
    roles: (fields.roles ?? []).map(({ name: role, value: { inherits = [], scopes } }): Role => ({
      name: role,
      inherits,
      ...(scopes === undefined ? {} : { scopes }),
    })),
    tools: fields.tools,
    extends: fields.extends ?? [],
    rules,
    hasRules: root.entries.has('rules'),
    rulesAt: root.entries.get('rules')?.key ?? root,
    flow: fields.flow,
    sequences: fields.sequences ?? [],
    limits,
    guards: fillVariables(fields.guards ?? noGuards, values, diagnostics),
    output: fields.output ?? [],
    auditArguments: fields.audit?.args ?? 'redacted',
    approvals: {
      ttlMs: approvals?.ttl ?? defaultTtlMs,
      selfApproval: approvals?.selfApproval ?? false,
      ...(approvals?.maxPending === undefined ? {} : { maxPending: approvals.maxPending }),
    } satisfies Approvals,
    tests,
  }
  checkFile(policy, who.roles, diagnostics)
  const json = mapToJson(root, 'tests')
  const filled =
    own.length === 0 && values.size === 0 ? json : { ...json, vars: Object.fromEntries(values) }
  return { ...policy, digest: digestJson(filled) }
}
