import { describe, expect, test } from 'vitest'
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
  { text: 'x', finish: 'pause_turn' },
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

test('S0-44 turns may look at the request, and requests are kept', async () => {
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

const malformed: readonly (readonly [string, unknown, string])[] = [
  ['a text', 'hi', '`turns[1]` is not a turn'],
  ['nothing', undefined, '`turns[1]` is not a turn'],
  ['a list', [], '`turns[1]` is not a turn'],
  ['a misspelt member', { txt: 'hi' }, '`turns[1]` has no member `txt`; did you mean `text`?'],
  ['a text of a wrong type', { text: 7 }, '`turns[1].text` is not a text or a list of texts'],
  ['calls that are no list', { calls: { tool: 'f' } }, '`turns[1].calls` is not a list of calls'],
  ['a call that is a name', { calls: ['f'] }, '`turns[1].calls[0]` is not a call'],
  ['a call without a tool', { calls: [{ args: {} }] }, '`turns[1].calls[0]` has no `tool`'],
  [
    'a misspelt member of a call',
    { calls: [{ tool: 'f', arg: {} }] },
    '`turns[1].calls[0]` has no member `arg`; did you mean `args`?',
  ],
  [
    'arguments as text that are none',
    { calls: [{ tool: 'f', rawArgs: {} }] },
    '`turns[1].calls[0].rawArgs` is not a text or a list of texts',
  ],
  [
    'usage in other words',
    { usage: { input: 1 } },
    '`turns[1].usage` is not `{ inputTokens, outputTokens, cost }` or null',
  ],
  [
    'usage with a misspelt cost',
    { usage: { inputTokens: 1, outputTokens: 1, cots: 1 } },
    '`turns[1].usage` is not `{ inputTokens, outputTokens, cost }` or null',
  ],
  ['a promise', Promise.resolve({ text: 'hi' }), '`turns[1]` is not a turn'],
  [
    'a call with arguments that JSON cannot say',
    { calls: [{ tool: 'f', args: { n: 1n } }] },
    '`turns[1].calls[0].args` is not a value that JSON can say',
  ],
  [
    'a call with a function for arguments',
    { calls: [{ tool: 'f', args: () => ({}) }] },
    '`turns[1].calls[0].args` is not a value that JSON can say',
  ],
  [
    'an error that is a text',
    { error: 'no' },
    '`turns[1].error` is not an object with a `message`',
  ],
]

describe.each(malformed)('a turn that is %s', (_, turn, message) => {
  const steps = [{ text: 'ok' }, turn] as readonly ScriptedTurn[]
  const expected = {
    code: 'bad-option',
    message,
    help: expect.stringContaining("{ text: 'hi' }"),
  }

  test('is refused by both kinds of model', async () => {
    expect(() => scripted(steps)).toThrow(expect.objectContaining(expected))
    await expect(fakeProvider({ turns: steps })).rejects.toMatchObject(expected)
  })

  test('is an error of the answer when a function finds it', async () => {
    const model = scripted([() => turn as ScriptedTurn])
    const events = await eventsOf(model)
    expect(lawBreaks(events)).toEqual([])
    const found = { ...expected, message: message.replace('turns[1]', 'turns[0]()') }
    expect(events[0]).toMatchObject({ type: 'error', error: found })
    await using provider = await fakeProvider({ turns: () => turn as ScriptedTurn })
    const remote = openaiCompatible({ baseUrl: provider.baseUrl, model: 'm' })
    expect((await eventsOf(remote))[0]).toMatchObject({
      type: 'error',
      error: { status: 400, message: found.message },
    })
    await remote.close()
  })
})

test.each(['hi', undefined, { text: 'hi' }])('%o is no list of turns', (given) => {
  expect(() => scripted(given as unknown as readonly ScriptedTurn[])).toThrow(
    '`turns` is not a list of turns',
  )
})
