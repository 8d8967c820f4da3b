import { deepFreeze } from '../base/json.ts'
import { buildCatalog, changedTools, checkAgainst, floorsOf } from './catalog.ts'
import { compileRoles } from './caller.ts'
import { compileRules, positionOf } from './compiled-rule.ts'
import { decide, type Decider } from './decide.ts'
import { Diagnostics } from './diagnostic.ts'
import type { PolicyFile } from './document.ts'
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
 * Throws `bad-policy` as `readPolicy` does, and `bad-option` when two tools have one name.
 */
export function compilePolicy(file: PolicyFile, { tools }: CompileOptions = {}): Policy {
  const catalog = buildCatalog(file, tools)
  const diagnostics = new Diagnostics(file.source)
  if (catalog !== undefined) checkAgainst(catalog, file, diagnostics)
  diagnostics.throwErrors()

  const effective = compileRoles(file.roles)
  const rules = compileRules(file.rules, file.source)
  const { file: name, line, column } = positionOf(file.rulesAt, file.source)
  const decider: Decider = {
    policy: Object.freeze({ digest: file.digest, name: file.name }),
    table: new RuleTable(rules, effective),
    place: `${name}:${line}:${column}`,
    hasTool: (tool) => (catalog === undefined ? isToolName(tool) : catalog.has(tool)),
    changed: changedTools(file, tools),
    floors: floorsOf(catalog),
  }
  return Object.freeze({
    name: file.name,
    digest: file.digest,
    mode: file.mode,
    file: file.source.file,
    document: file,
    identity: deepFreeze(file.identity),
    roles: file.roles.map((role) => role.name.text),
    limits: compileLimits(file.limits, effective, file.source),
    approvals: file.approvals,
    tests: file.tests,
    warnings: file.warnings,
    decide: (request) => decide(decider, request),
    effective,
    factsOf: (tool) => catalog?.get(tool)?.facts ?? noFacts,
    hasTool: decider.hasTool,
  } satisfies Policy)
}
