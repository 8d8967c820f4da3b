import { SallyportError } from '../base/errors.ts'
import { checkNumber } from '../base/options.ts'
import { nearest } from '../base/suggest.ts'
import { shorten } from '../base/text.ts'
import type { ModelErrorData } from '../protocol/event.ts'
import type { Model } from '../protocol/model.ts'
import { checkKeys } from './options.ts'

/**
 * What to do instead when a model cannot or should not be asked.
 *
 * Before a request `low_funds` and `cost_limit` are looked at in their order, and the first that
 * holds moves the request. After a failure that may pass (`retryable`) the others follow in theirs,
 * each held against the latest error, each at most once. A failure that will not pass ends the
 * request, but for `low_funds`, which also holds when a provider answers that there is no money.
 */
export interface FallbackRule {
  /**
   * `error`: a failure that may pass and is no rate limit. `rate_limit`: too many requests.
   * `low_funds`: less than `threshold` dollars are left with the provider. `cost_limit`: the
   * session has passed its limit `scope`.
   */
  readonly trigger: 'error' | 'rate_limit' | 'low_funds' | 'cost_limit'
  readonly action: 'switch_provider' | 'switch_model' | 'wait_and_retry'
  /** For `switch_provider`. */
  readonly provider?: string
  /** For `switch_model`; for `switch_provider` default its own model. */
  readonly model?: string
  /** For `low_funds`, in US dollars. Default 0: nothing is left. */
  readonly threshold?: number
  /**
   * For `cost_limit`. Default `soft`. A rule with `hard` lifts the limit: of the provider it moves
   * to only the limits count that the budget names for that provider.
   */
  readonly scope?: 'soft' | 'hard'
  /** For `wait_and_retry`: further tries, from 1 to 20. Default 3. */
  readonly maxRetries?: number
  /**
   * For `wait_and_retry`. The first try comes at once; `exponential` (default) then waits 2, 4, 8,
   * 16, 30, 30 ... seconds, `constant` 1 second, or longer if the provider asks for it.
   */
  readonly backoff?: 'exponential' | 'constant'
}

const words = {
  trigger: ['error', 'rate_limit', 'low_funds', 'cost_limit'],
  action: ['switch_provider', 'switch_model', 'wait_and_retry'],
  scope: ['soft', 'hard'],
  backoff: ['exponential', 'constant'],
} as const

const keys = [
  'trigger',
  'action',
  'provider',
  'model',
  'threshold',
  'scope',
  'maxRetries',
  'backoff',
]

/** Keys that mean something only together with a word. */
const belongs: readonly (readonly [keyof FallbackRule, 'trigger' | 'action', readonly string[]])[] =
  [
    ['threshold', 'trigger', ['low_funds']],
    ['scope', 'trigger', ['cost_limit']],
    ['provider', 'action', ['switch_provider']],
    ['model', 'action', ['switch_provider', 'switch_model']],
    ['maxRetries', 'action', ['wait_and_retry']],
    ['backoff', 'action', ['wait_and_retry']],
  ]

/** Throws `bad-option` for the first rule that could never do what it says. */
export function checkRules(rules: unknown, providers: ReadonlyMap<string, Model>): void {
  if (!Array.isArray(rules)) throw wrong('rules', 'is not a list of rules')
  for (const [index, rule] of (rules as readonly FallbackRule[]).entries()) {
    checkRule(`rules[${index}]`, rule, providers)
  }
}

function checkRule(where: string, rule: FallbackRule, providers: ReadonlyMap<string, Model>): void {
  checkKeys(where, rule, keys)
  for (const key of ['trigger', 'action', 'scope', 'backoff'] as const) checkWord(where, rule, key)
  for (const [key, by, values] of belongs) {
    if (rule[key] === undefined || values.includes(rule[by])) continue
    throw wrong(where, `has \`${key}\`, which means nothing for \`${rule[by]}\``)
  }
  if (rule.threshold !== undefined) checkNumber(`${where}.threshold`, rule.threshold, { min: 0 })
  if (rule.maxRetries !== undefined) {
    checkNumber(`${where}.maxRetries`, rule.maxRetries, { min: 1, max: 20, integer: true })
  }
  if (rule.action === 'wait_and_retry' && isBeforehand(rule)) {
    throw wrong(where, `waits for \`${rule.trigger}\`, which does not pass by waiting`)
  }
  checkTarget(where, rule, providers)
}

