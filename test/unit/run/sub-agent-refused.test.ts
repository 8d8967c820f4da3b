import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import type { Journal, JournalRecord } from '../../../src/journal/journal.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import type { Plugin } from '../../../src/run/plugin.ts'
import type { RunResult, RuntimeOptions } from '../../../src/runtime-options.ts'
import { createRuntime } from '../../../src/runtime.ts'
import { scripted, type ScriptedStep } from '../../../src/testing/scripted.ts'
import { policyOf, toolOf, user } from '../../support/agent.ts'
import { asking, subAgent } from '../../support/agent-tree.ts'
import { pluginOf } from '../../support/plugins.ts'

const sections: JsonObject = {
  limits: [{ id: 'once', tools: ['look'], per: 'session', max: 1, over: 'deny' }],
}
const all = { id: 'all', allow: ['look', 'helper'], who: { roles: ['user'] } }
const permitting = policyOf({ ...sections, rules: [all] })
const look = { calls: [{ tool: 'look', args: {} }] }

function runtimeOver(
  journal: Journal,
  steps: readonly ScriptedStep[],
  options: Partial<RuntimeOptions> = {},
) {
  const tool = toolOf('look')
  const helper = subAgent('helper', [look, { text: 'nothing' }], { tools: [tool] })
  return createRuntime({
    model: scripted(steps),
    tools: [helper.tool, tool],
    policy: permitting,
    journal,
    authenticator: async () => user,
    ...options,
  })
}

/** What a process leaves that dies when its agent has looked. */
async function diedAfterLook(): Promise<{ readonly runId: string; readonly journal: Journal }> {
  const whole = memoryJournal()
  const left = memoryJournal()
  let isDead = false
  const journal: Journal = {
    ...whole,
    async append(runId, seq, records) {
      await whole.append(runId, seq, records)
      if (isDead) return
      await left.append(runId, seq, records)
      isDead = records.some(isLookResult)
    },
  }
  const steps = [{ calls: [asking('helper')] }, { text: 'done' }]
  const { runId } = await runtimeOver(journal, steps)
    .run({ input: 'go', auth: { custom: 'user' } })
    .result()
  expect(isDead).toBe(true)
  return { runId, journal: left }
}

function isLookResult({ line }: JournalRecord): boolean {
  const { tool, type } = JSON.parse(line) as { readonly tool?: string; readonly type: string }
  return type === 'tool-result' && tool === 'look'
}

const answering: Plugin = pluginOf({
  wrapTool: ({ tool }, next) => (tool === 'helper' ? 'from the cache' : next()),
})

const refusing = policyOf({
  ...sections,
  rules: [all, { id: 'no-helper', deny: ['helper'] }],
})

const questioning = policyOf({
  ...sections,
  rules: [
    { ...all, allow: ['look'] },
    { id: 'asks', ask: ['helper'], who: { roles: ['user'] } },
  ],
})

const by = { subject: 'ann', roles: ['user'] }

/** Ways in which a call of an agent ends without the agent going on. */
const ways: readonly (readonly [string, Partial<RuntimeOptions>])[] = [
  ['the policy refuses its call now', { policy: refusing }],
  [
    'a person refuses its call now',
    { policy: questioning, approve: () => ({ action: 'deny', by }) },
  ],
  ['a wrapper answers in its place now', { plugins: [answering] }],
]

async function resumed(options: Partial<RuntimeOptions>): Promise<RunResult> {
  const { journal, runId } = await diedAfterLook()
  return runtimeOver(journal, [look, { text: 'done' }], options)
    .resume(runId)
    .result()
}

describe('what an agent has done before its process died', () => {
  test.each(ways)('counts against limits although %s', async (_, options) => {
    const { report } = await resumed(options)
    expect(report.rows).toMatchObject([
      { tool: 'helper' },
      { tool: 'look', status: 'error-security', decision: { rule: 'limits.once' } },
    ])
  })

  test('counts once where the agent goes on after all, answered in the same process', async () => {
    const { journal, runId } = await diedAfterLook()
    const limits = [{ id: 'twice', tools: ['look'], per: 'subject', max: 2, over: 'deny' }]
    const rules = [
      { ...all, allow: ['look'] },
      { id: 'asks', ask: ['helper'], who: { roles: ['user'] } },
    ]
    const policy = policyOf({ limits, rules })
    const tool = toolOf('look')
    const tools = [subAgent('helper', [{ text: 'nothing' }], { tools: [tool] }).tool, tool]
    const runtime = runtimeOver(journal, [look, look, { text: 'done' }], { policy, tools })
    const { approvals } = await runtime.resume(runId).result()
    const decisions = [{ id: approvals[0]!.id, action: 'approve' as const }]
    const { report } = await runtime.resume(runId, { decisions }).result()
    expect(report.rows.map(({ status }) => status)).toEqual([
      'success',
      'success',
      'error-security',
    ])
  })

  test.each(ways)('is part of what the run has used although %s', async (_, options) => {
    const { report, usage } = await resumed(options)
    expect(usage.inputTokens).toBeGreaterThan(report.totals.usage.inputTokens)
  })
})
