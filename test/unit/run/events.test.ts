import { describe, expect, test } from 'vitest'
import { jsonlJournal } from '../../../src/journal/jsonl.ts'
import {
  agentOf,
  allowing,
  collect,
  finish,
  noting,
  only,
  toolOf,
  ways,
} from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { expectEventOrder, expectOneRecord, expectValidHistories } from '../../support/laws.ts'

const eventful = [
  {
    text: ['he', 'llo'],
    reasoning: 'hm',
    calls: [
      { tool: 'add', args: { a: 1 } },
      { tool: 'nope', args: {} },
      { tool: 'add', rawArgs: '{"a":' },
      { tool: 'boom', args: {} },
      { tool: 'secret', args: {} },
    ],
  },
  { text: 'done' },
]

const tools = [
  toolOf('add'),
  toolOf('secret'),
  toolOf('boom', {
    execute() {
      throw new Error('boom')
    },
  }),
]

describe.each(ways)('the events of a run, %s', (way) => {
  test('keep their order and agree with journal and report', async () => {
    const { start, model } = agentOf(eventful, { tools, policy: allowing('add', 'boom') })
    const finished = await finish(start(), way)
    expectEventOrder(finished.events)
    expectOneRecord(finished)
    expectValidHistories(model.requests)
    expect(finished.result.report.rows.map((row) => row.status)).toEqual([
      'success',
      'error-not-found',
      'error-parsing',
      'error-execution',
      'error-security',
    ])
    expect(finished.result).toMatchObject({ status: 'completed', text: 'done' })
  })

  test('are the same in a journal file', async () => {
    const journal = jsonlJournal(`${temporaryFolder()}/journal.jsonl`)
    const { start } = agentOf(eventful, { tools, policy: allowing('add', 'boom'), journal })
    const finished = await finish(start(), way)
    expectEventOrder(finished.recorded)
    expectOneRecord(finished)
    await journal.close()
  })
})

describe('the fields of events', () => {
  test('are those that programs outside read', async () => {
    const { start } = agentOf(eventful, { tools, policy: allowing('add', 'boom') })
    const { events, result } = await finish(start())
    expect(only(events, 'text-delta').map(({ text }) => text)).toEqual(['he', 'llo', 'done'])
    expect(only(events, 'reasoning-delta').map(({ text }) => text)).toEqual(['hm'])
    const [first, , third] = only(events, 'tool-call')
    expect(first).toMatchObject({ tool: 'add', args: { a: 1 }, rawArgs: '{"a":1}', turn: 1 })
    expect(third).toMatchObject({ args: null, rawArgs: '{"a":' })
    const [decided] = only(events, 'decision')
    expect(decided).toMatchObject({
      callId: first!.callId,
      decision: {
        effect: 'allow',
        rule: 'allowed',
        policy: { name: 'desk', digest: result.report.header.policy.digest },
      },
    })
    const success = only(events, 'tool-result').find(({ callId }) => callId === first!.callId)
    expect(success).toMatchObject({ tool: 'add', status: 'success', result: 'done' })
    const threw = only(events, 'tool-result').find(({ tool }) => tool === 'boom')
    expect(threw).toMatchObject({ status: 'error-execution', error: { code: 'tool-failed' } })
    expect(threw).not.toHaveProperty('result')
    const [ended] = only(events, 'turn-end')
    expect(ended).toMatchObject({
      finishReason: { unified: 'tool-calls', raw: 'tool_calls' },
      usage: { inputTokens: 10, outputTokens: 5 },
    })
    expect(events.at(-1)).toMatchObject({ type: 'end', status: 'completed' })
    expect(events.at(-1)).toHaveProperty('head', expect.stringMatching(/^sha256:[0-9a-f]{64}$/))
  })

  test('name code, message and whether a retry can help when a run fails', async () => {
    const { start } = agentOf([{ error: { message: 'overloaded', code: 529 } }])
    const { events, result } = await finish(start())
    expect(result.status).toBe('error')
    expect(only(events, 'error')).toMatchObject([
      { code: expect.stringMatching(/^model-/), message: expect.any(String) },
    ])
    expect(typeof only(events, 'error')[0]!.retryable).toBe('boolean')
  })
})

