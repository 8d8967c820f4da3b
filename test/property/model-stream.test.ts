import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { openaiCompatible } from '../../src/model/compatible.ts'
import { keyPool } from '../../src/model/key-pool.ts'
import { modelSelector } from '../../src/model/select.ts'
import type { ModelEvent } from '../../src/protocol/event.ts'
import type { ModelRequest } from '../../src/protocol/request.ts'
import { fakeProvider, type FakeAnswer } from '../../src/testing/fake-provider.ts'
import { lawBreaks } from '../conformance/wire/support.ts'

const request: ModelRequest = { messages: [{ role: 'user', content: 'hello' }], tools: [] }

const words = fc.array(fc.string({ maxLength: 8 }), { maxLength: 4 })
const calls = fc.array(
  fc.record({ tool: fc.constantFrom('f', 'g'), rawArgs: fc.oneof(words, fc.constant('{"a":1}')) }),
  { maxLength: 3 },
)
const position = fc.nat(1500)

const fault = fc.oneof(
  fc.constant({}),
  fc.record({ split: fc.integer({ min: 50, max: 400 }) }),
  fc.record({ truncate: position }),
  fc.record({ reset: position }),
)

const answer: fc.Arbitrary<FakeAnswer> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      text: words,
      reasoning: words,
      calls,
      finish: fc.constantFrom('stop', 'length', 'tool_calls', 'error', null),
      error: fc.option(fc.constant({ message: 'no', code: 502 }), { nil: undefined }),
      fault,
    }) as fc.Arbitrary<FakeAnswer>,
  },
  {
    weight: 1,
    arbitrary: fc.record({
      status: fc.constantFrom(200, 400, 429, 500, 503),
      headers: fc.constantFrom(
        { 'content-type': 'text/html' },
        { 'content-type': 'application/json', 'retry-after': '0' },
        { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' },
      ),
      body: fc.oneof(fc.string(), fc.constant('{"error":{"message":"no"}}')),
    }),
  },
)

test('however an answer fails, end comes once and last', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(answer, { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      async (turns, stream) => {
        await using provider = await fakeProvider({ turns })
        const model = openaiCompatible({
          baseUrl: provider.baseUrl,
          model: 'm',
          stream,
          retry: { attempts: 2, baseDelayMs: 1, maxDelayMs: 1 },
        })
        const events: ModelEvent[] = []
        const { signal } = new AbortController()
        for await (const event of model.stream(request, { signal })) events.push(event)
        await model.close()
        expect(lawBreaks(events)).toEqual([])
      },
    ),
    { numRuns: 150 },
  )
})

test('with several keys and models, waits and no streaming, end comes once and last, within the attempts', async () => {
  const limits = fc.record({
    status: fc.constantFrom(400, 401, 402, 403, 404, 408, 429, 500, 503),
    headers: fc.record(
      {
        'retry-after': fc.constantFrom('0', '1', '9999', 'soon'),
        'x-ratelimit-remaining': fc.constantFrom('0', '5', '-1'),
        'x-ratelimit-reset': fc.constantFrom('1', '0.001', '2ms', '99999999999999'),
      },
      { requiredKeys: [] },
    ) as fc.Arbitrary<Record<string, string>>,
    body: fc.constantFrom('', '{"error":{"message":"cannot stream","param":"stream"}}'),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(answer, limits), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom(true, false, 'auto' as const),
      async (turns, keys, attempts, stream) => {
        await using provider = await fakeProvider({
          turns: ({ number }) => turns[number % turns.length]!,
        })
        const pool = keyPool(Array.from({ length: keys }, (_, index) => `key-number-${index}`))
        const model = openaiCompatible({
          baseUrl: provider.baseUrl,
          model: modelSelector(['a', 'b']),
          apiKey: pool,
          stream,
          retry: { attempts, baseDelayMs: 1, maxDelayMs: 3 },
        })
        for (let time = 0; time < 3; time++) {
          const before = provider.requests.length
          const events: ModelEvent[] = []
          const { signal } = new AbortController()
          for await (const event of model.stream(request, { signal })) events.push(event)
          expect(lawBreaks(events)).toEqual([])
          const sent = provider.requests.length - before
          // each model is asked once more, without streaming
          expect(sent).toBeLessThanOrEqual(attempts + (stream === 'auto' ? 2 : 0))
          expect(events.filter(({ type }) => type === 'retry').length).toBeLessThanOrEqual(
            attempts - 1 + (stream === 'auto' ? 2 : 0),
          )
          expect(JSON.stringify(events)).not.toContain('key-number')
        }
        await model.close()
      },
    ),
    { numRuns: 100 },
  )
})

test('wherever an answer is cancelled, end comes once and last', async () => {
  const turn: FakeAnswer = {
    reasoning: ['hm', 'mm'],
    text: ['a', 'b', 'c'],
    calls: [
      { tool: 'f', rawArgs: ['{"a"', ':1}'] },
      { tool: 'g', args: {} },
    ],
  }
  const collect = async (faults: object, cancelAt: number): Promise<readonly ModelEvent[]> => {
    await using provider = await fakeProvider({ turns: [{ ...turn, fault: faults }] })
    const model = openaiCompatible({ baseUrl: provider.baseUrl, model: 'm' })
    const controller = new AbortController()
    const events: ModelEvent[] = []
    for await (const event of model.stream(request, { signal: controller.signal })) {
      events.push(event)
      if (events.length === cancelAt) controller.abort()
    }
    await model.close()
    return events
  }
  const whole = await collect({}, 0)
  expect(whole.length).toBeGreaterThan(10)
  for (const faults of [{}, { split: 40 }]) {
    for (let at = 1; at < whole.length; at++) {
      const events = await collect(faults, at)
      expect(lawBreaks(events)).toEqual([])
      const error = events.find((event) => event.type === 'error')
      // what arrived whole before the cancel may still be reported as whole
      if (error !== undefined) {
        expect(error.error.code).toBe('cancelled')
        // nothing more is shown, only closed
        expect(events.slice(at).some(({ type }) => type.endsWith('-delta'))).toBe(false)
      } else expect(events).toEqual(whole)
      // the calls and the end come at once, so the cancel can only come too late for those
      if (whole[at - 1]!.type.endsWith('delta')) expect(error).toBeDefined()
    }
  }
})

test('an answer that is left early closes its connection', async () => {
  await using provider = await fakeProvider({
    turns: [{ text: ['a', 'b'], fault: { stall: 400 } }],
  })
  const model = openaiCompatible({ baseUrl: provider.baseUrl, model: 'm' })
  for await (const event of model.stream(request, { signal: new AbortController().signal })) {
    expect(event.type).toBe('text-delta')
    break
  }
  await provider.aborted()
  await model.close()
})

test('a request cancelled before it is sent, or while the answer is awaited, ends as cancelled', async () => {
  await using provider = await fakeProvider({
    turns: [
      { text: 'x', fault: { stall: 0 } },
      { text: 'x', fault: { stall: 0 } },
    ],
  })
  const model = openaiCompatible({ baseUrl: provider.baseUrl, model: 'm' })
  const codes = async (signal: AbortSignal): Promise<readonly string[]> => {
    const seen: string[] = []
    for await (const event of model.stream(request, { signal })) {
      seen.push(event.type === 'error' ? event.error.code : event.type)
    }
    return seen
  }
  expect(await codes(AbortSignal.abort())).toEqual(['cancelled', 'end'])
  const controller = new AbortController()
  const waiting = codes(controller.signal)
  controller.abort()
  expect(await waiting).toEqual(['cancelled', 'end'])
  await model.close()
})
