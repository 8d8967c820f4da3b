import { expect } from 'vitest'

/**
 * Each kind came up in at least so many independent random cases. Fewer than one run in a million
 * fails by chance where a `least` of 1 has an average of 14 or more (e^-14), or any other is at most
 * a quarter of an average of 50 or more (Chernoff's bound).
 */
export function expectCases(seen: Readonly<Record<string, number>>, least: number): void {
  for (const [kind, count] of Object.entries(seen)) {
    expect(count, `cases of \`${kind}\``).toBeGreaterThanOrEqual(least)
  }
}
