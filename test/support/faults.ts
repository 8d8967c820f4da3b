import * as fc from 'fast-check'
import { anthropic } from '../../src/model/anthropic.ts'
import { openaiCompatible } from '../../src/model/compatible.ts'
import type { FallbackRule } from '../../src/model/fallback.ts'
import type { EndpointOptions, HttpModel } from '../../src/model/http-model.ts'
import { openai } from '../../src/model/openai.ts'
import { anthropicStream } from '../../src/testing/anthropic-script.ts'
import { chatStream } from '../../src/testing/chat-script.ts'
import type { FakeAnswer } from '../../src/testing/fake-provider.ts'
import { responsesStream } from '../../src/testing/responses-script.ts'
import type { ScriptedTurn } from '../../src/testing/turn.ts'
import type { FetchResponse, Transport } from '../../src/wire/transport.ts'
import { share } from './share.ts'

/** What happens to one request; `at` is the share of the answer after which it goes wrong. */
export type Plan =
  | { readonly kind: 'answer'; readonly calls: number; readonly finish: string | undefined }
  | {
      readonly kind: 'reset' | 'truncate' | 'stall' | 'garbage'
      readonly calls: number
      readonly at: number
    }
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter: number | undefined }

export interface Schedule {
  readonly plans: readonly Plan[]
  readonly rules: readonly FallbackRule[]
  /** The run is cancelled after so many of its events; 0 never. */
  readonly cancelAfter: number
}

const calls = fc.nat(2)

const plan: fc.Arbitrary<Plan> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      calls,
      finish: fc.constantFrom(undefined, undefined, 'length'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('reset' as const, 'truncate' as const, 'garbage' as const),
      calls,
      at: share,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stall' as const), calls, at: share }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('status' as const),
      status: fc.constantFrom(400, 402, 408, 429, 429, 429, 500, 502, 503, 529),
      retryAfter: fc.constantFrom(undefined, undefined, 0, 1, 7, 59, 61),
    }),
  },
)

const waiting = fc.record({
  trigger: fc.constantFrom('error' as const, 'rate_limit' as const),
  action: fc.constant('wait_and_retry' as const),
  maxRetries: fc.integer({ min: 1, max: 6 }),
  backoff: fc.constantFrom('exponential' as const, 'constant' as const),
})
const switching = fc.record({
  trigger: fc.constantFrom('error' as const, 'rate_limit' as const, 'low_funds' as const),
  action: fc.constant('switch_provider' as const),
  provider: fc.constantFrom('first', 'openai', 'third'),
})
const renaming = fc.record({
  trigger: fc.constantFrom('error' as const, 'rate_limit' as const),
  action: fc.constant('switch_model' as const),
  model: fc.constantFrom('other', 'another'),
})

export const schedule: fc.Arbitrary<Schedule> = fc.record({
  plans: fc.array(plan, { minLength: 1, maxLength: 8 }),
  rules: fc.array(fc.oneof(waiting, switching, renaming), { maxLength: 4 }),
  cancelAfter: fc.oneof(
    { weight: 5, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.nat(12) },
  ),
})

/** What the `number`-th request of a schedule is answered: every text and call names it. */
export function turnOf(each: Plan | undefined, number: number): ScriptedTurn {
  const count = each === undefined || each.kind === 'status' ? 0 : each.calls
  const finish = each?.kind === 'answer' ? each.finish : undefined
  return {
    text: [`<${number}|`, `${number}|`, `${number}>`],
    calls: Array.from({ length: count }, (_, index) => ({
      tool: 'act',
      args: { attempt: number, index },
    })),
    ...(finish === undefined ? {} : { finish }),
  }
}

/** The answer of a plan for the fake provider. */
export function answerOf(each: Plan | undefined, number: number, path: string): FakeAnswer {
  if (each?.kind === 'status') {
    return { status: each.status, headers: headersOf(each), body: '{"error":{"message":"no"}}' }
  }
  const body = bodyOf(each, number, path)
  if (each === undefined || each.kind === 'answer' || each.kind === 'garbage') return { body }
  return { body, fault: { [each.kind]: Math.floor(each.at * body.length) } }
}

function bodyOf(each: Plan | undefined, number: number, path: string): string {
  const script = path.endsWith('/messages')
    ? anthropicStream
    : path.endsWith('/responses')
      ? responsesStream
      : chatStream
  const body = script(turnOf(each, number), number, 'm')
  if (each?.kind !== 'garbage') return body
  const from = Math.floor(each.at * body.length)
  return `${body.slice(0, from)}\n\ndata: {"\u0000{{ \ufffd}\n\n${body.slice(from + 7)}`
}

function headersOf(each: Extract<Plan, { kind: 'status' }>): Record<string, string> {
  return {
    'content-type': 'application/json',
    ...(each.retryAfter === undefined ? {} : { 'retry-after': String(each.retryAfter) }),
  }
}

/** Carries requests without sockets, in writes of 90 bytes. */
export function scriptedTransport(plans: readonly Plan[]): Transport {
  let requests = 0
  return {
    async fetch(url): Promise<FetchResponse> {
      const number = requests++
      const each = plans[number]
      const answer = answerOf(each, number, new URL(url).pathname)
      if (!('body' in answer)) throw new Error('no body')
      const {
        status = 200,
        headers = { 'content-type': 'text/event-stream' },
        body,
        fault,
      } = answer
      return {
        status,
        headers: { get: (name) => headers[name] ?? null },
        body: { getReader: () => readerOf(Buffer.from(body), fault ?? {}) },
      }
    },
  }
}

function readerOf(body: Buffer, fault: NonNullable<FakeAnswer['fault']>) {
  const end = Math.min(body.length, fault.truncate ?? fault.reset ?? fault.stall ?? body.length)
  let from = 0
  return {
    async read() {
      if (from < end) {
        const value = new Uint8Array(body.subarray(from, Math.min(end, from + 90)))
        from += 90
        return { done: false, value }
      }
      if (fault.reset !== undefined) throw new Error('the connection was reset')
      if (fault.stall !== undefined) return new Promise<never>(() => {})
      return { done: true }
    },
    cancel: () => Promise.resolve(),
  }
}

/** Three providers on three wires that give up soon and, by themselves, try twice at once. */
export function threeProviders(
  baseUrl: string,
  idleMs: number,
  transport?: Transport,
): readonly HttpModel[] {
  const options: EndpointOptions = {
    model: 'm',
    apiKey: 'key-of-nobody',
    timeouts: { idleMs, firstEventMs: idleMs },
    retry: { attempts: 2, baseDelayMs: 0, maxDelayMs: 0 },
    ...(transport === undefined ? {} : { transport }),
  }
  return [
    openaiCompatible({ ...options, baseUrl, provider: 'first' }),
    openai({ ...options, baseUrl }),
    anthropic({ ...options, baseUrl: baseUrl.replace(/\/v1$/, ''), provider: 'third' }),
  ]
}
