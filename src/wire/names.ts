import { SallyportError } from '../base/errors.ts'
import type { ToolSpecification } from '../protocol/request.ts'

const wireName = /^[a-zA-Z0-9_-]{1,64}$/

/** The tools of a request under the names that wires allow. */
export interface ToolNames {
  /** The `tools` member as JSON text. */
  readonly json: string
  /** Our name for a name on the wire; an unknown one is passed on as it is. */
  toCanonical(name: string): string
}

/** How one wire writes a tool under the name it goes by there. */
type ToolWriter = (tool: ToolSpecification, name: string) => object

/**
 * What encodes the tools of a wire, once for each array of them while the array holds the same. It
 * throws `bad-option` for names that cannot be sent and for two names that become one.
 */
export function toolNaming(write: ToolWriter): (tools: readonly ToolSpecification[]) => ToolNames {
  const known = new WeakMap<readonly ToolSpecification[], EncodedTools>()
  return (tools) => {
    const last = known.get(tools)
    const isSame =
      last?.tools.length === tools.length && tools.every((tool, at) => tool === last.tools[at])
    if (isSame) return last.names
    const names = encodeTools(tools, write)
    known.set(tools, { tools: [...tools], names })
    return names
  }
}

interface EncodedTools {
  readonly tools: readonly ToolSpecification[]
  readonly names: ToolNames
}

/** Dots separate server and tool in our names; wires have no dots. */
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

function encodeTools(tools: readonly ToolSpecification[], write: ToolWriter): ToolNames {
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
    json: JSON.stringify(tools.map((tool) => write(tool, toWireName(tool.name)))),
    toCanonical: (name) => canonical.get(name) ?? name,
  }
}
