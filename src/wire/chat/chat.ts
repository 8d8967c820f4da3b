import type { Wire } from '../wire.ts'
import { checkExtra } from '../settings.ts'
import { reserved, type ChatWireOptions } from './options.ts'

/**
 * The Chat Completions wire (OpenAI API reference, "Create chat completion"), as spoken by
 * OpenRouter and by every compatible endpoint. Throws `bad-option` for members of the body that
 * cannot be replaced.
 */
export function chatWire(options: ChatWireOptions): Wire {
  checkExtra(options.body, reserved)
  return {
    name: 'chat',
    path: '/chat/completions',
    async load() {
      const { chatCodec } = await import('./codec.ts')
      return chatCodec(options)
    },
  }
}
