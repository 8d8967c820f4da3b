import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { messageOf, SallyportError } from '../base/errors.ts'
import { isObject, type JsonObject } from '../base/json.ts'
import { toTools, type Tool, type ToolDefinition } from '../tools/tool.ts'

/**
 * The tools of a file: a JavaScript or TypeScript module whose default export is a list of tools
 * or definitions, or (`.json`) a list of `{name, description, inputSchema}` as MCP servers give
 * it, from which tools are made that can be judged but do nothing.
 */
export async function loadTools(path: string): Promise<readonly Tool[]> {
  const exported = path.endsWith('.json') ? await readSchemas(path) : await importModule(path)
  if (!Array.isArray(exported)) {
    throw new SallyportError('bad-option', `\`${path}\` does not hold a list of tools`, {
      help: path.endsWith('.json')
        ? 'write a JSON array of `{"name", "description", "inputSchema"}`'
        : 'write `export default [defineTool({ ... })]`',
    })
  }
  return toTools(exported as readonly (Tool | ToolDefinition)[])
}

async function importModule(path: string): Promise<unknown> {
  try {
    const module = (await import(pathToFileURL(resolve(path)).href)) as { default?: unknown }
    return module.default
  } catch (error) {
    throw new SallyportError('bad-file', `\`${path}\` cannot be loaded: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

async function readSchemas(path: string): Promise<unknown> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new SallyportError('bad-file', `\`${path}\` cannot be read: ${messageOf(error)}`, {
      cause: error,
    })
  }
  const list = isObject(value) ? value['tools'] : value
  return Array.isArray(list) ? list.map((entry) => schemaOnly(path, entry)) : list
}

/** A tool that exists to be judged; a permit for it would end in an error. */
function schemaOnly(path: string, entry: unknown): ToolDefinition {
  if (!isObject(entry) || typeof entry['name'] !== 'string') {
    throw new SallyportError('bad-option', `a tool in \`${path}\` has no \`name\``)
  }
  const input = entry['inputSchema'] ?? entry['input'] ?? entry['parameters']
  return {
    name: entry['name'],
    description: typeof entry['description'] === 'string' ? entry['description'] : '',
    input: (input ?? { type: 'object' }) as JsonObject,
    execute() {
      throw new Error('this tool is only a schema')
    },
  }
}