function checkWord(where: string, rule: FallbackRule, key: keyof typeof words): void {
  const value: unknown = rule[key]
  const optional = key === 'scope' || key === 'backoff'
  if ((value === undefined && optional) || (words[key] as readonly unknown[]).includes(value))
    return
  const given = typeof value === 'string' ? ` \`${shorten(value, 40)}\`` : ''
  throw new SallyportError('bad-option', `\`${where}.${key}\` is none that exists${given}`, {
    help: `choose one of ${words[key].join(', ')}`,
  })
}

function checkTarget(
  where: string,
  { action, provider, model }: FallbackRule,
  providers: ReadonlyMap<string, Model>,
): void {
  if (action === 'switch_provider') {
    if (typeof provider !== 'string') throw wrong(where, 'names no `provider`')
    if (!providers.has(provider)) throw unknownProvider(where, provider, [...providers.keys()])
  }
  if (action === 'switch_model' && model === undefined) throw wrong(where, 'names no `model`')
  if (model === undefined) return
  if (typeof model !== 'string' || model === '') throw wrong(where, 'has a `model` that is no name')
  const hosts = provider === undefined ? [...providers.values()] : [providers.get(provider)!]
  const fixed = hosts.find((host) => !('withModel' in host))
  if (fixed === undefined) return
  throw wrong(where, `names a model, but \`${fixed.provider}\` has one only`)
}

export function unknownProvider(
  where: string,
  name: string,
  known: readonly string[],
): SallyportError {
  const near = nearest(name, known)
  const meant = near === undefined ? '' : `; did you mean \`${near}\`?`
  const message = `\`${where}\` names the provider \`${shorten(name, 40)}\`, which there is not${meant}`
  return new SallyportError('bad-option', message, {
    help: `the providers are ${known.join(', ')}`,
  })
}

function wrong(where: string, problem: string): SallyportError {
  return new SallyportError('bad-option', `\`${where}\` ${problem}`, {
    help: "a rule is `{ trigger: 'error', action: 'switch_provider', provider: 'other' }`",
  })
}

/** Rules that are looked at before a request. */
export function isBeforehand({ trigger }: FallbackRule): boolean {
  return trigger === 'low_funds' || trigger === 'cost_limit'
}

/** True when the rule is for this failure. */
export function follows({ trigger }: FallbackRule, error: ModelErrorData): boolean {
  if (trigger === 'low_funds') return error.code === 'model-low-funds'
  // a budget is not got round by asking somebody else: only `cost_limit` may move a request for it
  if (trigger === 'cost_limit' || error.code === 'budget-exceeded') return false
  if (!error.retryable) return false
  return (trigger === 'rate_limit') === isRateLimit(error)
}

function isRateLimit({ code }: ModelErrorData): boolean {
  return code === 'model-rate-limit' || code === 'model-quota'
}

/** Longest wait before one try; a provider that asks for more is not waited for. */
const longestMs = 60_000

/** Milliseconds before the `number`-th try of a rule, from 1; undefined when it is not worth waiting. */
export function delayBefore(
  rule: FallbackRule,
  number: number,
  { retryAfterMs = 0 }: ModelErrorData,
): number | undefined {
  if (retryAfterMs > longestMs) return undefined
  const least = number === 1 ? 0 : backOff(rule, number)
  return retryAfterMs > least ? retryAfterMs : least
}

function backOff({ backoff = 'exponential' }: FallbackRule, number: number): number {
  return backoff === 'constant' ? 1000 : Math.min(30_000, 1000 * 2 ** (number - 1))
}
