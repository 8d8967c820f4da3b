import { isSallyportError, SallyportError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { objectAt, textAt } from '../wire/read.ts'
import {
  creditsOf,
  generationOf,
  keyInfoOf,
  type Credits,
  type Generation,
  type KeyInfo,
} from './account-answers.ts'
import {
  AccountClient,
  accountKeys,
  type AccountCall,
  type AccountEndpoint,
} from './account-client.ts'
import { catalogOf, entriesOf, type Catalog } from './catalog.ts'
import { checkKeys, checkFilled } from './options.ts'

/** Something that can list the models of one provider. */
export interface ModelSource {
  /** Name for records, such as `openrouter`. */
  readonly provider: string
  models(call?: AccountCall): Promise<Catalog>
}

/**
 * The account behind a key at OpenRouter. Every question rejects with an error of the `model-`
 * family when it fails, `cancelled` when its signal aborts; `details` hold the HTTP status. No
 * error and no answer holds the key.
 */
export interface OpenRouterAccount extends ModelSource {
  /** All models, with exact prices. Needs no key. */
  models(call?: AccountCall): Promise<Catalog>
  /** Limits and usage of the key. */
  keyInfo(call?: AccountCall): Promise<KeyInfo>
  /** Money of the account. Only a management key may ask; others get `model-refused`. */
  credits(call?: AccountCall): Promise<Credits>
  /**
   * US dollars that may still be spent with the key: what is left of its limit or of the account,
   * whichever is less, below zero when overdrawn. `Infinity` when the key has no limit and may not
   * see the credits of its account.
   */
  balance(call?: AccountCall): Promise<number>
  /**
   * What became of a response, by the id it came with (`responseId` of a model's end). The books
   * are behind by a moment: an id that is not known is asked for again as `retry` says.
   */
  generation(id: string, call?: AccountCall): Promise<Generation>
  /** Closes idle connections; the account stays usable. */
  close(): Promise<void>
}

const openrouterUrl = 'https://openrouter.ai/api/v1'

/** Pages of a catalogue that are read at most. */
const maxPages = 20

/**
 * Opens an account. The base URL is `https://openrouter.ai/api/v1` unless given; there the key is
 * `apiKey`, else the environment variable `OPENROUTER_API_KEY`. Nothing is sent before the first
 * question. Throws `bad-option` for options that are unknown or malformed.
 *
 * @example
 * ```ts
 * const account = openrouterAccount()
 * const { models } = await account.models()
 * ```
 */
export function openrouterAccount(options: AccountEndpoint = {}): OpenRouterAccount {
  checkKeys('openrouterAccount', options, accountKeys)
  const { baseUrl = openrouterUrl, ...rest } = options
  return new Account(new AccountClient({ ...keyFor(baseUrl), ...rest, baseUrl }))
}

/** The key of the environment is for OpenRouter itself: no other host ever sees it. */
function keyFor(baseUrl: string): Pick<AccountEndpoint, 'apiKey'> {
  const apiKey = process.env['OPENROUTER_API_KEY'] ?? ''
  const isOwn = baseUrl.startsWith('https://openrouter.ai/')
  return isOwn && apiKey !== '' ? { apiKey } : {}
}

export interface ProviderCatalogOptions extends AccountEndpoint {
  readonly baseUrl: string
  /** Name for records. Default: the host of the base URL, with its port where it has one. */
  readonly provider?: string
}

/**
 * The models of any endpoint that answers `GET {baseUrl}/models` with `{data: [...]}`, as the
 * OpenAI-compatible ones do. Throws `bad-option`.
 *
 * @example
 * ```ts
 * const catalog = providerCatalog({ baseUrl: 'http://127.0.0.1:8080/v1' })
 * const { models } = await catalog.models()
 * ```
 */
export function providerCatalog(options: ProviderCatalogOptions): ModelSource {
  checkKeys('providerCatalog', options, [...accountKeys, 'provider'])
  const { provider, ...rest } = options
  if (provider !== undefined) checkFilled('provider', provider)
  const client = new AccountClient(rest)
  return {
    provider: provider ?? new URL(options.baseUrl).host,
    models: (call) => allModels(client, call),
  }
}

class Account implements OpenRouterAccount {
  readonly provider = 'openrouter'
  readonly #client: AccountClient

  constructor(client: AccountClient) {
    this.#client = client
  }

  models(call?: AccountCall): Promise<Catalog> {
    return allModels(this.#client, call)
  }

  async keyInfo(call?: AccountCall): Promise<KeyInfo> {
    this.#needKey()
    return keyInfoOf(await this.#client.get('/key', call))
  }

  async credits(call?: AccountCall): Promise<Credits> {
    this.#needKey()
    return creditsOf(await this.#client.get('/credits', call))
  }

  async balance(call?: AccountCall): Promise<number> {
    const { limitRemaining } = await this.keyInfo(call)
    const ofKey = limitRemaining ?? Number.POSITIVE_INFINITY
    try {
      return Math.min(ofKey, (await this.credits(call)).remaining)
    } catch (error) {
      if (isRefusal(error)) return ofKey
      throw error
    }
  }

  async generation(id: string, call?: AccountCall): Promise<Generation> {
    this.#needKey()
    checkFilled('id', id)
    const path = `/generation?id=${encodeURIComponent(id)}`
    const answer = await this.#client.get(path, call, ({ status }) => status === 404)
    return generationOf(id, answer)
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  #needKey(): void {
    if (this.#client.hasKey) return
    throw new SallyportError('model-unauthorized', 'there is no key for OpenRouter', {
      help: 'give `apiKey`, set OPENROUTER_API_KEY, or log in',
    })
  }
}

/** Whether the account does not let this key see the answer, whatever it would be. */
function isRefusal(error: unknown): boolean {
  if (!isSallyportError(error)) return false
  const status = isObject(error.details) ? error.details['status'] : undefined
  return status === 401 || status === 403
}

/** A catalogue that comes in pages is read to its end, at the address it was asked for only. */
async function allModels(client: AccountClient, call?: AccountCall): Promise<Catalog> {
  const entries: unknown[] = []
  let query: string | undefined = ''
  for (let page = 0; page < maxPages && query !== undefined; page++) {
    const answer = await client.get(`/models${query}`, call)
    entries.push(...entriesOf(answer))
    query = nextQuery(answer)
  }
  return catalogOf(entries)
}

/** Only the query of the next page counts: the key must not follow an address out of an answer. */
function nextQuery(answer: unknown): string | undefined {
  const links = isObject(answer) ? objectAt(answer, 'links') : undefined
  const next = links && textAt(links, 'next')
  const query = next === undefined ? undefined : URL.parse(next, 'https://provider.invalid')?.search
  return query === '' ? undefined : query
}
