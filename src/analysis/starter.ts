import type { ToolKind } from '../protocol/facts.ts'
import type { Tool } from '../tools/tool.ts'
import { formatPolicy } from './format.ts'
import { schemaLine } from './write-policy.ts'

interface StartingTool {
  /** As it is written in the policy. */
  readonly name: string
  readonly kind: ToolKind
}

const examples: readonly StartingTool[] = [
  { name: 'search_docs', kind: 'read' },
  { name: 'send_message', kind: 'write' },
]

/**
 * A policy to begin with, as text: reading runs, everything else asks. With tools it is about them,
 * by what their definitions say; without, about two that stand for yours.
 */
export function starterPolicy(tools?: readonly Tool[]): string {
  const given = (tools ?? []).map((tool) => ({ name: written(tool.name), kind: kindOf(tool) }))
  const all = given.length === 0 ? examples : given
  const named = (isRead: boolean): readonly string[] =>
    all.filter(({ kind }) => (kind === 'read') === isRead).map(({ name }) => name)
  const groups = [
    group('read', 'allow', named(true), 'Reading runs.'),
    group('change', 'ask', named(false), 'What changes something is put to a person.'),
  ]
  const text = [
    head,
    `tools:\n${all.map(({ name, kind }) => `  ${name}: { kind: ${kind} }`).join('\n')}\n`,
    `rules:\n${groups.map(({ rule }) => rule).join('')}`,
    tail,
    ...groups.map(({ test }) => test),
  ].join('\n')
  return formatPolicy(text, 'policy')
}

/** A name as YAML: in quotes where it would be read as something else, such as `null`. */
function written(name: string): string {
  const isPlain = /^(?!(?:null|true|false)$)[a-z][a-z0-9_.-]*$/i.test(name)
  return isPlain ? name : JSON.stringify(name)
}

function kindOf({ annotations, facts }: Tool): ToolKind {
  if (facts.kind !== undefined) return facts.kind
  if (annotations.readOnly) return 'read'
  return annotations.destructive ? 'destructive' : 'write'
}

const head = `#${schemaLine}
#
# What no rule allows is denied; a deny beats an ask, an ask beats an allow, and order means
# nothing. Change this file, then: sallyport check FILE && sallyport test FILE
# Whole policies to look at or to begin with lie in the folder \`policies\` of the package.

sallyport: 1
name: my-agent
description: Reading runs, changes are put to a person.

# Who may call. Here: whoever starts the program, without a token. For callers with tokens write
# \`jwt\` with the issuer, its keys and the audience instead.
identity: { anonymous: role, anonymousRole: user }
roles: { user: {} }

# Every tool there is, and what it does. A name that is not here is an error in a rule.`

const tail = `# At most this many calls in one session, whatever they are.
limits:
  - { id: calls, tools: ['**'], per: session, max: 100, over: deny }

# A question that nobody answers in time is a no. The one who runs the agent may say yes.
approvals: { ttl: 15m, selfApproval: true }

# What has to stay true; \`sallyport test --mutate\` tells which rules no test holds.
tests:`

interface Group {
  readonly rule: string
  readonly test: string
}

function group(
  id: string,
  effect: 'allow' | 'ask',
  tools: readonly string[],
  comment: string,
): Group {
  const [first] = tools
  if (first === undefined) return { rule: '', test: '' }
  const stranger = 'as: { subject: somebody without the role }'
  return {
    rule: `  # ${comment}\n  - id: ${id}\n    ${effect}: [${tools.join(', ')}]\n    who: { roles: [user] }\n`,
    test: [
      ...tools.map(
        (tool, index) =>
          `  - { name: ${id} ${index + 1}, ${callOf(tool)}, expect: ${effect}, by: ${id} }`,
      ),
      `  - { name: no ${id} for others, ${stranger}, ${callOf(first)}, expect: deny, by: default }`,
    ].join('\n'),
  }
}

function callOf(tool: string): string {
  return `call: { tool: ${tool}, args: {} }`
}
