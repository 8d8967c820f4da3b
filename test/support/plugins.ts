import type { Plugin, PluginParts } from '../../src/run/plugin.ts'

/** A plugin of these parts. */
export function pluginOf(parts: PluginParts, name = 'p'): Plugin {
  return { name, setup: () => parts }
}
