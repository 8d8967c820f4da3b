import { codes, type ErrorCode } from '../base/codes.ts'
import { isObject, type JsonObject, type JsonValue } from '../base/json.ts'
import { shorten } from '../base/text.ts'
import type { ModelErrorData } from '../protocol/event.ts'
import { exhaustedFor, quotaOf } from './quota-headers.ts'
import { countAt, isKeepable, listAt, objectAt, textAt } from './read.ts'
import { retryAfter } from './retry-after.ts'

/** Longest provider text kept in a message, and longest data kept in details, in characters. */
const maxMessageLength = 1000
const maxDetailsLength = 16 * 1024

type Extra = Partial<Omit<ModelErrorData, 'code' | 'message'>>

/** The plain form of a model error; `retryable` comes from the code table unless given. */
export function modelError(code: ErrorCode, message: string, extra: Extra = {}): ModelErrorData {
  return { code, message, retryable: codes[code].retryable, ...extra }
}

interface Verdict {
  readonly code: ErrorCode
  readonly retryable: boolean
}

function verdict(code: ErrorCode, retryable: boolean = codes[code].retryable): Verdict {
  return { code, retryable }
}

/** Words of providers, matched whole; they say more than the status beside them. */
const words = new Map<string, Verdict>([
  ['insufficient_quota', verdict('model-low-funds')],
  ['exceeded_current_quota_error', verdict('model-low-funds')],
  ['billing_error', verdict('model-low-funds')],
  ['billing_not_active', verdict('model-low-funds')],
  ['billing_hard_limit_reached', verdict('model-low-funds')],
  ['payment_required', verdict('model-low-funds')],
  ['authentication', verdict('model-unauthorized')],
  ['authentication_error', verdict('model-unauthorized')],
  ['invalid_api_key', verdict('model-unauthorized')],
  ['rate_limit_error', verdict('model-rate-limit')],
  ['rate_limit_exceeded', verdict('model-rate-limit')],
  ['rate_limit_reached_error', verdict('model-rate-limit')],
  ['overloaded', verdict('model-overloaded')],
  ['overloaded_error', verdict('model-overloaded')],
  ['engine_overloaded_error', verdict('model-overloaded')],
  ['server_is_overloaded', verdict('model-overloaded')],
  ['slow_down', verdict('model-overloaded')],
  ['provider_overloaded', verdict('model-overloaded')],
  ['provider_unavailable', verdict('model-overloaded')],
  ['temporarily_unavailable', verdict('model-overloaded')],
  ['capacity_exhausted', verdict('model-overloaded')],
  ['service_unavailable', verdict('model-overloaded')],
  ['service_unavailable_error', verdict('model-overloaded')],
  ['timeout', verdict('model-timeout')],
  ['timeout_error', verdict('model-timeout')],
  ['vector_store_timeout', verdict('model-timeout')],
  ['server', verdict('model-error', true)],
  ['server_error', verdict('model-error', true)],
  ['api_error', verdict('model-error', true)],
  ['internal_error', verdict('model-error', true)],
  ['internal_server_error', verdict('model-error', true)],
  ['tool_use_failed', verdict('model-error')],
  ['invalid_request_error', verdict('model-refused')],
  ['invalid_request', verdict('model-refused')],
  ['invalid_prompt', verdict('model-refused')],
  ['permission_error', verdict('model-refused')],
  ['permission_denied', verdict('model-refused')],
  ['content_filter', verdict('model-refused')],
  ['content_policy_violation', verdict('model-refused')],
  ['context_length_exceeded', verdict('model-refused')],
])

function byStatus(status: number, retried?: readonly number[]): Verdict {
  const usual = usualByStatus(status)
  return retried === undefined ? usual : verdict(usual.code, retried.includes(status))
}

function usualByStatus(status: number): Verdict {
  switch (status) {
    case 401:
      return verdict('model-unauthorized')
    case 402:
      return verdict('model-low-funds')
    case 408:
    case 504:
    case 524:
      return verdict('model-timeout')
    case 425:
    case 502:
    case 503:
    case 529:
      return verdict('model-overloaded')
    case 429:
      return verdict('model-rate-limit')
    case 500:
      return verdict('model-error', true)
  }
  if (status >= 400 && status < 500) return verdict('model-refused')
  return verdict('model-status', status > 500 && status < 600)
}

