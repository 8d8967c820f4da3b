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

/** A call that has run before. */
export interface GivenCall {
  readonly tool: string
  readonly args?: JsonObject
  readonly result?: JsonValue
}

export type Begin = (situation: Situation) => Rehearsal

/** Decides one call in a session of its own. */
export async function decideScenario(
  begin: Begin,
  { principal, prompt, given, tool, args }: Scenario,
): Promise<Decision> {
  const messages = prompt === undefined ? [] : [{ role: 'user', content: prompt } as const]
  const rehearsal = begin({ principal, messages })
  for (const { result, args: earlier = {}, ...call } of given) {
    await rehearsal.happened({ ...call, args: earlier }, result)
  }
  return rehearsal.decide({ tool, args })
}

/** A clock that stands still, by default at no time at all: then time windows are unknown. */
export function clockAt(now: number = Number.NaN): Clock {
  return { now: () => now, monotonic: () => 0 }
}
