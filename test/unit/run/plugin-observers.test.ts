import { describe, expect, test } from 'vitest'
import type { RunEvent } from '../../../src/protocol/run-event.ts'
import type { PluginParts } from '../../../src/run/plugin.ts'
import { agentOf, allowing, finish, noting, toolOf } from '../../support/agent.ts'
import { pluginOf } from '../../support/plugins.ts'

const turns = [
  { text: ['let ', 'me ', 'see'], reasoning: 'hm', calls: [{ tool: 'act' }] },
  { text: 'done' },
]
const act = { tools: [toolOf('act')], policy: allowing('act') }

function seeing(events: RunEvent[], parts: PluginParts = {}): PluginParts {
  return { onEvent: (event) => void events.push(event), ...parts }
}

describe('an observer', () => {
  test('S2-62: sees every event of a run as its reader does', async () => {
    const seen: RunEvent[] = []
    const { start } = agentOf(turns, { ...act, plugins: [pluginOf(seeing(seen))] })
    const { events } = await finish(start())
    expect(seen).toEqual(events)
    expect(seen.filter(({ type }) => type === 'text-delta')).toHaveLength(4)
  })

  test('sees whole texts also where nobody reads the run', async () => {
    const seen: RunEvent[] = []
    const { start } = agentOf(turns, { ...act, plugins: [pluginOf(seeing(seen))] })
    await start().result()
    const texts = seen.flatMap((event) => (event.type === 'text-delta' ? [event.text] : []))
    expect(texts).toEqual(['let ', 'me ', 'see', 'done'])
  })

  test('sees no deltas where it wants none, and the events keep their numbers', async () => {
    const seen: RunEvent[] = []
    const plugins = [pluginOf(seeing(seen, { deltas: false }))]
    const { events } = await finish(agentOf(turns, { ...act, plugins }).start())
    const structural = events.filter(({ type }) => !type.endsWith('-delta'))
    expect(seen).toEqual(structural)
  })

  test('is not shown what a tool calls sensitive', async () => {
    const seen: RunEvent[] = []
    const { start } = agentOf(
      [{ calls: [{ tool: 'act', args: { card: 'card 4111' } }] }, { text: '' }],
      {
        tools: [toolOf('act', { sensitive: ['/card'] })],
        policy: allowing('act'),
        plugins: [pluginOf(seeing(seen))],
      },
    )
    await start().result()
    expect(seen.map(({ type }) => type)).toContain('tool-call')
    expect(JSON.stringify(seen)).not.toContain('card 4111')
  })

  test('cannot change what others see, by what it is shown', async () => {
    const { tool, calls } = noting('act')
    const changing = pluginOf({
      onEvent(event) {
        for (const value of Object.values(event)) if (Array.isArray(value)) value.length = 0
        Object.assign(event, { type: 'end', args: { a: 2 }, decision: { effect: 'allow' } })
      },
    })
    const script = [{ calls: [{ tool: 'act', args: { a: 1 } }, { tool: 'other' }] }, { text: 'ok' }]
    const { start, runtime } = agentOf(script, {
      tools: [tool, toolOf('other')],
      policy: allowing('act'),
      plugins: [changing],
      log: () => undefined,
    })
    const { recorded, result } = await finish(start())
    expect(recorded.at(0)?.type).toBe('run-start')
    expect(result.report.rows.map(({ status }) => status)).toEqual(['success', 'error-security'])
    expect(calls).toEqual([{ a: 1 }])
    expect(runtime.pluginFaults()['p']).toBeGreaterThan(0)
  })

  test.each<[string, PluginParts['onEvent']]>([
    [
      'throws',
      () => {
        throw new Error('disk full')
      },
    ],
    ['rejects', () => Promise.reject(new Error('disk full'))],
    [
      'returns something that cannot be waited for',
      () => ({
        get then() {
          throw new Error('disk full')
        },
      }),
    ],
  ])('that %s changes nothing, is counted each time and told once', async (_, onEvent) => {
    const said: string[] = []
    const seen: RunEvent[] = []
    const plugins = [pluginOf({ onEvent: onEvent! }, 'bad'), pluginOf(seeing(seen), 'good')]
    const log = (message: string): void => void said.push(message)
    const { start, runtime } = agentOf(turns, { ...act, plugins, log })
    const { events, result } = await finish(start())
    expect(result.status).toBe('completed')
    expect(seen).toEqual(events)
    expect(runtime.pluginFaults()).toEqual({ bad: events.length })
    expect(said).toEqual([
      'plugin `bad`: its observer failed at `run-start`: disk full; told once, later faults are only counted',
    ])
  })

  test('that stops the run by what it sees leaves the order of events as it is', async () => {
    const seen: RunEvent[] = []
    const run: { cancel?: () => void } = {}
    const stopping = pluginOf({
      onEvent({ type }) {
        if (type === 'approval-request' || type === 'execution-start') run.cancel?.()
      },
    })
    const script = [{ calls: [{ tool: 'act' }, { tool: 'slow' }] }, { text: 'done' }]
    const slow = toolOf('slow', { execute: () => new Promise(() => undefined) })
    const started = agentOf(script, {
      tools: [toolOf('act'), slow],
      policy: allowing('act', 'slow'),
      plugins: [stopping, pluginOf(seeing(seen), 'other')],
    }).start()
    run.cancel = () => started.cancel()
    const { events, recorded, result } = await finish(started)
    expect(result.status).toBe('cancelled')
    const numbers = seen.map(({ seq }) => seq)
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
    expect(seen).toEqual(events)
    expect(events).toEqual(recorded)
  })

  test('that never settles holds up nothing', async () => {
    const plugins = [pluginOf({ onEvent: () => new Promise(() => undefined) })]
    const { start, runtime } = agentOf(turns, { ...act, plugins })
    expect((await start().result()).status).toBe('completed')
    await runtime.close()
  })

  test('without a log of the host makes a warning of the process', async () => {
    const warned = new Promise((resolve) => process.once('warning', resolve))
    const plugins = [pluginOf({ onEvent: () => Promise.reject(new Error('\u001B[2J')) })]
    await agentOf(turns, { ...act, plugins })
      .start()
      .result()
    expect(await warned).toMatchObject({ message: expect.stringContaining('\\u{1b}[2J') })
  })
})
