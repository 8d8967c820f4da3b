import { isObject } from '../../base/json.ts'
import { listAt, objectAt } from '../read.ts'

/** The choice that is read, and where it stands in its chunk. */
export interface FoundChoice {
  readonly choice: Record<string, unknown>
  readonly position: number
}

/** The choice with index 0; a missing index counts as 0. */
export function findChoice(choices: readonly unknown[]): FoundChoice | undefined {
  const position = choices.findIndex(isFirst)
  return position < 0
    ? undefined
    : { choice: choices[position] as Record<string, unknown>, position }
}

/**
 * True when not reading the other choices would lose tool calls, or when another one claims to be
 * the first. Only one choice is ever asked for; the text of others is a variant of no interest.
 */
export function losesCalls(choices: readonly unknown[], found: FoundChoice | undefined): boolean {
  if (choices.length === (found === undefined ? 0 : 1)) return false
  return choices.some(
    (other, position) =>
      position !== found?.position && isObject(other) && (isFirst(other) || hasCalls(other)),
  )
}

function isFirst(choice: unknown): boolean {
  return isObject(choice) && (choice['index'] ?? 0) === 0
}

function hasCalls(choice: Record<string, unknown>): boolean {
  return ['delta', 'message'].some((key) => {
    const holder = objectAt(choice, key) ?? {}
    return listAt(holder, 'tool_calls').length > 0 || isObject(holder['function_call'])
  })
}

/** The place in a chunk that tells of an error. */
export function errorOf(chunk: Record<string, unknown>): unknown {
  if (chunk['error'] != null || chunk['type'] === 'error' || chunk['object'] === 'error') {
    return chunk
  }
  const groq = objectAt(chunk, 'x_groq')
  return groq?.['error'] == null ? undefined : groq
}

/** The value of a JSON text; undefined for what is not JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
