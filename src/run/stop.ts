import { SallyportError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { checkNumber } from '../base/options.ts'
import { unheeded } from '../base/signal.ts'
import type { Message } from '../protocol/message.ts'
import type { Cost, Usage } from '../protocol/usage.ts'

/** Bounds of one run, each with what happens at it. */
export interface RunLimits {
  /** Model requests; the run ends `limit` instead of sending one more. Default 20. */
  readonly maxTurns: number
  /** Tool calls; those beyond are answered `skipped` and the run ends `limit`. Default 50. */
  readonly maxToolCalls: number
  /** Executions at the same time; others wait. Default 8. */
  readonly maxParallel: number
  /** The run ends `timeout`, whatever it is doing. Default 600,000. */
  readonly runTimeoutMs: number
  /** Equal proposals (same tool and arguments); one more is `skipped` and the run ends. Default 8. */
  readonly maxRepeatedCalls: number
  /** Input and output tokens; looked at between turns. Default: no bound. */
  readonly maxTokens: number
  /** Cost in US dollars as far as it is known; looked at between turns. Default: no bound. */
  readonly maxCost: number
  /** Agents below one another; one at the bound has no agents of its own. Default 3. */
  readonly maxDepth: number
  /** Characters of one argument text; a longer one is refused. Default 4 MiB. */
  readonly maxArgumentLength: number
}

export const defaultLimits: RunLimits = {
  maxTurns: 20,
  maxToolCalls: 50,
  maxParallel: 8,
  runTimeoutMs: 600_000,
  maxRepeatedCalls: 8,
  maxTokens: Number.POSITIVE_INFINITY,
  maxCost: Number.POSITIVE_INFINITY,
  maxDepth: 3,
  maxArgumentLength: 4 * 1024 * 1024,
}

/** Where a run stands between two turns. */
export interface RunState {
  /** Turns that are complete. */
  readonly turns: number
  readonly toolCalls: number
  readonly usage: Usage
  readonly cost: Cost | undefined
  readonly messages: readonly Message[]
  /** What the model said in the last turn. */
  readonly text: string
  /** Names of the tools whose calls were proposed in the last turn, as the model sent them. */
  readonly lastCalls: readonly string[]
  /** Names of the tools that ran with success in the last turn. */
  readonly lastTools: readonly string[]
}

/** Why a run does not go on. `completed` is a wish fulfilled, `limit` a bound reached. */
export interface Stop {
  readonly status: 'completed' | 'limit'
  readonly limit: string
  readonly max: number
  readonly message: string
}

/**
 * Looked at after every turn whose calls want another one; the first that answers ends the run. What
 * is no answer, such as `false` or a promise, ends it as `error` with `bad-option`.
 */
export type StopCondition = (state: RunState) => Stop | undefined

/** Ends the run as completed once one of these tools has run with success. */
export function stopAfterTools(...names: readonly string[]): StopCondition {
  return ({ lastTools }) => {
    const found = lastTools.find((name) => names.includes(name))
    return found === undefined ? undefined : fulfilled('stopAfterTools', `\`${found}\` has run`)
  }
}

/** Ends the run as completed once the model has asked for one of these tools, whatever came of it. */
export function toolCalled(...names: readonly string[]): StopCondition {
  return ({ lastCalls }) => {
    const found = lastCalls.find((name) => names.includes(name))
    return found === undefined ? undefined : fulfilled('toolCalled', `\`${found}\` was called`)
  }
}

/** Ends the run as completed after so many turns; `maxTurns` is what ends it as a limit. */
export function turnCountIs(count: number): StopCondition {
  checkNumber('turnCountIs', count, { min: 1, integer: true })
  return ({ turns }) => {
    if (turns < count) return undefined
    return { ...fulfilled('turnCountIs', `the run has had its ${count} turns`), max: count }
  }
}

/** Ends the run as completed once the model says, beside its calls, what holds or matches this. */
export function textMatches(pattern: string | RegExp): StopCondition {
  return ({ text }) => {
    // `search` does not depend on where a pattern with a flag has been before
    const isFound = typeof pattern === 'string' ? text.includes(pattern) : text.search(pattern) >= 0
    return isFound ? fulfilled('textMatches', 'the model has said what was waited for') : undefined
  }
}

/** Ends the run once every one of the conditions would, as the first one says. */
export function allOf(...conditions: readonly StopCondition[]): StopCondition {
  return (state) => {
    const stops = conditions.map((condition) => answerOf(condition, state))
    return stops.includes(undefined) ? undefined : stops[0]
  }
}

function fulfilled(limit: string, message: string): Stop {
  return { status: 'completed', limit, max: 1, message }
}

/** Throws `bad-option` for what is no answer, such as a boolean or a promise: it would end the run. */
function answerOf(condition: StopCondition, state: RunState): Stop | undefined {
  const stop: unknown = condition(state)
  if (stop === undefined || isStop(stop)) return stop
  unheeded(stop)
  throw new SallyportError(
    'bad-option',
    'a condition of `stopWhen` gives neither a stop nor nothing',
    {
      help: 'return `{ status, limit, max, message }` to end the run and `undefined` to go on, and no promise',
    },
  )
}

function isStop(value: unknown): value is Stop {
  if (!isObject(value)) return false
  const { limit, max, message, status } = value
  const isNamed = typeof limit === 'string' && typeof message === 'string'
  return (status === 'completed' || status === 'limit') && isNamed && typeof max === 'number'
}

/** The answer of the first condition that has one; what is counted, each gets copies of. */
export function firstStop(conditions: readonly StopCondition[], state: RunState): Stop | undefined {
  const { cost, usage } = state
  for (const condition of conditions) {
    const stop = answerOf(condition, { ...state, usage: { ...usage }, cost: cost && { ...cost } })
    if (stop !== undefined) return stop
  }
  return undefined
}

/** The conditions that the limits of a run amount to. */
export function limitConditions(limits: RunLimits): readonly StopCondition[] {
  return [
    ({ turns }) => exceeded(turns, 'maxTurns', limits.maxTurns, 'turns'),
    ({ usage }) =>
      exceeded(usage.inputTokens + usage.outputTokens, 'maxTokens', limits.maxTokens, 'tokens'),
    ({ cost }) => exceeded(cost?.amount ?? 0, 'maxCost', limits.maxCost, 'US dollars'),
  ]
}

function exceeded(used: number, limit: string, max: number, unit: string): Stop | undefined {
  if (used < max) return undefined
  return { status: 'limit', limit, max, message: `the run has used its ${max} ${unit}` }
}
