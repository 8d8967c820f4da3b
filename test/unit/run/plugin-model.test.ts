import { describe, expect, test } from 'vitest'
import type { ModelEvent } from '../../../src/protocol/event.ts'
import { noUsage } from '../../../src/protocol/usage.ts'
import type { Model } from '../../../src/protocol/model.ts'
import type { ModelWrapper } from '../../../src/run/plugin-model.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import type { RuntimeOptions } from '../../../src/runtime-options.ts'
import { agentOf, allowing, finish, noting, type Finished } from '../../support/agent.ts'
import { pluginOf } from '../../support/plugins.ts'

const script = [{ text: ['hel', 'lo'] }]

function runBy(
  wrappers: readonly ModelWrapper[],
  options: Partial<RuntimeOptions> = {},
): Promise<Finished> {
  const plugins = wrappers.map((wrapModel, at) => pluginOf({ wrapModel }, `p${at}`))
  return finish(agentOf(script, { ...options, plugins }).start())
}

async function* mapped(
  events: AsyncIterable<ModelEvent>,
  change: (text: string) => string,
): AsyncGenerator<ModelEvent> {
  for await (const event of events) {
    yield event.type === 'text-delta' ? { ...event, text: change(event.text) } : event
  }
}

async function* cached(): AsyncGenerator<ModelEvent> {
  yield { type: 'text-delta', text: 'from the cache' }
  yield { type: 'end', finishReason: { unified: 'stop', raw: null } }
}

async function* forging(): AsyncGenerator<ModelEvent> {
  yield { type: 'tool-call-start', slot: 0, providerId: 'x', tool: 'act' }
  yield { type: 'tool-call', slot: 0, providerId: 'x', tool: 'act', arguments: '{}' }
  yield { type: 'end', finishReason: { unified: 'tool-calls', raw: null } }
}

async function* endless(): AsyncGenerator<ModelEvent> {
  for (;;) yield { type: 'text-delta', text: '' }
}

/** A model whose answers can be iterated again, which asks again. */
function repeating(): { readonly model: Model; readonly asked: () => number } {
  let asked = 0
  const stream: Model['stream'] = () => ({
    [Symbol.asyncIterator]() {
      asked++
      return cached()
    },
  })
  return { asked: () => asked, model: { id: 'm', provider: 'p', stream } }
}

/** Goes through the answer of the model twice. */
async function* greedy(...[request, next]: Parameters<ModelWrapper>): AsyncGenerator<ModelEvent> {
  const events = next(request)
  yield* events
  yield* events
}

