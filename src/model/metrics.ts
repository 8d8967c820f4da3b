import { addUsage, noUsage, type Usage } from '../protocol/usage.ts'

/** How long something took, in milliseconds; the percentiles are over the last 512 times. */
export interface DurationStatistics {
  readonly count: number
  readonly total: number
  readonly least: number
  readonly most: number
  readonly p50: number
  readonly p95: number
}

/** What a provider has done since it was made, over all of its models. Plain data. */
export interface ModelMetrics {
  readonly requests: number
  /** Sent over the network, retries included. */
  readonly attempts: number
  readonly succeeded: number
  readonly failed: number
  /** Failed attempts by error code, those that a later attempt made good included. */
  readonly failures: Readonly<Record<string, number>>
  readonly usage: Usage
  /** From sending the attempt that was answered to its first news. */
  readonly firstEventMs: DurationStatistics
  /** Whole requests that succeeded, waits and retries included. */
  readonly durationMs: DurationStatistics
}

const kept = 512

class Durations {
  readonly #last: number[] = []
  #count = 0
  #total = 0
  #least = Number.POSITIVE_INFINITY
  #most = 0

  add(milliseconds: number): void {
    this.#last[this.#count % kept] = milliseconds
    this.#count++
    this.#total += milliseconds
    if (milliseconds < this.#least) this.#least = milliseconds
    if (milliseconds > this.#most) this.#most = milliseconds
  }

  read(): DurationStatistics {
    const sorted = this.#last.toSorted((a, b) => a - b)
    const at = (part: number): number => sorted[Math.ceil(sorted.length * part) - 1] ?? 0
    return {
      count: this.#count,
      total: this.#total,
      least: this.#count === 0 ? 0 : this.#least,
      most: this.#most,
      p50: at(0.5),
      p95: at(0.95),
    }
  }
}

/** Counts what a provider does. There are as many numbers in it after a year as after a day. */
export class Metrics {
  requests = 0
  attempts = 0
  succeeded = 0
  failed = 0
  /** The model that has answered last, or the one that was asked last. */
  lastModel: string | undefined
  readonly firstEvent = new Durations()
  readonly duration = new Durations()
  readonly #failures = new Map<string, number>()
  #usage: Usage = noUsage

  failure(code: string): void {
    this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1)
  }

  used(usage: Usage): void {
    this.#usage = addUsage(this.#usage, usage)
  }

  read(): ModelMetrics {
    const { requests, attempts, succeeded, failed } = this
    return {
      requests,
      attempts,
      succeeded,
      failed,
      failures: Object.fromEntries(this.#failures),
      usage: this.#usage,
      firstEventMs: this.firstEvent.read(),
      durationMs: this.duration.read(),
    }
  }
}
