import { pointerOf } from '../base/json.ts'
import { shorten, visible } from '../base/text.ts'
import type { ArgumentLabel, Decision, Effect, Origin, Position } from '../protocol/decision.ts'
import type { ToolFacts } from '../protocol/facts.ts'
import type { Candidate } from './candidates.ts'
import type { Explanation } from './explain.ts'
import type { Flip } from './flips.ts'
import { placeText } from '../protocol/place.ts'
import { ruleText } from './rule-text.ts'

/** An explanation as plain data. */
export function explanationToJson(explanation: Explanation, code: number): object {
  const { question, decision, candidates, facts, limits, flips } = explanation
  const { tool, args, principal } = question
  return {
    call: { tool, args, principal },
    decision,
    candidates,
    facts,
    limits: limits.map(({ limit, used }) => {
      const { id, per, count, sum, max, windowMs, over, position } = limit
      const what = sum === undefined ? { count } : { sum: pointerOf(sum) }
      return { id, per, ...what, max, windowMs, used, over, ...position }
    }),
    flips: flips.map(({ position, ...flip }) => ({ ...flip, ...position })),
    exit: { code },
  }
}

/** Rules that are false are shown up to this many. */
const maxFalse = 20

/** An explanation as people read it. */
export function renderExplanation(explanation: Explanation): string {
  const { question, decision, candidates, facts, limits, flips } = explanation
  const lines = [
    headOf(question.tool, decision),
    ...decision.reasons.map((reason) => row('why', shorten(reason, 500))),
    ...candidateLines(candidates),
    ...factLines(facts),
    ...decision.labels.map((label) => row('label', labelText(label))),
    ...limits.map(({ limit, used }) => {
      const what = limit.sum === undefined ? limit.count : pointerOf(limit.sum)
      const state = `${used} of ${limit.max} ${what} per ${limit.per}, then ${limit.over}`
      return row('limit', `${visible(limit.id)}  ${placeText(limit.position)}  ${state}`)
    }),
    ...flipLines(flips, decision.effect),
  ]
  return `${lines.join('\n')}\n`
}

function headOf(tool: string, decision: Decision): string {
  const { effect, policy } = decision
  const digest = policy.digest.slice(0, 'sha256:'.length + 12)
  const decided = `${effect.toUpperCase()}  ${shorten(tool, 128)}  by ${ruleText(decision)}`
  return `${decided}  (${visible(policy.name)} ${digest})`
}

function row(name: string, text: string): string {
  return `${name.padEnd(6)} ${text}`
}

function candidateLines(candidates: readonly Candidate[]): readonly string[] {
  const applying = candidates.filter(({ truth }) => truth !== 'F')
  const others = candidates.filter(({ truth }) => truth === 'F')
  const more = others.length - maxFalse
  return [
    ...[...applying, ...others.slice(0, maxFalse)].map(candidateLine),
    ...(more > 0 ? [row('', `and ${more} more rules that are not true`)] : []),
  ]
}

function candidateLine(candidate: Candidate): string {
  const { id, effect, truth, miss, shadow } = candidate
  const only = shadow === true ? '  (only records)' : ''
  const why = miss === undefined ? '' : `  ${shorten(miss, 300)}`
  return row(
    `rule ${truth}`,
    `${effect.padEnd(5)} ${visible(id)}  ${placeText(candidate)}${only}${why}`,
  )
}

function factLines({ kind, sink, output, args = {} }: ToolFacts): readonly string[] {
  const words = [
    ...(kind === undefined ? [] : [`kind=${kind}`]),
    ...(sink === undefined ? [] : [`sink=${sink}`]),
    ...(output?.trust === undefined ? [] : [`output=${output.trust}`]),
    ...(output?.secrecy === undefined ? [] : [`secrecy=${output.secrecy}`]),
    ...Object.entries(args).flatMap(([name, { steers, carries, is }]) => [
      ...(steers === true ? [`${visible(name)} steers`] : []),
      ...(carries === true ? [`${visible(name)} carries`] : []),
      ...(is === undefined ? [] : [`${visible(name)} is ${is}`]),
    ]),
  ]
  return words.length === 0 ? [] : [row('facts', words.join(' · '))]
}

function labelText({ argument, from, secrecy, trust }: ArgumentLabel): string {
  const sources = from.length === 0 ? ['nowhere: the model made it'] : from.map(originText)
  const level = secrecy === undefined ? '' : `, ${secrecy}`
  return `${visible(argument)} is ${trust}${level}, from ${sources.join(' and ')}`
}

function originText({ kind, tool, callId, field }: Origin): string {
  const parts = [
    tool === undefined ? kind : `${kind} ${shorten(tool, 128)}`,
    ...(field === undefined ? [] : [`at ${shorten(field, 128)}`]),
    ...(callId === undefined ? [] : [`(${shorten(callId, 64)})`]),
  ]
  return parts.join(' ')
}

function flipLines(flips: readonly Flip[], before: Effect): readonly string[] {
  if (flips.length === 0)
    return [row('flip', `no single change that was tried makes it other than ${before}`)]
  return flips.map(
    ({ change, effect, rule, position }: Flip & { readonly position?: Position }) => {
      const place = position === undefined ? '' : `  ${placeText(position)}`
      return row('flip', `${effect} by ${visible(rule)} if ${shorten(change, 300)}${place}`)
    },
  )
}
