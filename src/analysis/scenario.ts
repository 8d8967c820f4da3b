import type { Clock } from '../base/clock.ts'
import type { JsonObject, JsonValue } from '../base/json.ts'
import type { Rehearsal, Situation } from '../gate/rehearsal.ts'
import type { Decision } from '../protocol/decision.ts'
import type { Principal } from '../protocol/principal.ts'

/** A call in a situation that a policy may care about. */
export interface Scenario {
  readonly principal: Principal | null
  readonly prompt?: string
  readonly given: readonly GivenCall[]
  readonly tool: string
  readonly args: JsonObject
}

/** A call that has run before, or was asked for in vain. */
export interface GivenCall {
  readonly tool: string
  readonly args?: JsonObject
  readonly result?: JsonValue
  /** The call was only proposed: what the policy denies counts as a denial, and nothing runs. */
  readonly refused?: boolean
  /** How often; once unless it is said. */
  readonly times?: number
}

export type Begin = (situation: Situation) => Rehearsal

/** Decides one call in a session of its own. */
export async function decideScenario(begin: Begin, scenario: Scenario): Promise<Decision> {
  const { tool, args } = scenario
  return (await rehearseScenario(begin, scenario)).decide({ tool, args })
}

/** The session at the moment before the call. */
export async function rehearseScenario(
  begin: Begin,
  { principal, prompt, given }: Omit<Scenario, 'tool' | 'args'>,
): Promise<Rehearsal> {
  const messages = prompt === undefined ? [] : [{ role: 'user', content: prompt } as const]
  const rehearsal = begin({ principal, messages })
  for (const earlier of given) {
    for (let time = 0; time < (earlier.times ?? 1); time++) await happen(rehearsal, earlier)
  }
  return rehearsal
}

async function happen(
  rehearsal: Rehearsal,
  { tool, args = {}, result, refused = false }: GivenCall,
): Promise<void> {
  const call = { tool, args }
  if (!refused) return rehearsal.happened(call, result)
  await rehearsal.decide(call)
  rehearsal.withdraw(call)
}

/** A clock that stands still, by default at no time at all: then time windows are unknown. */
export function clockAt(now: number = Number.NaN): Clock {
  return { now: () => now, monotonic: () => 0 }
}
