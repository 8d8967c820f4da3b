import { systemClock, type Clock } from '../base/clock.ts'
import { errorDataOf, SallyportError, type ErrorData } from '../base/errors.ts'
import { sleep } from '../base/signal.ts'
import type { Costs } from '../cost/costs.ts'
import { moneyText } from '../cost/money.ts'
import type { ModelEvent } from '../protocol/event.ts'
import type { Model, ModelStreamOptions } from '../protocol/model.ts'
import {
  checkGiven,
  hasMethods,
  isClock,
  isFunction,
  isNumber,
  isPlainObject,
} from '../protocol/option-checks.ts'
import type { ModelRequest } from '../protocol/request.ts'
import { Balances, type Balance } from './balance.ts'
import { oneByOne } from './provider-events.ts'
import { listModels, type ModelListing } from './catalog-listing.ts'
import type { Catalog } from './catalog.ts'
import { checkRules, unknownProvider, type FallbackRule } from './fallback.ts'
import type { Health } from './health.ts'
import type { CostedModel } from './metered.ts'
import { checkFilled, checkKeys, checkProvider } from './options.ts'
import { RoutedRequest, type Route, type Target } from './routed-request.ts'

/** A model that can hand out others of its provider; what `openrouter` and its like return can. */
export interface RoutableModel extends Model {
  withModel?(id: string): Model
  health?(options?: { readonly fresh?: boolean }): Promise<Health>
  listModels?(options?: { readonly signal?: AbortSignal }): Promise<Catalog>
  close?(): Promise<void>
}

export interface RouterOptions {
  /** Models by their providers, each of which occurs once. The first is asked first. */
  readonly providers: readonly RoutableModel[]
  /** Default none: failures are failures. */
  readonly rules?: readonly FallbackRule[]
  /** From `createCosts`; what `cost_limit` looks at. Each attempt is priced and held to its budget. */
  readonly costs?: Costs
  /** What is left with providers, by their names, for `low_funds`; asked at most once a minute. */
  readonly balances?: Readonly<Record<string, Balance>>
  /**
   * Milliseconds that `wait_and_retry` may wait for one request in all; a wait that would take
   * longer is not begun. Waits between retries of the models themselves come on top. Default
   * 120,000.
   */
  readonly maxWaitMs?: number
  readonly clock?: Clock
  /** Waits; rejects when the signal aborts. Default: a timer. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

/** Several models that stand in for each other. */
export interface Router extends CostedModel {
  /** Throws `bad-option` when no provider has this name. */
  withProvider(name: string): Router
  /** Another model of the provider that is asked first; rules, costs and waits are the same. */
  withModel(id: string): Router
  withCosts(costs: Costs): Router
  hasProvider(name: string): boolean
  /** Asks all providers that can tell. Never rejects. */
  health(options?: { readonly fresh?: boolean }): Promise<RouterHealth>
  /**
   * The models of all providers that can list them, each id once, with prices of `costs` where the
   * provider names none; the first of two providers counts. Never rejects.
   */
  listModels(options?: { readonly signal?: AbortSignal }): Promise<ModelListing>
  /** Closes the idle connections of all providers. */
  close(): Promise<void>
}

export interface RouterHealth {
  /** True when all are well. */
  readonly ok: boolean
  readonly providers: Readonly<Record<string, Health>>
  /** That of the first provider, in their order, that is not well. */
  readonly error?: ErrorData
}

const checks = {
  costs: hasMethods('what counts costs', ['open', 'exceeded'], 'make it with `createCosts`'),
  balances: isPlainObject,
  maxWaitMs: isNumber({ min: 0, max: 2 ** 31 - 1, integer: true }),
  clock: isClock,
  wait: isFunction,
}

/**
 * A model that asks others by rules: another provider, another model, or the same again later. A
 * new attempt is announced by `fallback` or `retry`, which void what the failed one has said. An
 * attempt can follow even amid an answer, as calls run only after `end`. Throws `bad-option` for
 * rules that could never do what they say.
 *
 * @example
 * ```ts
 * const model = router({
 *   providers: [openrouter({ model: 'anthropic/claude-haiku-4.5' }), local],
 *   rules: [{ trigger: 'error', action: 'switch_provider', provider: 'local' }],
 * })
 * ```
 */
export function router(options: RouterOptions): Router {
  checkKeys('router', options, ['providers', 'rules', ...Object.keys(checks)])
  const providers = providersOf(options.providers)
  const { rules = [], balances = {}, maxWaitMs = 120_000, clock = systemClock } = options
  checkRules(rules, providers)
  checkGiven(options, checks)
  for (const [name, balance] of Object.entries(balances)) {
    if (!providers.has(name)) throw unknownProvider('balances', name, [...providers.keys()])
    isFunction(`balances.${name}`, balance)
  }
  const [first] = options.providers
  const route: Route = {
    providers,
    rules: [...rules],
    costs: options.costs,
    clock,
    balances: new Balances(balances, () => clock.monotonic()),
    maxWaitMs,
    wait: options.wait ?? sleep,
  }
  return new RoutingModel(first!, route)
}

function providersOf(models: readonly RoutableModel[]): ReadonlyMap<string, RoutableModel> {
  if (!Array.isArray(models) || models.length === 0) {
    throw new SallyportError('bad-option', '`providers` is not a list of models, or is empty', {
      help: 'give at least one model, such as `openrouter({ model })`',
    })
  }
  const providers = new Map<string, RoutableModel>()
  for (const [index, model] of models.entries()) {
    checkProvider(`providers[${index}].provider`, model?.provider)
    if (providers.has(model.provider)) {
      throw new SallyportError(
        'bad-option',
        `two models are of the provider \`${model.provider}\``,
        {
          help: 'give one and name the other in a rule as `model`, or give it another `provider`',
        },
      )
    }
    providers.set(model.provider, model)
  }
  return providers
}

class RoutingModel implements Router {
  readonly #first: RoutableModel
  readonly #route: Route

