import type { JsonObject } from '../base/json.ts'
import type { Rehearsal } from '../gate/rehearsal.ts'
import type { Policy } from '../policy/policy.ts'
import type { Decision } from '../protocol/decision.ts'
import type { Principal } from '../protocol/principal.ts'
import { rehearseUntil } from './replay.ts'
import { rehearseScenario, type Begin, type Scenario } from './scenario.ts'
import type { Trace } from './trace.ts'

/** Everything a decision depends on, each part of which can be changed to see what comes then. */
export interface Question {
  readonly tool: string
  readonly args: JsonObject
  readonly principal: Principal | null
  /** What the user has said besides; tells whether naming a value would help. */
  readonly said?: string
}

/** How to get to the moment before a call, under any policy and for any caller. */
export type Approach = (begin: Begin, policy: Policy, question: Question) => Promise<Rehearsal>

/** The approach to the call of a scenario: its earlier calls count as made. */
export function approachOfScenario({ given, prompt }: Scenario): Approach {
  return (begin, _policy, { principal, said }) => {
    const text = [prompt, said].filter((part) => part !== undefined).join('\n')
    const heard = prompt === undefined && said === undefined ? {} : { prompt: text }
    return rehearseScenario(begin, { principal, given, ...heard })
  }
}

/** The approach to a recorded call: the calls before it are decided again. */
export function approachOfTrace(trace: Trace, index: number): Approach {
  return async (begin, policy, { principal, said }) => {
    const messages =
      said === undefined
        ? trace.messages
        : [...trace.messages, { role: 'user', content: said } as const]
    const changed: Trace = { ...trace, principal, messages }
    return (await rehearseUntil({ policy, begin, caller: null }, changed, index)).rehearsal
  }
}

export async function decideQuestion(
  begin: Begin,
  policy: Policy,
  question: Question,
  approach: Approach,
): Promise<Decision> {
  const { tool, args } = question
  return (await approach(begin, policy, question)).decide({ tool, args })
}
