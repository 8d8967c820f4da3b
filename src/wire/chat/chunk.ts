import { isObject } from '../../base/json.ts'
import { hasError, listAt, objectAt } from '../read.ts'

/** The choice that is read, and where it stands in its chunk. */
export interface FoundChoice {
  readonly choice: Record<string, unknown>
  readonly position: number
}

/**
 * The choice with index 0; a missing index counts as 0. In a whole answer, which can hold no more
 * than it shows, the only choice is the one.
 */
export function findChoice(choices: readonly unknown[], isWhole: boolean): FoundChoice | undefined {
  const isOnly = isWhole && choices.length === 1 && isObject(choices[0])
  const position = isOnly ? 0 : choices.findIndex(isFirst)
  return position < 0
    ? undefined
    : { choice: choices[position] as Record<string, unknown>, position }
}

/** True when another choice claims to be the first. */
export function hasTwoFirst(choices: readonly unknown[], found: FoundChoice | undefined): boolean {
  if (choices.length < 2) return false
  return choices.some((other, position) => position !== found?.position && isFirst(other))
}

/**
 * True when a choice that is not read has tool calls. Only one choice is ever asked for: beside
 * calls of the first one those of others are a variant of no interest, without any they are lost.
 */
export function hasCallsElsewhere(
  choices: readonly unknown[],
  found: FoundChoice | undefined,
): boolean {
  if (choices.length === (found === undefined ? 0 : 1)) return false
  return choices.some(
    (other, position) => position !== found?.position && isObject(other) && hasCalls(other),
  )
}

function isFirst(choice: unknown): boolean {
  return isObject(choice) && [undefined, null, 0, '0'].includes(choice['index'] as never)
}

function hasCalls(choice: Record<string, unknown>): boolean {
  return ['delta', 'message'].some((key) => {
    const holder = objectAt(choice, key) ?? {}
    return listAt(holder, 'tool_calls').length > 0 || isObject(holder['function_call'])
  })
}

/** The place in a chunk that tells of an error. */
export function errorOf(chunk: Record<string, unknown>): unknown {
  if (hasError(chunk) || chunk['type'] === 'error' || chunk['object'] === 'error') {
    return chunk
  }
  const groq = objectAt(chunk, 'x_groq')
  return groq !== undefined && hasError(groq) ? groq : undefined
}

/**
 * Whose members are read. Endpoints that do not stream what they were asked to may send the message
 * as a whole: it counts when it comes with its end, and the answer was silent before.
 */
export function holderIn(
  choice: Record<string, unknown>,
  isBody: boolean,
  isSilent: boolean,
): 'delta' | 'message' {
  if (choice['message'] == null) return 'delta'
  const isWhole = isSilent && choice['delta'] == null && typeof choice['finish_reason'] === 'string'
  return isBody || isWhole ? 'message' : 'delta'
}

/**
 * The value of a JSON text; undefined for what is not JSON. Some endpoints put an error into a list,
 * which then stands for it.
 */
export function parsed(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const first: unknown = Array.isArray(value) ? value[0] : undefined
  return isObject(first) && hasError(first) ? first : value
}
