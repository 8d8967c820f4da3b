import type { ErrorCode } from '../base/codes.ts'
import type { Costs, Purchasing } from '../cost/costs.ts'
import type { Asked } from '../cost/tracker.ts'
import type { ModelErrorData, ModelEvent } from '../protocol/event.ts'
import type { Model, ModelCaller, ModelStreamOptions } from '../protocol/model.ts'
import type { ModelRequest } from '../protocol/request.ts'
import { addCost, addUsage, type Cost, type Usage } from '../protocol/usage.ts'
import { batchesOf } from './batches.ts'
import { failedResponse, oneByOne } from './provider-events.ts'

/** Stands for programs that do not say on whose behalf they ask. */
export const nobody: ModelCaller = { runId: 'no run' }

/** A model that counts its costs, or can be made to. */
export interface CostedModel extends Model {
  readonly costs: Costs | undefined
  withCosts(costs: Costs): CostedModel
}

/**
 * The model with its answers priced, counted and held to a budget. One that asks others counts for
 * each of them. A request that could cost more than the budget has left is answered by the error
 * `budget-exceeded`; nothing is sent.
 */
export function metered(model: Model, costs: Costs): Model {
  if ('withCosts' in model) return (model as CostedModel).withCosts(costs)
  const streamBatches = (request: ModelRequest, options: ModelStreamOptions) =>
    askMetered({ model, request, options, costs })
  return {
    id: model.id,
    provider: model.provider,
    stream: (request, options) => oneByOne(streamBatches(request, options), options.signal),
    streamBatches,
  }
}

/** For whom and of whom a request asks, as far as its cost depends on it. */
export function askedOf({ id, models, provider }: Model, caller: ModelCaller): Asked {
  return { provider, model: id, caller, ...(models && { models }) }
}

/** One request of one model, and who counts what it costs. */
export interface MeteredRequest {
  readonly model: Model
  readonly request: ModelRequest
  readonly options: ModelStreamOptions
  readonly costs: Costs
  /** See `Purchase`. */
  readonly lifted?: boolean
}

/** The events of the model, with a cost in each `usage`. */
export async function* askMetered({
  model,
  request,
  options,
  costs,
  lifted = false,
}: MeteredRequest): AsyncGenerator<readonly ModelEvent[], void, undefined> {
  const { caller = nobody } = options
  const asked = askedOf(model, caller)
  const bought = costs.open({ ...asked, request, lifted })
  if ('refused' in bought) {
    yield failedResponse(bought.refused)
    return
  }
  const { provider } = model
  const meter = new Meter(bought, (usage, cost, name = model.id) =>
    costs.price({ provider, model: name, request }, usage, cost),
  )
  try {
    for await (const batch of batchesOf(model, request, options)) {
      yield meter.read(batch)
      if (meter.isOver) return
    }
  } finally {
    meter.close()
  }
}

/** Errors with which a request has not reached anybody who could charge for it. */
const unsent = new Set<ErrorCode>([
  'bad-option',
  'internal',
  'model-connect',
  'model-no-key',
  'model-quota',
  'model-unauthorized',
  'budget-exceeded',
])

/** Statuses of whoever stands between and has waited for an answer for too long (524 is Cloudflare's). */
const givenUp = new Set([408, 504, 524])

/** Errors that cut an answer off, so that what it told of its usage may be its beginning only. */
const cuts = new Set<ErrorCode>([
  'cancelled',
  'run-timeout',
  'model-timeout',
  'model-incomplete',
  'model-protocol',
  'model-too-large',
])

type PriceOf = (usage: Usage, reported: Cost | undefined, model: string | undefined) => Cost

interface Told {
  readonly usage: Usage
  readonly cost: Cost
}

class Meter {
  readonly #bought: Purchasing
  readonly #price: PriceOf
  /** Of attempts that were given up for another one. */
  #past: Told | undefined
  #last: Told | undefined
  /** Who was asked last, where it is not the first of several. */
  #model: string | undefined
  #characters = 0
  #answered = false
  #ended = false
  #error: ModelErrorData | undefined
  #refused: ModelErrorData | undefined

  constructor(bought: Purchasing, price: PriceOf) {
    this.#bought = bought
    this.#price = price
  }

  /** True once there is no room in the budget for another attempt. */
  get isOver(): boolean {
    return this.#refused !== undefined
  }

  /** The events with their costs. The books are done before anybody sees the end. */
  read(batch: readonly ModelEvent[]): readonly ModelEvent[] {
    const read: ModelEvent[] = []
    for (const event of batch) {
      const taken = this.#take(event)
      if (this.#refused !== undefined) {
        this.close()
        return [...read, ...failedResponse(this.#refused)]
      }
      read.push(taken)
    }
    if (read.at(-1)?.type === 'end') this.close()
    return read
  }

  #take(event: ModelEvent): ModelEvent {
    switch (event.type) {
      case 'text-delta':
      case 'reasoning-delta':
      case 'tool-call-delta':
        this.#characters += event.text.length
        this.#answered = true
        break
      case 'tool-call':
        this.#characters += event.arguments.length
        this.#answered = true
        break
      case 'tool-call-start':
      case 'image':
        this.#answered = true
        break
      case 'usage': {
        const cost = this.#price(event.usage, event.cost, event.model)
        this.#model = event.model
        this.#last = { usage: event.usage, cost }
        return { ...event, cost }
      }
      case 'error':
        this.#error = event.error
        break
      case 'retry':
      case 'fallback':
        this.#error = event.error
        this.#leave()
        break
      case 'end':
        this.#ended = true
        break
    }
    return event
  }

  /** Another attempt is to begin; what this one has cost stays spent. */
  #leave(): void {
    if (this.#isLost()) this.#bought.lose(this.#characters, this.#last?.cost)
    this.#past = this.#total()
    this.#last = undefined
    this.#characters = 0
    this.#answered = false
    this.#refused = this.#bought.again(this.#past?.cost)
    this.#error = this.#refused
  }

  #total(): Told | undefined {
    if (this.#past === undefined || this.#last === undefined) return this.#last ?? this.#past
    return {
      usage: addUsage(this.#past.usage, this.#last.usage),
      cost: addCost(this.#past.cost, this.#last.cost)!,
    }
  }

  /** Safe to be called more than once. */
  close(): void {
    const total = this.#total()
    const isLost = this.#isLost()
    if (total === undefined) {
      if (isLost) this.#bought.abandon(this.#characters)
      else this.#bought.release()
      return
    }
    if (isLost) this.#bought.lose(this.#characters, this.#last?.cost)
    this.#bought.settle(total.usage, total.cost, this.#model)
  }

  /** Whether the attempt may have cost more than it has told. */
  #isLost(): boolean {
    const error = this.#error
    if (this.#last === undefined) return !this.#isFree()
    if (this.#last.cost.source === 'unknown') return true
    return error === undefined ? !this.#ended : cuts.has(error.code)
  }

  /** An error status in place of an answer, or no request at all. */
  #isFree(): boolean {
    if (this.#answered || this.#error === undefined) return false
    const { code, status } = this.#error
    return status === undefined ? unsent.has(code) : !givenUp.has(status)
  }
}
