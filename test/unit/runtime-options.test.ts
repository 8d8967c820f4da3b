import { describe, expect, test } from 'vitest'
import type { RunOptions, RuntimeOptions } from '../../src/runtime-options.ts'
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
  ])('of a run are refused: %s', (_, options) => {
    const { runtime } = agentOf([])
    expect(() => runtime.run({ input: 'x', ...options } as RunOptions)).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
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
        help: 'pass an object with the `type` `text`, `reasoning`, `refusal`, `tool-call`',
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
      settings: {},
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
