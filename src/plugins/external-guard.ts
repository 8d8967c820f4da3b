import { checkNumber, checkOptions } from '../base/options.ts'
import type { HookAnswer, HookedCall } from '../gate/hooks.ts'
import type { Decision } from '../protocol/decision.ts'
import { checkGiven, isFunction, isText } from '../protocol/option-checks.ts'
import type { Plugin } from '../run/plugin.ts'

/** What another policy engine says about a call. */
export interface GuardAnswer {
  readonly decision: 'allow' | 'ask' | 'deny'
  /** For people and for the model: which of its policies decided, and why. */
  readonly reasons?: readonly string[]
  /** What it could not evaluate. Any at all is a no: a rule that fails may be one that forbids. */
  readonly errors?: readonly unknown[]
}

export interface ExternalGuardOptions {
  /** Asks the engine. What it throws is a no. */
  check(
    call: HookedCall,
    options: { readonly decision: Decision; readonly signal: AbortSignal },
  ): GuardAnswer | Promise<GuardAnswer>
  /** After which it has refused. Default 5,000 ms; from 1 to 600,000. */
  readonly timeoutMs?: number
  /** Decisions show it as `hooks.<name>`. Default `external-guard`. */
  readonly name?: string
}

/**
 * Another policy engine as one more gate: a call runs only where both let it pass. Throws
 * `bad-option`.
 *
 * @example
 * ```ts
 * const guard = externalGuard({
 *   check: ({ tool }) => ({ decision: tool === 'wipe' ? 'deny' : 'allow' }),
 * })
 * const runtime = createRuntime({ model, plugins: [guard] })
 * ```
 */
export function externalGuard(options: ExternalGuardOptions): Plugin {
  checkOptions('externalGuard', options, ['check', 'timeoutMs', 'name'])
  isFunction('check', options.check)
  checkGiven(options, { name: isText })
  const { name = 'external-guard', timeoutMs: hookTimeoutMs = 5_000 } = options
  checkNumber('timeoutMs', hookTimeoutMs, { min: 1, max: 600_000 })
  return {
    name,
    setup: () => ({
      hookTimeoutMs,
      gateHook: async (call, decision, { signal }) =>
        answerOf(await options.check(call, { decision, signal })),
    }),
  }
}

/** Nothing but a plain `allow` without an error lets a call pass; nonsense is left to the gate. */
function answerOf({ decision, errors = [], reasons = [] }: GuardAnswer): HookAnswer {
  if (errors.length !== 0) {
    const reason = 'the guard could not evaluate everything, which counts as a no'
    return { effect: 'deny', reason }
  }
  const effect = decision
  return reasons.length === 0 ? { effect } : { effect, reason: reasons.join('; ') }
}
