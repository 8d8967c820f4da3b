import type { Policy } from '../policy/policy.ts'
import type { GrantRequest, Permit } from '../tools/permit.ts'
import type { OpenApproval } from './approval.ts'
import { PermitTerms } from './terms.ts'

interface Given {
  readonly policy: Policy
  /** Whose yes it was given for. */
  readonly asked: OpenApproval | undefined
}

/** Under which policy permits were given, and on which terms it gives them now. */
export class Permits {
  readonly #current: () => Policy
  readonly #terms: PermitTerms
  /** Undefined where the policy never changes. */
  readonly #given: WeakMap<Permit, Given> | undefined

  constructor(policy: Policy | (() => Policy), secrets?: readonly string[]) {
    const mayChange = typeof policy === 'function'
    this.#current = mayChange ? policy : () => policy
    this.#terms = new PermitTerms(secrets)
    this.#given = mayChange ? new WeakMap() : undefined
  }

  termsOf(tool: string): Pick<GrantRequest, 'timeoutMs' | 'access' | 'refine'> {
    return this.#terms.of(this.#current(), tool)
  }

  /** To be told of at once: the policy of now has given it. */
  note(permit: Permit, asked: OpenApproval | undefined): Permit {
    this.#given?.set(permit, { policy: this.#current(), asked })
    return permit
  }

  /** Whether the policy has not changed since. */
  isInForce(permit: Permit): boolean {
    return this.#given === undefined || this.#given.get(permit)?.policy === this.#current()
  }

  askedFor(permit: Permit): OpenApproval | undefined {
    return this.#given?.get(permit)?.asked
  }
}
