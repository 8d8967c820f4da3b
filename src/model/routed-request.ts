import type { Clock } from '../base/clock.ts'
import { errorData, messageOf } from '../base/errors.ts'
import type { Costs } from '../cost/costs.ts'
import type { ModelErrorData, ModelEvent } from '../protocol/event.ts'
import type { Model, ModelStreamOptions } from '../protocol/model.ts'
import type { ModelRequest } from '../protocol/request.ts'
import { cancelledError } from '../wire/watch.ts'
import type { Balances } from './balance.ts'
import { batchesOf } from './batches.ts'
import { failedResponse } from './provider-events.ts'
import { delayBefore, follows, isBeforehand, type FallbackRule } from './fallback.ts'
import { askedOf, askMetered, nobody } from './metered.ts'
import type { RoutableModel } from './router.ts'

/** How requests find their model; the same for all requests of a router. */
export interface Route {
  readonly providers: ReadonlyMap<string, RoutableModel>
  readonly rules: readonly FallbackRule[]
  readonly costs: Costs | undefined
  readonly balances: Balances
  readonly clock: Clock
  readonly maxWaitMs: number
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

/** A model to be asked. */
export interface Target {
  readonly model: RoutableModel
  /** A rule with `scope: 'hard'` has chosen the provider: the usual limits do not hold. */
  readonly lifted: boolean
}

/** An attempt that came to nothing. */
interface Failure {
  readonly error: ModelErrorData
  /** From the error on; not shown as long as another attempt may follow. */
  readonly events: readonly ModelEvent[]
}

type Batches<Result> = AsyncGenerator<readonly ModelEvent[], Result, undefined>

/** One request on its way through the rules. */
export class RoutedRequest {
  readonly #route: Route
  readonly #request: ModelRequest
  readonly #options: ModelStreamOptions
  #waitedMs = 0
  /** Attempts of the model that is asked now. */
  #attempts = 0

  constructor(route: Route, request: ModelRequest, options: ModelStreamOptions) {
    this.#route = route
    this.#request = request
    this.#options = options
  }

  /** The answer of the first model that has one; never throws for what models do. */
  async *answer(first: Target): Batches<void> {
    const moved = await this.#beforehand(first)
    if (moved !== undefined) yield [fallback(first, moved.target, moved.error)]
    let target = moved?.target ?? first
    let failure = yield* this.#attempt(target)
    for (const rule of this.#route.rules) {
      if (failure === undefined) return
      if (this.#options.signal.aborted) break
      if (!follows(rule, failure.error)) continue
      if (rule.action === 'wait_and_retry') {
        failure = yield* this.#waitAndRetry(rule, target, failure)
        continue
      }
      const next = this.#switched(rule, target)
      if (isSame(next, target)) continue
      yield [...usageOf(failure), fallback(target, next, failure.error)]
      target = next
      this.#attempts = 0
      failure = yield* this.#attempt(target)
    }
    if (failure !== undefined) yield failure.events
  }

  /** Where the first rule about money that holds moves the request, and why. */
  async #beforehand(
    first: Target,
  ): Promise<{ readonly target: Target; readonly error: ModelErrorData } | undefined> {
    for (const rule of this.#route.rules) {
      if (!isBeforehand(rule)) continue
      const error =
        rule.trigger === 'low_funds'
          ? await this.#lowFunds(rule, first)
          : this.#overspent(rule, first)
      if (error === undefined) continue
      const target = this.#switched(rule, first)
      return isSame(target, first) ? undefined : { target, error }
    }
    return undefined
  }

  async #lowFunds(
    { threshold = 0 }: FallbackRule,
    { model: { provider } }: Target,
  ): Promise<ModelErrorData | undefined> {
    const dollars = await this.#route.balances.of(provider, this.#options.signal)
    if (dollars === undefined || (dollars > 0 && dollars >= threshold)) return undefined
    return errorData('model-low-funds', `${dollars} US dollars are left with \`${provider}\``, {
      help: 'pay in with the provider, or lower the `threshold` of the rule',
    })
  }

