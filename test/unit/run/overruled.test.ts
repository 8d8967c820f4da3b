import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import type { GateHook } from '../../../src/gate/hooks.ts'
import type { ApprovalAnswer } from '../../../src/gate/verdict.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import type { Report } from '../../../src/report/report.ts'
import { verifyChain } from '../../../src/report/verify.ts'
import type { Approve } from '../../../src/run/environment.ts'
import type { ScriptedCall, ScriptedTurn } from '../../../src/testing/turn.ts'
import { agentOf, noting, policyOf, toolOf } from '../../support/agent.ts'
import { pluginOf } from '../../support/plugins.ts'

const lena = { subject: 'lena', roles: ['lead'] }
const olga = { subject: 'olga', roles: ['lead'] }

interface Overruled {
  readonly calls: readonly unknown[]
  readonly report: Report
  readonly verdict: string
}

/** What is different around them. */
interface Around {
  readonly sections: JsonObject
  turnsOf(calls: readonly ScriptedCall[]): readonly ScriptedTurn[]
}

/** The first of two calls is answered so, and the other one refused while a hook weighs that. */
async function refusedMeanwhile(
  said: ApprovalAnswer,
  sums: readonly number[],
  { sections, turnsOf = (calls) => [{ calls }] }: Partial<Around> = {},
): Promise<Overruled> {
  const weighed = Promise.withResolvers<void>()
  const refused = Promise.withResolvers<void>()
  const looks: string[] = []
  const gateHook: GateHook = async ({ callId, tool: called }) => {
    if (called === 'pay') looks.push(callId.slice(-1))
    if (looks.filter((look) => look === '0').length === 2) {
      weighed.resolve()
      await refused.promise
    }
    return { effect: 'allow' }
  }
  const approve: Approve = async ({ callId }) => {
    if (callId.endsWith('-0')) return said
    await weighed.promise
    return { action: 'deny', by: lena, reason: 'not that one' }
  }
  const { calls, tool } = noting('pay', { editable: ['/sum'] })
  const journal = memoryJournal()
  const who = { roles: ['user'] }
  const rules = [{ id: 'paying', ask: ['pay'], who, approvers: { roles: ['lead'] } }]
  const proposed = sums.map((sum) => ({ tool: 'pay', args: { sum } }))
  const { start } = agentOf([...turnsOf(proposed), { text: 'done' }], {
    tools: [tool, toolOf('read')],
    policy: policyOf(sections ?? { rules }),
    plugins: [pluginOf({ gateHook })],
    approve,
    journal,
  })
  const run = start()
  for await (const event of run) {
    if (event.type === 'approval-decision' && event.action === 'deny') refused.resolve()
  }
  const { report, runId } = await run.result()
  const { verdict } = await verifyChain(journal.read(runId))
  return { calls, report, verdict }
}

/** Untrusted text is read before, and the first call is made again after them. */
const readFirst: Around['turnsOf'] = (calls) => [
  { calls: [{ tool: 'read' }] },
  { calls },
  { calls: calls.slice(0, 1) },
]

describe('a no to an equal call that comes while hooks weigh', () => {
  test('a yes counts in its place', async () => {
    const yes = { action: 'approve', by: olga } as const
    const { calls, report, verdict } = await refusedMeanwhile(yes, [5, 5])
    expect([calls, verdict]).toEqual([[], 'CONSISTENT'])
    const [first, second] = report.rows
    expect(first).toMatchObject({ status: 'denied-by-human', error: { message: 'not that one' } })
    const remembered = second!.approvals[0]!.approvalId
    expect(first!.approvals[0]!.answers).toMatchObject([{ action: 'deny', by: lena, remembered }])
  })

  test('the values of the call are as untrusted as they were before the yes', async () => {
    const sections = {
      tools: { pay: { kind: 'write', args: { sum: { steers: true } } } },
      flow: { untrustedSteering: 'ask' },
      rules: [{ id: 'all', allow: ['*'] }],
    }
    const yes = { action: 'approve', by: olga } as const
    const { calls, report } = await refusedMeanwhile(yes, [5, 5], {
      sections,
      turnsOf: readFirst,
    })
    expect(calls).toEqual([])
    expect(report.rows.slice(1).map(({ status }) => status)).toEqual([
      'denied-by-human',
      'denied-by-human',
      'denied-by-human',
    ])
  })

  test('an edit that makes them equal refuses what the edit leads to', async () => {
    const edit = { action: 'edit', args: { sum: 5 }, by: olga } as const
    const { calls, report, verdict } = await refusedMeanwhile(edit, [9, 5])
    expect([calls, verdict]).toEqual([[], 'CONSISTENT'])
    const [first] = report.rows
    expect(first!.status).toBe('denied-by-human')
    expect(first!.approvals.map(({ answers }) => answers.map(({ action }) => action))).toEqual([
      ['edit'],
      ['deny'],
    ])
  })

  test('an edit leaves alone what the edit makes another call', async () => {
    const edit = { action: 'edit', args: { sum: 3 }, by: olga } as const
    const { calls, report, verdict } = await refusedMeanwhile(edit, [5, 5])
    expect([calls, verdict]).toEqual([[{ sum: 3 }], 'CONSISTENT'])
    expect(report.rows.map(({ status }) => status)).toEqual(['success', 'denied-by-human'])
  })
})
