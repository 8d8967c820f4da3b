import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TurnAssembler } from '../../../src/protocol/assemble.ts'
import { anthropicCodec } from '../../../src/wire/anthropic/codec.ts'
import { chatCodec } from '../../../src/wire/chat/codec.ts'
import { responsesCodec } from '../../../src/wire/responses/codec.ts'
import { defaultBounds } from '../../../src/wire/settings.ts'
import { SseReader } from '../../../src/wire/sse.ts'
import type { WireCodec } from '../../../src/wire/wire.ts'
import { anthropicQuirks } from './quirks/anthropic.ts'
import { chatQuirks } from './quirks/chat.ts'
import { commonQuirks, type Fields, type Quirk, type Sent } from './quirks/quirk.ts'
import { responsesQuirks } from './quirks/responses.ts'
import { lawBreaks, request, runnable } from './support.ts'

interface Recorded {
  readonly name: string
  readonly events: readonly Sent[]
}

interface Suite {
  readonly wire: string
  readonly manifest: string
  readonly codec: WireCodec
  readonly quirks: readonly Quirk[]
  /** True for an event that may end an answer well. */
  isEnd(event: Sent): boolean
  /** Events that tell of an error. */
  readonly errors: readonly Sent[]
}

const anyError: readonly Sent[] = [
  {
    data: { error: { code: 502, message: 'no', metadata: { error_type: 'provider_unavailable' } } },
  },
  { data: { error: 'overloaded' } },
  { data: { error: {} } },
  { data: { type: 'error', message: 'no', code: 'server_error' } },
  { name: 'error', data: { message: 'no' } },
  { name: 'error', data: 'upstream connect error' },
]

function typeOf({ data, name }: Sent): unknown {
  return typeof data === 'string' ? undefined : (data['type'] ?? name)
}

function holdsWord({ data }: Sent): boolean {
  if (typeof data === 'string') return data === '[DONE]'
  return JSON.stringify(data).includes('"finish_reason":"')
}

const suites: readonly Suite[] = [
  {
    wire: 'chat',
    manifest: 'manifest.json',
    codec: chatCodec({ dialect: 'compatible' }),
    quirks: [...commonQuirks, ...chatQuirks],
    isEnd: holdsWord,
    errors: [
      ...anyError,
      { data: { choices: [{ index: 0, delta: {}, error: { code: 429, message: 'no' } }] } },
      { data: { choices: [{ index: 0, delta: {}, finish_reason: 'error' }] } },
      { data: { choices: [], x_groq: { error: 'no' } } },
      { data: { object: 'error', message: 'no', code: 400 } },
      { data: { message: 'no', status: 503 } },
    ],
  },
  {
    wire: 'responses',
    manifest: 'responses/manifest.json',
    codec: responsesCodec({ dialect: 'openai' }),
    quirks: [...commonQuirks, ...responsesQuirks],
    isEnd: (event) => /^response\.(completed|incomplete)$/.test(String(typeOf(event))),
    errors: [
      ...anyError,
      { data: { type: 'response.error', error: { code: 'rate_limit_exceeded' } } },
      { data: { type: 'response.failed', response: { status: 'failed', error: null } } },
      { data: { type: 'response.cancelled', response: { status: 'cancelled' } } },
      { data: { type: 'response.in_progress', response: { error: { message: 'no' } } } },
    ],
  },
  {
    wire: 'anthropic',
    manifest: 'anthropic/manifest.json',
    codec: anthropicCodec({}),
    quirks: [...commonQuirks, ...anthropicQuirks],
    isEnd: (event) => typeOf(event) === 'message_stop',
    errors: [
      ...anyError,
      { data: { type: 'error', error: { type: 'overloaded_error', message: 'no' } } },
      { data: { type: 'message_delta', delta: { stop_reason: 'error' } } },
      { data: { type: 'message_start', message: { id: 'another' } } },
    ],
  },
]

function read(file: string): Buffer {
  return readFileSync(new URL(file, import.meta.url))
}

/** Every recorded stream of a wire, as events. */
function recordings({ manifest }: Suite): readonly Recorded[] {
  const { fixtures } = JSON.parse(read(manifest).toString()) as {
    fixtures: readonly { name: string; file: string; content_type: string }[]
  }
  return fixtures
    .filter(({ content_type: type }) => type.startsWith('text/event-stream'))
    .map(({ name, file }) => ({ name, events: eventsIn(read(file)) }))
}

function eventsIn(bytes: Uint8Array): readonly Sent[] {
  const events: Sent[] = []
  const reader = new SseReader(defaultBounds.maxEventLength, (text, name) => {
    events.push({ ...(name === undefined ? {} : { name }), data: dataOf(text) })
  })
  reader.push(bytes)
  return events
}

function dataOf(text: string): Fields | string {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Fields) : text
  } catch {
    return text
  }
}

