import { describe, expect, test } from 'vitest'
import { anthropic } from '../../../src/model/anthropic.ts'
import { openaiCompatible } from '../../../src/model/compatible.ts'
import type { HttpModel } from '../../../src/model/http-model.ts'
import { openrouter } from '../../../src/model/openrouter.ts'
import type { ModelEvent } from '../../../src/protocol/event.ts'
import type { Model } from '../../../src/protocol/model.ts'
import {
  fakeProvider,
  modelSuite,
  scripted,
  type FakeAnswer,
  type FakeProvider,
  type ModelBench,
  type ScriptedTurn,
} from '../../../src/testing/index.ts'

const common = { model: 'm', apiKey: 'k', retry: { attempts: 1 } }

/** Our models, each over the wire it is named after. */
const models: readonly (readonly [string, (at: FakeProvider) => HttpModel])[] = [
  ['chat', ({ baseUrl }) => openaiCompatible({ ...common, baseUrl })],
  ['chat, whole', ({ baseUrl }) => openaiCompatible({ ...common, baseUrl, stream: false })],
  ['chat at OpenRouter', ({ baseUrl }) => openrouter({ ...common, baseUrl })],
  ['responses', ({ baseUrl }) => openaiCompatible({ ...common, baseUrl, wire: 'responses' })],
  [
    'responses, whole',
    ({ baseUrl }) => openaiCompatible({ ...common, baseUrl, wire: 'responses', stream: false }),
  ],
  [
    'responses at OpenRouter',
    ({ baseUrl }) => openrouter({ ...common, baseUrl, wire: 'responses' }),
  ],
  ['anthropic', ({ rootUrl }) => anthropic({ ...common, baseUrl: rootUrl })],
  ['anthropic, whole', ({ rootUrl }) => anthropic({ ...common, baseUrl: rootUrl, stream: false })],
]

describe.each(models)('S4-04 a model over %s', (title, make) => {
  const open = async (turns: readonly FakeAnswer[]): Promise<ModelBench> => {
    const provider = await fakeProvider({ turns })
    const model = make(provider)
    const close = async (): Promise<void> => {
      await model.close()
      await provider.close()
    }
    const streams = !title.endsWith('whole')
    return { model, close, ...(streams ? { left: () => provider.aborted() } : {}) }
  }
  for (const { name, run } of modelSuite(open)) test(name, run)
})

const inProcess = (turns: readonly FakeAnswer[]): ModelBench => ({
  model: scripted(turns as readonly ScriptedTurn[]),
})

describe('a model without network', () => {
  for (const { name, run } of modelSuite(inProcess, { faults: false })) test(name, run)
})

type Change = (events: AsyncIterable<ModelEvent>) => AsyncIterable<ModelEvent>

/** Ways in which models break the law, and a case that notices. */
const flaws: readonly (readonly [string, Change])[] = [
  ['says no end', (events) => without(events, 'end')],
  ['says its end twice', (events) => mapped(events, (event) => twice(event, 'end'))],
  ['throws', thrower],
  ['leaves a call open', (events) => without(events, 'tool-call')],
  ['keeps what it used to itself', (events) => without(events, 'usage')],
  ['swallows errors', (events) => without(events, 'error')],
  ['repeats text', (events) => mapped(events, (event) => twice(event, 'text-delta'))],
  ['mixes arguments up', (events) => mapped(events, mixUp)],
  ['takes a cut for an end', (events) => mapped(events, calm)],
]

async function* mapped(
  events: AsyncIterable<ModelEvent>,
  change: (event: ModelEvent) => readonly ModelEvent[],
): AsyncGenerator<ModelEvent> {
  for await (const event of events) yield* change(event)
}

function without(events: AsyncIterable<ModelEvent>, type: string): AsyncIterable<ModelEvent> {
  return mapped(events, (event) => (event.type === type ? [] : [event]))
}

function twice(event: ModelEvent, type: string): readonly ModelEvent[] {
  return event.type === type ? [event, event] : [event]
}

async function* thrower(events: AsyncIterable<ModelEvent>): AsyncGenerator<ModelEvent> {
  for await (const event of events) {
    if (event.type === 'error') throw new Error(event.error.message)
    yield event
  }
}

function mixUp(event: ModelEvent): readonly ModelEvent[] {
  return [event.type === 'tool-call' ? { ...event, arguments: '{"a":1}' } : event]
}

function calm(event: ModelEvent): readonly ModelEvent[] {
  if (event.type !== 'end' || event.finishReason.unified !== 'length') return [event]
  return [{ ...event, finishReason: { unified: 'stop', raw: 'stop' } }]
}

test.each(flaws)('a model that %s does not pass', async (_, change) => {
  const open = (turns: readonly FakeAnswer[]): ModelBench => {
    const sound: Model = scripted(turns as readonly ScriptedTurn[])
    return { model: { ...sound, stream: (...asked) => change(sound.stream(...asked)) } }
  }
  const cases = modelSuite(open, { faults: false })
  const outcomes = await Promise.allSettled(cases.map(({ run }) => run()))
  expect(outcomes.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0)
})
