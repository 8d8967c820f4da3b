import { createParser } from 'eventsource-parser'
import type { WireCodec } from '../../src/wire/wire.ts'
import { median } from './statistics.ts'
import { checkLength, codecs, inReads, readOwn } from './wire-reading.ts'
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
const warmUps = 6
const bar = 1.2

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

function cpuOf(work: () => void): number {
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
