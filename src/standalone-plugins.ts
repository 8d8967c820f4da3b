import type { Clock } from './base/clock.ts'
import { SallyportError } from './base/errors.ts'
import type { Plugin } from './run/plugin.ts'
import type { Plugins } from './run/plugins.ts'
import type { ToolLog } from './tools/tool.ts'

/** Neither a model nor a tool runs here, so nothing could stand round one. */
export async function pluginsOfGate(
  { log, plugins = [] }: { readonly log?: ToolLog; readonly plugins?: readonly Plugin[] },
  clock: Clock,
): Promise<Plugins | undefined> {
  if (plugins.length === 0) return undefined
  const other = plugins.find(({ tools }) => tools !== undefined)
  if (other !== undefined) {
    throw new SallyportError('bad-plugin', `plugin \`${other.name}\` tells tools`, {
      help: 'give a gate its tools as `tools`',
    })
  }
  const { setUpPlugins } = await import('./run/plugins.ts')
  const places = ['onEvent', 'deltas', 'gateHook', 'hookTimeoutMs'] as const
  return setUpPlugins(plugins, { clock, log, places })
}