  #overspent({ scope = 'soft' }: FallbackRule, { model }: Target): ModelErrorData | undefined {
    const { costs } = this.#route
    const { caller = nobody } = this.#options
    const asked = askedOf(model, caller)
    if (costs === undefined) return undefined
    if (scope === 'soft') {
      const passed = costs.exceeded('soft', asked)
      const help = 'raise the soft limit of the budget, or leave out the rule'
      return passed && errorData('budget-exceeded', passed.message, { help })
    }
    const bought = costs.open({ ...asked, request: this.#request })
    if ('refused' in bought) return bought.refused
    bought.release()
    return undefined
  }

  #switched(rule: FallbackRule, from: Target): Target {
    const { provider = from.model.provider, model } = rule
    const host = this.#route.providers.get(provider)!
    const moves = provider !== from.model.provider
    const target = model === undefined ? host : host.withModel!(model)
    const lifts = moves && rule.trigger === 'cost_limit' && rule.scope === 'hard'
    return { model: target, lifted: moves ? lifts : from.lifted }
  }

  /** Asks the same model again, up to so often; the latest failure when that does not help. */
  async *#waitAndRetry(
    rule: FallbackRule,
    target: Target,
    first: Failure,
  ): Batches<Failure | undefined> {
    const { maxRetries = 3 } = rule
    const { signal } = this.#options
    let failure = first
    for (let number = 1; number <= maxRetries; number++) {
      const delayMs = delayBefore(rule, number, failure.error)
      if (delayMs === undefined || this.#waitedMs + delayMs > this.#route.maxWaitMs) return failure
      const attempt = this.#attempts + 1
      yield [...usageOf(failure), { type: 'retry', attempt, delayMs, error: failure.error }]
      this.#waitedMs += delayMs
      if (delayMs > 0) await this.#wait(delayMs)
      if (signal.aborted) return failed(cancelledError(signal))
      const latest = yield* this.#attempt(target)
      if (latest === undefined || !follows(rule, latest.error)) return latest
      failure = latest
    }
    return exhausted(failure, maxRetries)
  }

  /** What ended a wait early is seen by the signal. */
  async #wait(milliseconds: number): Promise<void> {
    try {
      await this.#route.wait(milliseconds, this.#options.signal)
    } catch {}
  }

  /** Shows what a model says; a failure and what follows it are held back. */
  async *#attempt({ model, lifted }: Target): Batches<Failure | undefined> {
    this.#attempts++
    let held: ModelEvent[] | undefined
    try {
      for await (const batch of this.#ask(model, lifted)) {
        if (held !== undefined) {
          held.push(...batch)
          continue
        }
        const from = batch.findIndex(isFailure)
        if (from < 0) yield batch
        else held = batch.slice(from)
        if (from > 0) yield batch.slice(0, from)
        if (from < 0 && batch.at(-1)?.type === 'end') return undefined
      }
    } catch (thrown) {
      return failed(errorData('model-protocol', `the model threw: ${messageOf(thrown)}`))
    }
    return failureOf(held)
  }

  #ask(model: Model, lifted: boolean): AsyncIterable<readonly ModelEvent[]> {
    const { costs } = this.#route
    if (costs === undefined) return batchesOf(model, this.#request, this.#options)
    const [request, options] = [this.#request, this.#options]
    return askMetered({ model, request, options, costs, lifted })
  }
}

function isFailure(event: ModelEvent): boolean {
  return event.type === 'error' || (event.type === 'end' && event.finishReason.unified === 'error')
}

function failed(error: ModelErrorData): Failure {
  return { error, events: failedResponse(error) }
}

function failureOf(held: readonly ModelEvent[] | undefined): Failure {
  const error = held?.find((event) => event.type === 'error')?.error
  if (held?.at(-1)?.type !== 'end') {
    return failed(errorData('model-protocol', 'the model ended its stream without `end`'))
  }
  if (error !== undefined) return { error, events: held }
  return failed(errorData('model-error', 'the model stopped with an error it did not name'))
}

/** What was spent on a failure stays spent. */
function usageOf({ events }: Failure): readonly ModelEvent[] {
  return events.filter(({ type }) => type === 'usage')
}

function exhausted({ error, events }: Failure, tries: number): Failure {
  const message = `${tries} more tries have failed: ${error.message}`
  const last = { ...error, message }
  return {
    error: last,
    events: events.map((event) => (event.type === 'error' ? { ...event, error: last } : event)),
  }
}

function isSame(a: Target, b: Target): boolean {
  return a.model.provider === b.model.provider && a.model.id === b.model.id && a.lifted === b.lifted
}

function nameOf({ model }: Target): string {
  return `${model.provider}/${model.id}`
}

function fallback(from: Target, to: Target, error: ModelErrorData): ModelEvent {
  return { type: 'fallback', from: nameOf(from), to: nameOf(to), error }
}
