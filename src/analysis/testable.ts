import type { Limit } from '../policy/document.ts'

/** Limits up to this many calls can be met by a test one by one. */
const maxCalls = 20

/** Texts and lists up to this size can be written out in a test. */
const maxSize = 256

/**
 * Whether a test can reach a limit: what the bill or the clock says cannot be told in a test, nor
 * can hundreds of earlier calls.
 */
export function isTestableLimit({ count, max, sum }: Limit): boolean {
  if (count === 'cost' || count === 'time') return false
  return sum !== undefined || max <= maxCalls
}

/** Whether a test can reach a bound on the size of a text or list. */
export function isTestableSize(bound: number): boolean {
  return bound <= maxSize
}
