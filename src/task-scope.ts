import type { Policy } from './policy/policy.ts'
import type { ScopePart } from './protocol/run-event.ts'
import type { Tool } from './tools/tool.ts'

export function scopesOf(scope: ScopePart | readonly ScopePart[]): readonly ScopePart[] {
  return Array.isArray(scope) ? (scope as readonly ScopePart[]) : [scope as ScopePart]
}

/**
 * A policy that allows what the scopes name, each as a rule. Rejects with `bad-option` for what
 * no rule could say, and for tools that do not exist.
 */
export async function compileScope(
  scope: ScopePart | readonly ScopePart[],
  tools: readonly Tool[],
): Promise<Policy> {
  const { readScope, wrongScope } = await import('./policy/scope.ts')
  const { compileFor } = await import('./loading/text.ts')
  const file = readScope(scopesOf(scope))
  try {
    return compileFor(file, tools)
  } catch (error) {
    throw wrongScope(error)
  }
}
