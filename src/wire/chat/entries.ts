import { isObject } from '../../base/json.ts'
import { itemsAt, locate, sourceAt } from '../../base/json-source.ts'
import { objectAt } from '../read.ts'

/** One entry of the calls of an event. */
export interface CallEntry {
  readonly entry: unknown
  /** The arguments as written, where they are a JSON value instead of a text that holds one. */
  readonly source: string | undefined
}

/** From the event to the delta or message in it. */
export type HolderPath = readonly ['choices', number, 'delta' | 'message']

/**
 * The calls of a delta or message.
 *
 * Some endpoints write arguments as JSON inside the event. Then the parsed event no longer shows
 * what was sent: numbers are rounded, and of two equal keys one is gone. So their source text is
 * taken from the event, for the strict reader that judges every argument text; it is missing where
 * a key stands twice on the way.
 */
export function callEntries(
  holder: Record<string, unknown>,
  event: string,
  path: HolderPath,
): readonly CallEntry[] {
  const listed = listOf(holder['tool_calls'])
  const legacy = listed.length > 0 ? undefined : objectAt(holder, 'function_call')
  const entries = legacy === undefined ? listed : [{ index: 0, function: legacy }]
  if (entries.length === 0) return []
  const isWritten = entries.map(hasWrittenArguments)
  const sources = isWritten.includes(true) ? writtenArguments(event, path) : []
  return entries
    .map((entry, position) => ({
      // in a whole answer the place in the list is the identity of a call
      entry: path[2] === 'message' && isObject(entry) ? { ...entry, index: position } : entry,
      source: isWritten[position] === true ? sources[position] : undefined,
    }))
    .filter(({ entry }) => !isForeign(entry))
}

/** True for a tool that the provider runs itself: it has a type and members of its own. */
function isForeign(entry: unknown): boolean {
  if (!isObject(entry) || objectAt(entry, 'function') || objectAt(entry, 'custom')) return false
  const { type } = entry
  return typeof type === 'string' && type !== 'function' && isObject(entry[type])
}

/** What is no list would lose its calls: it stands for one that cannot be read. */
function listOf(calls: unknown): readonly unknown[] {
  if (Array.isArray(calls)) return calls
  return calls === undefined || calls === null || calls === '' ? [] : [null]
}

function hasWrittenArguments(entry: unknown): boolean {
  const body = isObject(entry) ? entry['function'] : undefined
  const value = isObject(body) ? body['arguments'] : undefined
  return value !== undefined && value !== null && typeof value !== 'string'
}

function writtenArguments(event: string, path: HolderPath): readonly (string | undefined)[] {
  const holder = locate(event, path)
  if (holder === undefined) return []
  const sourceOf = (from: number, ...steps: readonly string[]): string | undefined => {
    const at = locate(event, steps, from)
    return at === undefined ? undefined : sourceAt(event, at)
  }
  const list = locate(event, ['tool_calls'], holder)
  const items = list === undefined ? [] : itemsAt(event, list)
  if (items.length === 0) return [sourceOf(holder, 'function_call', 'arguments')]
  return items.map((item) => sourceOf(item, 'function', 'arguments'))
}
