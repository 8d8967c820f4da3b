import { SallyportError } from '../../base/errors.ts'
import type { ModelRequest, ModelSettings, ReasoningSettings } from '../../protocol/request.ts'
import type { ThinkingStyle } from './options.ts'

/** The least number of tokens to think with that the wire accepts. */
const leastBudget = 1024

type Effort = NonNullable<ReasoningSettings['effort']>

/** The part of the output tokens that goes into thinking, by effort, where tokens are counted. */
const shares: Readonly<Record<Exclude<Effort, 'none'>, number>> = {
  minimal: 0.1,
  low: 0.2,
  medium: 0.5,
  high: 0.8,
  xhigh: 0.95,
}

/** What a request says of thinking; `effort` is a member of `output_config`. */
export interface ThinkingDemand {
  readonly thinking?: object
  readonly effort?: string
}

/** Models up to Claude 4.5 know no adaptive thinking, and later ones drop the budget. */
export function styleOf(model: string): ThinkingStyle {
  if (/claude-(?:[123]\b|instant)/.test(model)) return 'budget'
  // what has more than two digits is a date
  const [, major, minor = 0] = /claude-[a-z]+-(\d+)(?:[.-](\d{1,2})(?!\d))?/.exec(model) ?? []
  return major !== undefined && Number(major) + Number(minor) / 100 <= 4.05 ? 'budget' : 'adaptive'
}

/**
 * Thinking as the wire has it. The API refuses it together with a forced choice of tools, so that
 * such a request goes without. Throws `bad-option` for a budget that leaves no room for an answer
 * and for sampling settings that exclude thinking.
 */
export function thinkingOf(
  { settings = {}, tools, toolChoice = 'auto' }: ModelRequest,
  style: ThinkingStyle,
  maxOutputTokens: number,
): ThinkingDemand {
  const { reasoning } = settings
  if (reasoning === undefined) return {}
  const { effort, maxTokens } = reasoning
  if (effort === 'none') return { thinking: { type: 'disabled' } }
  const adaptive = style === 'adaptive'
  const told = adaptive && effort !== undefined ? { effort: effortWord(effort) } : {}
  const isForced = tools.length > 0 && toolChoice !== 'auto' && toolChoice !== 'none'
  if (isForced) return told
  checkSampling(settings)
  const display = displayOf(reasoning, adaptive)
  if (adaptive && maxTokens === undefined)
    return { thinking: { type: 'adaptive', ...display }, ...told }
  const budget = maxTokens ?? budgetOf(effort, maxOutputTokens)
  checkBudget(budget, maxOutputTokens)
  return { thinking: { type: 'enabled', budget_tokens: budget, ...display }, ...told }
}

function effortWord(effort: Exclude<Effort, 'none'>): string {
  return effort === 'minimal' ? 'low' : effort
}

/** Later models do not show what they think unless they are asked to. */
function displayOf({ exclude = false }: ReasoningSettings, adaptive: boolean): object {
  if (exclude) return { display: 'omitted' }
  return adaptive ? { display: 'summarized' } : {}
}

function budgetOf(effort: Exclude<Effort, 'none'> = 'medium', maxOutputTokens: number): number {
  return Math.max(leastBudget, Math.floor(maxOutputTokens * shares[effort]))
}

function checkBudget(budget: number, maxOutputTokens: number): void {
  if (budget >= leastBudget && budget < maxOutputTokens) return
  throw new SallyportError(
    'bad-option',
    `a model cannot think with ${budget} of ${maxOutputTokens} output tokens`,
    { help: `give at least ${leastBudget} tokens to think with, and more as \`maxOutputTokens\`` },
  )
}

function checkSampling({ temperature = 1, topP = 1 }: ModelSettings): void {
  if (temperature === 1 && topP >= 0.95) return
  throw new SallyportError(
    'bad-option',
    'a model that thinks cannot be given this `temperature` or `topP`',
    {
      help: 'leave out `temperature` and `topP`, or `reasoning`',
    },
  )
}
