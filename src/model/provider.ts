import { systemClock, type Clock } from '../base/clock.ts'
import { isSallyportError, messageOf } from '../base/errors.ts'
import type { ModelErrorData, ModelEvent } from '../protocol/event.ts'
import type { ModelStreamOptions } from '../protocol/model.ts'
import type { ModelRequest } from '../protocol/request.ts'
import { Exchange } from '../wire/exchange.ts'
import { giveBack, type BodyText } from '../wire/growing-text.ts'
import { HttpClient } from '../wire/http.ts'
import { retrying } from '../wire/retry.ts'
import { modelError } from '../wire/status.ts'
import { cancelledError } from '../wire/watch.ts'
import type { WireCodec } from '../wire/wire.ts'
import type { Catalog } from './catalog.ts'
import { HealthCheck } from './health.ts'
import type { ProviderSettings } from './options.ts'
import { Metrics } from './metrics.ts'
import { ModelAttempt } from './provider-attempt.ts'
import { chosen, dueEvents, failedResponse, oneByOne, scrub } from './provider-events.ts'
import type { ModelsCall } from './provider-models.ts'
import { Senders, type Sender } from './provider-keys.ts'
import { Ways } from './provider-ways.ts'
import { Quotas } from './quota.ts'
import { foreignFilter, named } from './sealed.ts'
import type { ModelSelector } from './select.ts'

/** Asks one endpoint over one wire. */
export class HttpProvider {
  readonly health: HealthCheck
  readonly quotas: Quotas
  readonly metrics = new Metrics()
  readonly #client: HttpClient
  readonly #senders: Senders
  readonly #settings: ProviderSettings
  readonly #codec: WireCodec
  readonly #clock: Clock
  readonly #ways: Ways
  readonly #withoutForeign: ReturnType<typeof foreignFilter>

