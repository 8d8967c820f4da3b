import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { TurnAssembler } from '../../../../src/protocol/assemble.ts'
import { anthropicCodec } from '../../../../src/wire/anthropic/codec.ts'
import { chatCodec } from '../../../../src/wire/chat/codec.ts'
import { responsesCodec } from '../../../../src/wire/responses/codec.ts'
import { defaultBounds } from '../../../../src/wire/settings.ts'
import { SseReader } from '../../../../src/wire/sse.ts'
import type { WireCodec } from '../../../../src/wire/wire.ts'
import { lawBreaks, request, runnable } from '../support.ts'
import { anthropicQuirks } from './anthropic.ts'
import { chatQuirks } from './chat.ts'
import { commonQuirks, type Fields, type Quirk, type Sent } from './quirk.ts'
import { responsesQuirks } from './responses.ts'

export interface Recorded {
  readonly name: string
  readonly events: readonly Sent[]
}

export interface Suite {
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
  { data: { message: 'no', status: 503 } },
  { data: { detail: 'no', code: '500' } },
]

function typeOf({ data, name }: Sent): unknown {
  return typeof data === 'string' ? undefined : (data['type'] ?? name)
}

function holdsWord({ data }: Sent): boolean {
  if (typeof data === 'string') return data === '[DONE]'
  return JSON.stringify(data).includes('"finish_reason":"')
}

export const suites: readonly Suite[] = [
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
  return readFileSync(new URL(`../${file}`, import.meta.url))
}

/** Every recorded stream of a wire, as events. */
export function recordings({ manifest }: Suite): readonly Recorded[] {
  const { fixtures } = JSON.parse(read(manifest).toString()) as {
    fixtures: readonly { name: string; file: string; content_type: string }[]
  }
  return fixtures
    .filter(({ content_type: type }) => type.startsWith('text/event-stream'))
    .map(({ name, file }) => ({ name, events: eventsIn(read(file)) }))
}

export function eventsIn(bytes: Uint8Array): readonly Sent[] {
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

export function written({ name, data }: Sent): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data)
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${text}\n\n`
}

/** What an answer comes to, under the law of model streams. */
export function comesTo(codec: WireCodec, events: readonly Sent[]) {
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

/** Calls that could be run. */
export function runsOf({ calls }: ReturnType<typeof comesTo>): readonly unknown[] {
  return calls.filter(([, given, defect]) => defect === undefined && typeof given === 'object')
}
