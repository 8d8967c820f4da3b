import type { ToolFacts } from '../protocol/facts.ts'

/** The facts of a definition under those of a policy: whatever the policy names wins, per field. */
export function mergeFacts(definition: ToolFacts, policy: ToolFacts): ToolFacts {
  const output = definition.output && { ...definition.output, ...policy.output }
  return {
    ...definition,
    ...policy,
    ...(output === undefined ? {} : { output }),
    ...record(definition, policy, 'fields'),
    ...record(definition, policy, 'args'),
  }
}

function record(a: ToolFacts, b: ToolFacts, key: 'fields' | 'args'): ToolFacts {
  const [under, over] = [a[key] ?? {}, b[key] ?? {}]
  const names = [...new Set([...Object.keys(under), ...Object.keys(over)])]
  if (names.length === 0) return {}
  const merged = names.map((name) => [name, { ...own(under, name), ...own(over, name) }])
  return { [key]: Object.fromEntries(merged) }
}

/** Names come from tools and policies: `constructor` may be one of them. */
function own(facts: Readonly<Record<string, object>>, name: string): object {
  return Object.hasOwn(facts, name) ? facts[name]! : {}
}
