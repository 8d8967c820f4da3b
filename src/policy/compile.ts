import { SallyportError } from '../base/errors.ts'
import { deepFreeze, isObject } from '../base/json.ts'
import type { ToolFacts } from '../protocol/facts.ts'
import { checkCatalog, floorsOf, pinnedTools, type Catalog } from './catalog.ts'
import { compileRoles } from './caller.ts'
import { positionOf } from './compiled-rule.ts'
import { decide, type Decider } from './decide.ts'
import { Diagnostics, throwAll } from './diagnostic.ts'
import type { PolicyFile } from './document.ts'
import {
  approvalsOf,
  auditArgumentsOf,
  entriesOf,
  filesOf,
  identityOf,
  layersOf,
  rolesOf,
} from './inherited.ts'
import { strictestOf } from './layers.ts'
import { compileLimits } from './limits.ts'
import { isToolName } from './names.ts'
import type { Policy, PolicyTool } from './policy.ts'
import { RuleTable } from './rule-table.ts'

export type { Policy, PolicyTool }

export interface CompileOptions {
  /** The tools the host offers; together with `tools` of the file they are the catalogue. */
  readonly tools?: readonly PolicyTool[]
}

const noFacts = Object.freeze({})

/**
 * Makes a policy that can decide. With a catalogue (a `tools` section or the option), tool names
 * that do not exist, globs that match nothing and arguments a tool does not have are errors, and a
 * call of a tool outside of the catalogue is denied as `unknown_tool`. Without one nothing of
 * this can be told, and is not checked.
 *
 * A parent with rules is a layer with a catalogue and roles of its own; the strictest layer wins.
 *
 * Throws `bad-policy` as `readPolicy` does, and `bad-option` for what is no policy file and when two
 * tools have one name.
 *
 * @example
 * ```ts
 * const text = 'sallyport: 1\nname: desk\nrules: [{ id: look, allow: [look] }]'
 * const { decide } = compilePolicy(readPolicy(text, { file: 'desk.yaml' }))
 * const principal = { subject: 'ada', roles: [], scopes: [] }
 * const [now, at] = [Date.now(), new Date().toISOString()]
 * const { effect } = decide({ tool: 'look', args: {}, principal, now, at })
 * ```
 */
export function compilePolicy(file: PolicyFile, { tools }: CompileOptions = {}): Policy {
  if (!isObject(file) || !Array.isArray(file['parents'])) {
    throw new SallyportError('bad-option', '`file` is not a policy file', {
      help: 'pass what `readPolicy` gives, or the `file` of a loaded policy',
    })
  }
  const files = layersOf(file)
  const catalogs = files.map((layer) => checkedCatalog(layer, tools))
  throwAll(catalogs.map(({ diagnostics }) => diagnostics))
  // facts of all files hold in every layer: they only restrict
  const facts = (tool: string): ToolFacts => catalogs[0]!.catalog?.get(tool)?.facts ?? noFacts
  const timeouts = timeoutsOf(file)
  const layers = files.map((layer, index) =>
    compileLayer(layer, { ...catalogs[index]!, tools, facts, timeouts }),
  )
  return layers.length === 1 ? layers[0]! : combine(file, layers)
}

function checkedCatalog(
  file: PolicyFile,
  tools: readonly PolicyTool[] | undefined,
): { readonly catalog: Catalog | undefined; readonly diagnostics: Diagnostics } {
  const diagnostics = new Diagnostics(file.source)
  return { catalog: checkCatalog(file, tools, diagnostics), diagnostics }
}

interface Surroundings {
  readonly tools: readonly PolicyTool[] | undefined
  readonly catalog: Catalog | undefined
  readonly diagnostics: Diagnostics
  readonly facts: Policy['factsOf']
  readonly timeouts: ReadonlyMap<string, number>
}

/** One file with everything it sees; the whole policy unless a parent has rules as well. */
function compileLayer(file: PolicyFile, around: Surroundings): Policy {
  const { tools, catalog, diagnostics, facts, timeouts } = around
  const roles = rolesOf(file)
  const effective = compileRoles(roles)
  const { file: name, line, column } = positionOf(file.rulesAt, file.source)
  const pins = pinnedTools(entriesOf(file), tools)
  const decider: Decider = {
    policy: Object.freeze({ digest: file.digest, name: file.name }),
    table: new RuleTable(file.rules, file.source, effective, `${name}:${line}:${column}`),
    hasTool: (tool) => (catalog === undefined ? isToolName(tool) : catalog.has(tool)),
    pins,
    floors: floorsOf(catalog),
  }
  const layers: Policy[] = []
  const policy: Policy = {
    name: file.name,
    digest: file.digest,
    mode: file.mode,
    file: file.source.file,
    document: file,
    layers,
    identity: deepFreeze(identityOf(file)),
    roles: roles.map((role) => role.name.text),
    limits: compileLimits(file.limits, effective, file.source),
    approvals: approvalsOf(file),
    auditArguments: auditArgumentsOf(file),
    tests: file.tests,
    warnings: [...filesOf([file]).flatMap(({ warnings }) => warnings), ...diagnostics.all()],
    decide: (request) => decide(decider, request),
    effective,
    factsOf: facts,
    timeoutOf: (tool) => timeouts.get(tool),
    hasTool: decider.hasTool,
    pins,
  }
  layers.push(policy)
  return Object.freeze(policy)
}

/** The policy of a file and its parents with rules: `layers[0]` is the file by itself. */
function combine(file: PolicyFile, layers: readonly Policy[]): Policy {
  const own = layers[0]!
  const policy = Object.freeze({ digest: file.digest, name: file.name })
  return Object.freeze({
    ...own,
    layers,
    mode: layers.every(({ mode }) => mode === 'shadow') ? 'shadow' : 'enforce',
    warnings: [...new Set(layers.flatMap(({ warnings }) => warnings))],
    limits: layers.flatMap(({ limits }) => limits).toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    decide: (request) =>
      strictestOf(
        layers.map((layer) => layer.decide(request)),
        policy,
      ),
    hasTool: (name) => layers.every((layer) => layer.hasTool(name)),
  } satisfies Policy)
}

function timeoutsOf(file: PolicyFile): ReadonlyMap<string, number> {
  const stated = entriesOf(file) ?? []
  return new Map(
    stated.flatMap(({ name, timeoutMs }) =>
      timeoutMs === undefined ? [] : [[name.text, timeoutMs] as const],
    ),
  )
}
