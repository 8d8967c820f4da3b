import { SallyportError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { isImageUrl } from '../protocol/image.ts'
import { shorten } from '../base/text.ts'
import { nearest } from '../base/suggest.ts'

type Fits = (value: unknown) => boolean

/** What a member has to be. */
export interface Member {
  readonly what: string
  readonly fits: Fits
}

const isText: Fits = (value) => typeof value === 'string'
const text: Member = { what: 'a text', fits: isText }
const texts: Member = {
  what: 'a text or a list of texts',
  fits: (value) => isText(value) || (Array.isArray(value) && value.every(isText)),
}

const turnMembers: Readonly<Record<string, Member>> = {
  text: texts,
  reasoning: texts,
  refusal: text,
  images: { what: 'a list of data or https URLs of pictures', fits: areImages },
  calls: { what: 'a list of calls', fits: Array.isArray },
  finish: { what: 'a text or null', fits: (value) => value === null || isText(value) },
  usage: { what: '`{ inputTokens, outputTokens, cost }` or null', fits: isUsage },
  error: { what: 'an object with a `message`', fits: (value) => hasText(value, 'message') },
}

const callMembers: Readonly<Record<string, Member>> = {
  tool: text,
  args: { what: 'a value that JSON can say', fits: isSayable },
  rawArgs: texts,
  id: text,
}

const turnHelp = "a turn looks like `{ text: 'hi' }` or `{ calls: [{ tool: 'read', args: {} }] }`"

/** Holds every entry that is no function against `check`. Throws `bad-option`. */
export function checkTurns(
  turns: unknown,
  check: (where: string, turn: unknown) => void,
): asserts turns is readonly unknown[] {
  if (!Array.isArray(turns)) throw wrong('turns', 'is not a list of turns')
  // by index: an empty place counts as well
  for (let index = 0; index < turns.length; index++) {
    const turn: unknown = turns[index]
    if (typeof turn !== 'function') check(`turns[${index}]`, turn)
  }
}

/**
 * Refuses a scripted turn that does not look like one, since what is misspelt would silently not be
 * said. `where` names it, such as `turns[0]`; `others` are members it may have besides. Throws
 * `bad-option`.
 */
export function checkTurn(where: string, turn: unknown, others: readonly string[] = []): void {
  checkMembers(where, turn, 'a turn', turnMembers, others)
  const { calls = [] } = turn as { readonly calls?: readonly unknown[] }
  for (const [index, call] of calls.entries()) {
    const place = `${where}.calls[${index}]`
    checkMembers(place, call, 'a call', callMembers, [])
    if (!hasText(call, 'tool')) throw wrong(place, 'has no `tool`')
  }
}

/** Refuses what is no such object, or has members that are unknown or wrong. Throws `bad-option`. */
export function checkMembers(
  where: string,
  value: unknown,
  what: string,
  members: Readonly<Record<string, Member>>,
  others: readonly string[],
): void {
  if (!isObject(value) || value instanceof Promise) throw wrong(where, `is not ${what}`)
  for (const [key, member] of Object.entries(value)) {
    if (others.includes(key)) continue
    if (!Object.hasOwn(members, key)) {
      const near = nearest(key, Object.keys(members))
      const meant = near === undefined ? '' : `; did you mean \`${near}\`?`
      throw wrong(where, `has no member \`${shorten(key, 40)}\`${meant}`)
    }
    const { what: shape, fits } = members[key]!
    if (member !== undefined && !fits(member)) throw wrong(`${where}.${key}`, `is not ${shape}`)
  }
}

function wrong(where: string, problem: string): SallyportError {
  return new SallyportError('bad-option', `\`${where}\` ${problem}`, { help: turnHelp })
}

function hasText(value: unknown, key: string): boolean {
  return isObject(value) && isText(value[key])
}

function areImages(value: unknown): boolean {
  return Array.isArray(value) && value.every((url) => typeof url === 'string' && isImageUrl(url))
}

function isUsage(value: unknown): boolean {
  if (value === null) return true
  if (!isObject(value)) return false
  const { inputTokens, outputTokens, cost = 0, ...others } = value
  const isCounted = [inputTokens, outputTokens, cost].every((count) => Number.isFinite(count))
  return isCounted && Object.keys(others).length === 0
}

function isSayable(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined
  } catch {
    return false
  }
}
