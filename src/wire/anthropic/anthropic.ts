import type { Wire } from '../wire.ts'
import { checkExtra } from '../settings.ts'
import { reserved, type AnthropicWireOptions } from './options.ts'

/**
 * The Messages wire (Anthropic API reference, "Create a Message"). Throws `bad-option` for members
 * of the body that cannot be replaced.
 */
export function anthropicWire(options: AnthropicWireOptions = {}): Wire {
  checkExtra(options.body, reserved)
  return {
    name: 'anthropic',
    path: '/v1/messages',
    async load() {
      const { anthropicCodec } = await import('./codec.ts')
      return anthropicCodec(options)
    },
  }
}
