import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import type { Journal } from '../../../src/journal/journal.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import type { LoadedPolicy } from '../../../src/loading/file.ts'
import { verifyChain } from '../../../src/report/verify.ts'
import type { RuntimeOptions } from '../../../src/runtime-options.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import { agentOf, noting, policyOf, type Agent } from '../../support/agent.ts'

const start = Date.parse('2026-01-01T00:00:00Z')
const who = { roles: ['user'] }
const all = { id: 'all', allow: ['**'], who }
const limits = [{ id: 'l', tools: ['act'], per: 'session', max: 1 }]

const approve = () => ({ action: 'approve' }) as const

interface Writing extends Agent {
  readonly calls: readonly unknown[]
  readonly journal: Journal
}

/** Two calls of `act`, one turn after the other; what happens does so while the first intent is written. */
function whileWritten(
  sections: JsonObject,
  happens: (change: (sections: JsonObject) => void) => void,
  options: Partial<RuntimeOptions> = {},
): Writing {
  const { calls, tool } = noting('act')
  let policy = policyOf(sections).compile([tool])
  const change = (changed: JsonObject): void => {
    policy = policyOf(changed).compile([tool])
  }
  const kept = memoryJournal()
  let intents = 0
  const journal: Journal = {
    ...kept,
    async append(runId, seq, records) {
      await kept.append(runId, seq, records)
      const begins = records.some(({ line }) => line.includes('"type":"execution-start"'))
      if (begins && intents++ === 0) happens(change)
    },
  }
  const turns = [{ calls: [{ tool: 'act' }] }, { calls: [{ tool: 'act' }] }, { text: 'done' }]
  const loaded = { compile: () => policy, follow: () => () => policy } as unknown as LoadedPolicy
  return {
    ...agentOf(turns, { tools: [tool], policy: loaded, journal, ...options }),
    calls,
    journal,
  }
}

describe('a call whose intent is written down', () => {
  test('does not run where another policy is in force by then, and takes nothing of limits', async () => {
    const again = { rules: [{ ...all, id: 'b' }], limits }
    const { calls, journal, ...agent } = whileWritten({ rules: [all], limits }, (change) =>
      change(again),
    )
    const { report, runId } = await agent.start().result()
    expect(calls).toHaveLength(1)
    expect(report.rows).toMatchObject([
      { status: 'error-security', attempts: 0, error: { code: 'denied' } },
      { status: 'success', decision: { rule: 'b' } },
    ])
    expect(await verifyChain(journal.read(runId))).toMatchObject({ verdict: 'CONSISTENT' })
  })

  test('does not run once its rule has ended', async () => {
    const clock = manualClock(start)
    const until = '2026-01-01T00:30:00Z'
    const happens = (): void => clock.advance(3_600_000)
    const { calls, ...agent } = whileWritten({ rules: [{ ...all, until }] }, happens, { clock })
    const { report } = await agent.start().result()
    expect(calls).toEqual([])
    expect(report.rows.map(({ status }) => status)).toEqual(['error-security', 'error-security'])
  })

  test('runs though the time of its yes is over by then', async () => {
    const clock = manualClock(start)
    const sections = { rules: [{ id: 'asked', ask: ['act'], who }], approvals: { ttl: '10m' } }
    const happens = (): void => clock.advance(3_600_000)
    const { calls, ...agent } = whileWritten(sections, happens, { clock, approve })
    await agent.start().result()
    expect(calls).toHaveLength(2)
  })

  test('is not in doubt when the run is resumed', async () => {
    const asked = { rules: [{ id: 'asked', ask: ['act'], who }] }
    const { calls, journal, runtime, ...agent } = whileWritten({ rules: [all] }, (change) =>
      change(asked),
    )
    const { runId, status } = await agent.start().result()
    expect([status, calls]).toEqual(['needs-approval', []])
    const resumed = await runtime.resume(runId, { approve }).result()
    expect([resumed.status, calls.length]).toEqual(['completed', 1])
    expect(resumed.report.rows.map((row) => row.status)).toEqual(['error-security', 'success'])
    expect(await verifyChain(journal.read(runId))).toMatchObject({ verdict: 'CONSISTENT' })
  })
})