function written({ name, data }: Sent): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data)
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${text}\n\n`
}

/** What an answer comes to, under the law of model streams. */
function comesTo(codec: WireCodec, events: readonly Sent[]) {
  const decoder = codec.decoder(request, defaultBounds, true)
  const reader = new SseReader(defaultBounds.maxEventLength, (data, name) => {
    if (!decoder.broken) decoder.push(data, name)
  })
  reader.push(Buffer.from(events.map(written).join('')))
  decoder.finish()
  expect(lawBreaks(decoder.events)).toEqual([])
  const assembler = new TurnAssembler()
  for (const event of decoder.events) assembler.add(event)
  const turn = assembler.finish()
  if (turn.error !== undefined) expect(runnable(turn)).toEqual([])
  return {
    text: turn.text,
    refusal: turn.refusal,
    calls: turn.calls.map(({ tool, arguments: given, defect }) => [
      tool,
      dataOf(given),
      defect?.status,
    ]),
    error: turn.error?.code,
    finish: turn.finishReason.unified,
    reasoning: turn.reasoning,
    images: turn.images,
    ids: turn.calls.map(({ providerId }) => providerId),
    raw: turn.finishReason.raw,
    tokens: turn.usage && { ...turn.usage, raw: undefined },
    cost: turn.cost,
    opaque: [turn.opaque?.value, ...turn.calls.map(({ opaque }) => opaque)],
  }
}

function comesToText(codec: WireCodec, text: string) {
  return comesTo(codec, eventsIn(Buffer.from(text)))
}

/** Calls that could be run. */
function runsOf({ calls }: ReturnType<typeof comesTo>): readonly unknown[] {
  return calls.filter(([, given, defect]) => defect === undefined && typeof given === 'object')
}

function expectSame(codec: WireCodec, events: readonly Sent[], quirks: readonly Quirk[]): boolean {
  let changed = events
  for (const quirk of quirks) {
    const next = quirk.change(changed)
    if (next === undefined) return false
    changed = next
  }
  const expected: Fields = comesTo(codec, events)
  const endsWell = expected['error'] === undefined && expected['finish'] !== 'other'
  if (!endsWell && quirks.some(({ ofGoodEnds }) => ofGoodEnds)) return false
  const found: Fields = comesTo(codec, changed)
  for (const aspect of quirks.flatMap(({ except = [] }) => except)) {
    delete expected[aspect]
    delete found[aspect]
  }
  expect(found).toEqual(expected)
  return true
}

describe.each(suites)('recorded answers of the wire $wire', (suite) => {
  const { codec, quirks } = suite
  const recorded = recordings(suite)

  test.each(quirks)('mean the same with $name', (quirk) => {
    let count = 0
    for (const { name, events } of recorded) {
      try {
        if (expectSame(codec, events, [quirk])) count++
      } catch (error) {
        throw new Error(`${name}: ${String(error)}`, { cause: error })
      }
    }
    expect(count).toBeGreaterThan(0)
  })

  test('mean the same with any three of these', () => {
    let count = 0
    fc.assert(
      fc.property(
        fc.constantFrom(...recorded),
        fc.uniqueArray(fc.constantFrom(...quirks), { minLength: 2, maxLength: 3 }),
        ({ events }, several) => {
          if (expectSame(codec, events, several)) count++
        },
      ),
      { numRuns: 1000 },
    )
    expect(count).toBeGreaterThan(100)
  })

  const anywhere = fc.tuple(
    fc.constantFrom(...recorded),
    fc.double({ min: 0, max: 1, noNaN: true }),
  )

  test('fail where an error is told of before the end, and say what was said until then', () => {
    fc.assert(
      fc.property(anywhere, fc.constantFrom(...suite.errors), ([{ events }, where], error) => {
        const end = events.findIndex(suite.isEnd)
        const at = Math.floor(where * (end < 0 ? events.length : end))
        const found = comesTo(codec, [...events.slice(0, at), error, ...events.slice(at)])
        expect(found.error).toBeDefined()
        expect(found.finish).toBe('error')
        expect(runsOf(found)).toEqual([])
        expect(comesTo(codec, events).text.startsWith(found.text)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('run nothing where they are cut before the end, and nothing else wherever they are cut', () => {
    fc.assert(
      fc.property(anywhere, ([{ events }, where]) => {
        const texts = events.map(written)
        const whole = texts.join('')
        const cut = Math.floor(where * whole.length)
        const end = events.findIndex(suite.isEnd)
        const isCutEarly = end < 0 || cut < texts.slice(0, end + 1).join('').length
        const found = comesToText(codec, whole.slice(0, cut))
        if (isCutEarly) expect(found.error).toBeDefined()
        if (found.error !== undefined) expect(runsOf(found)).toEqual([])
        else expect([[], runsOf(comesTo(codec, events))]).toContainEqual(runsOf(found))
      }),
      { numRuns: 500 },
    )
  })
})
