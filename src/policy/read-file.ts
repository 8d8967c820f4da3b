import { digestJson } from '../base/digest.ts'
import { checkFile } from './check.ts'
import type { Approvals, PolicyFile, Role, ToolFacts } from './document.ts'
import { checkIdKey, checkToolKey, duration, id, namedId, sentence } from './names.ts'
import { noIdentity, readIdentity } from './read-identity.ts'
import { readLimit, readRule } from './read-rules.ts'
import { readTest } from './read-tests.ts'
import { boolean, listOf, mapping, oneOf, recordOf, textOf, type Read } from './shape.ts'
import { mapToJson } from './tree.ts'

/** How long an approval waits when the policy does not say. */
const defaultTtlMs = 15 * 60_000

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
    tools: recordOf(
      '`tools`',
      checkToolKey,
      mapping(
        'a tool',
        { kind: oneOf('`kind`', ['read', 'write', 'destructive', 'exec', 'network']) },
        {},
        { notEvaluated: ['sink', 'pin', 'output', 'fields', 'args', 'timeout'] },
      ),
      { minimum: 1 },
    ),
    limits: listOf('`limits`', readLimit, { minimum: 0 }),
    approvals: mapping(
      '`approvals`',
      {},
      { ttl: duration, selfApproval: boolean, onTimeout: oneOf('`onTimeout`', ['deny']) },
      { notEvaluated: ['maxPending'] },
    ),
    tests: listOf('`tests`', readTest, { minimum: 0 }),
  },
  {
    needed: ['sallyport', 'name', 'rules'],
    notEvaluated: ['extends', 'vars', 'flow', 'sequences', 'guards', 'output', 'audit'],
  },
)

/** The root of a policy file, and what can be told about the file as a whole. */
export const readFile: Read<Omit<PolicyFile, 'warnings'>> = (root, diagnostics) => {
  const fields = fileFields(root, diagnostics)
  if (fields === undefined || root.kind !== 'map') return undefined
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
    tools: fields.tools?.map((entry): ToolFacts => ({ name: entry.name, kind: entry.value.kind })),
    rules,
    rulesAt: root.entries.get('rules')?.key ?? root,
    limits,
    approvals: {
      ttlMs: approvals?.ttl ?? defaultTtlMs,
      selfApproval: approvals?.selfApproval ?? false,
    } satisfies Approvals,
    tests,
  }
  checkFile(policy, who.roles, diagnostics)
  return { ...policy, digest: digestJson(mapToJson(root, 'tests')) }
}
