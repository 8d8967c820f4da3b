import { blocked } from '../../base/json-path.ts'
import { pointerOf, type JsonObject } from '../../base/json.ts'
import { shorten } from '../../base/text.ts'
import { findValues, scalarsOf } from './values.ts'

/** Values of one argument that are looked at; a call with more is refused. */
const maxValues = 1000

type Look<Value> = (found: {
  readonly pointer: string
  readonly value: Value
}) => string | undefined

/** The first problem with a text at the path, or below it; other scalars are one. */
export function eachText(
  args: JsonObject,
  path: readonly string[],
  look: Look<string>,
): string | undefined {
  return eachValue(args, path, (found) => {
    let count = 0
    for (const { pointer, value } of scalarsOf(found)) {
      if (typeof value !== 'string') return said(pointer, 'is not a text')
      if (++count > maxValues) return said(pointer, `is one of more than ${maxValues} values`)
      const problem = look({ pointer, value })
      if (problem !== undefined) return problem
    }
    return undefined
  })
}

/** The first problem with a value at the path. */
export function eachValue(
  args: JsonObject,
  path: readonly string[],
  look: Look<JsonObject[string]>,
): string | undefined {
  const found = findValues(args, path)
  if (found === blocked) return said(pointerOf(path), 'is not where the guard looks for it')
  if (found.length > maxValues) return said(pointerOf(path), `has more than ${maxValues} values`)
  for (const one of found) {
    const problem = look(one)
    if (problem !== undefined) return problem
  }
  return undefined
}

export function said(pointer: string, problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : `\`${shorten(pointer, 128)}\` ${problem}`
}
