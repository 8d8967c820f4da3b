import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import type { ScriptedTurn } from '../../../src/testing/turn.ts'
import { agentOf, policyOf, toolOf, user } from '../../support/agent.ts'

const lena = { ...user, subject: 'lena', roles: ['lead'] }
const minute = 60_000
const usage = { inputTokens: 1, outputTokens: 1, cost: 1 }
const calling = (...tools: readonly string[]): ScriptedTurn => ({
  calls: tools.map((tool) => ({ tool, args: {} })),
  usage,
})

/**
 * What decides about a call of `look` when its run goes on in another process. The first one has
 * called `look`, which took a second, and `never`, which was refused; each answer cost a dollar.
 */
async function decidedAfter(minutes: number, limit: JsonObject): Promise<unknown> {
  const clock = manualClock(Date.parse('2026-03-29T00:59:00Z'))
  const look = toolOf('look', {
    execute() {
      clock.advance(1000)
      return 'seen'
    },
  })
  const options = {
    clock,
    journal: memoryJournal(),
    tools: [look, toolOf('wait'), toolOf('never')],
    policy: policyOf({
      rules: [
        { id: 'all', allow: ['look'] },
        { id: 'waiting', ask: ['wait'], approvers: { roles: ['lead'] } },
      ],
      approvals: { ttl: '9h' },
      limits: [{ id: 'hourly', tools: ['look'], window: '1h', over: 'deny', ...limit }],
    }),
  }
  const before = agentOf([calling('look', 'never'), calling('wait')], options)
  const { approvals, runId } = await before.start().result()
  clock.advance(minutes * minute)
  const { runtime } = agentOf([calling('look'), { text: 'over' }], options)
  const decisions = approvals.map(({ id }) => ({ id, action: 'approve' as const }))
  const resumed = runtime.resume(runId, { answeredBy: { custom: lena }, decisions })
  const { report } = await resumed.result()
  return report.rows.at(-1)!.decision?.rule
}

describe('what an earlier process has used up of a limit with a window', () => {
  test.each([
    ['calls', { per: 'subject', max: 1 }],
    ['calls of the run', { per: 'session', max: 1 }],
    ['time', { per: 'subject', count: 'time', max: 1 }],
    ['cost', { per: 'subject', count: 'cost', max: 3 }],
    ['denials', { per: 'subject', count: 'denials', max: 1, tools: ['look', 'never'] }],
  ])('counts as long as the window reaches back: %s', async (_, limit) => {
    expect(await decidedAfter(59, limit)).toBe('limits.hourly')
    expect(await decidedAfter(61, limit)).toBe('all')
  })
})
