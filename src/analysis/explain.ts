import type { LimitUse } from '../gate/judgement.ts'
import type { ToolFacts } from '../protocol/facts.ts'
import type { Decision } from '../protocol/decision.ts'
import { candidatesOf, type Candidate } from './candidates.ts'
import { findFlips, type Flip, type FlipOptions } from './flips.ts'
import type { Question } from './question.ts'

/** Why a call is decided as it is, and what would change that. */
export interface Explanation {
  readonly question: Question
  readonly decision: Decision
  /** Every rule about the tool, those that are true first. */
  readonly candidates: readonly Candidate[]
  readonly facts: ToolFacts
  /** What had been taken of each limit before the call. */
  readonly limits: readonly LimitUse[]
  /** The smallest change of each kind, the smallest of all first. */
  readonly flips: readonly Flip[]
}

/** Decides a call and looks at everything that had a part in it; nothing is executed. */
export async function explain(question: Question, options: FlipOptions): Promise<Explanation> {
  const { policy, begin, approach } = options
  const { tool, args, principal } = question
  const rehearsal = await approach(begin, policy, question)
  const limits = rehearsal.limitsOf(tool)
  const decision = await rehearsal.decide({ tool, args })
  const now = Date.parse(decision.at)
  const request = { tool, args, principal, now, at: decision.at }
  return {
    question,
    decision,
    candidates: candidatesOf(policy, request, decision),
    facts: policy.factsOf(tool),
    limits,
    flips: await findFlips(question, decision, options),
  }
}
