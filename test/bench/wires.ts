import { createParser } from 'eventsource-parser'
import { anthropicCodec } from '../../src/wire/anthropic/codec.ts'
import { chatCodec } from '../../src/wire/chat/codec.ts'
import { responsesCodec } from '../../src/wire/responses/codec.ts'
import { defaultBounds } from '../../src/wire/settings.ts'
import { SseReader } from '../../src/wire/sse.ts'
import type { WireCodec } from '../../src/wire/wire.ts'
import { median } from './statistics.ts'
import { wireAnswers, type WireAnswer } from './wire-answers.ts'

export interface WireRow {
  readonly wire: string
  /** What the deltas are of. */
  readonly of: string
  /** Milliseconds of CPU for one answer: medians over the rounds. */
  readonly floorMs: number
  readonly ownMs: number
  /** Median of the ratios within a round. */
  readonly toFloor: number
  readonly bar: number
}

const deltas = 20_000
const readSize = 16 * 1024
const warmUps = 6
const bar = 1.2

const codecs: Readonly<Record<WireAnswer['wire'], () => WireCodec>> = {
  chat: () => chatCodec({ dialect: 'openai' }),
  responses: () => responsesCodec({ dialect: 'openai' }),
  anthropic: () => anthropicCodec({}),
}

interface Contest {
  readonly answer: WireAnswer
  readonly codec: WireCodec
  readonly reads: readonly Uint8Array[]
  readonly floor: number[]
  readonly own: number[]
}

/** What reading an answer costs beside a parser for events and `JSON.parse`, wires in turn. */
export function measureWires(rounds: number): WireRow[] {
  const contests = wireAnswers(deltas).map((answer): Contest => ({
    answer,
    codec: codecs[answer.wire](),
    reads: inReads(Buffer.from(answer.text)),
    floor: [],
    own: [],
  }))
  for (let round = 0; round < warmUps + rounds; round++) {
    for (const { answer, codec, reads, floor, own } of contests) {
      const floorMs = cpuOf(() => readBare(reads, answer))
      const ownMs = cpuOf(() => readOwn(reads, codec, answer))
      if (round < warmUps) continue
      floor.push(floorMs)
      own.push(ownMs)
    }
  }
  return contests.map(({ answer: { wire, of }, floor, own }) => ({
    wire,
    of,
    floorMs: median(floor),
    ownMs: median(own),
    toFloor: median(own.map((ms, at) => ms / floor[at]!)),
    bar,
  }))
}

function inReads(bytes: Uint8Array): readonly Uint8Array[] {
  const reads: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += readSize) reads.push(bytes.subarray(at, at + readSize))
  return reads
}

function cpuOf(work: () => void): number {
  globalThis.gc?.()
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

/** What no reader can do without. */
function readBare(reads: readonly Uint8Array[], { deltaIn, length }: WireAnswer): void {
  const decoder = new TextDecoder()
  let text = ''
  const parser = createParser({
    onEvent({ data }) {
      if (data === '[DONE]') return
      const delta = deltaIn(JSON.parse(data))
      if (delta !== undefined) text += delta
    },
  })
  for (const bytes of reads) parser.feed(decoder.decode(bytes, { stream: true }))
  checkLength(text, length)
}

/** As an exchange reads: events are taken after every read. */
function readOwn(reads: readonly Uint8Array[], codec: WireCodec, { of, length }: WireAnswer): void {
  const decoder = codec.decoder({ messages: [], tools: [] }, defaultBounds, false)
  const reader = new SseReader(defaultBounds.maxEventLength, (data, name) =>
    decoder.push(data, name),
  )
  let text = ''
  const take = (): void => {
    for (const event of decoder.events.splice(0)) {
      if (event.type === 'text-delta' || event.type === 'reasoning-delta') text += event.text
      else if (event.type === 'tool-call') text = event.arguments
      else if (event.type === 'error') throw new Error(`${of}: ${event.error.message}`)
    }
  }
  for (const bytes of reads) {
    reader.push(bytes)
    take()
  }
  decoder.finish()
  take()
  checkLength(text, length)
}

function checkLength(text: string, length: number): void {
  if (text.length !== length) throw new Error(`${text.length} characters instead of ${length}`)
}
