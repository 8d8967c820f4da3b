import type { JsonValue } from '../../base/json.ts'
import type { PolicyFile } from '../../policy/document.ts'
import { compileGlob } from '../../policy/glob.ts'
import { entriesOf } from '../../policy/inherited.ts'
import type { ToolFacts } from '../../protocol/facts.ts'
import { structureOf } from './structured.ts'

/** How results that are texts are read. */
export interface Readings {
  /** The value itself, or the data in it. */
  structure(tool: string, value: JsonValue, facts: ToolFacts): JsonValue
}

/**
 * The text of a tool is read as data where the policy speaks of its fields or of ids in it; JSON
 * also elsewhere, which changes no label but tells fields apart.
 */
export function readsFrom(document: PolicyFile): Readings {
  const listings = (entriesOf(document) ?? [])
    .flatMap(({ args }) => args.flatMap(({ value }) => value.idsFrom ?? []))
    .map(compileGlob)
  return {
    structure(tool, value, facts) {
      if (typeof value !== 'string') return value
      const isDeclared = facts.fields !== undefined || listings.some((matches) => matches(tool))
      if (!isDeclared && !/^\s*[[{]/.test(value)) return value
      return structureOf(value) ?? value
    },
  }
}
