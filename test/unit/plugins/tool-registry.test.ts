import { describe, expect, test } from 'vitest'
import { toolRegistry, type ToolRegistryOptions } from '../../../src/plugins/tool-registry.ts'
import type { LoadedPolicy } from '../../../src/loading/file.ts'
import { agentOf, allowing, policyOf, toolOf } from '../../support/agent.ts'

const who = { roles: ['user'] }

/** What the model is shown where the runtime has these tools; each is described by who told it. */
async function shown(
  given: readonly string[],
  options: ToolRegistryOptions,
  policy: LoadedPolicy = allowing('**'),
): Promise<readonly string[]> {
  const { model, start } = agentOf([{ text: 'ok' }], {
    tools: given.map((name) => toolOf(name, { description: 'runtime' })),
    policy,
    plugins: [toolRegistry(options)],
  })
  await start().result()
  return model.requests[0]!.tools.map(({ description, name }) => `${name} of ${description}`)
}

const tools = ['a', 'b'].map((name) => toolOf(name, { description: 'plugin' }))
const given = ['b', 'c']

describe('the tool registry plugin', () => {
  test.each<[ToolRegistryOptions['mode'], readonly string[]]>([
    ['override', ['a of plugin', 'b of plugin']],
    [undefined, ['a of plugin', 'b of plugin']],
    ['merge', ['b of runtime', 'c of runtime', 'a of plugin']],
    ['if-empty', ['b of runtime', 'c of runtime']],
  ])('S2-61: in mode %s its tools and those of the runtime make %j', async (mode, wanted) => {
    const options = mode === undefined ? { tools } : { tools, mode }
    expect(await shown(given, options)).toEqual(wanted)
  })

  test('S2-61: in mode if-empty its tools stand in for none', async () => {
    expect(await shown([], { tools, mode: 'if-empty' })).toEqual(['a of plugin', 'b of plugin'])
  })

  test('S2-61: asks a provider when the runtime is set up', async () => {
    let asked = 0
    const provider = async (): Promise<typeof tools> => {
      asked++
      return tools
    }
    const { runtime, start } = agentOf([{ text: 'ok' }, { text: 'ok' }], {
      policy: allowing('**'),
      plugins: [toolRegistry({ tools: provider })],
    })
    expect(asked).toBe(0)
    await start().result()
    await start().result()
    await runtime.close()
    expect(asked).toBe(1)
  })

  test('shows the model no tool that no rule could permit', async () => {
    const policy = policyOf({
      rules: [
        { id: 'a', allow: ['a'], who, args: { n: { const: 1 } } },
        { id: 'b', deny: ['b'] },
      ],
    })
    expect(await shown([], { tools }, policy)).toEqual(['a of plugin'])
    // those that the host itself gave are shown as ever
    expect(await shown(['b', 'c'], { tools, mode: 'merge' }, policyOf())).toEqual([
      'b of runtime',
      'c of runtime',
    ])
  })

  test('does not run what it hides', async () => {
    const calls: string[] = []
    const b = toolOf('b', { execute: () => void calls.push('b') })
    const { start } = agentOf([{ calls: [{ tool: 'b' }] }, { text: 'ok' }], {
      policy: policyOf({ rules: [{ id: 'a', allow: ['a'], who }] }),
      tools: [toolOf('a')],
      plugins: [toolRegistry({ tools: [b], mode: 'merge' })],
    })
    const { report } = await start().result()
    expect(report.rows[0]).toMatchObject({ status: 'error-security' })
    expect(calls).toEqual([])
  })

  test.each<[string, () => unknown, string]>([
    ['fails', () => Promise.reject(new Error('no connection')), 'bad-plugin'],
    ['returns no list', () => 'tools', 'bad-plugin'],
    ['returns what is no tool', () => [{ name: 'x' }], 'bad-plugin'],
  ])('a provider that %s ends the set-up', async (_, provider, code) => {
    const plugins = [toolRegistry({ tools: provider as never })]
    const { runtime } = agentOf([], { plugins })
    await expect(runtime.ready()).rejects.toMatchObject({ code })
  })

  test.each([{}, { tools: 5 }, { tools: [], mode: 'add' }])('takes no %o', (options) => {
    expect(() => toolRegistry(options as never)).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    )
  })
})
