import type { Wire } from '../wire.ts'
import { checkExtra } from '../settings.ts'
import { reserved, type ResponsesWireOptions } from './options.ts'

/**
 * The Responses wire (OpenAI API reference, "Create a model response"), as spoken by OpenRouter and
 * by compatible endpoints. It is stateless: nothing is stored at the provider, and every request
 * carries the whole history with the reasoning it sent. Throws `bad-option` for members of the body
 * that cannot be replaced.
 */
export function responsesWire(options: ResponsesWireOptions): Wire {
  checkExtra(options.body, reserved)
  return {
    name: 'responses',
    path: '/responses',
    async load() {
      const { responsesCodec } = await import('./codec.ts')
      return responsesCodec(options)
    },
  }
}
