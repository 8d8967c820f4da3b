import type { Clock } from '../base/clock.ts'
import type { JsonBounds } from '../base/json.ts'
import type { PolicyInForce } from '../policy/policy.ts'
import type { ToolView } from '../tools/registry.ts'
import type { Hooks } from './hooks.ts'
import type { Surroundings } from './layer.ts'

export interface GateOptions extends Surroundings {
  /** One policy, or what tells the one in force: each judgement is by that of its moment. */
  readonly policy: PolicyInForce
  readonly registry: ToolView
  readonly clock: Clock
  /** Bounds of argument texts. */
  readonly arguments?: JsonBounds
  /** The host accepts that a policy in shadow mode does not block. Default false. */
  readonly allowShadow?: boolean
  /** What the host has to say beside the policy. */
  readonly hooks?: Hooks | undefined
}
