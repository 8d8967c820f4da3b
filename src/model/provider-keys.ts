import type { ModelErrorData } from '../protocol/event.ts'
import { checkHeaders } from '../wire/endpoint.ts'
import { secretsIn } from '../wire/secrets.ts'
import { findKey } from './find-key.ts'
import type { ProviderSettings } from './options.ts'
import { KeyLease } from './key-pool.ts'
import type { Quotas } from './quota.ts'

/** With what a request is sent. */
export interface Sender {
  readonly headers: Readonly<Record<string, string>>
  /** Texts that must not appear in any event. */
  readonly secrets: readonly string[]
  /** The key; empty when there is none. */
  readonly key: string
  /** Set when the key comes out of a pool, which wants to know how it fared. */
  readonly lease?: KeyLease
}

/** Finds the key of each attempt, in a text, by a function or in a pool. */
export class Senders {
  readonly #settings: ProviderSettings
  readonly #quotas: Quotas
  #fixed: Sender | undefined

  constructor(settings: ProviderSettings, quotas: Quotas) {
    this.#settings = settings
    this.#quotas = quotas
  }

  /** With what to ask the model next, or why it must not be asked. Throws when a key is wrong. */
  next(
    model: string,
    signal: AbortSignal,
  ): Sender | ModelErrorData | Promise<Sender | ModelErrorData> {
    const { options, timeouts } = this.#settings
    const { apiKey } = options
    if (typeof apiKey === 'function') {
      const wait = { timeoutMs: timeouts.totalMs, signal }
      return findKey(apiKey, wait, 'model endpoint').then((key) =>
        this.#allowed(this.#senderOf(key), model),
      )
    }
    if (typeof apiKey !== 'object') {
      return this.#allowed((this.#fixed ??= this.#senderOf(apiKey)), model)
    }
    const lease = apiKey.lease((key) => this.#quotas.waitFor(key, model))
    if (!(lease instanceof KeyLease)) return lease
    const { headers, key, secrets } = this.#senderOf(lease.key)
    return { headers, key, lease, secrets: [...apiKey.secrets(), ...secrets] }
  }

  /** Milliseconds until a key of the pool may be used for the model; undefined when none may. */
  poolWait(model: string): number | undefined {
    const { apiKey } = this.#settings.options
    if (typeof apiKey !== 'object') return undefined
    return apiKey.waitMs((key) => this.#quotas.waitFor(key, model))
  }

  #allowed(sender: Sender, model: string): Sender | ModelErrorData {
    return this.#quotas.refusal(sender.key, model) ?? sender
  }

  #senderOf(apiKey: string | undefined): Sender {
    const { name, prefix } = this.#settings.options.keyHeader ?? bearer
    const key = apiKey ?? ''
    const own = apiKey === undefined ? {} : checkHeaders({ [name]: prefix + key })
    const headers = { ...this.#settings.headers, ...own }
    return { headers, secrets: secretsIn(headers, key), key }
  }
}

const bearer = { name: 'authorization', prefix: 'Bearer ' }
