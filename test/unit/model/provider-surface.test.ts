import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { openaiCompatible, type CompatibleOptions } from '../../../src/model/compatible.ts'
import { openrouter } from '../../../src/model/openrouter.ts'
import type { ModelEvent } from '../../../src/protocol/event.ts'
import type { Model } from '../../../src/protocol/model.ts'
import type { ModelRequest } from '../../../src/protocol/request.ts'
import { chatBody } from '../../../src/testing/chat-script.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import {
  fakeProvider,
  type FakeAnswer,
  type FakeRequest,
} from '../../../src/testing/fake-provider.ts'
import { lawBreaks } from '../../conformance/wire/support.ts'
import { collect } from '../../support/agent.ts'

const request: ModelRequest = { messages: [{ role: 'user', content: 'hello' }], tools: [] }
const json = { 'content-type': 'application/json' }

async function eventsOf(model: Model): Promise<readonly ModelEvent[]> {
  const events = await collect(model.stream(request, { signal: new AbortController().signal }))
  expect(lawBreaks(events)).toEqual([])
  return events
}

function kinds(events: readonly ModelEvent[]): string {
  return events.map(({ type }) => type).join(' ')
}

const listed = { data: [{ id: 'a/one', name: 'One' }, { id: 'b/two' }, { nothing: true }] }

async function begin(
  answer: (request: FakeRequest) => FakeAnswer,
  options: Partial<CompatibleOptions> = {},
) {
  const provider = await fakeProvider({ turns: answer })
  const model = openaiCompatible({
    baseUrl: provider.baseUrl,
    model: 'm',
    apiKey: 'sk-surface-1234',
    retry: { baseDelayMs: 0 },
    ...options,
  })
  return {
    model,
    provider,
    async [Symbol.asyncDispose]() {
      await model.close()
      await provider.close()
    },
  }
}

describe('S1-41 a provider', () => {
  test('has a name, a default model, and a last model', async () => {
    await using one = await begin(() => ({ text: 'hi' }))
    const { host } = new URL(one.provider.baseUrl)
    expect(one.model).toMatchObject({ id: 'm', provider: host, lastModel: undefined })
    const other = one.model.withModel('n')
    await eventsOf(other)
    expect([one.model.lastModel, other.lastModel]).toEqual(['n', 'n'])
    await eventsOf(one.model)
    expect(other.lastModel).toBe('m')
  })

  test('names the model that has answered, not only the one that was asked', async () => {
    const chunk = {
      model: 'b/stand-in',
      choices: [{ delta: { content: 'x' }, finish_reason: 'stop' }],
    }
    await using one = await begin(() => ({
      body: `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`,
    }))
    await eventsOf(one.model)
    expect(one.model.lastModel).toBe('b/stand-in')
  })

  test('lists its models with the key', async () => {
    await using one = await begin(() => ({ headers: json, body: JSON.stringify(listed) }))
    const { models, skipped } = await one.model.listModels()
    expect(models.map(({ id }) => id)).toEqual(['a/one', 'b/two'])
    expect(skipped).toBe(1)
    expect(one.provider.requests[0]).toMatchObject({
      path: '/v1/models',
      headers: { authorization: 'Bearer sk-surface-1234' },
    })
  })

  test('rejects with a code when it cannot list them', async () => {
    await using one = await begin(() => ({ status: 401, body: '{"error":"no sk-surface-1234"}' }))
    const error: unknown = await one.model.listModels().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'model-unauthorized', message: 'no [redacted]' })
    expect(inspect(error)).not.toContain('sk-surface')
    const stopped = one.model.listModels({ signal: AbortSignal.abort() })
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' })
  })
})

test('S1-42 a provider says what can be asked for through it', async () => {
  const endpoint = { baseUrl: 'http://127.0.0.1:9/v1', model: 'm' }
  expect(openaiCompatible(endpoint).supports).toEqual({
    streaming: true,
    toolCalling: true,
    responses: false,
  })
  expect(openaiCompatible({ ...endpoint, stream: false }).supports.streaming).toBe(false)
  expect(openrouter({ model: 'm', apiKey: 'k', wire: 'responses' }).supports.responses).toBe(true)
})

describe('S1-43 the health of a provider', () => {
  test('is kept for 30 s, and found out anew when asked to', async () => {
    const clock = manualClock(0)
    let well = true
    await using one = await begin(
      () => (well ? { headers: json, body: JSON.stringify(listed) } : { status: 503, body: '' }),
      { clock },
    )
    expect(await one.model.health()).toEqual({
      ok: true,
      models: 2,
      checkedAt: '1970-01-01T00:00:00.000Z',
      latencyMs: 0,
    })
    well = false
    clock.advance(29_999)
    expect((await one.model.health()).ok).toBe(true)
    expect(one.provider.requests).toHaveLength(1)
    expect(await one.model.health({ fresh: true })).toMatchObject({
      ok: false,
      error: { code: 'model-overloaded' },
      checkedAt: '1970-01-01T00:00:29.999Z',
    })
    well = true
    expect((await one.model.withModel('n').health()).ok).toBe(false)
    expect(one.provider.requests).toHaveLength(2)
    clock.advance(30_000)
    expect((await one.model.health()).ok).toBe(true)
  })

  test('is found out once for all who ask at the same time', async () => {
    await using one = await begin(() => ({ headers: json, body: JSON.stringify(listed) }))
    const found = await Promise.all([1, 2, 3].map(() => one.model.health({ fresh: true })))
    expect(new Set(found).size).toBe(1)
    expect(one.provider.requests).toHaveLength(1)
  })

  test.each([
    ['a page', { headers: { 'content-type': 'text/html' }, body: '<html>' }, 'model-protocol'],
    ['no list', { headers: json, body: '{}' }, 'model-protocol'],
    ['silence', { text: 'x', fault: { stall: 0 } }, 'model-timeout'],
  ])('is bad when the answer is %s', async (_, answer, code) => {
    await using one = await begin(() => answer as FakeAnswer, { timeouts: { firstEventMs: 40 } })
    expect(await one.model.health()).toMatchObject({ ok: false, error: { code } })
  })

  test('is bad when nothing is there', async () => {
    const { baseUrl, close } = await fakeProvider({ turns: [] })
    await close()
    const model = openaiCompatible({ baseUrl, model: 'm' })
    expect(await model.health()).toMatchObject({ ok: false, error: { code: 'model-connect' } })
  })
})

