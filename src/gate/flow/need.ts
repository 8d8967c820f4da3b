import type { ArgumentTest, PolicyFile } from '../../policy/document.ts'

/** Whether a file asks where values come from: it has `flow`, or a rule with the test `from`. */
export function asksForSources({ flow, rules }: PolicyFile): boolean {
  return flow !== undefined || rules.some(({ args }) => args.some(({ test }) => asksFrom(test)))
}

function asksFrom({ from, items, anyItem, not, anyOf = [] }: ArgumentTest): boolean {
  const inner = [items, anyItem, not, ...anyOf]
  return from !== undefined || inner.some((test) => test !== undefined && asksFrom(test))
}
