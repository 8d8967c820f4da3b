import { SallyportError } from '../base/errors.ts'
import { shorten } from '../base/text.ts'
import type { ToolView } from '../tools/registry.ts'
import type { RunEnvironment } from './environment.ts'

/**
 * What is left of the tools of a run: the model sees no others, and calls of others are unknown.
 * Throws `bad-option` for a tool the run does not have.
 */
export function narrowed(
  { tools, view }: Pick<RunEnvironment, 'tools' | 'view'>,
  names: readonly string[],
): Pick<RunEnvironment, 'tools' | 'view'> {
  const strange = names.find((name) => !tools.some((tool) => tool.name === name))
  if (strange !== undefined) {
    throw new SallyportError('bad-option', `the run has no tool \`${shorten(strange, 128)}\``, {
      help: 'a turn can only have tools of its run: name some of `tools`',
    })
  }
  return {
    tools: tools.filter(({ name }) => names.includes(name)),
    view: viewOf(view, names),
  }
}

/** A view of some tools alone. */
export function viewOf({ get, names }: ToolView, kept: readonly string[]): ToolView {
  return {
    get: (name) => (kept.includes(name) ? get(name) : undefined),
    names: names.filter((name) => kept.includes(name)),
  }
}
