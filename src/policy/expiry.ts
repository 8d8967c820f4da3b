import type { Diagnostics } from './diagnostic.ts'
import type { Rule } from './document.ts'
import type { Span } from './source.ts'

/** Something of a policy that ends by itself. */
export interface Expiring {
  /** As messages call it, such as `` the rule `x` ``. */
  readonly what: string
  /** Milliseconds since the epoch; the first moment at which it is over. */
  readonly until: number
  readonly at: Span
}

const notice = 14 * 24 * 60 * 60_000

/** Warns of what is over at `now`, or will be within 14 days. */
export function warnOfExpiry(
  list: readonly Expiring[],
  now: number,
  diagnostics: Diagnostics,
): void {
  for (const { what, until, at } of list) {
    const time = new Date(until).toISOString()
    if (until <= now) {
      diagnostics.warning(at, 'expired', `${what} has expired at ${time}`, {
        help: 'it does nothing any more: remove it, or set a later time',
      })
    } else if (until - now <= notice) {
      diagnostics.warning(at, 'expires-soon', `${what} expires at ${time}`, {
        help: 'set a later time if it is still needed then',
      })
    }
  }
}

/** Warns of rules that are recorded and not enforced. */
export function warnOfShadow(rules: readonly Rule[], diagnostics: Diagnostics): void {
  for (const { id, at, shadow } of rules) {
    if (shadow) {
      diagnostics.warning(at, 'shadow', `the rule \`${id}\` is recorded, but not enforced`, {
        help: 'remove `shadow: true` once its decisions are what you want',
      })
    }
  }
}

export function expiringRules(rules: readonly Rule[]): readonly Expiring[] {
  const found: Expiring[] = []
  for (const { id, at, until } of rules) {
    if (until !== undefined) found.push({ what: `the rule \`${id}\``, until, at })
  }
  return found
}
