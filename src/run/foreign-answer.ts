import type { AssembledCall, AssembledTurn } from '../protocol/assemble.ts'
import type { ModelRequest } from '../protocol/request.ts'
import { addCost, noUsage, type Cost, type Usage } from '../protocol/usage.ts'
import { requestTexts } from './foreign-text.ts'

/**
 * Whether an answer holds text, or makes a call, that is not of the model. Each call of the model
 * counts once, and none of an answer that did not end well may run.
 */
export function isForeignAnswer(
  answer: AssembledTurn,
  said: AssembledTurn,
  request: ModelRequest,
): boolean {
  if (hasOtherCalls(answer.calls, said.calls)) return true
  if (answer.opaque !== undefined && !isSame(answer.opaque, said.opaque)) return true
  const known = proseOf(said)
  const isUnknown = (text: string): boolean => !known.some((each) => each.includes(text))
  const prose = proseOf(answer).filter(isUnknown)
  const images = answer.images.filter((url) => !said.images.includes(url))
  if (prose.length + images.length === 0) return false
  const asked = requestTexts(request)
  const isQuoted = (text: string): boolean => asked.some((each) => each.includes(text))
  return !prose.every(isQuoted) || !images.every((url) => asked.includes(url))
}

function proseOf({ text, reasoning, refusal = '' }: AssembledTurn): readonly string[] {
  return [text, reasoning, refusal].filter((each) => each.trim() !== '')
}

function hasOtherCalls(calls: readonly AssembledCall[], said: readonly AssembledCall[]): boolean {
  const left = [...said]
  return calls.some((call) => {
    const at = left.findIndex((each) => isCall(call, each))
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}

/** A call that may run has to be one that may; why another one may not is told to the model. */
function isCall(call: AssembledCall, said: AssembledCall): boolean {
  const { defect } = call
  const isSafe = defect?.status === 'truncated' || isSame(defect, said.defect)
  return (
    isSafe &&
    call.tool === said.tool &&
    call.arguments === said.arguments &&
    isSame(call.opaque, said.opaque)
  )
}

function isSame(value: unknown, other: unknown): boolean {
  return JSON.stringify(value) === JSON.stringify(other)
}

/** An answer that has used and cost no less than the model says of what it said, and than nothing. */
export function charged(answer: AssembledTurn, said: AssembledTurn): AssembledTurn {
  return {
    ...answer,
    usage: largerUsage(said.usage, answer.usage),
    cost: largerCost(said.cost, answer.cost),
  }
}

function largerUsage(said: Usage | undefined, told: Usage | undefined): Usage | undefined {
  if (said === undefined && told === undefined) return undefined
  const [a, b] = [said ?? noUsage, told ?? noUsage]
  return {
    ...told,
    ...said,
    cacheReadTokens: larger(a.cacheReadTokens, b.cacheReadTokens),
    cacheWriteTokens: larger(a.cacheWriteTokens, b.cacheWriteTokens),
    inputTokens: larger(a.inputTokens, b.inputTokens),
    outputTokens: larger(a.outputTokens, b.outputTokens),
    reasoningTokens: larger(a.reasoningTokens, b.reasoningTokens),
  }
}

/** By the less certain source of both. */
function largerCost(said: Cost | undefined, told: Cost | undefined): Cost | undefined {
  if (told === undefined) return said
  const amount = larger(said?.amount ?? 0, told.amount)
  const { source } = addCost({ ...told, amount: 0 }, said && { ...said, amount: 0 })!
  return { ...told, amount, source }
}

/** What is no number is not larger. */
function larger(said: number, told: number): number {
  return told > said ? told : said
}
