import { describe, expect, test } from 'vitest'
import type { Plugin, PluginParts } from '../../src/run/plugin.ts'
import { createGate, type StandaloneGate } from '../../src/standalone-gate.ts'
import { allowing, user } from '../support/agent.ts'
import { pluginOf } from '../support/plugins.ts'

const tools = [{ name: 'act' }]
const act = { tool: 'act', args: {} }

function gateWith(...parts: readonly PluginParts[]): Promise<StandaloneGate> {
  const plugins = parts.map((part, at) => pluginOf(part, `p${at}`))
  return createGate(allowing('act'), { tools, plugins, log: () => undefined })
}

describe('the plugins of a gate', () => {
  test('S2-39: a hook refuses in front of a loop of another program', async () => {
    await using gate = await gateWith({ gateHook: () => ({ effect: 'deny', reason: 'late' }) })
    expect(await gate.judge(act, user, 's')).toMatchObject({
      outcome: 'refused',
      decision: { rule: 'hooks.p0' },
      content: expect.stringContaining('Denied by `hooks.p0`: late.'),
    })
    const { rows } = await gate.end(user, 's')
    expect(rows[0]).toMatchObject({ error: { code: 'hook-denied' } })
  })

  test('a hook asks, and is asked again with the answer', async () => {
    let asked = 0
    await using gate = await gateWith({
      gateHook: () => ({ effect: ++asked < 3 ? 'ask' : 'deny' }),
    })
    const judged = await gate.judge(act, user, 's')
    if (judged.outcome !== 'ask') throw new Error(`not asked but ${judged.outcome}`)
    const by = { subject: 'ada' }
    const answered = await gate.answer(judged.request.id, { action: 'approve', by })
    expect(answered.outcome).toBe('run')
    const again = await gate.judge(act, user, 's')
    expect(again).toMatchObject({ outcome: 'refused', decision: { rule: 'hooks.p0' } })
  })

  test('a hook that hangs when the run ends does not hold it up', async () => {
    const asked = Promise.withResolvers<void>()
    await using gate = await gateWith({
      hookTimeoutMs: 600_000,
      gateHook() {
        asked.resolve()
        return new Promise(() => undefined)
      },
    })
    const judged = gate.judge(act, user, 's')
    await asked.promise
    await gate.close()
    expect(await judged).toMatchObject({ outcome: 'refused' })
  })

  test('an observer sees what is recorded', async () => {
    const seen: string[] = []
    await using gate = await gateWith({ onEvent: ({ type }) => void seen.push(type) })
    const judged = await gate.judge(act, user, 's')
    await gate.settle(judged.callId, { result: 'done' })
    await gate.end(user, 's')
    const types = ['run-start', 'tool-call', 'decision', 'execution-start', 'tool-result', 'end']
    expect(seen).toEqual(types)
  })

  test('are disposed of when it is closed, after its runs have ended', async () => {
    const notes: string[] = []
    const plugin: Plugin = {
      name: 'p',
      setup: () => ({ onEvent: ({ type }) => void notes.push(type) }),
      dispose: () => void notes.push('disposed'),
    }
    const gate = await createGate(allowing('act'), { tools, plugins: [plugin] })
    await gate.judge(act, user, 's')
    await gate.close()
    expect(notes.slice(-2)).toEqual(['end', 'disposed'])
  })

  test.each<[string, PluginParts]>([
    ['a wrapper of tools', { wrapTool: (_, next) => next() }],
    ['a wrapper of models', { wrapModel: (request, next) => next(request) }],
  ])('with %s are refused, for nothing would be wrapped', async (_, parts) => {
    await expect(gateWith(parts)).rejects.toMatchObject({ code: 'bad-plugin' })
  })

  test('that tell tools are refused', async () => {
    const plugin: Plugin = { name: 'p', setup: () => undefined, tools: () => [] }
    const options = { tools, plugins: [plugin] }
    await expect(createGate(allowing('act'), options)).rejects.toMatchObject({ code: 'bad-plugin' })
  })
})
