import { channel, type Channel } from 'node:diagnostics_channel'
import { checkOptions } from '../base/options.ts'
import { checkGiven, isFlag, isText } from '../protocol/option-checks.ts'
import type { RunEvent } from '../protocol/run-event.ts'
import type { Plugin } from '../run/plugin.ts'

export interface DiagnosticsChannelOptions {
  /** Whether `text-delta` and `reasoning-delta` are published. Default false. */
  readonly deltas?: boolean
  /** What names of channels begin with. Default `sallyport:`. */
  readonly prefix?: string
  /** Default `diagnostics-channel`. */
  readonly name?: string
}

/**
 * Publishes each event of each run on the channel `sallyport:<type>` of `node:diagnostics_channel`,
 * such as `sallyport:decision`, frozen and with sensitive arguments redacted. A channel nobody
 * subscribes to costs a look. What a subscriber throws, Node makes an uncaught exception of. Throws
 * `bad-option`.
 *
 * @example
 * ```ts
 * subscribe('sallyport:decision', (event) => console.log(event))
 * const runtime = createRuntime({ model, plugins: [diagnosticsChannel()] })
 * ```
 */
export function diagnosticsChannel(options: DiagnosticsChannelOptions = {}): Plugin {
  checkOptions('diagnosticsChannel', options, ['deltas', 'prefix', 'name'])
  checkGiven(options, { deltas: isFlag, prefix: isText, name: isText })
  const { deltas = false, name = 'diagnostics-channel', prefix = 'sallyport:' } = options
  const channels = new Map<RunEvent['type'], Channel>()
  return {
    name,
    setup: () => ({
      deltas,
      onEvent(event) {
        let found = channels.get(event.type)
        if (found === undefined) {
          found = channel(`${prefix}${event.type}`)
          channels.set(event.type, found)
        }
        if (found.hasSubscribers) found.publish(event)
      },
    }),
  }
}
