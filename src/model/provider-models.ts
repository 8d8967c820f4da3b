import { errorFrom } from '../base/errors.ts'
import type { HttpClient } from '../wire/http.ts'
import { askJson } from '../wire/rest.ts'
import { catalogOf, entriesOf, type Catalog } from './catalog.ts'
import type { ProviderSettings } from './options.ts'
import type { Senders } from './provider-keys.ts'

const totalMs = 30_000
const maxBytes = 16 * 1024 * 1024

export interface ModelsCall {
  readonly signal?: AbortSignal
  /** Default: as for requests. */
  readonly attempts?: number
}

/**
 * The models an endpoint lists at `GET {base}/models`; of a list in pages the first one. Bounded to
 * 30 s and 16 MiB. Rejects with an error of the `model-` family.
 */
export async function askModels(
  client: HttpClient,
  settings: ProviderSettings,
  senders: Senders,
  { signal = new AbortController().signal, attempts }: ModelsCall,
): Promise<Catalog> {
  const { modelsUrl, timeouts, retry, options } = settings
  const sender = await senders.next('', signal)
  if ('code' in sender) throw errorFrom(sender)
  const asked = askJson(
    { url: modelsUrl, headers: sender.headers, secrets: sender.secrets },
    {
      client,
      timeouts: {
        ...timeouts,
        firstEventMs: Math.min(timeouts.firstEventMs, totalMs),
        totalMs: Math.min(timeouts.totalMs, totalMs),
      },
      retry: { ...retry, attempts: attempts ?? retry.attempts },
      maxBytes,
      random: options.random ?? Math.random,
      signal,
    },
  )
  // a list that anybody may see does not show that the key works
  asked.catch((error: unknown) => sender.lease?.failed(error))
  return catalogOf(entriesOf(await asked))
}
