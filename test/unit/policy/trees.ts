import { Diagnostics } from '../../../src/policy/diagnostic.ts'
import { parseYaml } from '../../../src/policy/parse-yaml.ts'
import { Source } from '../../../src/policy/source.ts'
import type { Node } from '../../../src/policy/tree.ts'

/** The tree of a text in which the library finds nothing wrong. */
export function parseWithLibrary(text: string): Node | undefined {
  const diagnostics = new Diagnostics(new Source('p', text))
  const node = parseYaml(text, diagnostics)
  return diagnostics.all().length === 0 ? node : undefined
}

/** The tree with the entries of its mappings as lists: two that are equal have them in one order. */
export function inOrder(node: Node | undefined): unknown {
  if (node?.kind === 'list') return { ...node, items: node.items.map(inOrder) }
  if (node?.kind !== 'map') return node
  const entries = [...node.entries].map(({ name, value, start, end }) => [
    name,
    { start, end },
    inOrder(value),
  ])
  return { ...node, entries }
}
