// How an answer is read by our decoders, without the connection under them.
import { anthropicCodec } from '../../src/wire/anthropic/codec.ts'
import { chatCodec } from '../../src/wire/chat/codec.ts'
import { responsesCodec } from '../../src/wire/responses/codec.ts'
import { defaultBounds } from '../../src/wire/settings.ts'
import { SseReader } from '../../src/wire/sse.ts'
import type { WireCodec } from '../../src/wire/wire.ts'
import type { WireAnswer } from './wire-answers.ts'

const readSize = 16 * 1024

export const codecs: Readonly<Record<WireAnswer['wire'], () => WireCodec>> = {
  chat: () => chatCodec({ dialect: 'openai' }),
  responses: () => responsesCodec({ dialect: 'openai' }),
  anthropic: () => anthropicCodec({}),
}

/** The reads in which a socket gives a body. */
export function inReads(bytes: Uint8Array): readonly Uint8Array[] {
  const reads: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += readSize) reads.push(bytes.subarray(at, at + readSize))
  return reads
}

/** What one answer may cost is no question here: arguments of 16 MB are read too. */
const bounds = { ...defaultBounds, maxArgumentsLength: defaultBounds.maxTextLength }

/** As an exchange reads: events are taken after every read. `look` is called after each read too. */
export function readOwn(
  reads: readonly Uint8Array[],
  codec: WireCodec,
  { of, length }: Pick<WireAnswer, 'of' | 'length'>,
  look?: (read: number) => void,
): void {
  const decoder = codec.decoder({ messages: [], tools: [] }, bounds, false)
  const reader = new SseReader(bounds.maxEventLength, (data, name) => decoder.push(data, name))
  let text = ''
  const take = (): void => {
    for (const event of decoder.events.splice(0)) {
      if (event.type === 'text-delta' || event.type === 'reasoning-delta') text += event.text
      else if (event.type === 'tool-call') text = event.arguments
      else if (event.type === 'error') throw new Error(`${of}: ${event.error.message}`)
    }
  }
  for (const [at, bytes] of reads.entries()) {
    reader.push(bytes)
    take()
    look?.(at)
  }
  decoder.finish()
  take()
  checkLength(text, length)
}

export function checkLength(text: string, length: number): void {
  if (text.length !== length) throw new Error(`${text.length} characters instead of ${length}`)
}
