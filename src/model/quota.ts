import type { ModelErrorData } from '../protocol/event.ts'
import {
  exhaustedFor,
  quotaOf,
  type QuotaHeaders,
  type QuotaWindow,
} from '../wire/quota-headers.ts'
import { modelError } from '../wire/status.ts'
import type { Reply } from '../wire/transport.ts'
import type { KeyInfo } from './account-answers.ts'

/** What the last answers have told about the limits of one model. */
export interface TrackedQuota extends QuotaHeaders {
  readonly model: string
  /** Until when the provider has asked to wait; milliseconds since the epoch. */
  readonly retryAt?: number
  /** The provider's id of the last answer that told something, for support cases. */
  readonly requestId?: string
  /** When that was, in milliseconds since the epoch. */
  readonly at: number
}

/** Both sources: what answers have told, and what the account says. */
export interface CombinedQuota {
  readonly tracked: TrackedQuota | null
  readonly account: KeyInfo | null
  /** What is left of each, the lesser one where both tell of requests. */
  readonly requestsRemaining: number | null
  readonly tokensRemaining: number | null
  readonly creditsRemaining: number | null
  /** Whether a request would be refused for now. */
  readonly isExhausted: boolean
}

/** A provider that asks for a longer wait than this is asked again all the same. */
const longestWaitMs = 60 * 60_000

/** Timers fire that much too early; who has waited must not be sent away again. */
const timerSlackMs = 2

/** Models remembered for one key, and keys; the oldest ones are forgotten. */
const maxModels = 256
const maxKeys = 64

const requestIds = ['x-request-id', 'request-id', 'x-generation-id']

/** What is known of the quotas of an endpoint, by key and model. Only answers are read for it. */
export class Quotas {
  readonly #byKey = new Map<string, Map<string, TrackedQuota>>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** Reads the headers of an answer, whatever its status. */
  observe(key: string, model: string, { status, header }: Pick<Reply, 'status' | 'header'>): void {
    const known = this.#byKey.get(key)?.get(model)
    const at = this.#now()
    const told = quotaOf(header, at)
    const works = status < 400
    if (told === undefined && (known?.retryAt === undefined || !works)) return
    const requestId = requestIds.map(header).find((id) => id !== undefined && id !== '')
    const { retryAt, ...rest } = known ?? {}
    this.#set(key, model, {
      ...rest,
      ...told,
      ...(retryAt === undefined || works ? {} : { retryAt }),
      ...(requestId === undefined ? {} : { requestId: requestId.slice(0, 200) }),
      model,
      at,
    })
  }

  /** A request was turned away by a limit: what it says about waiting holds for the next ones. */
  refused(key: string, model: string, { code, retryAfterMs = 0 }: ModelErrorData): void {
    if (code !== 'model-rate-limit' || retryAfterMs <= 0) return
    const at = this.#now()
    const known = this.#byKey.get(key)?.get(model)
    const retryAt = at + Math.min(retryAfterMs, longestWaitMs)
    this.#set(key, model, { ...known, model, at, retryAt })
  }

  /** Milliseconds for which the model must not be asked with the key; 0 when it may be. */
  waitFor(key: string, model: string): number {
    if (this.#byKey.size === 0) return 0
    const known = this.#byKey.get(key)?.get(model)
    if (known === undefined) return 0
    const now = this.#now()
    const wait = Math.max(exhaustedFor(known, now), Math.ceil((known.retryAt ?? 0) - now))
    return wait < timerSlackMs ? 0 : wait
  }

  /** The newest of what is known of a model, over all keys. */
  tracked(model: string): TrackedQuota | undefined {
    let newest: TrackedQuota | undefined
    for (const models of this.#byKey.values()) {
      const quota = models.get(model)
      if (quota !== undefined && quota.at >= (newest?.at ?? 0)) newest = quota
    }
    return newest
  }

  /** Why a request is not sent, or undefined when it may be. */
  refusal(key: string, model: string): ModelErrorData | undefined {
    const retryAfterMs = this.waitFor(key, model)
    return retryAfterMs === 0 ? undefined : quotaError(model, this.#now(), retryAfterMs)
  }

  #set(key: string, model: string, quota: TrackedQuota): void {
    const models = refreshed(this.#byKey, key, maxKeys) ?? new Map<string, TrackedQuota>()
    refreshed(models, model, maxModels)
    models.set(model, quota)
    this.#byKey.set(key, models)
  }
}

function quotaError(model: string, now: number, retryAfterMs: number): ModelErrorData {
  const until = new Date(now + retryAfterMs).toISOString()
  return modelError('model-quota', `the quota of \`${model}\` is used up until ${until}`, {
    retryAfterMs,
    help: 'wait, or use another key or model',
  })
}

/** Takes out an entry that will be set anew as the youngest; makes room for it. */
function refreshed<Value>(map: Map<string, Value>, key: string, most: number): Value | undefined {
  const value = map.get(key)
  map.delete(key)
  if (map.size >= most) map.delete(map.keys().next().value!)
  return value
}

/**
 * What a tracked quota and the answer of the account come to together; either may be missing.
 *
 * @example
 * ```ts
 * const { isExhausted } = combineQuota(model.trackedQuota(), await account.keyInfo())
 * ```
 */
export function combineQuota(
  tracked: TrackedQuota | undefined,
  account: KeyInfo | undefined,
  now: number = Date.now(),
): CombinedQuota {
  const requests = [liveRemaining(tracked?.requests, now), account?.freeRequests?.remaining]
  const tokens = [tracked?.tokens, tracked?.inputTokens, tracked?.outputTokens]
  const creditsRemaining = account?.limitRemaining ?? null
  const requestsRemaining = least(requests)
  const waits = tracked !== undefined && exhaustedFor(tracked, now) > 0
  return {
    tracked: tracked ?? null,
    account: account ?? null,
    requestsRemaining,
    tokensRemaining: least(tokens.map((window) => liveRemaining(window, now))),
    creditsRemaining,
    isExhausted:
      waits ||
      (tracked?.retryAt ?? 0) > now ||
      (creditsRemaining !== null && creditsRemaining <= 0),
  }
}

/** What is left is known until the window starts anew. */
function liveRemaining(window: QuotaWindow | undefined, now: number): number | undefined {
  const { remaining, resetAt = Number.POSITIVE_INFINITY } = window ?? {}
  return resetAt > now ? remaining : undefined
}

function least(amounts: readonly (number | undefined)[]): number | null {
  const known = amounts.filter((amount) => amount !== undefined)
  return known.length === 0 ? null : Math.min(...known)
}
