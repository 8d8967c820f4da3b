import { redacted } from '../base/redact.ts'

/** Values of headers that prove who sends; endpoints like to quote them in error messages. */
export function secretsIn(
  headers: Readonly<Record<string, string>>,
  ...keys: readonly string[]
): readonly string[] {
  const values = Object.entries(headers)
    .filter(([name]) => /auth|key|token|secret|cookie/.test(name))
    // an endpoint may quote what follows the word before it, such as `Bearer`
    .flatMap(([, value]) => [value, value.replace(/^\S+ +/, '')])
  return [...new Set([...keys, ...values])].filter((secret) => secret.length >= 4)
}

/** A text to be kept secret, or a global pattern of such texts. */
export type Secret = string | RegExp

/** A copy of plain data in which `[redacted]` stands wherever a text or a key holds a secret. */
export function withoutSecrets<T>(value: T, secrets: readonly Secret[]): T {
  return scrubbed(value, secrets) as T
}

function scrubbed(value: unknown, secrets: readonly Secret[]): unknown {
  if (typeof value === 'string') {
    return secrets.reduce<string>(
      (text, secret) => withoutCut(text.replaceAll(secret, redacted), secret),
      value,
    )
  }
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((each) => scrubbed(each, secrets))
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      scrubbed(key, secrets) as string,
      scrubbed(each, secrets),
    ]),
  )
}

/** So much of a key is shown in a mask as well. */
const shownLength = 8

/**
 * Messages are cut to a length before anybody knows what is secret in them, which may leave the
 * beginning of a secret at the very end, or before the mark that tells of the cut.
 */
function withoutCut(text: string, secret: Secret): string {
  if (typeof secret !== 'string') return text
  const mark = /… \([0-9]+ more characters\)/.exec(text)?.index ?? text.length
  for (let length = Math.min(secret.length - 1, mark); length > shownLength; length--) {
    const start = mark - length
    if (text.startsWith(secret.slice(0, length), start)) {
      return text.slice(0, start) + redacted + text.slice(mark)
    }
  }
  return text
}

/**
 * A key as it may be shown: its first 8 and last 4 characters, and nothing at all of one that has
 * 12 or fewer.
 */
export function maskedKey(key: string): string {
  return key.length <= 12 ? '*'.repeat(12) : `${key.slice(0, 8)}...${key.slice(-4)}`
}
