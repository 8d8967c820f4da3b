import { SallyportError } from './base/errors.ts'
import type { Policy } from './policy/policy.ts'

/** Throws `bad-policy` for a policy that would not block, unless the host wants that. */
export function checkShadow({ mode, name }: Policy, allowed: boolean | undefined): void {
  if (mode !== 'shadow' || allowed === true) return
  throw new SallyportError('bad-policy', `policy \`${name}\` is in shadow mode`, {
    help: 'it would not block anything: set `mode: enforce`, or pass `allowShadow: true`',
  })
}
