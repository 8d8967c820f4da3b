import type { Clock } from '../base/clock.ts'
import { inForce, type Policy, type PolicyInForce } from '../policy/policy.ts'
import type { GrantRequest, Permit } from '../tools/permit.ts'
import { isStale, type OpenApproval } from './approval.ts'
import { PermitTerms } from './terms.ts'

interface Given {
  readonly policy: Policy
  /** When a rule begins or ends to hold, in milliseconds since the epoch. */
  readonly until: number
  /** Whose yes it was given for. */
  readonly asked: OpenApproval | undefined
}

/** Under what permits were given, and on which terms the policy of now gives them. */
export class Permits {
  readonly #current: () => Policy
  readonly #clock: Clock
  readonly #mayChange: boolean
  readonly #terms: PermitTerms
  readonly #boundaries = new WeakMap<Policy, readonly number[]>()
  /** Those that may come to be out of force. */
  readonly #given = new WeakMap<Permit, Given>()

  constructor(policy: PolicyInForce, clock: Clock, secrets?: readonly string[]) {
    this.#mayChange = typeof policy === 'function'
    this.#current = inForce(policy)
    this.#clock = clock
    this.#terms = new PermitTerms(secrets)
  }

  termsOf(tool: string): Pick<GrantRequest, 'timeoutMs' | 'access' | 'refine'> {
    return this.#terms.of(this.#current(), tool)
  }

  /** To be told of at once: the policy of now has given it, by a decision of that time (RFC 3339). */
  note(permit: Permit, at: string, asked: OpenApproval | undefined): Permit {
    const policy = this.#current()
    const until = this.#nextBoundary(policy, at)
    if (this.#mayChange || asked !== undefined || until < Infinity) {
      this.#given.set(permit, { policy, until, asked })
    }
    return permit
  }

  /**
   * Whether what it was given under still holds: the policy, the time of its rules, and that of the
   * yes unless the call has begun on it.
   */
  isInForce(permit: Permit, hasBegun: boolean): boolean {
    const given = this.#given.get(permit)
    if (given === undefined) return true
    const { asked, policy, until } = given
    if (policy !== this.#current()) return false
    if (until < Infinity && !(this.#clock.now() < until)) return false
    return hasBegun || asked === undefined || !isStale(asked, this.#clock)
  }

  askedFor(permit: Permit): OpenApproval | undefined {
    return this.#given.get(permit)?.asked
  }

  #nextBoundary(policy: Policy, at: string): number {
    const known = this.#boundaries.get(policy) ?? boundariesOf(policy)
    this.#boundaries.set(policy, known)
    if (known.length === 0) return Infinity
    // a rule may have ended since the decision; to a clock that fails none ever does
    const since = Math.min(Date.parse(at), this.#clock.now())
    return known.reduce((next, each) => (each > since && each < next ? each : next), Infinity)
  }
}

/** When rules begin and end to hold. */
function boundariesOf({ layers }: Policy): readonly number[] {
  const rules = layers.flatMap(({ document }) => document.rules)
  return rules.flatMap(({ from, until }) => [from ?? [], until ?? []].flat())
}
