import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { openaiCompatible } from '../../src/model/compatible.ts'
import type { RunOptions, RuntimeOptions } from '../../src/runtime-options.ts'
import { memoryHistory } from '../../src/history/memory.ts'
import { createRuntime } from '../../src/runtime.ts'
import { scripted } from '../../src/testing/scripted.ts'
import { agentOf, allowing, finish, only, toolOf } from '../support/agent.ts'

const calling = { calls: [{ tool: 'act', args: {} }] }

describe('options', () => {
  test.each<[string, object]>([
    ['an unknown option', { modle: 1 }],
    ['no model', { model: undefined }],
    ['something that is no model', { model: { id: 'x' } }],
    ['an unknown limit', { limits: { maxTurn: 1 } }],
    ['a limit of 0', { limits: { maxTurns: 0 } }],
    ['a limit that is a text', { limits: { maxTurns: '5' } }],
    ['a limit that is no number', { limits: { maxTokens: Number.NaN } }],
    ['half a turn', { limits: { maxTurns: 1.5 } }],
    ['a negative cost', { limits: { maxCost: -1 } }],
    ['limits that are none', { limits: null }],
    ['tools that are no array', { tools: { act: toolOf('act') } }],
    ['a text for tools', { tools: 'act' }],
    ['instructions that are no text', { instructions: ['be kind'] }],
    ['a stop condition that is no function', { stopWhen: [undefined] }],
    ['a stop condition outside of an array', { stopWhen: () => undefined }],
    ['an approval that is no function', { approve: { action: 'approve' } }],
    ['an authenticator that is no function', { authenticator: { authenticate: 1 } }],
    ['a log that is no function', { log: console }],
    ['a journal that is a path', { journal: 'journal.jsonl' }],
    ['a policy that is a path', { policy: 'policy.yaml' }],
    ['a policy that is still a promise', { policy: Promise.resolve() }],
    ['a choice of tools that does not exist', { toolChoice: 'any' }],
    ['a choice of a tool without a name', { toolChoice: { tool: 1 } }],
    ['a choice of a tool and more', { toolChoice: { tool: 'act', other: 1 } }],
    ['a text where shadow mode is allowed', { allowShadow: 'false' }],
    ['settings that are no object', { settings: 'hot' }],
    ['a tool that is a name', { tools: ['act'] }],
    ['a clock that does not run', { clock: {} }],
    ['a store of conversations without methods', { history: {} }],
    ['a store that keeps nothing', { history: { ...memoryHistory(), append: undefined } }],
    ['a history without a store', { history: { store: undefined } }],
    ['a view that is no function', { history: { store: memoryHistory(), view: 'all' } }],
    ['another member of a history', { history: { store: memoryHistory(), ttlMs: 1 } }],
    ['a clock that only knows the date', { clock: { now: () => 0 } }],
    ['a model without a name', { model: { ...scripted([]), id: undefined } }],
    ['a model of nobody', { model: { ...scripted([]), provider: 7 } }],
    ['batches that are no function', { model: { ...scripted([]), streamBatches: true } }],
  ])('of a runtime are refused: %s', (_, options) => {
    const given = { model: scripted([]), ...options } as RuntimeOptions
    expect(() => createRuntime(given)).toThrow(expect.objectContaining({ code: 'bad-option' }))
  })

  test.each<[string, object]>([
    ['an unknown option', { promt: 'x' }],
    ['no input', { input: undefined }],
    ['a limit of 0', { limits: { maxTurns: 0 } }],
    ['an unknown limit', { limits: { turns: 1 } }],
    ['input that is a part', { input: { type: 'text', text: 'x' } }],
    ['a part that is a text', { input: ['x'] }],
    ['a part of the model', { input: [{ type: 'tool-call' }] }],
    ['a part without its text', { input: [{ type: 'text' }] }],
    ['a controller for a signal', { signal: new AbortController() }],
    ['what looks like a signal', { signal: { aborted: false } }],
    ['a session that is no text', { session: 7 }],
    ['an approval that is no function', { approve: true }],
    ['a choice of tools that does not exist', { toolChoice: null }],
    ['a message outside of an array', { messages: { role: 'user', content: 'x' } }],
    ['a message that is a text', { messages: ['x'] }],
    ['an empty place among messages', { messages: Array.from({ length: 1 }) }],
    ['a role that does not exist', { messages: [{ role: 'developer', content: 'x' }] }],
    ['a role of every object', { messages: [{ role: 'constructor', content: 'x' }] }],
    ['a message without content', { messages: [{ role: 'user' }] }],
    ['a system message of parts', { messages: [{ role: 'system', content: [] }] }],
    ['an assistant message of text', { messages: [{ role: 'assistant', content: 'x' }] }],
    [
      'a call without its id',
      { messages: [{ role: 'assistant', content: [{ type: 'tool-call' }] }] },
    ],
    ['a tool message without its call', { messages: [{ role: 'tool', content: 'x' }] }],
    ['a picture of unknown detail', { input: [{ type: 'image', url: 'https://a', detail: 1 }] }],
    ['opaque data of no wire', { messages: [{ role: 'assistant', content: [], opaque: {} }] }],
    ['opaque data that is a text', { messages: [{ role: 'assistant', content: [], opaque: 'x' }] }],
  ])('of a run are refused: %s', (_, options) => {
    const { runtime } = agentOf([])
    expect(() => runtime.run({ input: 'x', ...options } as RunOptions)).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    )
  })

  const settings: readonly (readonly [string, unknown, string])[] = [
    ['temprature', 1, '`settings` has no option `temprature`; did you mean `temperature`?'],
    ['temperature', '1', '`settings.temperature` is not a number'],
    ['topP', 2, '`settings.topP` is 2'],
    ['maxOutputTokens', 0, '`settings.maxOutputTokens` is 0'],
    ['maxOutputTokens', Infinity, '`settings.maxOutputTokens` is Infinity'],
    ['stop', 'END', '`settings.stop` is not an array of texts'],
    ['stop', ['a', 1], '`settings.stop[1]` is not a text'],
    ['seed', 1.5, '`settings.seed` is 1.5'],
    ['reasoning', 'high', '`settings.reasoning` needs an object of options'],
    ['reasoning', { effort: 'max' }, '`settings.reasoning.effort` is not one of its words'],
    ['reasoning', { budget: 1 }, '`settings.reasoning` has no option `budget`'],
    ['parallelToolCalls', 1, '`settings.parallelToolCalls` is not true or false'],
    ['extra', [], '`settings.extra` is not an object'],
  ]

  test.each(settings)('settings are refused with the place: %s %o', (key, value, message) => {
    const given = { settings: { [key]: value } } as object
    const expected = expect.objectContaining({ code: 'bad-option', message })
    expect(() => createRuntime({ model: scripted([]), ...given })).toThrow(expected)
    const { runtime } = agentOf([])
    expect(() => runtime.run({ input: 'x', ...given })).toThrow(expected)
  })

  test.each<[string, () => unknown, string]>([
    [
      'a runtime',
      () => createRuntime({ model: scripted([]), tool: [] } as RuntimeOptions),
      'createRuntime has no option `tool`; did you mean `tools`?',
    ],
    [
      'a run',
      () => agentOf([]).runtime.run({ input: 'x', sesion: 's' } as RunOptions),
      'run has no option `sesion`; did you mean `session`?',
    ],
    [
      'limits',
      () => createRuntime({ model: scripted([]), limits: { maxTurn: 1 } } as RuntimeOptions),
      '`limits` has no option `maxTurn`; did you mean `maxTurns`?',
    ],
    [
      'an endpoint',
      () => openaiCompatible({ baseUrl: 'http://a.example/v1', modle: 'm' } as never),
      '`openaiCompatible` has no option `modle`; did you mean `model`?',
    ],
    ['a runtime of nothing', () => createRuntime([] as never), 'createRuntime needs an object'],
    [
      'an object without a text',
      () => createRuntime({ model: scripted([]), limits: { maxTurns: Object.create(null) } }),
      '`limits.maxTurns` is not a number',
    ],
  ])('misspelt options of %s come with the right word', (_, make, message) => {
    expect(make).toThrow(
      expect.objectContaining({ code: 'bad-option', message: expect.stringContaining(message) }),
    )
  })

  test('say which one is wrong, and what to pass', () => {
    const { runtime } = agentOf([])
    const messages = [
      { role: 'user', content: 'x' },
      { role: 'assistant', content: [{}] },
    ]
    expect(() => runtime.run({ input: 'x', messages } as unknown as RunOptions)).toThrow(
      expect.objectContaining({
        message: '`messages[1].content[0]` is not a part of a message',
        help: 'pass an object with the `type` `text`, `image`, `reasoning`, `refusal`, `tool-call`',
      }),
    )
  })

  test('of every documented kind are taken', async () => {
    const { start, model } = agentOf([{ text: 'done' }], {
      instructions: 'be kind',
      stopWhen: [() => undefined],
      toolChoice: { tool: 'act' },
      approve: () => undefined,
      log: () => {},
      allowShadow: false,
      settings: {
        temperature: 0,
        topP: 1,
        maxOutputTokens: 10,
        stop: ['END'],
        seed: -1,
        reasoning: { effort: 'low', maxTokens: 5, exclude: false, summary: 'concise' },
        parallelToolCalls: false,
        extra: { top_k: 3 },
      },
      clock: systemClock,
    })
    const call = { callId: 'c', providerId: '', tool: 'act' }
    const options: Partial<RunOptions> = {
      input: [
        { type: 'text', text: 'x' },
        { type: 'image', url: 'https://a.example/x.png' },
        { type: 'file', name: 'x', url: 'data:,x' },
      ],
      messages: [
        { role: 'system', content: 's' },
        { role: 'user', content: 'u' },
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'r' },
            { type: 'refusal', text: 'no' },
            { type: 'tool-call', ...call, arguments: '{}' },
          ],
        },
        { role: 'tool', ...call, content: 'done', isError: false },
      ],
      session: 's-1',
      signal: new AbortController().signal,
      toolChoice: 'none',
      approve: () => undefined,
    }
    expect((await start(options).result()).status).toBe('completed')
    expect(model.requests[0]!.messages).toHaveLength(6)
  })

  test('of a run can only lower the limits of its runtime', async () => {
    const turns = Array.from({ length: 9 }, (_, n) => ({ calls: [{ tool: 'act', args: { n } }] }))
    const { start, model } = agentOf(turns, {
      tools: [toolOf('act')],
      policy: allowing('act'),
      limits: { maxTurns: 3 },
    })
    const { events } = await finish(start({ limits: { maxTurns: 1_000, maxToolCalls: 7 } }))
    expect(model.requests).toHaveLength(3)
    expect(only(events, 'run-start')[0]!.limits).toMatchObject({ maxTurns: 3, maxToolCalls: 7 })
    await finish(start({ limits: { maxTurns: 2 } }))
    expect(model.requests).toHaveLength(5)
  })

  test('counts a limit that is undefined as not given', async () => {
    const turns = Array.from({ length: 9 }, (_, n) => ({ calls: [{ tool: 'act', args: { n } }] }))
    const nothing = { maxTurns: undefined, maxToolCalls: undefined } as object
    const { start, model } = agentOf(turns, {
      tools: [toolOf('act')],
      policy: allowing('act'),
      limits: { ...nothing, maxParallel: 2 },
    })
    const { events } = await finish(start({ limits: { ...nothing, maxTurns: 3 } }))
    const limits = { maxTurns: 3, maxToolCalls: 50, maxParallel: 2 }
    expect(only(events, 'run-start')[0]!.limits).toMatchObject(limits)
    await finish(start({ limits: { ...nothing } }))
    expect(model.requests).toHaveLength(10)
  })

  test('a tool that cannot be compiled rejects the result and the iteration', async () => {
    const broken = toolOf('act', {
      input: { type: 'object', properties: { a: { pattern: '(?=a)' } } },
    })
    const { runtime, start, model } = agentOf([calling], {
      tools: [broken],
      policy: allowing('act'),
    })
    await expect(runtime.ready()).rejects.toMatchObject({ code: 'bad-schema' })
    await expect(start().result()).rejects.toMatchObject({ code: 'bad-schema' })
    await expect(finish(start())).rejects.toMatchObject({ code: 'bad-schema' })
    expect(model.requests).toEqual([])
  })

  test('two tools of one name, and a policy that names a strange tool, are refused', () => {
    expect(() => agentOf([], { tools: [toolOf('act'), toolOf('act')] })).toThrow(
      'two tools have the name `act`',
    )
    expect(() => agentOf([], { tools: [toolOf('act')], policy: allowing('other') })).toThrow(
      expect.objectContaining({ code: 'bad-policy' }),
    )
  })
})
