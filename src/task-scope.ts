import { isSallyportError, SallyportError } from './base/errors.ts'
import { isObject, type JsonObject } from './base/json.ts'
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
  const { readPolicyText } = await import('./loading/text.ts')
  const rules = scopesOf(scope).map((part, index) => toRule(part, `scope-${index + 1}`))
  const text = JSON.stringify({ sallyport: 1, name: 'scope', rules })
  try {
    return readPolicyText(text, 'scope').compile(tools)
  } catch (error) {
    if (!isSallyportError(error)) throw error
    throw new SallyportError('bad-option', `the \`scope\` of the run: ${error.message}`, {
      help: 'write `tools` and, where needed, `args` and `onlyArgs` as in an allow rule',
      cause: error,
    })
  }
}

function toRule(scope: ScopePart, id: string): JsonObject {
  if (!isObject(scope)) {
    throw new SallyportError('bad-option', '`scope` is not an object or a list of objects')
  }
  const { tools, ...conditions } = scope
  // keys of a rule that would make the scope look wider than it is are unknown here
  const strange = Object.keys(conditions).find((key) => key !== 'args' && key !== 'onlyArgs')
  if (strange !== undefined) {
    throw new SallyportError('bad-option', `\`scope\` has no member \`${strange}\``, {
      help: 'the members are `tools`, `args` and `onlyArgs`',
    })
  }
  return { id, allow: [...tools], ...(conditions as JsonObject) }
}
