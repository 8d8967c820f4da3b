import { systemClock } from '../base/clock.ts'
import { isSallyportError, messageOf, SallyportError } from '../base/errors.ts'
import type { ModelErrorData, ModelEvent } from '../protocol/event.ts'
import type { ModelStreamOptions } from '../protocol/model.ts'
import type { ModelRequest } from '../protocol/request.ts'
import { checkHeaders } from '../wire/endpoint.ts'
import { Exchange } from '../wire/exchange.ts'
import { HttpClient } from '../wire/http.ts'
import { retrying } from '../wire/retry.ts'
import { secretsIn, withoutSecrets } from '../wire/secrets.ts'
import { modelError } from '../wire/status.ts'
import { cancelledError } from '../wire/watch.ts'
import type { WireCodec } from '../wire/wire.ts'
import type { ProviderSettings } from './http-model-settings.ts'

/** Asks one endpoint over one wire. */
export class HttpProvider {
  readonly #settings: ProviderSettings
  readonly #codec: WireCodec
  readonly #client: HttpClient
  #fixed: Sender | undefined

  constructor(settings: ProviderSettings, codec: WireCodec) {
    this.#settings = settings
    this.#codec = codec
    const { options, timeouts, retry } = settings
    const { now } = options.clock ?? systemClock
    this.#client = new HttpClient({
      connectMs: timeouts.connectMs,
      now,
      ...(options.transport === undefined ? {} : { transport: options.transport }),
      ...(retry.statuses === undefined ? {} : { retryStatuses: retry.statuses }),
    })
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  stream(
    model: string,
    request: ModelRequest,
    call: ModelStreamOptions,
  ): AsyncIterable<ModelEvent> {
    return oneByOne(this.streamBatches(model, request, call), call.signal)
  }

  async *streamBatches(
    model: string,
    request: ModelRequest,
    { signal, toolCallDeltas = true }: ModelStreamOptions,
  ): AsyncGenerator<readonly ModelEvent[], void, undefined> {
    let exchange: Exchange | undefined
    try {
      let sending: Sending
      try {
        const body = this.#encode(model, request)
        const sender = this.#fixed ?? (await this.#withKey())
        sending = { request, body, sender, signal, toolCallDeltas }
      } catch (thrown) {
        yield failedResponse(prepareError(thrown))
        return
      }
      const { secrets } = sending.sender
      exchange = await this.#send(sending)
      if (exchange.failure !== undefined) {
        const retries = this.#retry(exchange, sending)
        let step = await retries.next()
        for (; step.done !== true; step = await retries.next()) yield [scrub(step.value, secrets)]
        exchange = step.value
      }
      do {
        const batch = shownOf(exchange, secrets)
        if (batch.length > 0) yield batch
      } while (await exchange.read())
    } finally {
      exchange?.close()
    }
  }

  #encode(model: string, request: ModelRequest): string {
    const { stream = true } = this.#settings.options
    return this.#codec.encode(request, { model, stream })
  }

  #send({ request, body, sender, signal, toolCallDeltas }: Sending): Promise<Exchange> {
    const { options, url, bounds, timeouts } = this.#settings
    return Exchange.start({
      client: this.#client,
      request: { url, headers: sender.headers, body, stream: options.stream ?? true },
      decoder: this.#codec.decoder(request, bounds, toolCallDeltas),
      bounds,
      timeouts,
      signal,
    })
  }

  #retry(first: Exchange, sending: Sending): AsyncGenerator<ModelEvent, Exchange, undefined> {
    const { options, retry } = this.#settings
    const start = (): Promise<Exchange> => this.#send(sending)
    return retrying(first, start, retry, sending.signal, options.random ?? Math.random)
  }

  /** The headers of a request; the same for all when the key is a text. */
  async #withKey(): Promise<Sender> {
    const { apiKey, keyHeader } = this.#settings.options
    const secret = typeof apiKey === 'function' ? await findKey(apiKey) : (apiKey ?? '')
    const { name, prefix } = keyHeader ?? { name: 'authorization', prefix: 'Bearer ' }
    const own = apiKey === undefined ? {} : checkHeaders({ [name]: prefix + secret })
    const headers = { ...this.#settings.headers, ...own }
    const sender = { headers, secrets: secretsIn(headers, secret) }
    if (typeof apiKey !== 'function') this.#fixed = sender
    return sender
  }
}

interface Sender {
  readonly headers: Readonly<Record<string, string>>
  /** Texts that must not appear in any event. */
  readonly secrets: readonly string[]
}

/** A request that nothing is wrong with. */
interface Sending {
  readonly request: ModelRequest
  readonly body: string
  readonly sender: Sender
  readonly signal: AbortSignal
  readonly toolCallDeltas: boolean
}

async function findKey(find: () => string | Promise<string>): Promise<string> {
  let key: unknown
  try {
    key = await find()
  } catch (thrown) {
    throw new SallyportError('model-unauthorized', `the key cannot be found: ${messageOf(thrown)}`)
  }
  if (typeof key === 'string' && key !== '') return key
  throw new SallyportError('model-unauthorized', 'there is no key for the model endpoint')
}

function prepareError(thrown: unknown): ModelErrorData {
  if (isSallyportError(thrown)) return thrown.toJSON()
  return modelError('bad-option', `the request cannot be written: ${messageOf(thrown)}`)
}

/** Each event by itself. A caller who gives up amid a batch does not get the rest as an answer. */
async function* oneByOne(
  batches: AsyncIterable<readonly ModelEvent[]>,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent, void, undefined> {
  for await (const batch of batches) {
    for (const event of batch) {
      if (signal.aborted && isDelta(event)) continue
      if (signal.aborted && event.type === 'end' && event.finishReason.unified !== 'error') {
        yield { type: 'error', error: cancelledError(signal) }
        yield { ...event, finishReason: { raw: null, unified: 'error' } }
      } else yield event
    }
  }
}

/** The events read since the last time, as they may be shown. */
function shownOf(exchange: Exchange, secrets: readonly string[]): readonly ModelEvent[] {
  const events = exchange.take()
  // what was read before the caller gave up is not shown after it
  const due = exchange.stopped ? events.filter((event) => !isDelta(event)) : events
  return due.some(({ type }) => type === 'error') ? due.map((event) => scrub(event, secrets)) : due
}

function failedResponse(error: ModelErrorData): readonly ModelEvent[] {
  return [
    { type: 'error', error },
    { type: 'end', finishReason: { unified: 'error', raw: null } },
  ]
}

function isDelta({ type }: ModelEvent): boolean {
  return type === 'text-delta' || type === 'reasoning-delta' || type === 'tool-call-delta'
}

/** The event without the secrets, should its error quote them. */
function scrub(event: ModelEvent, secrets: readonly string[]): ModelEvent {
  if (event.type !== 'error' && event.type !== 'retry') return event
  return { ...event, error: withoutSecrets(event.error, secrets) }
}
