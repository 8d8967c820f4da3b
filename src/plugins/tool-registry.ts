import { SallyportError } from '../base/errors.ts'
import { checkOptions } from '../base/options.ts'
import { checkGiven, isOneOf, isText } from '../protocol/option-checks.ts'
import type { Plugin } from '../run/plugin.ts'
import { toTools, type Tool, type ToolDefinition } from '../tools/tool.ts'

type Listed = readonly (Tool | ToolDefinition)[]

export interface ToolRegistryOptions {
  /** The tools, or what tells them when the runtime is set up. */
  readonly tools: Listed | (() => Listed | Promise<Listed>)
  /**
   * What becomes of the tools the runtime was given: `override` takes their place, `merge` adds to
   * them and leaves those of the same name as they are, `if-empty` stands in where there are none.
   * Default `override`.
   */
  readonly mode?: 'override' | 'merge' | 'if-empty'
  /** Default `tool-registry`. */
  readonly name?: string
}

/**
 * Tools from elsewhere. The policy is held against what they turn out to be and decides about them
 * like about all tools; the model is shown those alone that some rule could permit. Throws
 * `bad-option`.
 *
 * @example
 * ```ts
 * const registry = toolRegistry({ tools: () => toolsOfTheDay(), mode: 'merge' })
 * const runtime = createRuntime({ model, policy, plugins: [registry] })
 * ```
 */
export function toolRegistry(options: ToolRegistryOptions): Plugin {
  checkOptions('toolRegistry', options, ['tools', 'mode', 'name'])
  checkGiven(options, { mode: isOneOf('override', 'merge', 'if-empty'), name: isText })
  const { mode = 'override', name = 'tool-registry', tools } = options
  if (!Array.isArray(tools) && typeof tools !== 'function') {
    throw new SallyportError('bad-option', '`tools` is neither an array nor a function', {
      help: 'pass tools, or a function that returns them',
    })
  }
  return {
    name,
    setup: () => undefined,
    async tools(given) {
      if (mode === 'if-empty' && given.length > 0) return given
      const own = toTools(typeof tools === 'function' ? await tools() : tools)
      if (mode !== 'merge') return own
      const taken = new Set(given.map((tool) => tool.name))
      return [...given, ...own.filter((tool) => !taken.has(tool.name))]
    },
  }
}
