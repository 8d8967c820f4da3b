import { SallyportError } from '../../base/errors.ts'
import type { ToolSpecification } from '../../protocol/request.ts'

const wireName = /^[a-zA-Z0-9_-]{1,64}$/

/** The tools of a request under the names this wire allows. */
export interface ToolNames {
  /** The `tools` member as JSON text. */
  readonly json: string
  /** Our name for a name on the wire; an unknown one is passed on as it is. */
  toCanonical(name: string): string
}

const known = new WeakMap<readonly ToolSpecification[], ToolNames>()

/**
 * Encodes tools once for each array of them. Throws `bad-option` for names the wire cannot carry
 * and for two names that become one.
 */
export function toolNames(tools: readonly ToolSpecification[]): ToolNames {
  const names = known.get(tools) ?? encodeTools(tools)
  known.set(tools, names)
  return names
}

/** Dots separate server and tool in our names; the wire has no dots. */
export function toWireName(name: string): string {
  return name.replaceAll('.', '__')
}

/** A name from history, which a model may have invented, made acceptable to the endpoint. */
export function toHistoryName(name: string): string {
  return (
    toWireName(name)
      .replace(/[^a-zA-Z0-9_-]/g, '_')
      .slice(0, 64) || '_'
  )
}

function encodeTools(tools: readonly ToolSpecification[]): ToolNames {
  const canonical = new Map<string, string>()
  for (const tool of tools) {
    const name = toWireName(tool.name)
    if (!wireName.test(name)) {
      throw new SallyportError('bad-option', `the tool name \`${tool.name}\` cannot be sent`, {
        help: 'use at most 64 letters, digits, hyphens, underscores and dots; a dot counts twice',
      })
    }
    const other = canonical.get(name)
    if (other !== undefined) {
      const both =
        other === tool.name ? 'occurs twice' : `and \`${other}\` are both sent as \`${name}\``
      throw new SallyportError('bad-option', `the tool name \`${tool.name}\` ${both}`, {
        help: 'rename one of the tools',
      })
    }
    canonical.set(name, tool.name)
  }
  return {
    json: JSON.stringify(tools.map(encodeTool)),
    toCanonical: (name) => canonical.get(name) ?? name,
  }
}

function encodeTool(tool: ToolSpecification): object {
  return {
    type: 'function',
    function: {
      name: toWireName(tool.name),
      description: tool.description,
      parameters: tool.input,
    },
  }
}