  constructor(first: RoutableModel, route: Route) {
    this.#first = first
    this.#route = route
  }

  get id(): string {
    return this.#first.id
  }

  get provider(): string {
    return this.#first.provider
  }

  get costs(): Costs | undefined {
    return this.#route.costs
  }

  stream(request: ModelRequest, options: ModelStreamOptions): AsyncIterable<ModelEvent> {
    return oneByOne(this.streamBatches(request, options), options.signal)
  }

  streamBatches(
    request: ModelRequest,
    options: ModelStreamOptions,
  ): AsyncIterable<readonly ModelEvent[]> {
    const first: Target = { model: this.#first, lifted: false }
    return new RoutedRequest(this.#route, request, options).answer(first)
  }

  withProvider(name: string): Router {
    const { providers } = this.#route
    const provider = providers.get(name)
    if (provider === undefined) throw unknownProvider('withProvider', name, [...providers.keys()])
    return new RoutingModel(provider, this.#route)
  }

  withModel(id: string): Router {
    checkFilled('model', id)
    const { provider } = this.#first
    const model = this.#first.withModel?.(id)
    if (model !== undefined) return new RoutingModel(model, this.#route)
    throw new SallyportError('bad-option', `\`${provider}\` has one model only`, {
      help: 'give a provider that has `withModel`, such as `openrouter`',
    })
  }

  withCosts(costs: Costs): Router {
    return new RoutingModel(this.#first, { ...this.#route, costs })
  }

  hasProvider(name: string): boolean {
    return this.#route.providers.has(name)
  }

  async health(options: { readonly fresh?: boolean } = {}): Promise<RouterHealth> {
    const { clock, providers } = this.#route
    const found = await Promise.all(
      [...providers].map(async ([name, model]) => {
        const health = await healthOf(model, options, clock)
        return health && ([name, health] as const)
      }),
    )
    const told = found.filter((each) => each !== undefined)
    const ill = told.find(([, { ok }]) => !ok)
    const error = ill?.[1].error
    return {
      ok: ill === undefined,
      providers: Object.fromEntries(told),
      ...(error === undefined ? {} : { error }),
    }
  }

  listModels(options: { readonly signal?: AbortSignal } = {}): Promise<ModelListing> {
    const sources = [...this.#route.providers.values()].flatMap((model) =>
      model.listModels === undefined
        ? []
        : [{ provider: model.provider, models: model.listModels.bind(model) }],
    )
    return listModels(sources, {
      ...options,
      priceOf: (provider, model) => {
        const price = this.#route.costs?.prices.find(provider, model)
        if (price?.source !== 'registry') return undefined
        return { input: moneyText(price.input), output: moneyText(price.output) }
      },
    })
  }

  async close(): Promise<void> {
    await Promise.all([...this.#route.providers.values()].map((model) => model.close?.()))
  }
}

/** Undefined for a model that cannot tell; one that fails to is not well. */
async function healthOf(
  model: RoutableModel,
  options: { readonly fresh?: boolean },
  clock: Clock,
): Promise<Health | undefined> {
  const startedAt = clock.monotonic()
  const checkedAt = new Date(clock.now()).toISOString()
  try {
    return await model.health?.(options)
  } catch (thrown) {
    const latencyMs = clock.monotonic() - startedAt
    return { ok: false, checkedAt, latencyMs, error: errorDataOf(thrown) }
  }
}
