import type { JsonObject } from '../base/json.ts'
import type { DecisionRequest, Policy } from '../policy/policy.ts'
import type { Decision } from '../protocol/decision.ts'
import { applyFindings } from './finding.ts'
import { compileGuards, type CompiledGuards } from './guards/guards.ts'
import type { FileProbe } from './guards/links.ts'
import { compileSequences, SequenceLog, type CompiledSequence } from './sequences.ts'

/**
 * Refusals of steps before the rules: nothing after them is asked, and shadow mode keeps them.
 */
export const firmSteps: ReadonlySet<string> = new Set([
  'unknown_tool',
  'tool_changed',
  'unauthenticated',
  'tool.requires',
  'policy_error',
  'scope',
])

/** What the checks of a policy may look at beside the call. */
export interface Surroundings {
  /** Looks at the disk; without it paths are judged by their text alone. */
  readonly probe?: FileProbe
  /** Values that must not leave, whatever their format. */
  readonly secrets?: readonly string[]
}

/** One layer of a policy: its rules, and what it asks beside them. */
export class Layer {
  readonly #policy: Policy
  readonly #guards: CompiledGuards | undefined
  readonly #sequences: readonly CompiledSequence[]

  constructor(policy: Policy, { probe, secrets }: Surroundings) {
    this.#policy = policy
    const { guards } = policy.document
    const isGuarded = Object.values(guards).some((list) => list.length > 0)
    this.#guards = isGuarded ? compileGuards(policy, probe, secrets) : undefined
    this.#sequences = compileSequences(policy.document)
  }

  /** Whether decisions depend on what the session has done. */
  get remembers(): boolean {
    return this.#sequences.length > 0
  }

  begin(): LayerSession {
    return new LayerSession(this.#policy, this.#guards, new SequenceLog(this.#sequences))
  }
}

/** What one session has done, as far as a layer asks. */
export class LayerSession {
  readonly #policy: Policy
  readonly #guards: CompiledGuards | undefined
  readonly #sequences: SequenceLog

  constructor(policy: Policy, guards: CompiledGuards | undefined, sequences: SequenceLog) {
    this.#policy = policy
    this.#guards = guards
    this.#sequences = sequences
  }

  /** Everything but limits, which are counted over all layers. */
  decide(request: DecisionRequest): Decision {
    const byRules = this.#policy.decide(request)
    if (firmSteps.has(byRules.rule)) return byRules
    return applyFindings(byRules, [
      ...(this.#guards?.check(request) ?? []),
      ...this.#sequences.check(request.tool, request.args),
    ])
  }

  permitted(tool: string, args: JsonObject): void {
    this.#sequences.permitted(tool, args)
  }

  succeeded(tool: string, args: JsonObject): void {
    this.#sequences.succeeded(tool, args)
  }
}
