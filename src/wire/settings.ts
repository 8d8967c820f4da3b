import { SallyportError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'

/** How long a response may take, in milliseconds, each at most 2^31-1. */
export interface Timeouts {
  /** Establishing the connection. Default 10 s. */
  readonly connectMs: number
  /** From sending the request to the first event that says something. Default 300 s. */
  readonly firstEventMs: number
  /** Between two reads; comments sent to keep a connection alive count as reads. Default 120 s. */
  readonly idleMs: number
  /** The whole response, whatever arrives. Default 600 s. */
  readonly totalMs: number
}

export const defaultTimeouts: Timeouts = {
  connectMs: 10_000,
  firstEventMs: 300_000,
  idleMs: 120_000,
  totalMs: 600_000,
}

export interface RetryOptions {
  /** Requests in all, the first one included; 1 turns retrying off. Default 3. */
  readonly attempts: number
  /** Upper end of the first random wait, doubled for each further one. Default 500 ms. */
  readonly baseDelayMs: number
  /**
   * Longest wait. A provider that asks for more is not waited for: the error is reported with its
   * `retryAfterMs`. Default 60 s.
   */
  readonly maxDelayMs: number
  /**
   * HTTP statuses that are retried, in place of 408, 425, 429 and most from 500 on. An answer that
   * calls itself final, or says that money is missing, is not retried all the same. Connections
   * that fail are retried as ever.
   */
  readonly statuses?: readonly number[]
}

export const defaultRetry: RetryOptions = { attempts: 3, baseDelayMs: 500, maxDelayMs: 60_000 }

/** What one response may cost in memory; whatever is larger ends the response as `model-too-large`. */
export interface WireBounds {
  /** Bytes of a whole response body. Default 128 MiB: framing can be eighty times the text. */
  readonly maxResponseBytes: number
  /** Characters of one server-sent event, bytes of a JSON body. Default 16 MiB. */
  readonly maxEventLength: number
  /** Characters of the argument text of one call. Default 2 MiB. */
  readonly maxArgumentsLength: number
  /** Characters of text, reasoning, pictures, refusal and opaque data together. Default 16 MiB. */
  readonly maxTextLength: number
  /** Calls in one response; more of them fail the response as `model-protocol`. Default 128. */
  readonly maxCalls: number
  /** Pictures in one response. Default 64. */
  readonly maxImages: number
}

export const defaultBounds: WireBounds = {
  maxResponseBytes: 128 * 1024 * 1024,
  maxEventLength: 16 * 1024 * 1024,
  maxArgumentsLength: 2 * 1024 * 1024,
  maxTextLength: 16 * 1024 * 1024,
  maxCalls: 128,
  maxImages: 64,
}

/** Throws `bad-option` for members of a request body that a wire reserves for itself. */
export function checkExtra(extra: JsonObject | undefined, reserved: readonly string[]): void {
  const name = reserved.find((key) => extra !== undefined && Object.hasOwn(extra, key))
  if (name === undefined) return
  throw new SallyportError('bad-option', `the extra member \`${name}\` cannot be replaced`, {
    help: `leave \`${name}\` out; allowed are all members but ${reserved.join(', ')}`,
  })
}