  constructor(settings: ProviderSettings, codec: WireCodec) {
    const { options, timeouts, retry } = settings
    this.#settings = settings
    this.#codec = codec
    this.#clock = options.clock ?? systemClock
    this.#withoutForeign = foreignFilter(options.provider)
    const now = (): number => this.#clock.now()
    this.#client = new HttpClient({
      connectMs: timeouts.connectMs,
      now,
      ...(options.transport === undefined ? {} : { transport: options.transport }),
      ...(retry.statuses === undefined ? {} : { retryStatuses: retry.statuses }),
    })
    this.quotas = new Quotas(now)
    this.#senders = new Senders(settings, this.quotas)
    this.health = new HealthCheck(() => this.listModels({ attempts: 1 }), this.#clock)
    this.#ways = new Ways(settings, this.#senders, this.quotas)
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  /** All models of the endpoint. Rejects with an error of the `model-` family. */
  async listModels(call: ModelsCall = {}): Promise<Catalog> {
    const { askModels } = await import('./provider-models.ts')
    return askModels(this.#client, this.#settings, this.#senders, call)
  }

  stream(
    model: string | ModelSelector,
    request: ModelRequest,
    call: ModelStreamOptions,
  ): AsyncIterable<ModelEvent> {
    return oneByOne(this.streamBatches(model, request, call), call.signal)
  }

  async *streamBatches(
    model: string | ModelSelector,
    request: ModelRequest,
    { signal, toolCallDeltas = true }: ModelStreamOptions,
  ): AsyncGenerator<readonly ModelEvent[], void, undefined> {
    const startedAt = this.#clock.monotonic()
    const asking: Asking = {
      model,
      request,
      signal,
      toolCallDeltas,
      secrets: [],
      keys: [],
      tries: 0,
    }
    this.metrics.requests++
    let attempt: ModelAttempt | undefined
    try {
      attempt = await this.#attempt(asking)
      if (attempt.failure !== undefined) {
        const retries = this.#retry(attempt, asking)
        let step = await retries.next()
        for (; step.done !== true; step = await retries.next()) {
          yield [scrub(step.value, asking.secrets)]
        }
        attempt = step.value
      }
      const { exchange } = attempt
      if (exchange === undefined) {
        this.metrics.failed++
        yield failedResponse(attempt.failure!)
        return
      }
      do {
        const events = dueEvents(exchange)
        if (events.length === 0) continue
        const failed = this.#note(events, attempt, startedAt)
        const { provider } = this.#settings.options
        const told = chosen(named(events, provider, attempt.hasSealedCalls), attempt)
        yield failed ? told.map((event) => scrub(event, asking.secrets)) : told
      } while (await exchange.read())
    } finally {
      attempt?.close()
      this.#giveBack(attempt, asking)
    }
  }

  /** Whoever carries requests in our stead may keep what was sent. */
  #giveBack(attempt: ModelAttempt | undefined, { written }: Asking): void {
    const isOurs = this.#settings.options.transport === undefined
    if (isOurs && written !== undefined && attempt?.exchange?.isRead === true) {
      giveBack(written.body)
    }
  }

  /** Counts what the events tell; true when there is an error among them. */
  #note(events: readonly ModelEvent[], attempt: ModelAttempt, startedAt: number): boolean {
    const { metrics } = this
    let failed = false
    for (const event of events) {
      if (event.type === 'error') {
        failed = true
        metrics.failed++
        // what failed at its start has been counted
        if (attempt.failure === undefined) this.#ways.failedLater(attempt, event.error, metrics)
      } else if (event.type === 'usage') metrics.used(event.usage)
      else if (event.type === 'tool-call') attempt.hasSealedCalls ||= event.opaque !== undefined
      else if (event.type === 'end' && event.finishReason.unified !== 'error') {
        metrics.succeeded++
        metrics.lastModel = event.model ?? attempt.model
        metrics.duration.add(this.#clock.monotonic() - startedAt)
      }
    }
    return failed
  }

  #retry(first: ModelAttempt, asking: Asking): AsyncGenerator<ModelEvent, ModelAttempt, undefined> {
    const { options, retry } = this.#settings
    const start = (): Promise<ModelAttempt> => this.#attempt(asking)
    return retrying(first, start, retry, asking.signal, options.random ?? Math.random)
  }

  /** One attempt, up to its first news. Never rejects. */
  async #attempt(asking: Asking): Promise<ModelAttempt> {
    asking.tries++
    const { model: wanted, signal } = asking
    const model = typeof wanted === 'string' ? wanted : wanted.select()
    const attempt = new ModelAttempt(model, typeof wanted === 'string' ? undefined : wanted)
    try {
      const stream = this.#ways.streams(model)
      const body = this.#encode(asking, model, stream)
      const found = signal.aborted ? cancelledError(signal) : this.#senders.next(model, signal)
      const sender = found instanceof Promise ? await found : found
      if ('code' in sender) attempt.refuse(signal.aborted ? cancelledError(signal) : sender)
      else {
        const sentAt = this.#sent(asking, sender, model)
        attempt.begin(await this.#exchange(asking, { model, body, stream, sender }), sender, stream)
        if (attempt.failure === undefined) {
          this.metrics.firstEvent.add(this.#clock.monotonic() - sentAt)
        }
      }
    } catch (thrown) {
      attempt.refuse(prepareError(thrown))
    }
    this.#ways.judge(attempt, asking, this.metrics)
    return attempt
  }

  /** Notes that a request is about to be sent; returns when. */
  #sent(asking: Asking, { secrets, key, lease }: Sender, model: string): number {
    if (asking.tries === 1) asking.secrets = secrets
    else if (asking.secrets !== secrets) asking.secrets = [...asking.secrets, ...secrets]
    if (lease !== undefined) asking.keys = [...new Set([...asking.keys, key])]
    this.metrics.attempts++
    this.metrics.lastModel = model
    return this.#clock.monotonic()
  }

  #exchange(
    { request, signal, toolCallDeltas }: Asking,
    { model, body, stream, sender }: Sending,
  ): Promise<Exchange> {
    const { url, bounds, timeouts } = this.#settings
    const { trace } = request
    const headers = trace === undefined ? sender.headers : { ...trace, ...sender.headers }
    return Exchange.start({
      client: this.#client,
      request: { url, headers, body, stream },
      decoder: this.#codec.decoder(request, bounds, toolCallDeltas),
      bounds,
      timeouts,
      signal,
      observe: (reply) => this.quotas.observe(sender.key, model, reply),
    })
  }

  /** The body is written anew only when another model is asked or another kind of answer. */
  #encode(asking: Asking, model: string, stream: boolean): BodyText {
    const { written } = asking
    if (written?.model === model && written.stream === stream) return written.body
    const { request } = asking
    const messages = this.#withoutForeign(request.messages)
    const body = this.#codec.encode({ ...request, messages }, { model, stream })
    asking.written = { model, stream, body }
    return body
  }
}

interface Sending {
  readonly model: string
  readonly body: BodyText
  readonly stream: boolean
  readonly sender: Sender
}

/** A request on its way, over all of its attempts. */
export interface Asking {
  readonly model: string | ModelSelector
  readonly request: ModelRequest
  readonly signal: AbortSignal
  readonly toolCallDeltas: boolean
  /** Of all attempts so far. */
  secrets: readonly string[]
  /** Those of a pool that were tried. */
  keys: readonly string[]
  tries: number
  written?: { readonly model: string; readonly stream: boolean; readonly body: BodyText }
}

function prepareError(thrown: unknown): ModelErrorData {
  if (isSallyportError(thrown)) return thrown.toJSON()
  return modelError('bad-option', `the request cannot be written: ${messageOf(thrown)}`)
}
