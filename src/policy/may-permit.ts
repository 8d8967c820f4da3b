import { compileGlobs } from './glob.ts'
import type { Policy } from './policy.ts'

/** Whether some rule of every layer allows or asks about a tool, for some caller and arguments. */
export function mayPermit({ layers }: Policy, tool: string): boolean {
  return layers.every(({ document: { rules } }) =>
    rules.some(
      ({ effect, shadow, tools }) => effect !== 'deny' && !shadow && compileGlobs(tools)(tool),
    ),
  )
}
