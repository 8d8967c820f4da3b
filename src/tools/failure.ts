import { messageOf } from '../base/errors.ts'
import { hasToken, pointerTokens, type JsonObject, type JsonValue } from '../base/json.ts'
import { redacted } from '../base/redact.ts'
import { shorten } from '../base/text.ts'

/** Shorter values are too common to be replaced wherever they occur. */
const shortestSecret = 4

/** How much of a message or stack is looked at. */
const longestRead = 8000

/** What the model may read of what a tool threw: its message, short, without sensitive values. */
export function failureMessage(
  thrown: unknown,
  args: JsonObject,
  sensitive: readonly string[],
): string {
  const message = messageOf(thrown).slice(0, longestRead)
  return shorten(hideSensitive(message, args, sensitive), 1000)
}

/** What the log of the host gets: the stack too. */
export function failureStack(
  thrown: unknown,
  args: JsonObject,
  sensitive: readonly string[],
): string {
  return hideSensitive(stackOf(thrown).slice(0, longestRead), args, sensitive)
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
  if (sensitive.length === 0) return text
  const secrets = sensitive
    .flatMap((pointer) => scalarsAt(args, pointerTokens(pointer) ?? [], 0))
    .filter((secret) => secret.length >= shortestSecret)
    .flatMap(formsOf)
  // a longer one may hold a shorter one, whose removal would leave the rest of it
  const ordered = [...new Set(secrets)].toSorted((a, b) => b.length - a.length)
  return ordered.reduce((hidden, secret) => hidden.replaceAll(secret, redacted), text)
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
