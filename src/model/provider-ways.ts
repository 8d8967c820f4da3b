import type { ModelErrorData } from '../protocol/event.ts'
import type { ProviderSettings } from './options.ts'
import { keyFault } from './key-pool-fault.ts'
import { maxKeysTried } from './key-pool.ts'
import type { Metrics } from './metrics.ts'
import type { ModelAttempt } from './provider-attempt.ts'
import type { Senders } from './provider-keys.ts'
import type { Asking } from './provider.ts'
import type { Quotas } from './quota.ts'
import { isModelFault } from './select.ts'

/** Models that are remembered as not streaming; the set is emptied when it is full. */
const maxUnstreamed = 256

/** Errors that another key may be spared. */
const keyCodes: ReadonlySet<string> = new Set([
  'model-unauthorized',
  'model-rate-limit',
  'model-low-funds',
  'model-quota',
])

/** Learns from attempts and finds other ways for those that failed: a key, a model, no streaming. */
export class Ways {
  readonly #settings: ProviderSettings
  readonly #senders: Senders
  readonly #quotas: Quotas
  readonly #unstreamed = new Set<string>()

  constructor(settings: ProviderSettings, senders: Senders, quotas: Quotas) {
    this.#settings = settings
    this.#senders = senders
    this.#quotas = quotas
  }

  /** Whether to ask for server-sent events. */
  streams(model: string): boolean {
    const { stream = true } = this.#settings.options
    return stream === 'auto' ? !this.#unstreamed.has(model) : stream
  }

  /** An attempt has begun to be answered, or has failed: tells the keys, and finds another way. */
  judge(attempt: ModelAttempt, asking: Asking, metrics: Metrics): void {
    const { failure, exchange, sender, model } = attempt
    if (failure === undefined) {
      sender?.lease?.succeeded()
      if (attempt.stream && exchange?.isStreamed === false) this.#cannotStream(model)
      return
    }
    this.#failed(attempt, failure, metrics)
    if (this.#streamless(attempt, failure)) {
      attempt.hasOtherWay = true
      return
    }
    if (asking.tries >= this.#settings.retry.attempts) return
    attempt.hasOtherWay = this.#otherModel(attempt, failure) || this.#otherKey(attempt, asking)
  }

  /** The answer had begun when it failed. */
  failedLater(attempt: ModelAttempt, error: ModelErrorData, metrics: Metrics): void {
    this.#failed(attempt, error, metrics)
  }

  #failed(
    { sender, model, selector }: ModelAttempt,
    error: ModelErrorData,
    metrics: Metrics,
  ): void {
    metrics.failure(error.code)
    sender?.lease?.failed(error)
    if (sender !== undefined) this.#quotas.refused(sender.key, model, error)
    if (isModelFault(error)) selector?.recordFailure(model)
  }

  #otherModel({ selector }: ModelAttempt, failure: ModelErrorData): boolean {
    return isModelFault(failure) && selector?.hasOther === true
  }

  #otherKey(attempt: ModelAttempt, asking: Asking): boolean {
    const { failure, sender } = attempt
    if (sender?.lease === undefined || keyFault(failure) === 'none') return false
    const wait = this.#senders.poolWait(attempt.model)
    if (wait === undefined) return false
    if (wait > 0) {
      attempt.waitAtLeast(wait)
      return false
    }
    const isKeys = keyCodes.has(failure!.code) || keyFault(failure) === 'quarantine'
    return isKeys && asking.keys.length < maxKeysTried
  }

  /** True when the endpoint refuses to stream, which it is not asked for again. */
  #streamless({ stream, model }: ModelAttempt, failure: ModelErrorData): boolean {
    if (this.#settings.options.stream !== 'auto' || !stream || !refusesStream(failure)) return false
    this.#cannotStream(model)
    return true
  }

  #cannotStream(model: string): void {
    if (this.#unstreamed.size >= maxUnstreamed) this.#unstreamed.clear()
    this.#unstreamed.add(model)
  }
}

/** At worst a request that is wrong for another reason is sent a second time, and refused again. */
function refusesStream({ status, code, message, details }: ModelErrorData): boolean {
  if (code !== 'model-refused' || (status !== 400 && status !== 422)) return false
  const named = (details as { readonly param?: unknown } | undefined)?.param
  return named === 'stream' || /\bstream(ing|ed)?\b/i.test(message)
}
