import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TurnAssembler, type AssembledTurn } from '../../src/protocol/assemble.ts'
import type { ModelEvent } from '../../src/protocol/event.ts'
import type { AssistantPart, Message } from '../../src/protocol/message.ts'
import { anthropicBody, anthropicStream } from '../../src/testing/anthropic-script.ts'
import type { ScriptedTurn } from '../../src/testing/turn.ts'
import { anthropicCodec } from '../../src/wire/anthropic/codec.ts'
import { DeltaCutter } from '../../src/wire/anthropic/delta.ts'
import { defaultBounds } from '../../src/wire/settings.ts'
import { SseReader } from '../../src/wire/sse.ts'
import { lawBreaks, request, runnable } from '../conformance/wire/support.ts'
import { share } from '../support/share.ts'
import { expectCases } from '../support/tally.ts'
import { bodyText } from '../support/body-text.ts'

const codec = anthropicCodec({})
const runs = { numRuns: 500 }

interface Answer {
  readonly events: readonly ModelEvent[]
  readonly turn: AssembledTurn
}

function readStream(text: string): Answer {
  const decoder = codec.decoder(request, defaultBounds, true)
  const reader = new SseReader(defaultBounds.maxEventLength, (data, name) =>
    decoder.push(data, name),
  )
  reader.push(Buffer.from(text))
  decoder.finish()
  return assembled(decoder.events)
}

function readBody(text: string): Answer {
  const decoder = codec.decoder(request, defaultBounds, true)
  decoder.pushBody(text)
  decoder.finish()
  return assembled(decoder.events)
}

function assembled(events: readonly ModelEvent[]): Answer {
  const assembler = new TurnAssembler()
  for (const event of events) assembler.add(event)
  return { events, turn: assembler.finish() }
}

const words = fc.array(fc.string({ unit: 'grapheme', maxLength: 8 }), { maxLength: 4 })
const args = fc.dictionary(fc.string({ maxLength: 4 }), fc.oneof(fc.integer(), fc.string()), {
  maxKeys: 3,
  noNullPrototype: true,
})
const turns: fc.Arbitrary<ScriptedTurn> = fc.record({
  text: words,
  reasoning: words,
  calls: fc.array(fc.record({ tool: fc.constantFrom('f', 'g'), args }), { maxLength: 3 }),
})

/** The events of a stream, as data. */
const streams = turns.map((turn) =>
  anthropicStream(turn, 0, 'm')
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => line.slice('data: '.length)),
)

const spoilers = fc.array(
  fc.oneof(
    fc.record({ what: fc.constantFrom('drop', 'double', 'swap', 'last'), at: fc.nat(99) }),
    fc.record({
      what: fc.constant('put'),
      at: fc.nat(99),
      data: fc.oneof(fc.json(), fc.constantFrom('{', '', '[DONE]', '{"type":"error"}')),
    }),
    fc.record({
      what: fc.constant('replace'),
      at: fc.nat(99),
      from: fc.constantFrom(/"index":\d+/, /"tool_use"/, /"text"/, /"[a-z_]+_delta"/, /\{\}/, /:"/),
      data: fc.constantFrom('"index":0', '"index":-1', '"x"', 'null', '[]', ':1,"'),
    }),
  ),
  { minLength: 1, maxLength: 4 },
)

type Spoiler = (typeof spoilers extends fc.Arbitrary<infer All> ? All : never)[number]

function spoil(events: readonly string[], spoiler: Spoiler): readonly string[] {
  const at = events.length === 0 ? 0 : spoiler.at % events.length
  const event = events[at] ?? ''
  const rest = events.toSpliced(at, 1)
  if ('from' in spoiler) return events.with(at, event.replace(spoiler.from, spoiler.data))
  if ('data' in spoiler) return events.toSpliced(at, 0, spoiler.data)
  if (spoiler.what === 'drop') return rest
  if (spoiler.what === 'double') return events.toSpliced(at, 0, event)
  return rest.toSpliced(spoiler.what === 'swap' ? at + 1 : rest.length, 0, event)
}

function sse(events: readonly string[]): string {
  return events.map((data) => `data: ${data}\n\n`).join('')
}

describe('whatever a peer sends', () => {
  test('end comes once and last, and no call of a bad turn can run', () => {
    const seen = { failed: 0, run: 0 }
    fc.assert(
      fc.property(streams, spoilers, (stream, changes) => {
        const spoilt = changes.reduce(spoil, stream)
        if (spoilt.length === 0) return
        const { events, turn } = readStream(sse(spoilt))
        expect(lawBreaks(events)).toEqual([])
        if (turn.error !== undefined) seen.failed++
        if (runnable(turn).length === 0) return
        seen.run++
        expect(turn.error).toBeUndefined()
        expect(['tool_use', 'end_turn']).toContain(turn.finishReason.raw)
        expect(spoilt.some((data) => data.includes('message_stop'))).toBe(true)
      }),
      { numRuns: 3000 },
    )
    expect(Math.min(seen.failed, seen.run)).toBeGreaterThan(100)
  })

  test('nothing of an answer that is cut anywhere runs', () => {
    const seen = { 'cut before any call': 0, 'cut after a whole call': 0 }
    fc.assert(
      fc.property(
        streams,
        share.filter((part) => part < 1),
        (stream, part) => {
          const text = sse(stream)
          const end = text.lastIndexOf('\n\n')
          const { events, turn } = readStream(text.slice(0, Math.floor(end * part)))
          expect(lawBreaks(events)).toEqual([])
          expect(turn.error?.code).toBe('model-incomplete')
          expect(runnable(turn)).toEqual([])
          const isWhole = events.some(({ type }) => type === 'tool-call')
          seen[isWhole ? 'cut after a whole call' : 'cut before any call']++
        },
      ),
      runs,
    )
    expectCases(seen, 1)
  })

  test('any text at all is an answer or an error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(lawBreaks(readStream(`data: ${text}\n\n`).events)).toEqual([])
        expect(lawBreaks(readBody(text).events)).toEqual([])
      }),
      runs,
    )
  })
})

