import { SallyportError } from '../base/errors.ts'
import { readDuration } from '../base/duration.ts'
import { isObject, type JsonObject } from '../base/json.ts'
import type { Cost, Usage } from '../protocol/usage.ts'
import { countAt, objectAt, textAt } from '../wire/read.ts'

/** What a key may still do. Amounts are US dollars; null where the account says nothing. */
export interface KeyInfo {
  /** How the account shows the key; never the key. */
  readonly label: string | null
  /** What the key may spend; null when it has no limit of its own. */
  readonly limit: number | null
  /** What is left of it; null when there is no limit. */
  readonly limitRemaining: number | null
  /** When the limit starts anew, such as `monthly`; null for never. */
  readonly limitReset: string | null
  readonly usage: number | null
  readonly usageDaily: number | null
  readonly usageWeekly: number | null
  readonly usageMonthly: number | null
  /** Whether the account has never paid. */
  readonly isFreeTier: boolean | null
  /** Whether the key may ask for the credits of the account. */
  readonly isManagementKey: boolean | null
  /** RFC 3339. */
  readonly expiresAt: string | null
  /** Requests to free models in this UTC day. */
  readonly freeRequests: RequestCount | null
  /** Rates in their older form; null when none is stated, which -1 means too. */
  readonly rateLimit: RateLimit | null
  readonly raw: JsonObject
}

export interface RequestCount {
  readonly limit: number
  readonly remaining: number
  readonly used: number | null
}

export interface RateLimit {
  /** So many in `intervalMs`. */
  readonly requests: number | null
  readonly intervalMs: number | null
  readonly requestsPerMinute: number | null
  readonly requestsPerDay: number | null
}

/** Money of an account in US dollars. */
export interface Credits {
  /** All that was ever paid in. */
  readonly total: number
  readonly used: number
  /** Below zero when the account is overdrawn. */
  readonly remaining: number
}

/** What became of one response, as its provider has it in the books; null where it says nothing. */
export interface Generation {
  readonly id: string
  readonly model: string | null
  /** Who hosted it. */
  readonly host: string | null
  readonly cost: Cost | null
  /** In the tokens of the model itself. */
  readonly usage: Usage | null
  readonly finishReason: string | null
  readonly nativeFinishReason: string | null
  readonly isCancelled: boolean | null
  /** Milliseconds until the answer began, and those it took. */
  readonly latencyMs: number | null
  readonly generationMs: number | null
  readonly raw: JsonObject
}

/** The object in `data` of an answer. Throws `model-protocol`. */
function dataOf(answer: unknown): Record<string, unknown> {
  const data = isObject(answer) ? objectAt(answer, 'data') : undefined
  if (data !== undefined) return data
  throw new SallyportError('model-protocol', 'the answer has no `data`', {
    help: 'check the base URL: it is the one of the account, such as `https://openrouter.ai/api/v1`',
  })
}

export function keyInfoOf(answer: unknown): KeyInfo {
  const data = dataOf(answer)
  return {
    label: textAt(data, 'label') ?? null,
    // -1 is how some say that there is no limit
    limit: countAt(data, 'limit') ?? null,
    limitRemaining: remainingOf(data),
    limitReset: textAt(data, 'limit_reset') ?? null,
    usage: countAt(data, 'usage') ?? null,
    usageDaily: countAt(data, 'usage_daily') ?? null,
    usageWeekly: countAt(data, 'usage_weekly') ?? null,
    usageMonthly: countAt(data, 'usage_monthly') ?? null,
    isFreeTier: booleanAt(data, 'is_free_tier'),
    isManagementKey: booleanAt(data, 'is_management_key') ?? booleanAt(data, 'is_provisioning_key'),
    expiresAt: textAt(data, 'expires_at') ?? null,
    freeRequests: freeRequestsOf(objectAt(data, 'free_model_daily_requests') ?? {}),
    rateLimit: rateLimitOf(objectAt(data, 'rate_limit') ?? {}),
    raw: data as JsonObject,
  }
}

/** What is left may be below zero where the key has a limit: then it is overspent. */
function remainingOf(data: Record<string, unknown>): number | null {
  const remaining = data['limit_remaining']
  if (typeof remaining !== 'number' || !Number.isFinite(remaining)) return null
  return remaining >= 0 || countAt(data, 'limit') !== undefined ? remaining : null
}

function freeRequestsOf(told: Record<string, unknown>): RequestCount | null {
  const limit = countAt(told, 'limit')
  const remaining = countAt(told, 'remaining')
  if (limit === undefined || remaining === undefined) return null
  return { limit, remaining, used: countAt(told, 'used') ?? null }
}

function rateLimitOf(told: Record<string, unknown>): RateLimit | null {
  const requests = countAt(told, 'requests') ?? null
  const requestsPerMinute = countAt(told, 'requests_per_minute') ?? null
  const requestsPerDay = countAt(told, 'requests_per_day') ?? null
  if (requests === null && requestsPerMinute === null && requestsPerDay === null) return null
  const intervalMs = readDuration(textAt(told, 'interval') ?? '') ?? null
  return { requests, intervalMs, requestsPerMinute, requestsPerDay }
}

/** Throws `model-protocol` when an amount is missing. */
export function creditsOf(answer: unknown): Credits {
  const data = dataOf(answer)
  const total = countAt(data, 'total_credits')
  const used = countAt(data, 'total_usage')
  if (total === undefined || used === undefined) {
    throw new SallyportError('model-protocol', 'the answer does not tell the credits', {
      help: 'check the base URL: not every account has `/credits`',
    })
  }
  return { total, used, remaining: dollars(total - used) }
}

/** Without the noise that binary fractions leave, which is far below a billionth of a dollar. */
function dollars(amount: number): number {
  return Math.round(amount * 1e9) / 1e9
}

export function generationOf(id: string, answer: unknown): Generation {
  const data = dataOf(answer)
  const amount = countAt(data, 'total_cost') ?? countAt(data, 'usage')
  return {
    id: textAt(data, 'id') ?? id,
    model: textAt(data, 'model') ?? null,
    host: textAt(data, 'provider_name') ?? null,
    // zero is a price like any other
    cost: amount === undefined ? null : { amount, currency: 'USD', source: 'provider' },
    usage: usageOf(data),
    finishReason: textAt(data, 'finish_reason') ?? null,
    nativeFinishReason: textAt(data, 'native_finish_reason') ?? null,
    isCancelled: booleanAt(data, 'cancelled'),
    latencyMs: countAt(data, 'latency') ?? null,
    generationMs: countAt(data, 'generation_time') ?? null,
    raw: data as JsonObject,
  }
}

function usageOf(data: Record<string, unknown>): Usage | null {
  const input = countAt(data, 'native_tokens_prompt') ?? countAt(data, 'tokens_prompt')
  const output = countAt(data, 'native_tokens_completion') ?? countAt(data, 'tokens_completion')
  if (input === undefined || output === undefined) return null
  return {
    cacheReadTokens: countAt(data, 'native_tokens_cached') ?? 0,
    cacheWriteTokens: 0,
    inputTokens: input,
    outputTokens: output,
    reasoningTokens: countAt(data, 'native_tokens_reasoning') ?? 0,
  }
}

function booleanAt(object: Record<string, unknown>, key: string): boolean | null {
  const value = object[key]
  return typeof value === 'boolean' ? value : null
}
