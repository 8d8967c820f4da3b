import { describe, expect, test } from 'vitest'
import type { Plugin } from '../../../src/run/plugin.ts'
import { agentOf, allowing, noting, toolOf } from '../../support/agent.ts'

/** A plugin that notes when it is set up and disposed of. */
function noted(name: string, notes: string[], fields: Partial<Plugin> = {}): Plugin {
  return {
    name,
    setup: () => void notes.push(`+${name}`),
    dispose: () => void notes.push(`-${name}`),
    ...fields,
  }
}

const turns = [{ text: 'hi' }]

describe('plugins of a runtime', () => {
  test('S2-62: are set up in order with the first run and disposed of in reverse order', async () => {
    const notes: string[] = []
    const plugins = ['a', 'b', 'c'].map((name) => noted(name, notes))
    const { runtime, start } = agentOf(turns, { plugins })
    expect(notes).toEqual([])
    await start().result()
    expect(notes).toEqual(['+a', '+b', '+c'])
    await runtime.close()
    await runtime.close()
    expect(notes).toEqual(['+a', '+b', '+c', '-c', '-b', '-a'])
  })

  test('are disposed of when the runtime goes out of scope, after its runs', async () => {
    const notes: string[] = []
    {
      const plugin = noted('a', notes, {
        setup: () => ({ onEvent: ({ type }) => notes.push(type) }),
      })
      const agent = agentOf(turns, { plugins: [plugin] })
      await using _ = agent.runtime
      agent.start()
    }
    expect(notes.at(-1)).toBe('-a')
    expect(notes.at(-2)).toBe('end')
  })

  test('that were never set up are not disposed of, and none is set up after the end', async () => {
    const notes: string[] = []
    const { runtime } = agentOf(turns, { plugins: [noted('a', notes)] })
    await runtime.close()
    await expect(runtime.ready()).rejects.toMatchObject({ code: 'runtime-closed' })
    await expect(runtime.stop()).rejects.toMatchObject({ code: 'runtime-closed' })
    expect(notes).toEqual([])
  })

  test('one that fails is named, and those before it are disposed of', async () => {
    const notes: string[] = []
    const broken: Plugin = {
      name: 'broken',
      setup() {
        throw new Error('no such host')
      },
    }
    const plugins = [noted('a', notes), noted('b', notes), broken, noted('c', notes)]
    const { start } = agentOf(turns, { plugins })
    await expect(start().result()).rejects.toMatchObject({
      code: 'bad-plugin',
      message: 'plugin `broken` cannot be set up: no such host',
    })
    expect(notes).toEqual(['+a', '+b', '-b', '-a'])
  })

  test.each<[string, unknown, RegExp]>([
    ['a part nobody knows', { onevent: () => 1 }, /no option `onevent`.*`onEvent`/],
    ['a hook that is no function', { gateHook: 'deny' }, /gateHook` is not a function/],
    ['a time that is none', { gateHook: () => 1, hookTimeoutMs: 0 }, /hookTimeoutMs` is 0/],
    ['a text', 'nonsense', /needs an object/],
    ['null', null, /needs an object/],
  ])('that set up %s are refused and disposed of', async (_, parts, message) => {
    const notes: string[] = []
    const plugin = noted('a', notes, { setup: () => parts as never })
    const { start } = agentOf(turns, { plugins: [plugin] })
    const failure = await start()
      .result()
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'bad-plugin', message: expect.stringMatching(message) })
    expect(notes).toEqual(['-a'])
  })

  test('that fail at their end are counted and keep nobody else from it', async () => {
    const notes: string[] = []
    const said: string[] = []
    const broken = noted('broken', notes, {
      dispose: () => Promise.reject(new Error('too late')),
    })
    const log = (message: string): void => void said.push(message)
    const plugins = [noted('a', notes), broken]
    const { runtime, start } = agentOf(turns, { plugins, log })
    await start().result()
    await runtime.close()
    expect(notes).toEqual(['+a', '+broken', '-a'])
    expect(runtime.pluginFaults()).toEqual({ broken: 1 })
    expect(said).toEqual([
      expect.stringContaining('plugin `broken`: it cannot be disposed of: too'),
    ])
  })

  test.each<[string, unknown]>([
    ['have no name', { setup: () => undefined }],
    ['have a name that could be a rule', { name: 'a b', setup: () => undefined }],
    ['cannot be set up', { name: 'a' }],
    ['are null', null],
  ])('that %s are refused when the runtime is made', (_, plugin) => {
    expect(() => agentOf(turns, { plugins: [plugin as Plugin] })).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    )
  })

  test('of one name are refused', () => {
    const plugins = [noted('a', []), noted('a', [])]
    expect(() => agentOf(turns, { plugins })).toThrow(/two named `a`/)
  })
})

describe('tools that plugins tell', () => {
  test('are under the policy, which is held against them when they are known', async () => {
    const { tool, calls } = noting('act')
    const given: string[] = []
    const plugin: Plugin = {
      name: 'tools',
      setup: () => undefined,
      tools(before) {
        given.push(...before.map(({ name }) => name))
        return [...before, tool]
      },
    }
    const script = [{ calls: [{ tool: 'act' }, { tool: 'other' }] }, { text: 'ok' }]
    const { model, start } = agentOf(script, {
      plugins: [plugin],
      policy: allowing('act'),
      tools: [toolOf('other')],
    })
    const { report } = await start().result()
    expect(given).toEqual(['other'])
    expect(model.requests[0]!.tools.map(({ name }) => name)).toEqual(['other', 'act'])
    expect(report.rows.map(({ status }) => status)).toEqual(['success', 'error-security'])
    expect(calls).toHaveLength(1)
  })

  test('that do not fit the policy end in its error, and plugins are disposed of', async () => {
    const notes: string[] = []
    const plugin = noted('tools', notes, { tools: () => [] })
    const { runtime } = agentOf(turns, {
      plugins: [plugin],
      policy: allowing('act'),
      tools: [toolOf('act')],
    })
    await expect(runtime.ready()).rejects.toMatchObject({ code: 'bad-policy' })
    expect(notes).toEqual(['+tools', '-tools'])
  })
})
