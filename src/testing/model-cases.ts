import assert from 'node:assert/strict'
import type { ModelEvent } from '../protocol/event.ts'
import type { ModelRequest } from '../protocol/request.ts'
import {
  assertFull,
  assertWholeOrFailed,
  callsOf,
  checked,
  full,
  fullCalls,
  hear,
  request,
  type UseBench,
  type Work,
} from './model-bench.ts'

/** Behaviours that take nothing but turns to be shown. */
export const modelCases: readonly Work[] = [
  ['says text and reasoning as they came, and ends once and last', saysInOrder],
  ['puts parallel calls together from their fragments, in their order', putsTogether],
  ['tells how many tokens were used', tellsUsage],
  ['marks the calls of an answer that was cut, so that none of them runs', marksCut],
  ['tells of an error in the answer as an event, and keeps what came before', tellsErrors],
  ['keeps its law wherever it is cancelled', cancelled],
  ['asks nobody once it is cancelled', cancelledBefore],
  ['says the same in batches', saysInBatches],
  ['keeps answers apart that are asked for at the same time', keepsApart],
  ['takes a history with calls, results and pictures', takesHistory],
]

async function saysInOrder(bench: UseBench): Promise<void> {
  const { events, turn } = await bench([{ reasoning: ['a', 'b'], text: ['c', 'd'] }], hear)
  assert.deepEqual([turn.reasoning, turn.text, turn.finishReason.unified], ['ab', 'cd', 'stop'])
  const kinds = events.map(({ type }) => type)
  assert.ok(kinds.lastIndexOf('reasoning-delta') < kinds.indexOf('text-delta'))
}

async function putsTogether(bench: UseBench): Promise<void> {
  const { events, turn } = await bench([full], hear)
  assertFull(turn)
  const ids = turn.calls.map(({ providerId }) => providerId)
  assert.equal(new Set(ids).size, 2, 'two calls share an id')
  for (const slot of [0, 1]) {
    const of = events.filter((event) => 'slot' in event && event.slot === slot)
    assert.equal(of[0]?.type, 'tool-call-start')
    const deltas = of.flatMap((event) => (event.type === 'tool-call-delta' ? [event.text] : []))
    // a model may leave fragments out, but not some of them
    if (deltas.length > 0) assert.equal(deltas.join(''), fullCalls[slot]![1])
  }
}

async function tellsUsage(bench: UseBench): Promise<void> {
  const { turn } = await bench([full], hear)
  assert.equal(turn.usage?.inputTokens, 7)
  assert.equal(turn.usage?.outputTokens, 3)
}

async function marksCut(bench: UseBench): Promise<void> {
  const { turn } = await bench([{ ...full, finish: 'length' }], hear)
  assert.equal(turn.finishReason.unified, 'length')
  assert.equal(turn.text, 'héllo 😀 world')
  for (const [, , runs] of callsOf(turn)) assert.equal(runs, false)
}

async function tellsErrors(bench: UseBench): Promise<void> {
  const { turn } = await bench([{ text: 'so far', error: { message: 'it broke' } }], hear)
  assert.match(turn.error?.message ?? '', /it broke/)
  assert.equal(turn.finishReason.unified, 'error')
  // an answer that is not streamed may be nothing but its error
  assert.ok(turn.text === 'so far' || turn.text === '')
}

async function cancelled(bench: UseBench): Promise<void> {
  const { length } = (await bench([full], hear)).events
  for (let at = 1; at <= length; at++) {
    const controller = new AbortController()
    const onEvent = (count: number): void => void (count === at && controller.abort())
    const { turn } = await bench([full], (each) =>
      hear(each, { onEvent, signal: controller.signal }),
    )
    if (at < length) assertWholeOrFailed(turn)
  }
}

async function cancelledBefore(bench: UseBench): Promise<void> {
  const signal = AbortSignal.abort()
  const { events, turn } = await bench([full], (each) => hear(each, { signal }))
  assert.equal(turn.error?.code, 'cancelled')
  assert.deepEqual(
    events.map(({ type }) => type),
    ['error', 'end'],
  )
}

async function saysInBatches(bench: UseBench): Promise<void> {
  await bench([full], async ({ model }) => {
    const { signal } = new AbortController()
    const events: ModelEvent[] = []
    for await (const batch of model.streamBatches?.(request, { signal }) ?? [])
      events.push(...batch)
    if (model.streamBatches !== undefined) assertFull(checked(events).turn)
  })
}

async function keepsApart(bench: UseBench): Promise<void> {
  const words = ['one', 'two', 'three']
  const turns = words.map((word) => ({ text: Array.from({ length: 20 }, () => `${word} `) }))
  const heard = await bench(turns, (each) => Promise.all(words.map(() => hear(each))))
  const said = heard.map(({ turn }) => turn.text).toSorted()
  assert.deepEqual(said, words.map((word) => `${word} `.repeat(20)).toSorted())
}

async function takesHistory(bench: UseBench): Promise<void> {
  const call = { type: 'tool-call', callId: 'c1', providerId: 'p1', tool: 'f' } as const
  const messages: ModelRequest['messages'] = [
    { role: 'system', content: 'be brief' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'see' },
        { type: 'image', url: picture },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'well' },
        { ...call, arguments: '{}' },
      ],
    },
    { role: 'tool', callId: 'c1', providerId: 'p1', tool: 'f', content: 'no', isError: true },
  ]
  const { turn } = await bench([full], (each) => hear(each, { asked: { ...request, messages } }))
  assertFull(turn)
}

const picture = 'data:image/png;base64,iVBORw0KGgo='