function shape(value: object): readonly string[] {
  return Object.keys(value).toSorted()
}

describe('metrics', () => {
  test('S3-45 count requests, attempts, failures by code, tokens and times', async () => {
    const usage = { inputTokens: 3, outputTokens: 4 }
    const answers: readonly FakeAnswer[] = [
      { status: 503, body: '' },
      { text: 'a', usage },
      { status: 400, body: '' },
      { text: 'b', usage },
      { text: 'c', usage, error: { code: 502, message: 'gone' } },
    ]
    await using one = await begin(({ number }) => answers[number]!)
    expect(one.model.metrics()).toMatchObject({ requests: 0, firstEventMs: { count: 0, p95: 0 } })
    for (let turn = 0; turn < 4; turn++) await eventsOf(one.model.withModel(`m${turn}`))
    const metrics = one.model.metrics()
    expect(metrics).toMatchObject({
      requests: 4,
      attempts: 5,
      succeeded: 2,
      failed: 2,
      failures: { 'model-overloaded': 2, 'model-refused': 1 },
      usage: { inputTokens: 9, outputTokens: 12 },
      firstEventMs: { count: 3 },
      durationMs: { count: 2 },
    })
    const { least, p50, p95, most, total } = metrics.durationMs
    expect([least, p50, p95, most, total]).toEqual(
      [least, p50, p95, most, total].toSorted((x, y) => x - y),
    )
    expect(JSON.parse(JSON.stringify(metrics))).toEqual(metrics)
  })

  test('have the same form before the first request and after', async () => {
    await using one = await begin(() => ({ status: 400, body: '' }))
    const before = one.model.metrics()
    await eventsOf(one.model)
    expect(shape(before)).toEqual(shape(one.model.metrics()))
    expect(shape(before.durationMs)).toEqual(shape(one.model.metrics().durationMs))
  })
})

describe("stream: 'auto'", () => {
  const refusal = {
    status: 400,
    body: JSON.stringify({ error: { message: 'streaming is not supported', param: 'stream' } }),
  }

  test('asks an endpoint that refuses to stream again without, and remembers', async () => {
    await using one = await begin(
      ({ body }) => (body['stream'] === true ? refusal : { text: 'hi' }),
      { stream: 'auto', retry: { attempts: 1 } },
    )
    expect(kinds(await eventsOf(one.model))).toBe('retry text-delta usage end')
    expect(kinds(await eventsOf(one.model))).toBe('text-delta usage end')
    expect(one.provider.requests.map(({ body }) => body['stream'])).toEqual([true, false, false])
    // another model may be able to
    await eventsOf(one.model.withModel('n'))
    expect(one.provider.requests.map(({ body }) => body['stream']).slice(3)).toEqual([true, false])
  })

  test('takes the answer of an endpoint that ignores the wish, and remembers', async () => {
    await using one = await begin(
      () => ({ headers: json, body: chatBody({ text: 'hi' }, 0, 'm') }),
      { stream: 'auto' },
    )
    for (let turn = 0; turn < 2; turn++)
      expect(kinds(await eventsOf(one.model))).toBe('text-delta usage end')
    expect(one.provider.requests.map(({ body }) => body['stream'])).toEqual([true, false])
  })

  test('sends a request that is wrong otherwise once only', async () => {
    const wrong = { status: 400, body: '{"error":{"message":"no such tool"}}' }
    await using one = await begin(() => wrong, { stream: 'auto' })
    expect(kinds(await eventsOf(one.model))).toBe('error end')
    expect(one.provider.requests).toHaveLength(1)
  })

  test('does not ask twice without streaming', async () => {
    await using one = await begin(() => refusal, { stream: 'auto' })
    expect(kinds(await eventsOf(one.model))).toBe('retry error end')
    expect(one.provider.requests).toHaveLength(2)
  })

  test('is not what happens unless asked for', async () => {
    await using one = await begin(() => refusal)
    expect(kinds(await eventsOf(one.model))).toBe('error end')
  })

  test('is refused when misspelt', () => {
    const options = { baseUrl: 'http://x.example', model: 'm', stream: 'maybe' as 'auto' }
    expect(() => openaiCompatible(options)).toThrow('`stream`')
  })
})
