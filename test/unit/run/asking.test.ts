import { describe, expect, test } from 'vitest'
import { ask } from '../../../src/ask.ts'
import { isSallyportError } from '../../../src/base/errors.ts'
import { openaiCompatible } from '../../../src/model/compatible.ts'
import type { Model } from '../../../src/protocol/model.ts'
import type { Runtime } from '../../../src/runtime-handle.ts'
import { createRuntime } from '../../../src/runtime.ts'
import { fakeProvider } from '../../../src/testing/fake-provider.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import { agentOf, allowing, collect, only, toolOf, user } from '../../support/agent.ts'

const turns = [
  {
    text: 'let me look',
    calls: [{ tool: 'look' }],
    usage: { inputTokens: 4, outputTokens: 2, cost: 0.25 },
  },
  { text: 'it is late', usage: { inputTokens: 6, outputTokens: 3, cost: 0.5 } },
]
const auth = { custom: user }

function runtime(): Runtime {
  return agentOf(turns, { tools: [toolOf('look')], policy: allowing('look') }).runtime
}

describe('asking a model', () => {
  test('S1-40 reads a response piece by piece, and closes it before its end', async () => {
    await using provider = await fakeProvider({ turns: [{ text: ['a', 'b'] }, { text: 'c' }] })
    const real = openaiCompatible({ baseUrl: provider.baseUrl, model: 'm' })
    const mock = scripted([{ text: ['a', 'b'] }, { text: 'c' }])
    const request = { messages: [{ role: 'user', content: 'x' }] as const, tools: [] }
    const models: readonly Model[] = [real, mock]
    for (const model of models) {
      const { signal } = new AbortController()
      const stream = model.stream(request, { signal })[Symbol.asyncIterator]()
      expect(await stream.next()).toEqual({ done: false, value: { type: 'text-delta', text: 'a' } })
      await stream.return?.()
      expect(await stream.next()).toEqual({ done: true, value: undefined })
      const events = await collect(model.stream(request, { signal }))
      expect(events.at(-1)).toMatchObject({ type: 'end', finishReason: { unified: 'stop' } })
    }
    await real.close()
  })

  test('S2-03 S3-41 takes a conversation or a prompt, with or without a reader, and always reports', async () => {
    const messages = [{ role: 'user', content: 'hello' }] as const
    const ways = [
      () => runtime().run({ input: 'look', messages, auth }),
      () => ask(runtime(), { prompt: 'look', messages, auth }),
    ]
    for (const start of ways) {
      const silent = await start().result()
      const run = start()
      const events = await collect(run)
      const followed = await run.result()
      for (const result of [silent, followed]) {
        expect(result).toMatchObject({ status: 'completed', text: 'it is late' })
        expect(result.report.rows).toMatchObject([{ tool: 'look', status: 'success' }])
      }
      expect(events.at(-1)?.type).toBe('end')
    }
  })

  test('S2-06 tells of text, calls, results and the end as they come, and sums them up', async () => {
    const { start } = agentOf(turns, { tools: [toolOf('look')], policy: allowing('look') })
    const run = start()
    const events = await collect(run)
    const result = await run.result()
    const text = only(events, 'text-delta').map((event) => event.text)
    expect(text).toEqual(['let me look', 'it is late'])
    const kinds = events.map(({ type }) => type)
    const order = ['tool-call', 'execution-start', 'tool-result', 'end'] as const
    expect(kinds.filter((kind) => order.some((each) => each === kind))).toEqual(order)
    expect(only(events, 'tool-result')).toMatchObject([{ tool: 'look', result: 'done' }])
    expect(only(events, 'usage').map(({ cost }) => cost?.amount)).toEqual([0.25, 0.5])
    expect(result).toMatchObject({
      text: 'it is late',
      finishReason: { unified: 'stop', raw: 'stop' },
      usage: { inputTokens: 10, outputTokens: 5 },
      cost: { amount: 0.75, source: 'provider' },
      report: { modelCalls: [{ model: 'scripted' }, { model: 'scripted' }] },
    })
    expect(result.report.header.durationMs).toBeGreaterThanOrEqual(0)
  })

  test('S2-06 tells of a failure as an event, which is in the result too', async () => {
    const { start } = agentOf([{ text: 'so', error: { message: 'gone', code: 502 } }])
    const run = start()
    const [error] = only(await collect(run), 'error')
    expect((await run.result()).error).toMatchObject({ code: error?.code, message: error?.message })
  })

  test.each([
    [400, 'model-refused'],
    [401, 'model-unauthorized'],
    [402, 'model-low-funds'],
    [429, 'model-rate-limit'],
  ])(
    'S2-10 status %i is an error with that status and a code of its own: %s',
    async (status, code) => {
      const body = '{"error":{"message":"no"}}'
      await using provider = await fakeProvider({ turns: [{ status, body }] })
      const model = openaiCompatible({
        baseUrl: provider.baseUrl,
        model: 'm',
        retry: { attempts: 1 },
      })
      const { error } = await createRuntime({ model }).run({ input: 'x' }).result()
      expect(error).toMatchObject({ code, status, message: expect.stringContaining('no') })
      await model.close()
    },
  )

  test('S2-10 mistakes of the program are thrown, and known by their code', () => {
    let thrown: unknown
    try {
      openaiCompatible({ baseUrl: 'nowhere', model: 'm' })
    } catch (error) {
      thrown = error
    }
    expect(isSallyportError(thrown) && thrown.code).toBe('bad-option')
  })
})
