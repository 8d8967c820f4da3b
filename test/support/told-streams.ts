import { ChatDecoder } from '../../src/wire/chat/decode.ts'
import { ResponsesDecoder } from '../../src/wire/responses/decode.ts'
import { defaultBounds } from '../../src/wire/settings.ts'
import type { Decoder } from '../../src/wire/wire.ts'

export type StreamEvent = readonly [data: string, name?: string]

function same(name: string): string {
  return name
}

export function chat(maxTextLength = defaultBounds.maxTextLength): Decoder {
  return new ChatDecoder({ ...defaultBounds, maxTextLength }, same, true)
}

export function responses(maxTextLength = defaultBounds.maxTextLength): Decoder {
  const bounds = { ...defaultBounds, maxTextLength }
  return new ResponsesDecoder({ bounds, toolName: same, toolCallDeltas: true, dialect: 'openai' })
}

/**
 * What a decoder says of a stream of up to 64 events. `isParsed` so that each event has other white
 * space before it, no event is like another, and all of them are parsed.
 */
export function told(
  decoder: Decoder,
  stream: readonly StreamEvent[],
  isParsed: boolean,
): readonly unknown[] {
  for (const [at, [data, name]] of stream.entries()) {
    const space = at.toString(2).padStart(6, '0').replaceAll('0', ' ').replaceAll('1', '\t')
    decoder.push((isParsed ? space : ' '.repeat(6)) + data, name)
  }
  decoder.finish()
  return decoder.events
}