/** What Anthropic says of an account without funds, under a status and a word that mean a bad request. */
const noFunds = /^your credit balance is too low/i

/** Budgets of an account that waiting does not refill soon. */
const spentBudgets = new Set([
  'openrouter_credits',
  'openrouter_key_limit',
  'openrouter_guardrail_budget',
  'openrouter_workspace_budget',
])

export interface ErrorContext {
  /** HTTP status of an answer that is an error as a whole; absent inside a successful one. */
  readonly status?: number
  readonly header?: (name: string) => string | undefined
  /** Wall time, for dates in `Retry-After`. */
  readonly now?: number
  /** Statuses that are retried, in place of those this file knows. */
  readonly retryStatuses?: readonly number[]
}

/**
 * The error of an envelope in any of the shapes providers use: `{error: {...}}`, `{error: "..."}`,
 * `{type: "error", ...}` and the bare error object, with the status in `code`, `status`,
 * `status_code` or `http_status`. Text of the provider is cut to 1000 characters.
 */
export function envelopeError(envelope: unknown, context: ErrorContext = {}): ModelErrorData {
  const body = innermost(envelope)
  const metadata = objectAt(body, 'metadata') ?? {}
  const availability = objectAt(body, 'availability') ?? {}
  const status = context.status ?? statusOf(body)
  const providerCode = codeOf(body, metadata, availability)
  const retryAfterMs = waitOf(body, metadata, availability, status, context)
  const judged = judge(body, metadata, retryAfterMs, status, context)
  const wanted =
    context.header?.('x-should-retry') === 'false'
      ? false
      : (availability['retryable'] ?? undefined)
  const details = detailsOf(body, metadata)
  return {
    code: judged.code,
    message: messageFrom(body, metadata, status),
    retryable: typeof wanted === 'boolean' ? wanted : judged.retryable,
    ...(details === undefined ? {} : { details }),
    ...(status === undefined ? {} : { status }),
    ...(providerCode === undefined ? {} : { providerCode }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

type StatusContext = ErrorContext & Required<Pick<ErrorContext, 'status' | 'header' | 'now'>>

/** How long to wait, from what comes first: a header, the body, or a limit that is used up. */
function waitOf(
  body: Record<string, unknown>,
  metadata: Record<string, unknown>,
  availability: Record<string, unknown>,
  status: number | undefined,
  { header, now }: ErrorContext,
): number | undefined {
  const asked = header === undefined ? undefined : retryAfter(header, now!)
  if (asked !== undefined) return asked
  const seconds = countAt(availability, 'retry_after')
  if (seconds !== undefined) return Math.ceil(seconds * 1000)
  const delay = retryDelay(body)
  if (delay !== undefined) return delay
  if (status !== 429 || now === undefined) return undefined
  // OpenRouter puts them into the body of its own answers
  const inBody = lowerCased(objectAt(metadata, 'headers') ?? {})
  const quota = quotaOf((name) => header?.(name) ?? textAt(inBody, name), now)
  return (quota && exhaustedFor(quota, now)) || undefined
}

/** Google sends no header: the time is in one of the details, as `google.rpc.RetryInfo` has it. */
function retryDelay(body: Record<string, unknown>): number | undefined {
  for (const detail of listAt(body, 'details').filter(isObject)) {
    const [, seconds] = /^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(textAt(detail, 'retryDelay') ?? '') ?? []
    if (seconds !== undefined) return Math.ceil(Number(seconds) * 1000)
  }
  return undefined
}

function lowerCased(members: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(members).slice(0, 64)
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value]))
}

