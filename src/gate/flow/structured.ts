import { createRequire } from 'node:module'
import { isObject, parseJson, type JsonValue } from '../../base/json.ts'
import type * as Yaml from 'yaml'

/** Longest text that is read as a YAML document, and brackets and bullets in it. */
const maxYamlLength = 128 * 1024
const maxMarks = 20_000

let library: typeof Yaml | undefined

/**
 * The data in a result that is a text: JSON, as servers of the Model Context Protocol send it, or
 * a YAML document. Undefined for any other text, which is labelled whole. For tools whose fields
 * have labels of their own only: who declares them says that the tool writes this structure, with
 * the text of others quoted inside it.
 */
export function structureOf(text: string): JsonValue | undefined {
  const json = parseJson(text)
  const value = json.ok ? json.value : fromYaml(text)
  return isObject(value) || Array.isArray(value) ? value : undefined
}

function fromYaml(text: string): JsonValue | undefined {
  if (text.length > maxYamlLength || nests(text)) return undefined
  library ??= createRequire(import.meta.url)('yaml') as typeof Yaml
  try {
    const options = {
      maxAliasCount: 0,
      uniqueKeys: true,
      logLevel: 'error',
      schema: 'core',
    } as const
    const parsed: unknown = library.parse(text, options)
    const again = parseJson(JSON.stringify(parsed) ?? '')
    return again.ok ? again.value : undefined
  } catch {
    return undefined
  }
}

/** Whether brackets or bullets nest deeper than data does; a reader would be slow on thousands. */
function nests(text: string): boolean {
  let open = 0
  let marks = 0
  for (const [mark] of text.matchAll(/[[\]{}]|[-?:] (?=[-?:] )/g)) {
    marks++
    if (mark === '[' || mark === '{') open++
    else if (mark === ']' || mark === '}') open = Math.max(0, open - 1)
    if (open > 32 || marks > maxMarks) return true
  }
  return /(?:[-?:] ){32}/.test(text)
}