test('a streamed answer and a whole one come to the same', () => {
  fc.assert(
    fc.property(turns, (turn) => {
      const { usage: _streamed, ...streamed } = readStream(anthropicStream(turn, 0, 'm')).turn
      const { usage: _whole, ...whole } = readBody(anthropicBody(turn, 0, 'm')).turn
      expect(streamed).toEqual(whole)
    }),
    runs,
  )
})

test('an answer goes back as it came, but for text without visible characters', () => {
  fc.assert(
    fc.property(turns, (turn) => {
      const { turn: answer } = readBody(anthropicBody(turn, 0, 'm'))
      const calls = answer.calls.map((call, at): AssistantPart => ({
        type: 'tool-call',
        callId: `run_1-1-${at}`,
        ...call,
      }))
      const message: Message = {
        role: 'assistant',
        content: [{ type: 'text', text: answer.text }, ...calls],
        ...(answer.opaque === undefined ? {} : { opaque: answer.opaque }),
      }
      const sent = JSON.parse(
        bodyText(codec.encode({ messages: [message], tools: [] }, { model: 'm', stream: true })),
      )
      const { content } = JSON.parse(anthropicBody(turn, 0, 'm')) as {
        content: readonly { readonly type: string; readonly text?: string }[]
      }
      const visible = content.filter(({ type, text = '' }) => type !== 'text' || text.trim() !== '')
      expect(sent.messages[0]?.content ?? []).toEqual(visible)
    }),
    runs,
  )
})

describe('a delta that is cut out of its event', () => {
  const kinds = fc.constantFrom(
    ['text_delta', 'text'],
    ['thinking_delta', 'thinking'],
    ['input_json_delta', 'partial_json'],
    ['text_delta', 'other'],
    ['signature_delta', 'signature'],
  )
  const written = fc.oneof(
    fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text).slice(1, -1)),
    fc.string(),
    fc.constantFrom('a","b":"c', 'a"},"index":"b', '\\', '\\"', 'a\\', '\\u0041', '"', '\n', '}'),
  )

  test('is what parsing the event shows', () => {
    // one for all events: what it remembers of the last one must not show
    const cutter = new DeltaCutter()
    let cut = 0
    fc.assert(
      fc.property(
        kinds,
        written,
        fc.constantFrom('0', '7', '12', '01', '-1', '1.5', ''),
        fc.constantFrom('"}}', '"}    }', '"}\n}', '"} }x', '"}', ' "}}', '" }}', '"}, "index":9}'),
        ([type, member], text, index, tail) => {
          const data = `{"type":"content_block_delta","index":${index},"delta":{"type":"${type}","${member}":"${text}${tail}`
          const cutText = cutter.cut(data)
          if (cutText === undefined) return
          cut++
          expect(JSON.parse(data)).toEqual({
            type: 'content_block_delta',
            index: cutter.index,
            delta: { type: cutter.type, [member!]: cutText },
          })
        },
      ),
      { numRuns: 5000 },
    )
    expect(cut).toBeGreaterThan(100)
  })
})
