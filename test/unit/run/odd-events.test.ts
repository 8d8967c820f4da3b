import { describe, expect, test } from 'vitest'
import type { ModelEvent } from '../../../src/protocol/event.ts'
import type { Model } from '../../../src/protocol/model.ts'
import { noUsage } from '../../../src/protocol/usage.ts'
import type { ModelWrapper } from '../../../src/run/plugin-model.ts'
import { agentOf, allowing, noting } from '../../support/agent.ts'
import { pluginOf } from '../../support/plugins.ts'

const call = { type: 'tool-call', slot: 0, providerId: 'x', tool: 'act', arguments: '{}' } as const
const end = { type: 'end', finishReason: { unified: 'tool-calls', raw: null } } as const
const error = { code: 'model-error', message: 'broken', retryable: false }
const cost = { amount: 1, currency: 'USD', source: 'provider' }

/** What a run makes of an event that comes before a call, by way of a model or of a wrapper. */
async function outcome(event: unknown, by: 'model' | 'wrapper' | 'model under a wrapper') {
  async function* events(): AsyncGenerator<ModelEvent> {
    yield event as ModelEvent
    yield call
    yield end
  }
  const wrapModel: ModelWrapper = (request, next) => (by === 'wrapper' ? events() : next(request))
  const model: Model = { id: 'm', provider: 'p', stream: events }
  const { tool, calls } = noting('act')
  const plugins = by === 'model' ? [] : [pluginOf({ wrapModel })]
  const policy = allowing('act')
  const limits = { maxTurns: 1 }
  const run = agentOf([], { limits, model, plugins, policy, tools: [tool] }).start()
  const { error: failure, status } = await run.result()
  const ends: string[] = []
  for await (const { type } of run.events()) if (type === 'end') ends.push(type)
  return { calls: calls.length, code: failure?.code, ends: ends.length, status }
}

const failed = { calls: 0, code: 'model-protocol', ends: 1, status: 'error' }

describe('what is none of the events of a response', () => {
  test.each<[string, unknown]>([
    ['nothing', null],
    ['a text', 'tool-call'],
    ['no type', { text: 'x' }],
    ['text that is none', { type: 'text-delta', text: { toString: () => 'x' } }],
    ['reasoning that is none', { type: 'reasoning-delta' }],
    ['a picture without an address', { type: 'image', url: 5 }],
    ['a picture that is a script', { type: 'image', url: 'javascript:alert(1)' }],
    ["a picture of one's own network", { type: 'image', url: 'http://10.0.0.1/i.png' }],
    ['a page as a picture', { type: 'image', url: 'data:text/html;base64,PHA+' }],
    ['arguments as data', { ...call, arguments: { a: 1 } }],
    ['arguments as an object of a text', { ...call, arguments: Object('{}') }],
    ['a tool that is no name', { ...call, tool: null }],
    ['a defect that is none', { ...call, defect: 1 }],
    ['usage without counts', { type: 'usage' }],
    ['usage of texts', { type: 'usage', usage: { ...noUsage, inputTokens: '5' } }],
    ['usage that is no number', { type: 'usage', usage: { ...noUsage, inputTokens: Number.NaN } }],
    ['usage below nothing', { type: 'usage', usage: { ...noUsage, outputTokens: -5 } }],
    ['usage without bound', { type: 'usage', usage: { ...noUsage, outputTokens: Infinity } }],
    ['a cost below nothing', { type: 'usage', usage: noUsage, cost: { ...cost, amount: -1 } }],
    ['a cost of another kind', { type: 'usage', usage: noUsage, cost: { ...cost, source: 'x' } }],
    ['an error that is none', { type: 'error' }],
    ['an error that is a text', { type: 'error', error: 'broken' }],
    ['another attempt without a reason', { type: 'retry', attempt: 2, delayMs: 0 }],
    ['another model without a name', { type: 'fallback', from: 'a', error }],
    ['an end without a reason', { type: 'end' }],
    ['an end of an unknown kind', { ...end, finishReason: { unified: 'send', raw: null } }],
    ['an end with a refusal that is none', { ...end, refusal: 5 }],
    ['an end with data of nobody', { ...end, opaque: 5 }],
  ])('ends a run before its calls: %s', async (_, event) => {
    for (const by of ['model', 'wrapper', 'model under a wrapper'] as const) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await outcome(event, by)).toEqual(failed)
    }
  })

  test('may have a type that nobody reads', async () => {
    for (const by of ['model', 'wrapper', 'model under a wrapper'] as const) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await outcome({ type: 'ping' }, by)).toMatchObject({ calls: 1, status: 'limit' })
    }
  })
})
