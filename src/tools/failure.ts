import { messageOf } from '../base/errors.ts'
import { hasToken, pointerTokens, type JsonObject, type JsonValue } from '../base/json.ts'
import { redacted } from '../base/redact.ts'
import { shorten } from '../base/text.ts'

/** Shorter values are too common to be replaced wherever they occur. */
const shortestSecret = 4

/** How much of a message or stack is looked at. */
const longestRead = 8000

/**
 * What the model may read of what a tool threw: its message, without sensitive values and what
 * `refine` takes out, and only then cut short: neither finds half of what it looks for.
 */
export function failureMessage(
  thrown: unknown,
  args: JsonObject,
  sensitive: readonly string[],
  refine: (text: string) => string = (text) => text,
): string {
  return shorten(refine(readable(messageOf(thrown), args, sensitive)), 1000)
}

/** What the log of the host gets: the stack too. */
export function failureStack(
  thrown: unknown,
  args: JsonObject,
  sensitive: readonly string[],
): string {
  return readable(stackOf(thrown), args, sensitive)
}

/** The start of a text, without sensitive values. */
function readable(text: string, args: JsonObject, sensitive: readonly string[]): string {
  const secrets = secretsIn(args, sensitive)
  if (text.length <= longestRead) return without(text, secrets)
  const read = text.slice(0, longestRead)
  const end = secrets.reduce(
    (first, secret) => Math.min(first, beginningAtEnd(read, secret)),
    read.length,
  )
  return without(read.slice(0, end), secrets) + (end < read.length ? redacted : '')
}

/** Where a text breaks off in the middle of the secret; its length where it does not. */
function beginningAtEnd(text: string, secret: string): number {
  const head = secret.slice(0, shortestSecret)
  let at = text.indexOf(head, Math.max(0, text.length - secret.length))
  while (at >= 0 && !secret.startsWith(text.slice(at))) at = text.indexOf(head, at + 1)
  return at < 0 ? text.length : at
}

function stackOf(thrown: unknown): string {
  try {
    return String((thrown instanceof Error ? thrown.stack : undefined) ?? messageOf(thrown))
  } catch {
    return 'unprintable error'
  }
}

/**
 * `text` without the values and keys that the sensitive pointers name in the arguments, as they
 * are, escaped as in JSON, or percent-encoded. Those shorter than 4 characters stay.
 */
export function hideSensitive(text: string, args: JsonValue, sensitive: readonly string[]): string {
  return without(text, secretsIn(args, sensitive))
}

/** Longest first: one may hold a shorter one, whose removal would leave the rest of it. */
function secretsIn(args: JsonValue, sensitive: readonly string[]): readonly string[] {
  const secrets = sensitive
    .flatMap((pointer) => scalarsAt(args, pointerTokens(pointer) ?? [], 0))
    .filter((secret) => secret.length >= shortestSecret)
    .flatMap(formsOf)
  return [...new Set(secrets)].toSorted((a, b) => b.length - a.length)
}

function without(text: string, secrets: readonly string[]): string {
  return secrets.reduce((hidden, secret) => hidden.replaceAll(secret, redacted), text)
}

function formsOf(secret: string): readonly string[] {
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret.toWellFormed())]
}

function scalarsAt(value: unknown, path: readonly string[], at: number): readonly string[] {
  if (typeof value === 'string' || typeof value === 'number') {
    return at >= path.length ? [String(value)] : []
  }
  if (typeof value !== 'object' || value === null) return []
  const token = path[at]
  const keys =
    token === undefined || token === '*'
      ? Object.keys(value)
      : hasToken(value, token)
        ? [token]
        : []
  const below = keys.flatMap((key) =>
    scalarsAt((value as Record<string, unknown>)[key], path, at + 1),
  )
  return token === undefined && !Array.isArray(value) ? [...keys, ...below] : below
}
