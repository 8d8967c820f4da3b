import { isObject, pointerOf, type JsonObject, type JsonValue } from '../base/json.ts'
import { compilePattern } from '../policy/pattern.ts'
import type { Tool } from '../tools/tool.ts'
import type { ConfigObject, Note } from './security-config.ts'

/**
 * Forbidden texts and patterns as deny rules over the text arguments of the tools, one for each
 * argument. They were looked for in the JSON of all arguments, which no rule does.
 */
export function convertDangers(
  config: ConfigObject,
  tools: readonly Tool[] | undefined,
  note: Note,
): readonly JsonObject[] {
  const dangers = config.object('dangerousArguments')
  if (dangers === undefined) return []
  const shadow = dangers.boolean('auditOnlyMode', 'auditOnly') === true ? { shadow: true } : {}
  const values = dangers.texts('blockedValues') ?? []
  const patterns = [
    ...(dangers.texts('globalPatterns', 'patterns') ?? []),
    ...(dangers.texts('extendablePatterns') ?? []),
  ]
  const ofTools = new Map(dangers.named('toolSpecificPatterns', 'toolPatterns'))
  dangers.finish()
  if (tools === undefined) {
    note(
      'forbidden texts and patterns are not converted: give --tools, so that arguments are known',
    )
    return []
  }
  note('forbidden texts are looked for in text arguments only, not in members inside of others')
  return tools.flatMap((tool, index) => {
    const own = ofTools.get(tool.name) ?? []
    const all = [...patterns, ...textsIn(own)]
    const tests = [
      ...values.map((value): JsonObject => ({ contains: value })),
      ...all.map((source) => patternTest(source, note)),
    ]
    if (tests.length === 0) return []
    return textArguments(tool).map((name, at) => ({
      id: `danger-${index + 1}-${at + 1}`,
      deny: [tool.name],
      args: { [name]: tests.length === 1 ? tests[0]! : { anyOf: tests } },
      ...shadow,
    }))
  })
}

function textsIn(value: JsonValue): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

/** A pattern that cannot run was looked for as it is written, and still is. */
function patternTest(source: string, note: Note): JsonObject {
  const result = compilePattern(`(?i)${source}`)
  if (result.ok) return { containsMatch: `(?i)${source}` }
  note(
    `the pattern ${JSON.stringify(source)} cannot run (${result.message}): taken as a plain text`,
  )
  return { contains: source }
}

function textArguments({ input }: Tool): readonly string[] {
  const members = input['properties']
  if (!isObject(members)) return []
  return Object.entries(members)
    .filter(([, schema]) => isObject(schema) && (schema['type'] ?? 'string') === 'string')
    .map(([name]) => (name.startsWith('/') ? pointerOf([name]) : name))
}
