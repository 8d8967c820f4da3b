import type { Policy } from '../policy/policy.ts'
import type { GrantRequest } from '../tools/permit.ts'
import { compileGuards } from './guards/guards.ts'
import { compileOutput } from './output.ts'

type Terms = Pick<GrantRequest, 'timeoutMs' | 'access' | 'refine'>

/**
 * The terms of permits under each policy that comes into force: how long the tool may take, what it
 * may open and fetch by itself, and what is taken out of its result. Made once for each tool.
 */
export class PermitTerms {
  readonly #secrets: readonly string[]
  readonly #policies = new WeakMap<Policy, (tool: string) => Terms>()

  constructor(secrets: readonly string[] = []) {
    this.#secrets = secrets
  }

  of(policy: Policy, tool: string): Terms {
    let termsOf = this.#policies.get(policy)
    if (termsOf === undefined) {
      termsOf = compileTerms(policy, this.#secrets)
      this.#policies.set(policy, termsOf)
    }
    return termsOf(tool)
  }
}

function compileTerms(policy: Policy, secrets: readonly string[]): (tool: string) => Terms {
  const guards = compileGuards(policy)
  const refine = compileOutput(policy, secrets)
  // of tools that exist: a permit is for no other
  const made = new Map<string, Terms>()
  return (tool) => {
    const known = made.get(tool)
    if (known !== undefined) return known
    const terms: Terms = {
      timeoutMs: policy.timeoutOf(tool),
      access: guards.access(tool),
      refine: refine(tool),
    }
    made.set(tool, terms)
    return terms
  }
}
