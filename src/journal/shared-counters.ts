/**
 * Amounts that all processes on one journal count together, in billionths. Everything is
 * synchronous, since a call is judged in one go; what cannot be done throws, and the call is refused.
 */
export interface SharedCounters {
  /** Runs the work while no other process counts; all it has put is kept, or none if it throws. */
  together<Result>(work: () => Result): Result
  /**
   * The sum of the entries of a key, of those later than `after` where it is given, without the
   * entry `except`. Times are milliseconds since 1970.
   */
  total(key: string, after: number | undefined, except: string): bigint
  /** Puts an entry in, in place of one of that name. */
  put(key: string, entry: string, amount: bigint, at: number): void
  /** Puts an entry in; one that is there already stays as it is. */
  keep(key: string, entry: string, amount: bigint, at: number): void
  drop(key: string, entry: string): void
}