describe('a run', () => {
  test('starts no call before its turn has ended well', async () => {
    const { tool, calls } = noting('act')
    const { start } = agentOf(
      [
        { calls: [{ tool: 'act', args: {} }], finish: 'length' },
        { calls: [{ tool: 'act', args: {} }], error: { message: 'cut' } },
      ],
      { tools: [tool], policy: allowing('act') },
    )
    const { events, result } = await finish(start())
    expect(calls).toEqual([])
    expect(only(events, 'execution-start')).toEqual([])
    expect(result.report.rows.map(({ status }) => status)).toEqual(['truncated', 'truncated'])
  })

  test('asks again with what was said when the provider pauses, and runs no call of a paused turn', async () => {
    const { tool, calls } = noting('act')
    const { start, model } = agentOf(
      [
        { text: 'one ', finish: 'pause_turn' },
        { text: 'two ', calls: [{ tool: 'act', args: {} }], finish: 'pause_turn' },
        { text: 'three ', finish: 'pause_turn' },
        { text: 'four' },
      ],
      { tools: [tool], policy: allowing('act') },
    )
    const { result } = await finish(start())
    expect(result).toMatchObject({ status: 'completed', text: 'one two three four' })
    expect(model.requests[1]!.messages.at(-1)).toMatchObject({
      role: 'assistant',
      content: [{ type: 'text', text: 'one ' }],
    })
    expect(model.requests[2]!.messages.at(-1)).toMatchObject({ role: 'tool', isError: true })
    expect(calls).toEqual([])
    expect(result.report.rows.map(({ status }) => status)).toEqual(['truncated'])
  })

  test('goes on with a paused answer no longer than its turns last', async () => {
    const { start, model } = agentOf(
      Array.from({ length: 9 }, () => ({ text: 'a', finish: 'pause_turn' })),
      { limits: { maxTurns: 3 } },
    )
    const { result } = await finish(start())
    expect(result).toMatchObject({ status: 'limit', text: 'aaa' })
    expect(model.requests).toHaveLength(3)
  })

  test('can be iterated once and read again from its journal', async () => {
    const { start } = agentOf([{ text: 'hi' }])
    const run = start()
    const { recorded } = await finish(run)
    expect(() => run[Symbol.asyncIterator]()).toThrow('iterated once')
    expect(await collect(run.events({ from: 2 }))).toEqual(recorded.slice(2))
  })

  test('can be read again from the number of any event on, also of one that is not kept', async () => {
    const { start } = agentOf(
      [{ text: ['one ', 'two '], calls: [{ tool: 'add', args: {} }] }, { text: ['three', '.'] }],
      { tools, policy: allowing('add') },
    )
    const run = start()
    const { events, recorded } = await finish(run)
    expect(events.length).toBeGreaterThan(recorded.length)
    for (const { seq } of events) {
      const later = recorded.filter((event) => event.seq >= seq)
      expect(await collect(run.events({ from: seq }))).toEqual(later)
    }
    expect(await collect(run.events({ from: events.length + 10 }))).toEqual([])
    for (const from of [-1, 1.5, Number.NaN, '1' as never]) {
      expect(() => run.events({ from })).toThrow(expect.objectContaining({ code: 'bad-option' }))
    }
    for (const options of [null, 7, 'x'] as never[]) {
      expect(() => run.events(options)).toThrow(expect.objectContaining({ code: 'bad-option' }))
    }
  })

  test('gives a reader that asks for several events at once each of them', async () => {
    const { start } = agentOf([{ calls: [{ tool: 'add', args: {} }] }, { text: 'done' }], {
      tools,
      policy: allowing('add'),
    })
    const run = start()
    const reader = run[Symbol.asyncIterator]()
    const asked = Array.from({ length: 40 }, () => reader.next())
    await run.result()
    const got = await Promise.all(asked)
    const events = got.flatMap(({ done, value }) => (done === true ? [] : [value]))
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, seq) => seq))
    expectEventOrder(events)
    expect(got.at(-1)).toEqual({ done: true, value: undefined })
  })

  test('tells a reader that leaves while it waits that there is nothing more for it', async () => {
    const { start } = agentOf([{ calls: [{ tool: 'wait', args: {} }] }, { text: 'done' }], {
      tools: [toolOf('wait', { execute: () => work.promise })],
      policy: allowing('wait'),
    })
    const work = Promise.withResolvers<string>()
    const run = start()
    const reader = run[Symbol.asyncIterator]()
    let next: ReturnType<typeof reader.next>
    do next = reader.next()
    while ((await next).value?.type !== 'execution-start')
    const asked = [reader.next(), reader.next()]
    await reader.return?.()
    const nothing = { done: true, value: undefined }
    expect(await Promise.all(asked)).toEqual([nothing, nothing])
    work.resolve('')
    expect((await run.result()).status).toBe('completed')
  })

  test('merges deltas for a slow reader and drops nothing else', async () => {
    const pieces = Array.from({ length: 2_000 }, (_, index) => `${index} `)
    const { start } = agentOf(
      [{ text: pieces, calls: [{ tool: 'add', args: {} }] }, { text: '' }],
      {
        tools,
        policy: allowing('add'),
      },
    )
    const run = start()
    await run.result()
    const { events } = await finish(run)
    const deltas = only(events, 'text-delta')
    expect(deltas.length).toBeLessThan(300)
    expect(deltas.map(({ text }) => text).join('')).toBe(pieces.join(''))
    expectEventOrder(events)
  })

  test('gives the model the results in call order, whatever order they finish in', async () => {
    const gates = new Map<string, PromiseWithResolvers<string>>(
      ['a', 'b', 'c'].map((name) => [name, Promise.withResolvers<string>()]),
    )
    const started: string[] = []
    const wait = toolOf('wait', {
      execute({ name }) {
        started.push(name as string)
        // the last one to start lets all of them go, itself first
        if (started.length === 3) for (const key of ['c', 'b', 'a']) gates.get(key)!.resolve(key)
        return gates.get(name as string)!.promise
      },
    })
    const { start, model } = agentOf(
      [
        { calls: ['a', 'b', 'c'].map((name) => ({ tool: 'wait', args: { name } })) },
        { text: 'ok' },
      ],
      { tools: [wait], policy: allowing('wait') },
    )
    const { events } = await finish(start())
    expectEventOrder(events)
    const answers = model.requests[1]!.messages.filter(({ role }) => role === 'tool')
    expect(answers.map(({ content }) => content)).toEqual(['a', 'b', 'c'])
  })
})