/** The error of an HTTP answer whose status is neither 200 nor 201. The body may be anything, HTML included. */
export function statusError(bodyText: string, context: StatusContext): ModelErrorData {
  if (context.status >= 300 && context.status < 400) {
    return modelError('model-status', 'the model endpoint redirects, which is not followed', {
      status: context.status,
      help: 'set the base URL to the address the endpoint redirects to',
    })
  }
  // a byte order mark goes with the white space
  const text = bodyText.trim()
  try {
    return envelopeError(JSON.parse(text), context)
  } catch {
    // a page of a proxy: its markup tells nobody anything
    return envelopeError({ message: text.startsWith('<') ? '' : text }, context)
  }
}

function innermost(envelope: unknown): Record<string, unknown> {
  if (typeof envelope === 'string') return { message: envelope }
  if (Array.isArray(envelope)) return innermost(envelope[0])
  if (!isObject(envelope)) return {}
  const error = envelope['error']
  if (typeof error === 'string') return { ...envelope, message: error }
  return isObject(error) ? error : envelope
}

function judge(
  body: Record<string, unknown>,
  metadata: Record<string, unknown>,
  retryAfterMs: number | undefined,
  status: number | undefined,
  { retryStatuses }: ErrorContext,
): Verdict {
  if (status === 402) {
    // a budget of requests in flight comes with the time at which it is free again
    const waits = retryAfterMs !== undefined && metadata['reason'] !== 'weight_exceeds_budget'
    return waits ? verdict('model-rate-limit') : verdict('model-low-funds')
  }
  const source = metadata['limit_source']
  if (status === 403 && typeof source === 'string' && spentBudgets.has(source)) {
    return verdict('model-low-funds')
  }
  if (noFunds.test(textAt(body, 'message') ?? '')) return verdict('model-low-funds')
  for (const word of [body['code'], metadata['error_type'], body['error_type'], body['type']]) {
    const known = typeof word === 'string' ? words.get(word) : undefined
    if (known === undefined) continue
    if (status === undefined || agrees(known, byStatus(status, retryStatuses))) return known
  }
  return status === undefined ? verdict('model-error') : byStatus(status, retryStatuses)
}

/** A word must not make an error look harmless that its status calls permanent. */
function agrees(word: Verdict, status: Verdict): boolean {
  return !word.retryable || status.retryable
}

function statusOf(body: Record<string, unknown>): number | undefined {
  for (const key of ['status_code', 'http_status', 'status', 'code']) {
    const value = body[key]
    const number = typeof value === 'string' && /^[0-9]{3}$/.test(value) ? Number(value) : value
    if (typeof number === 'number' && Number.isInteger(number) && number >= 400 && number < 600) {
      return number
    }
  }
  return undefined
}

function codeOf(...places: readonly Record<string, unknown>[]): string | undefined {
  const [body, metadata, availability] = places
  const word =
    textAt(metadata!, 'error_type') ??
    textAt(body!, 'error_type') ??
    textAt(availability!, 'code') ??
    textAt(body!, 'code') ??
    textAt(body!, 'type')
  return word === undefined ? undefined : shorten(word, 100)
}

function messageFrom(
  body: Record<string, unknown>,
  metadata: Record<string, unknown>,
  status: number | undefined,
): string {
  const said = textAt(body, 'message') ?? textAt(body, 'detail') ?? textAt(body, 'msg')
  const raw = textAt(metadata, 'raw')
  const parts = [said, raw].filter((part) => part !== undefined)
  if (parts.length > 0) return shorten(parts.join(': '), maxMessageLength)
  return status === undefined
    ? 'the model endpoint reported an error without a message'
    : `the model endpoint answered with status ${status}`
}

/** What a program or a repair prompt may want to see of the error. */
function detailsOf(
  body: Record<string, unknown>,
  metadata: Record<string, unknown>,
): JsonValue | undefined {
  const details: Record<string, JsonValue> = {}
  for (const key of ['failed_generation', 'param', 'availability', 'innererror']) {
    const value = body[key]
    if (typeof value === 'string') details[key] = value.slice(0, maxDetailsLength / 2)
    else if (value != null && isKeepable(value)) details[key] = value
  }
  if (Object.keys(metadata).length > 0 && isKeepable(metadata)) {
    details['metadata'] = metadata as JsonObject
  }
  if (Object.keys(details).length === 0) return undefined
  return JSON.stringify(details).length > maxDetailsLength ? undefined : details
}
