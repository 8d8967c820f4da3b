import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isSallyportError, messageOf, SallyportError } from '../base/errors.ts'
import { isObject, type JsonObject } from '../base/json.ts'
import { withToolsOfAgents } from '../sub-agent.ts'
import { toTools, type Tool, type ToolDefinition } from '../tools/tool.ts'
import { readText } from './files.ts'
import { importFailure } from './import-failure.ts'

/** The tools of a file with those of their agents: all that a policy may speak of. */
export async function loadToolbox(path: string): Promise<readonly Tool[]> {
  return withToolsOfAgents(await loadTools(path))
}

/**
 * The tools of a file: a JavaScript or TypeScript module whose default export is a list of tools
 * or definitions, or (`.json`) a list of `{name, description, inputSchema}` as MCP servers give
 * it, also with what else a definition says to the gate, or as endpoints of models take it; of
 * these, tools are made that can be judged but do nothing.
 */
export async function loadTools(path: string): Promise<readonly Tool[]> {
  const exported = path.endsWith('.json') ? await readSchemas(path) : await importModule(path)
  if (!Array.isArray(exported)) {
    throw new SallyportError('bad-option', `\`${path}\` does not hold a list of tools`, {
      help: schemasHelp,
    })
  }
  const tools: Tool[] = []
  // by index: an empty place counts as well
  for (let index = 0; index < exported.length; index++) {
    tools.push(readEntry(path, index, exported[index]))
  }
  return toTools(tools)
}

function readEntry(path: string, index: number, entry: unknown): Tool {
  try {
    return toTools([entry as Tool | ToolDefinition])[0]!
  } catch (error) {
    if (!isSallyportError(error)) throw error
    const { code, message, help, details } = error
    throw new SallyportError(code, `entry ${index} of \`${path}\`: ${message}`, {
      help,
      details,
      cause: error,
    })
  }
}

const schemasHelp = 'write a JSON array of `{"name", "description", "inputSchema"}`'

const moduleHelp = 'write `export default [defineTool({ ... })]`'

async function importModule(path: string): Promise<readonly unknown[]> {
  const absolute = resolve(path)
  let module: { readonly default?: unknown }
  try {
    module = (await import(pathToFileURL(absolute).href)) as typeof module
  } catch (error) {
    throw await importFailure(path, absolute, error)
  }
  if (!('default' in module)) {
    throw new SallyportError('bad-option', `\`${path}\` has no default export`, {
      help: moduleHelp,
    })
  }
  if (Array.isArray(module.default)) return module.default
  throw new SallyportError(
    'bad-option',
    `the default export of \`${path}\` is ${kindOf(module.default)}, not a list of tools`,
    { help: moduleHelp },
  )
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (value instanceof Promise) return 'a promise'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

async function readSchemas(path: string): Promise<unknown> {
  const value = parsed(path, await readText(path))
  const list = isObject(value) ? value['tools'] : value
  return Array.isArray(list) ? list.map((entry, index) => schemaOnly(path, index, entry)) : list
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new SallyportError('bad-file', `\`${path}\` is not JSON: ${messageOf(error)}`, {
      help: schemasHelp,
      cause: error,
    })
  }
}

/** Where the schemas of a tool stand, in the words of MCP, of `defineTool` and of model endpoints. */
const inputNames = ['inputSchema', 'input', 'input_schema', 'parameters']
const outputNames = ['outputSchema', 'output']

/**
 * What a gate goes by beside the schemas. Annotations are left out: those of servers may loosen
 * nothing, and what a tool says without them is the strictest.
 */
const judgedNames = ['facts', 'requires', 'sensitive', 'editable']

/** A tool that exists to be judged; a permit for it would end in an error. */
function schemaOnly(path: string, index: number, given: unknown): ToolDefinition {
  const entry = isObject(given) && isObject(given['function']) ? given['function'] : given
  if (!isObject(entry) || typeof entry['name'] !== 'string') {
    throw new SallyportError('bad-option', `entry ${index} of \`${path}\` has no \`name\``, {
      help: schemasHelp,
    })
  }
  const output = firstOf(entry, outputNames)
  return {
    name: entry['name'],
    description: typeof entry['description'] === 'string' ? entry['description'] : '',
    input: (firstOf(entry, inputNames) ?? { type: 'object' }) as JsonObject,
    ...(output === undefined ? {} : { output: output as JsonObject }),
    ...Object.fromEntries(Object.entries(entry).filter(([name]) => judgedNames.includes(name))),
    execute() {
      throw new Error('this tool is only a schema')
    },
  }
}

function firstOf(entry: Record<string, unknown>, names: readonly string[]): unknown {
  return names.map((name) => entry[name]).find((value) => value !== undefined && value !== null)
}
