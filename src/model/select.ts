import { SallyportError } from '../base/errors.ts'
import type { ModelErrorData } from '../protocol/event.ts'
import { isFlag } from '../protocol/option-checks.ts'
import { checkKeys, checkFilled } from './options.ts'

/** How the model of a request is chosen. */
export type SelectStrategy = 'failover' | 'round-robin' | 'random'

export interface SelectOptions {
  /** Default `failover`. */
  readonly strategy?: SelectStrategy
  /** Asks for the free variant of each model: `:free` is appended where it is missing. */
  readonly freeOnly?: boolean
}

const strategies: readonly unknown[] = ['failover', 'round-robin', 'random']

/**
 * Chooses one of several models for each attempt: the first that has not failed (`failover`), one
 * after the other (`round-robin`), or any (`random`, by the random source of the system).
 */
export class ModelSelector {
  /** The names as they are sent. */
  readonly models: readonly string[]
  readonly strategy: SelectStrategy
  readonly #failed = new Set<string>()
  #next = 0

  constructor(
    models: readonly string[],
    { strategy = 'failover', freeOnly = false }: SelectOptions,
  ) {
    this.models = models.map((model) => (freeOnly ? freeVariant(model) : model))
    this.strategy = strategy
  }

  /** The model to ask. When all have failed, the failures are forgotten and the first one it is. */
  select(): string {
    const { models } = this
    if (this.strategy === 'random') return models[randomIndex(models.length)]!
    if (this.strategy === 'round-robin') {
      const model = models[this.#next]!
      this.#next = (this.#next + 1) % models.length
      return model
    }
    const left = models.find((model) => !this.#failed.has(model))
    if (left !== undefined) return left
    this.reset()
    return models[0]!
  }

  /** Passes over the model from now on, when the strategy is `failover`. */
  recordFailure(model: string): void {
    if (this.models.includes(model)) this.#failed.add(model)
  }

  /** Forgets all failures. */
  reset(): void {
    this.#failed.clear()
  }

  /** Whether another model is left to try. */
  get hasOther(): boolean {
    return this.strategy === 'failover' && this.models.some((model) => !this.#failed.has(model))
  }
}

/**
 * A selector to be given as `model` of an endpoint. Throws `bad-option` for an empty list.
 *
 * @example
 * ```ts
 * const model = openrouter({ model: modelSelector(['a/small', 'b/large'], { strategy: 'failover' }) })
 * ```
 */
export function modelSelector(
  models: readonly string[],
  options: SelectOptions = {},
): ModelSelector {
  checkKeys('modelSelector', options, ['strategy', 'freeOnly'])
  if (!Array.isArray(models) || models.length === 0) {
    throw new SallyportError('bad-option', '`models` is not a list of models, or is empty', {
      help: 'give the names of the models, as the provider knows them',
    })
  }
  for (const [index, model] of models.entries()) checkFilled(`models[${index}]`, model)
  const { strategy, freeOnly } = options
  if (strategy !== undefined && !strategies.includes(strategy)) {
    throw new SallyportError('bad-option', '`strategy` is not one of its words', {
      help: "give 'failover', 'round-robin' or 'random'",
    })
  }
  if (freeOnly !== undefined) isFlag('freeOnly', freeOnly)
  return new ModelSelector([...new Set(models)], options)
}

/** Whether another model may do better: the endpoint or the model is in trouble, not the request. */
export function isModelFault({ retryable, status, code }: ModelErrorData): boolean {
  return code !== 'model-no-key' && (retryable || status === 404)
}

function freeVariant(model: string): string {
  return model.endsWith(':free') ? model : `${model}:free`
}

function randomIndex(count: number): number {
  // the global, since importing node:crypto costs milliseconds; 2^32 is far more than any list
  const [value = 0] = crypto.getRandomValues(new Uint32Array(1))
  return Math.floor((value / 2 ** 32) * count)
}
