import { Readable } from 'node:stream'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeFrame, readFrames, type Frame } from '../../src/tools/isolate/frames.ts'
import { collect } from '../support/agent.ts'

/** The bytes in pieces that end at these places. */
function piecesOf(bytes: Buffer, ends: readonly number[]): Readable {
  const places = [...ends.map((end) => end % (bytes.length + 1)), bytes.length]
  const pieces = places
    .toSorted((a, b) => a - b)
    .map((end, index, all) => bytes.subarray(index === 0 ? 0 : all[index - 1], end))
  return Readable.from(pieces.filter(({ length }) => length > 0))
}

const values = fc.jsonValue({ stringUnit: 'binary' })
const frames = fc.array(fc.record({ type: fc.string(), value: values }), { maxLength: 6 })

describe('messages between two processes', () => {
  test('are the same however their bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(frames, fc.array(fc.nat()), async (sent, ends) => {
        const bytes = Buffer.from(sent.map((frame) => encodeFrame(frame as Frame)).join(''))
        const read = await collect(readFrames(piecesOf(bytes, ends), bytes.length))
        expect(read).toEqual(JSON.parse(JSON.stringify(sent)))
      }),
    )
  })

  test('are bytes of ASCII, one line each', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(encodeFrame({ type: 'a', value })).toMatch(/^[\x20-\x7e]*\n$/)
      }),
    )
  })

  test('are never read beyond their bound, and end in a problem or with the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 400 }),
        fc.array(fc.nat()),
        fc.nat({ max: 400 }),
        async (bytes, ends, most) => {
          const pipe = piecesOf(Buffer.from(bytes), ends)
          const outcome = await collect(readFrames(pipe, most)).catch((error: unknown) => error)
          if (bytes.length > most) expect(outcome).toBeInstanceOf(Error)
          else if (!Array.isArray(outcome)) expect(String(outcome)).toMatch(/it sent what is no/)
        },
      ),
    )
  })
})
