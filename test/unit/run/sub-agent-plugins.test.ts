import { describe, expect, test } from 'vitest'
import type { GateHook } from '../../../src/gate/hooks.ts'
import type { ToolWrapper } from '../../../src/tools/wrap.ts'
import type { RunEvent } from '../../../src/protocol/run-event.ts'
import type { PluginParts } from '../../../src/run/plugin.ts'
import type { ResumeOptions } from '../../../src/resume-options.ts'
import type { RunOptions, RunResult } from '../../../src/runtime-options.ts'
import { agentTool } from '../../../src/sub-agent.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import { agentOf, allowing, noting, toolOf } from '../../support/agent.ts'
import { asking, subAgent } from '../../support/agent-tree.ts'
import { pluginOf } from '../../support/plugins.ts'

interface Delegated {
  readonly result: RunResult
  readonly calls: readonly unknown[]
  resume(options: ResumeOptions): Promise<RunResult>
}

/** A run whose agent `helper` calls `look`, under a plugin of these parts. */
async function delegatedUnder(
  parts: PluginParts,
  run: Partial<RunOptions> = {},
): Promise<Delegated> {
  const { tool: look, calls } = noting('look')
  const helper = agentTool({
    name: 'helper',
    description: 'An agent.',
    model: scripted([{ calls: [{ tool: 'look' }] }, { text: 'it is blue' }]),
    tools: [look],
  })
  const steps = [{ calls: [asking('helper', 'look')] }, { text: 'blue' }]
  const { runtime, start } = agentOf(steps, {
    tools: [helper],
    policy: allowing('helper', 'look'),
    plugins: [pluginOf(parts)],
  })
  const result = await start(run).result()
  const resume = (options: ResumeOptions): Promise<RunResult> =>
    runtime.resume(result.runId, options).result()
  return { result, calls, resume }
}

/** Takes from its signal what others would follow it by. */
const deafening: ToolWrapper = ({ signal }, next) => {
  Object.assign(signal, { addEventListener: () => undefined })
  return next()
}

describe('the plugins of a runtime', () => {
  test('S2-39: hooks decide about the calls of agents that are called as tools', async () => {
    const asked: string[] = []
    const gateHook: GateHook = ({ principal, tool }) => {
      asked.push(`${tool} by ${principal?.agent}`)
      return { effect: tool === 'look' ? 'deny' : 'allow' }
    }
    const { calls, result } = await delegatedUnder({ gateHook })
    // also about whoever the agent works for, who may be refused what the agent is not
    expect(asked).toEqual(['helper by undefined', 'look by helper', 'look by undefined'])
    expect(calls).toEqual([])
    expect(result.status).toBe('completed')
  })

  test('questions of hooks about such calls reach people', async () => {
    const asked: string[] = []
    const { calls, result } = await delegatedUnder(
      { gateHook: ({ tool }) => ({ effect: tool === 'look' ? 'ask' : 'allow' }) },
      {
        approve({ tool }) {
          asked.push(tool)
          return { action: 'approve', by: { subject: 'ada' } }
        },
      },
    )
    expect(asked).toEqual(['look'])
    expect(calls).toHaveLength(1)
    expect(result.status).toBe('completed')
  })

  test('questions nobody answers wait, also behind wrappers, and are answered later', async () => {
    const parts: PluginParts = {
      gateHook: ({ tool }) => ({ effect: tool === 'look' ? 'ask' : 'allow' }),
      wrapTool: async (_, next) => next(),
    }
    const { calls, resume, result } = await delegatedUnder(parts)
    expect(result).toMatchObject({ status: 'needs-approval', approvals: [{ tool: 'look' }] })
    expect(calls).toEqual([])
    const decisions = [{ id: result.approvals[0]!.id, action: 'approve' } as const]
    expect((await resume({ decisions })).status).toBe('completed')
    expect(calls).toHaveLength(1)
  })

  test('S2-62: wrappers stand round agents and round their tools', async () => {
    const notes: string[] = []
    const wrapTool: ToolWrapper = async ({ tool }, next) => {
      notes.push(`>${tool}`)
      const value = await next()
      notes.push(`<${tool}`)
      return value
    }
    const { calls } = await delegatedUnder({ wrapTool })
    expect(notes).toEqual(['>helper', '>look', '<look', '<helper'])
    expect(calls).toHaveLength(1)
  })

  test('an agent in whose place a wrapper answers does not work', async () => {
    const { calls, result } = await delegatedUnder({ wrapTool: () => 'it is red' })
    expect(calls).toEqual([])
    expect(result.report.rows[0]).toMatchObject({ status: 'success', attempts: 0 })
  })

  test('observers see the runs of agents', async () => {
    const seen: RunEvent[] = []
    const { result } = await delegatedUnder({ onEvent: (event) => void seen.push(event) })
    const runs = new Set(seen.map(({ runId }) => runId))
    expect(runs.size).toBe(2)
    expect(runs).toContain(result.runId)
    expect(seen.filter(({ type }) => type === 'end')).toHaveLength(2)
  })

  test('wrappers of models stand round the models of agents, and are told whose run it is', async () => {
    const asked: string[] = []
    const { result } = await delegatedUnder({
      wrapModel(request, next, { caller }) {
        asked.push(`${caller?.runId} ${caller?.ownRunId} ${caller?.agent}`)
        return next(request)
      },
    })
    const { runId } = result
    const own = asked[1]!.split(' ')[1]!
    expect(own).toMatch(/^run_/)
    expect(own).not.toBe(runId)
    const root = `${runId} undefined undefined`
    expect(new Set(asked)).toEqual(new Set([root, asked[1]]))
    expect(asked.map((text) => text.startsWith(`${runId} `))).toEqual([true, true, true, true])
    expect([asked[0], asked[3]]).toEqual([root, root])
  })

  test('do not keep an agent at work whose run was cancelled by damaging a signal', async () => {
    const began = Promise.withResolvers<void>()
    const look = toolOf('look', {
      execute() {
        began.resolve()
        return new Promise(() => undefined)
      },
    })
    const helper = subAgent('helper', [{ calls: [{ tool: 'look' }] }], { tools: [look] })
    const run = agentOf([{ calls: [asking('helper')] }], {
      tools: [helper.tool],
      policy: allowing('helper', 'look'),
      plugins: [pluginOf({ wrapTool: deafening })],
    }).start()
    await began.promise
    run.cancel()
    expect((await run.result()).status).toBe('cancelled')
  })
})
