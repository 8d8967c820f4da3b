import { compilePolicy } from '../../src/policy/compile.ts'
import type { DecisionRequest, Policy } from '../../src/policy/policy.ts'
import { readPolicy } from '../../src/policy/read.ts'
import { policyText, policyTools, type PolicyShape } from './policy-text.ts'
import { median, quantile } from './statistics.ts'

/** How calls are answered; `default` is a call that no rule allows, `mixed` all four in turn. */
export type Outcome = 'allow' | 'ask' | 'deny' | 'default' | 'mixed'

export interface DecisionRow {
  readonly shape: PolicyShape
  readonly rules: number
  readonly outcome: Outcome
  /** How many different calls were decided in turn: as many rules are in use at once. */
  readonly distinct: number
  /** Microseconds of one decision; medians over the rounds. */
  readonly p50: number
  readonly p99: number
  /** p50 against that with 10 rules of the same shape: median of the ratios within a round. */
  readonly toTen: number
  /** The highest accepted `toTen`. */
  readonly bar?: number
}

const sizes = [10, 100, 1000, 10_000]
const outcomes: readonly Outcome[] = ['allow', 'ask', 'deny', 'default', 'mixed']
const rounds = 7
/** The rules of the first fit into the nearest caches of the processor, those of the second do not. */
const distincts = [100, 500]

interface Loaded {
  readonly shape: PolicyShape
  readonly rules: number
  readonly policy: Policy
}

interface Subject {
  readonly shape: PolicyShape
  readonly rules: number
  readonly outcome: Outcome
  readonly distinct: number
  readonly policy: Policy
  readonly requests: readonly DecisionRequest[]
}

/**
 * Decides the same kinds of calls under policies of growing size. Each call is timed on its own
 * and the price of the timer taken off. One round goes over all policies and kinds.
 */
export function measureDecisions(decisions: number): DecisionRow[] {
  const loaded = (['spread', 'one'] as const).flatMap((shape) =>
    sizes.map((rules) => load(shape, rules)),
  )
  const subjects = loaded.flatMap((one) =>
    outcomes.flatMap((outcome) => distincts.map((distinct) => subject(one, outcome, distinct))),
  )
  for (const one of subjects) timeDecisions(one, decisions)
  const figures = subjects.map((): { p50: number; p99: number }[] => [])
  for (let round = 0; round < rounds; round++) {
    const timer = timerCost()
    for (let at = 0; at < subjects.length; at++) {
      const index = (at + round * 11) % subjects.length
      const nanoseconds = timeDecisions(subjects[index]!, decisions)
      figures[index]!.push({
        p50: (quantile(nanoseconds, 0.5) - timer) / 1000,
        p99: (quantile(nanoseconds, 0.99) - timer) / 1000,
      })
    }
  }
  return subjects.map(({ shape, rules, outcome, distinct }, index) => {
    const ten = subjects.findIndex(
      (one) => one.shape === shape && one.outcome === outcome && one.distinct === distinct,
    )
    return {
      shape,
      rules,
      outcome,
      distinct,
      p50: median(figures[index]!.map(({ p50 }) => p50)),
      p99: median(figures[index]!.map(({ p99 }) => p99)),
      toTen: median(figures[index]!.map(({ p50 }, round) => p50 / figures[ten]![round]!.p50)),
      ...(rules === 10_000 ? { bar: 1.5 } : {}),
    }
  })
}

function load(shape: PolicyShape, rules: number): Loaded {
  const text = policyText(rules, shape)
  return {
    shape,
    rules,
    policy: compilePolicy(readPolicy(text, { file: `${shape}-${rules}.yaml` })),
  }
}

function subject({ shape, rules, policy }: Loaded, outcome: Outcome, distinct: number): Subject {
  const tools = policyTools(rules, shape)
  const requests: DecisionRequest[] = []
  for (let at = 0; requests.length < distinct; at++) {
    const wanted = outcome === 'mixed' ? outcomes[requests.length % 4]! : outcome
    const request = decisionRequest((at * 7919) % rules, wanted, tools)
    if (request === undefined) continue
    const { effect, rule } = policy.decide(request)
    // a policy that answers otherwise would be measured for nothing
    if (wanted !== (rule === 'default' ? 'default' : effect)) {
      throw new Error(`expected ${wanted} and got ${effect} by \`${rule}\``)
    }
    requests.push(request)
  }
  return { shape, rules, outcome, distinct, policy, requests }
}

/** A call about the customer of a rule, if that rule can give the wanted answer. */
export function decisionRequest(
  rule: number,
  wanted: Outcome,
  tools: readonly string[],
): DecisionRequest | undefined {
  const effect = rule % 10 < 7 ? 'allow' : rule % 10 === 7 ? 'ask' : 'deny'
  if (effect !== (wanted === 'default' ? 'allow' : wanted)) return undefined
  return {
    tool: tools.length === 1 ? tools[0]! : tools[Math.floor(rule / 10)]!,
    args: { customer: `c${rule}`, amount: wanted === 'allow' ? 40 : 1_000_000 },
    principal: { subject: 'u1', roles: ['support'], scopes: [] },
    now: 1_763_690_000_000,
    at: '2026-11-21T02:00:00.000Z',
  }
}

function timeDecisions({ policy, requests }: Subject, count: number): number[] {
  const nanoseconds: number[] = []
  // the policies before this one have emptied the processor's caches
  for (const request of requests) policy.decide(request)
  for (let at = 0; at < count; at++) {
    const request = requests[at % requests.length]!
    const start = process.hrtime.bigint()
    policy.decide(request)
    nanoseconds.push(Number(process.hrtime.bigint() - start))
  }
  return nanoseconds
}

/** Nanoseconds of one look at the clock. */
export function timerCost(): number {
  const nanoseconds: number[] = []
  for (let at = 0; at < 5000; at++) {
    const start = process.hrtime.bigint()
    nanoseconds.push(Number(process.hrtime.bigint() - start))
  }
  return median(nanoseconds)
}
