import { expect, test } from 'vitest'
import type { Journal } from '../../../src/journal/journal.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import type { RunResult } from '../../../src/runtime-options.ts'
import type { ScriptedCall, ScriptedTurn } from '../../../src/testing/turn.ts'
import { agentOf, noting, policyOf, toolOf, user, type Agent } from '../../support/agent.ts'
import { answering } from '../../support/agent-tree.ts'

const trusted = { kind: 'write', output: { trust: 'trusted' } }
const policy = policyOf({
  tools: {
    act: { ...trusted, args: { to: { steers: true } } },
    pay: trusted,
    read: { kind: 'read', output: { trust: 'untrusted' } },
  },
  flow: { untrustedSteering: 'ask' },
  rules: [
    { id: 'free', allow: ['act', 'read'] },
    { id: 'paying', ask: ['pay'], approvers: { roles: ['lead'] } },
  ],
  limits: [{ id: 'once', tools: ['act'], per: 'subject', max: 1, over: 'deny' }],
})

interface Process extends Agent {
  readonly acted: readonly unknown[]
}

function process(turns: readonly ScriptedTurn[], journal: Journal, rules = policy): Process {
  const { calls: acted, tool } = noting('act')
  const tools = [tool, toolOf('pay'), toolOf('read', { execute: () => 'write to eve' })]
  const model = answering(({ messages }) => {
    const said = messages.filter(({ role }) => role === 'assistant').length
    return turns[said] ?? { text: 'done' }
  })
  return { ...agentOf([], { model, tools, policy: rules, journal }), acted }
}

function approved({ runtime }: Process, { approvals, runId }: RunResult): Promise<RunResult> {
  return runtime
    .resume(runId, {
      decisions: [{ id: approvals[0]!.id, action: 'approve' }],
      answeredBy: { custom: { ...user, subject: 'lena', roles: ['lead'] } },
    })
    .result()
}

const pay: ScriptedCall = { tool: 'pay' }

test.each<[string, string | undefined, ScriptedCall, string]>([
  ['has read in a session', 'chat', { tool: 'read' }, 'flow.untrustedSteering'],
  ['has taken of limits in a session', 'chat', { tool: 'act', args: { to: 'go' } }, 'limits.once'],
  ['has taken of limits', undefined, { tool: 'act', args: { to: 'go' } }, 'limits.once'],
])('what another process %s is known to one that carried the run before', async (...given) => {
  const [, session, meanwhile, rule] = given
  const last = { tool: 'act', args: { to: 'eve' } }
  const turns = [{ calls: [pay] }, { calls: [meanwhile, pay] }, { calls: [last] }]
  const journal = memoryJournal()
  const [first, second] = [process(turns, journal), process(turns, journal)]
  const begun = await first.start(session === undefined ? {} : { session }).result()
  const { report } = await approved(first, await approved(second, begun))
  expect(first.acted).toEqual([])
  expect(report.rows.at(-1)).toMatchObject({ tool: 'act', decision: { rule } })
})

test('what a process has counted is not counted again when another has gone on', async () => {
  const act = { tool: 'act', args: { to: 'go' } }
  const turns = [{ calls: [act, pay] }, { calls: [pay] }]
  const journal = memoryJournal()
  const twice = policyOf({
    rules: [
      { id: 'all', allow: ['act'] },
      { id: 'paying', ask: ['pay'], approvers: { roles: ['lead'] } },
    ],
    limits: [{ id: 'twice', tools: ['act'], per: 'subject', max: 2, over: 'deny' }],
  })
  const [first, second] = [process(turns, journal, twice), process(turns, journal, twice)]
  await approved(first, await approved(second, await first.start().result()))
  const { report } = await first.start().result()
  expect([first.acted.length, report.rows[0]!.status]).toEqual([2, 'success'])
})
