import { digestJson } from '../base/digest.ts'
import type { ToolSpecification } from '../protocol/request.ts'
import { prepareTool } from './schema.ts'
import { toTools, type Tool, type ToolDefinition } from './tool.ts'

/** Tools that calls may be of. */
export interface ToolView {
  /** Looked up by exact name, as the model sent it. */
  get(name: string): Tool | undefined
  /** In the order they were given. */
  readonly names: readonly string[]
}

/** The tools of a run, ready for use; frozen. */
export interface ToolRegistry extends ToolView {
  readonly specifications: readonly ToolSpecification[]
  /** Digest over name, description and input schema of every tool; independent of their order. */
  readonly digest: string
  /** The digest of each tool by itself. */
  readonly definitions: Readonly<Record<string, string>>
}

/**
 * Makes a registry of tools and of plain definitions. Throws `bad-tool` for two tools of one name,
 * `bad-schema` for a schema that does not compile.
 */
export async function createRegistry(
  definitions: readonly (Tool | ToolDefinition)[],
): Promise<ToolRegistry> {
  const tools = new Map<string, Tool>()
  for (const tool of toTools(definitions)) {
    await prepareTool(tool)
    tools.set(tool.name, tool)
  }
  const specifications = Object.freeze([...tools.values()].map(specify))
  return Object.freeze({
    get: (name: string) => tools.get(name),
    names: Object.freeze([...tools.keys()]),
    specifications,
    digest: digestJson(specifications.toSorted(byName).map((tool) => ({ ...tool }))),
    definitions: Object.freeze(
      Object.fromEntries(specifications.map((tool) => [tool.name, digestJson({ ...tool })])),
    ),
  })
}

function specify({ name, description, input }: Tool): ToolSpecification {
  return Object.freeze({ name, description, input })
}

function byName(a: ToolSpecification, b: ToolSpecification): number {
  return a.name < b.name ? -1 : 1
}
