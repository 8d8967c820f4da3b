import { SallyportError } from '../base/errors.ts'
import type { Policy } from '../policy/policy.ts'
import type { Tool } from '../tools/tool.ts'
import type { LoadedPolicy } from './file.ts'

/**
 * A policy held against tools; of a watched one, what tells the one in force. Throws `bad-policy`
 * where they do not fit, and for a policy that would not block unless the host wants that.
 */
export function enforced(
  loaded: LoadedPolicy,
  tools: readonly Tool[],
  allowShadow: boolean | undefined,
): Policy | (() => Policy) {
  const policy = loaded.follow?.(tools) ?? loaded.compile(tools)
  checkShadow(typeof policy === 'function' ? policy() : policy, allowShadow)
  return policy
}

function checkShadow({ mode, name }: Policy, allowed: boolean | undefined): void {
  if (mode !== 'shadow' || allowed === true) return
  throw new SallyportError('bad-policy', `policy \`${name}\` is in shadow mode`, {
    help: 'it would not block anything: set `mode: enforce`, or pass `allowShadow: true`',
  })
}
