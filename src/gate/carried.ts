import type { Policy } from '../policy/policy.ts'
import type { Grant } from '../tools/permit.ts'
import { compileGuards, type CompiledGuards } from './guards/guards.ts'
import { compileOutput, type CompiledOutput } from './output.ts'

interface Compiled {
  readonly guards: CompiledGuards
  readonly output: CompiledOutput
}

/**
 * What permits carry beside the call: what the tool may open and fetch by itself, and what is
 * taken out of its result. Compiled once for each policy that comes into force.
 */
export class Carried {
  readonly #secrets: readonly string[]
  readonly #compiled = new WeakMap<Policy, Compiled>()

  constructor(secrets: readonly string[] = []) {
    this.#secrets = secrets
  }

  of(policy: Policy, tool: string): Pick<Grant, 'access' | 'refine'> {
    const { guards, output } = this.#of(policy)
    return { access: guards.access(tool), refine: output.of(tool) }
  }

  #of(policy: Policy): Compiled {
    const known = this.#compiled.get(policy)
    if (known !== undefined) return known
    const compiled = {
      guards: compileGuards(policy),
      output: compileOutput(policy, this.#secrets),
    }
    this.#compiled.set(policy, compiled)
    return compiled
  }
}
