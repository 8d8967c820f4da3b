import type { Principal } from '../protocol/principal.ts'
import { meets, type EffectiveRights } from './caller.ts'
import { positionOf } from './compiled-rule.ts'
import type { Limit } from './document.ts'
import { compileGlobs } from './glob.ts'
import type { CompiledLimit } from './policy.ts'
import type { Source } from './source.ts'

/** The limits of a policy, in the order of their ids. Counting is up to the gate. */
export function compileLimits(
  limits: readonly Limit[],
  effective: (principal: Principal) => EffectiveRights,
  source: Source,
): readonly CompiledLimit[] {
  return limits
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ at, tools, who, ...limit }) => {
      const isAbout = compileGlobs(tools)
      // a caller that is not known cannot be exempt
      const concerns = (principal: Principal | null): boolean =>
        who === undefined || principal === null || meets(who, principal, effective(principal))
      return {
        ...limit,
        position: positionOf(at, source),
        concerns,
        matches: (tool, principal) => isAbout(tool) && concerns(principal),
      }
    })
}
