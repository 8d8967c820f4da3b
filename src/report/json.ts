import { visibleJson } from '../base/text.ts'
import type { Report } from './report.ts'

/**
 * `report.json`: members sorted, indented by two spaces, newline at the end. Equal reports give
 * equal bytes, whether folded while the run went on or from its journal. Invisible characters are
 * escaped, since the text may be read in a terminal.
 */
export function renderJson(report: Report): string {
  return `${visibleJson(prettyJson(report))}\n`
}

/** JSON for people: members sorted, indented by two spaces. */
export function prettyJson(value: unknown): string {
  return JSON.stringify(sorted(value), null, 2)
}

/** JSON on one line, members sorted. */
export function compactJson(value: unknown): string {
  return JSON.stringify(sorted(value))
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sorted)
  const keys = Object.keys(value).toSorted()
  // fromEntries defines own members, so that a key such as `__proto__` stays a member
  return Object.fromEntries(
    keys.map((key) => [key, sorted((value as Record<string, unknown>)[key])]),
  )
}
