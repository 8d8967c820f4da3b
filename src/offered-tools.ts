import { mayPermit } from './policy/may-permit.ts'
import type { Policy } from './policy/policy.ts'
import type { ToolSpecification } from './protocol/request.ts'
import type { ToolRegistry } from './tools/registry.ts'

/**
 * What the model is shown: the tools of the runtime, and of those that plugins tell the ones that
 * some rule of the policy in force could permit.
 */
export function offeredTools(
  { specifications }: ToolRegistry,
  told: ReadonlySet<string>,
  policy: Policy,
): readonly ToolSpecification[] {
  if (told.size === 0) return specifications
  return specifications.filter(({ name }) => !told.has(name) || mayPermit(policy, name))
}