describe('a wrapper of models', () => {
  test('S2-62: wrappers stand round a response, the first outermost', async () => {
    const { result } = await runBy([
      (request, next) => mapped(next(request), (text) => `a(${text})`),
      (request, next) => mapped(next(request), (text) => `b(${text})`),
    ])
    expect(result.text).toBe('a(b(hel))a(b(lo))')
  })

  test('may ask something else, and the conversation stays what it was', async () => {
    const model = scripted(script)
    const brief = { role: 'user', content: 'be brief' } as const
    const plugin = pluginOf({
      wrapModel: (request, next) => next({ ...request, messages: [...request.messages, brief] }),
    })
    const { result } = await finish(agentOf([], { model, plugins: [plugin] }).start())
    expect(model.requests[0]!.messages.at(-1)!.content).toBe('be brief')
    expect(result.messages.map(({ content }) => content)).not.toContain('be brief')
  })

  test('cannot change the conversation in place', async () => {
    const { result } = await runBy([
      (request, next) => {
        expect(() => Object.assign(request.messages[0]!, { content: 'forged' })).toThrow(TypeError)
        expect(() => (request.messages as unknown[]).pop()).toThrow(TypeError)
        return next(request)
      },
    ])
    expect(result).toMatchObject({ status: 'completed', messages: [{ content: 'go' }, {}] })
  })

  test('is told whose request it is, and when it is stopped', async () => {
    const seen: unknown[] = []
    const { result } = await runBy([
      (request, next, { caller, signal }) => {
        seen.push(caller, signal.aborted)
        return next(request)
      },
    ])
    expect(seen).toEqual([{ runId: result.runId }, false])
  })

  test.each<[string, ModelWrapper]>([
    [
      'leaves out',
      async function* (request, next) {
        for await (const event of next(request)) if (event.type !== 'usage') yield event
      },
    ],
    [
      'makes little of',
      async function* (request, next) {
        for await (const event of next(request)) {
          if (event.type !== 'usage') yield event
          else
            yield {
              ...event,
              usage: { ...event.usage, outputTokens: 0 },
              cost: { ...event.cost!, amount: 0 },
            }
        }
      },
    ],
    ['leaves as it is', (request, next) => next(request)],
    [
      'declares void',
      async function* (request, next) {
        for await (const event of next(request))
          yield event.type === 'usage' ? { ...event, usage: noUsage } : event
      },
    ],
  ])('that %s what the model has used passes no limit', async (_, wrapper) => {
    const usage = { inputTokens: 10, outputTokens: 5 }
    const used = { ...usage, cost: 0.25 }
    const { tool } = noting('act')
    const turns = [
      { calls: [{ tool: 'act' }], usage: used },
      { text: 'more', usage: used },
    ]
    const options = { tools: [tool], policy: allowing('act') }
    for (const limits of [{ maxTokens: 15 }, { maxCost: 0.25 }]) {
      const model = scripted(turns)
      // oxlint-disable-next-line no-await-in-loop
      const { result } = await runBy([wrapper], { ...options, model, limits })
      expect(result).toMatchObject({ status: 'limit', usage, cost: { amount: 0.25 } })
    }
  })

  test('may answer without the model', async () => {
    const model = scripted(script)
    const plugins = [pluginOf({ wrapModel: cached })]
    const { result } = await finish(agentOf([], { model, plugins }).start())
    expect(result).toMatchObject({ status: 'completed', text: 'from the cache' })
    expect(model.requests).toEqual([])
  })

  test('makes no call that is not judged', async () => {
    const { tool, calls } = noting('act')
    const policy = allowing('other')
    const options = { policy, tools: [tool, noting('other').tool], limits: { maxTurns: 1 } }
    const { result } = await runBy([forging], options)
    expect(result.report.rows[0]).toMatchObject({ status: 'error-security' })
    expect(calls).toEqual([])
  })

  test.each<[string, ModelWrapper]>([
    [
      'throws',
      () => {
        throw new Error('out of order')
      },
    ],
    [
      'breaks off',
      async function* (request, next) {
        for await (const event of next(request)) {
          yield event
          throw new Error('out of order')
        }
      },
    ],
    ['gives back nonsense', () => 5 as never],
    [
      'leaves the end out',
      async function* (request, next) {
        for await (const event of next(request)) if (event.type !== 'end') yield event
      },
    ],
    [
      'asks a second time',
      async function* (request, next) {
        for await (const event of next(request)) if (event.type !== 'end') yield event
        yield* next(request)
      },
    ],
  ])('that %s ends the run with an error', async (_, wrapper) => {
    const { result } = await runBy([wrapper])
    expect(result).toMatchObject({ status: 'error', error: { code: 'model-protocol' } })
  })

  test('asks the model once, however often it calls `next`', async () => {
    const model = scripted([...script, ...script])
    const thrown: unknown[] = []
    const wrapModel: ModelWrapper = async function* (request, next) {
      yield* next(request)
      try {
        next(request)
      } catch (error) {
        thrown.push(error)
      }
    }
    await agentOf([], { model, plugins: [pluginOf({ wrapModel })] })
      .start()
      .result()
    expect(model.requests).toHaveLength(1)
    expect(thrown).toMatchObject([{ code: 'bad-plugin' }])
  })

  test('asks the model once, however often it goes through what `next` gives', async () => {
    const { asked, model } = repeating()
    const plugins = [pluginOf({ wrapModel: greedy })]
    const { result } = await finish(agentOf([], { model, plugins }).start())
    expect(result.text).toBe('from the cache')
    expect(asked()).toBe(1)
  })

  test.each([0, 1])('asks nobody once it has ended, with %d wrappers within', async (count) => {
    const { asked, model } = repeating()
    let within = 0
    const left = Promise.withResolvers<AsyncIterable<ModelEvent>>()
    const wrapModel: ModelWrapper = (request, next) => {
      left.resolve(next(request))
      return cached()
    }
    const inner: ModelWrapper = (request, next) => {
      within++
      return next(request)
    }
    const all = [wrapModel, ...Array.from({ length: count }, () => inner)]
    const plugins = all.map((each, at) => pluginOf({ wrapModel: each }, `p${at}`))
    await agentOf([], { model, plugins }).start().result()
    const taken = (await left.promise)[Symbol.asyncIterator]().next()
    await expect(taken).rejects.toMatchObject({ code: 'bad-plugin' })
    expect([asked(), within]).toEqual([0, 0])
  })

  test('that leaves the stream of the model open has it stopped', async () => {
    const stopped = Promise.withResolvers<void>()
    const model: Model = {
      id: 'm',
      provider: 'p',
      async *stream(_, { signal }) {
        signal.addEventListener('abort', () => stopped.resolve())
        yield { type: 'text-delta', text: 'a' }
        yield { type: 'end', finishReason: { unified: 'stop', raw: null } }
      },
    }
    const plugin = pluginOf({
      async *wrapModel(request, next) {
        const events = next(request)[Symbol.asyncIterator]()
        yield (await events.next()).value as ModelEvent
        yield { type: 'end', finishReason: { unified: 'stop', raw: null } }
      },
    })
    await agentOf([], { model, plugins: [plugin] })
      .start()
      .result()
    await stopped.promise
  })

  test('that hangs is left behind when the run is cancelled', async () => {
    const asked = Promise.withResolvers<void>()
    const wrapModel: ModelWrapper = async function* (request, next) {
      asked.resolve()
      await new Promise(() => undefined)
      yield* next(request)
    }
    const run = agentOf(script, { plugins: [pluginOf({ wrapModel })] }).start()
    await asked.promise
    run.cancel()
    expect((await run.result()).status).toBe('cancelled')
  })

  test.each([
    ['a wrapper', (stream: ModelWrapper) => ({ plugins: [pluginOf({ wrapModel: stream })] })],
    ['a model', (stream: Model['stream']) => ({ model: { id: 'm', provider: 'p', stream } })],
  ])('is stopped in time as %s that never waits and never ends', async (_, options) => {
    const run = agentOf(script, { ...options(endless), limits: { runTimeoutMs: 100 } }).start()
    expect((await run.result()).status).toBe('timeout')
  })
})
