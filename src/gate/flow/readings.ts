import type { JsonValue } from '../../base/json.ts'
import type { PolicyFile } from '../../policy/document.ts'
import { compileGlobs } from '../../policy/glob.ts'
import { entriesOf } from '../../policy/inherited.ts'
import type { ToolFacts } from '../../protocol/facts.ts'
import { structureOf } from './structured.ts'

/** How results that are texts are read. */
export interface Readings {
  /** The value itself or the data in it, and ids that stand in lines of their own. */
  read(
    tool: string,
    value: JsonValue,
    facts: ToolFacts,
  ): { readonly read: JsonValue; readonly ids: readonly string[] }
}

/** Lines of a listing that are looked at. */
const maxLines = 10_000

/**
 * The text of a tool is read as data where the policy speaks of its fields or of ids in it; JSON
 * also elsewhere, which changes no label but tells fields apart. A listing that is a text has an id
 * in each line, behind a bullet or a title with a colon.
 */
export function readsFrom(document: PolicyFile): Readings {
  const isListed = compileGlobs(
    (entriesOf(document) ?? []).flatMap(({ args }) =>
      args.flatMap(({ value }) => value.idsFrom ?? []),
    ),
  )
  return {
    read(tool, value, facts) {
      if (typeof value !== 'string') return { read: value, ids: [] }
      const isListing = isListed(tool)
      const isDeclared = isListing || facts.fields !== undefined
      const data = isDeclared || /^\s*[[{]/.test(value) ? structureOf(value) : undefined
      return { read: data ?? value, ids: isListing ? idsInLines(value) : [] }
    },
  }
}

function idsInLines(text: string): readonly string[] {
  return text
    .split('\n', maxLines)
    .map((line) => line.trim().replace(/^(?:[-*•]|\d{1,4}[.)]) +/, ''))
    .flatMap((line) => [line, line.slice(line.indexOf(': ') + 1).trim()])
    .filter((id) => id !== '')
}
