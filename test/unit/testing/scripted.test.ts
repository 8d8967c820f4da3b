import { expect, test } from 'vitest'
import { openaiCompatible } from '../../../src/model/compatible.ts'
import { TurnAssembler } from '../../../src/protocol/assemble.ts'
import type { ModelEvent } from '../../../src/protocol/event.ts'
import type { Model } from '../../../src/protocol/model.ts'
import type { ModelRequest } from '../../../src/protocol/request.ts'
import { fakeProvider } from '../../../src/testing/fake-provider.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import type { ScriptedTurn } from '../../../src/testing/turn.ts'
import { lawBreaks } from '../../conformance/wire/support.ts'

const request: ModelRequest = { messages: [{ role: 'user', content: 'hello' }], tools: [] }

async function eventsOf(model: Model, stopAt = 0): Promise<readonly ModelEvent[]> {
  const controller = new AbortController()
  const events: ModelEvent[] = []
  for await (const event of model.stream(request, { signal: controller.signal })) {
    events.push(event)
    if (events.length === stopAt) controller.abort()
  }
  return events
}

function assembled(events: readonly ModelEvent[]) {
  const assembler = new TurnAssembler()
  for (const event of events) assembler.add(event)
  const { usage, error, model: _model, responseId: _responseId, ...rest } = assembler.finish()
  return { ...rest, tokens: usage?.outputTokens, code: error?.code }
}

const turns: readonly ScriptedTurn[] = [
  { text: 'hello' },
  { text: ['a', 'b'], reasoning: 'c', usage: { inputTokens: 1, outputTokens: 2, cost: 3 } },
  {
    calls: [
      { tool: 'f', args: { a: 1 } },
      { tool: 'g', id: 'x' },
    ],
  },
  { calls: [{ tool: 'f', rawArgs: ['{"a', '":'] }], finish: 'length' },
  { text: 'x', finish: null, usage: null },
  { refusal: 'no' },
  { text: 'x', error: { message: 'gone', code: 502 } },
  { calls: [{ tool: 'f' }], finish: 'error' },
]

test.each(turns.map((turn) => [JSON.stringify(turn), turn] as const))(
  'without network and over it the same is said: %s',
  async (_, turn) => {
    await using provider = await fakeProvider({ turns: [turn] })
    const model = openaiCompatible({
      baseUrl: provider.baseUrl,
      model: 'm',
      retry: { attempts: 1 },
    })
    const here = await eventsOf(scripted([turn]))
    const there = await eventsOf(model)
    await model.close()
    expect(lawBreaks(here)).toEqual([])
    expect(assembled(here)).toEqual(assembled(there))
  },
)

test('turns may look at the request, and requests are kept', async () => {
  const model = scripted([(asked, number) => ({ text: `${asked.messages.length} ${number}` })])
  expect(assembled(await eventsOf(model)).text).toBe('1 0')
  expect(model.requests).toEqual([request])
})

test('a request too many is an error', async () => {
  expect(assembled(await eventsOf(scripted([]))).code).toBe('model-error')
})

test('a scripted turn can be cancelled at every event', async () => {
  const turn: ScriptedTurn = { text: ['a', 'b'], calls: [{ tool: 'f' }, { tool: 'g' }] }
  const whole = await eventsOf(scripted([turn]))
  for (let at = 1; at < whole.length; at++) {
    const events = await eventsOf(scripted([turn]), at)
    expect(lawBreaks(events)).toEqual([])
    const late = whole.slice(at).every(({ type }) => /^(tool-call|usage|end)$/.test(type))
    expect(assembled(events).code).toBe(late ? undefined : 'cancelled')
  }
})
