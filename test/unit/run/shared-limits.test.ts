import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import { oneUnit } from '../../../src/gate/amount.ts'
import { LimitCounters, type ApplicableLimit } from '../../../src/gate/limits.ts'
import type { Journal } from '../../../src/journal/journal.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import type { SharedCounters } from '../../../src/journal/shared-counters.ts'
import { sqliteJournal } from '../../../src/journal/sqlite.ts'
import type { RunOptions, RunResult } from '../../../src/runtime-options.ts'
import { manualClock, type ManualClock } from '../../../src/testing/clock.ts'
import type { ScriptedTurn } from '../../../src/testing/turn.ts'
import { agentOf, policyOf, toolOf } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'

/** A journal object for each process, over one file. */
function processes(): () => Journal {
  const path = join(temporaryFolder(), 'journal.db')
  return () => sqliteJournal(path)
}

const paying = (sum: number): readonly ScriptedTurn[] => [
  { calls: [{ tool: 'pay', args: { sum } }] },
  { text: 'over' },
]

interface Setup {
  readonly journal: Journal
  readonly limits: readonly JsonObject[]
  readonly clock?: ManualClock
  readonly turns?: readonly ScriptedTurn[]
}

/** One run in a process of its own. */
async function runOnce(
  { clock, journal, limits, turns = paying(1) }: Setup,
  options: Partial<RunOptions> = {},
): Promise<RunResult> {
  const agent = agentOf(turns, {
    journal,
    tools: [toolOf('pay')],
    policy: policyOf({
      rules: [{ id: 'free', allow: ['pay'], who: { roles: ['user'] } }],
      limits,
    }),
    ...(clock === undefined ? {} : { clock }),
  })
  const result = await agent.start(options).result()
  await journal.close()
  return result
}

function full(): never {
  throw new Error('the disk is full')
}

function rulesOf({ report }: RunResult): readonly (string | undefined)[] {
  return report.rows.map(({ decision }) => decision?.rule)
}

describe('limits that outlive a run, on a journal that counts for all', () => {
  test('hold over processes that follow each other', async () => {
    const open = processes()
    const limits = [{ id: 'two', tools: ['pay'], per: 'subject', max: 2, over: 'deny' }]
    const rules: unknown[] = []
    for (let run = 0; run < 3; run++) {
      rules.push(...rulesOf(await runOnce({ journal: open(), limits })))
    }
    expect(rules).toEqual(['free', 'free', 'limits.two'])
  })

  test('hold over processes that run side by side: never one call too many', async () => {
    const open = processes()
    const limits = [
      { id: 'sum', tools: ['pay'], per: 'global', sum: '/sum', max: 10, over: 'deny' },
    ]
    const ends = await Promise.all(
      Array.from({ length: 12 }, () => runOnce({ journal: open(), limits, turns: paying(2.5) })),
    )
    const rules = ends.flatMap(rulesOf)
    expect(rules.filter((rule) => rule === 'free')).toHaveLength(4)
    expect(rules.filter((rule) => rule === 'limits.sum')).toHaveLength(8)
  })

  test('forget what a window has passed over', async () => {
    const open = processes()
    const clock = manualClock(1_800_000_000_000)
    const limits = [
      { id: 'hourly', tools: ['pay'], per: 'subject', max: 1, window: '1h', over: 'deny' },
    ]
    const rules: unknown[] = []
    for (const passed of [0, 3_599_000, 2_000]) {
      clock.advance(passed)
      rules.push(...rulesOf(await runOnce({ journal: open(), limits, clock })))
    }
    expect(rules).toEqual(['free', 'limits.hourly', 'free'])
  })

  test('count a session with a name over its runs, and each run without one by itself', async () => {
    const open = processes()
    const limits = [{ id: 'one', tools: ['pay'], per: 'session', max: 1, over: 'deny' }]
    const rules: unknown[] = []
    for (const session of ['a', 'a', 'b', undefined, undefined]) {
      const options = session === undefined ? {} : { session }
      rules.push(...rulesOf(await runOnce({ journal: open(), limits }, options)))
    }
    expect(rules).toEqual(['free', 'limits.one', 'free', 'free', 'free'])
  })

  test('count a call that is judged again, after a crash, as what it is now', async () => {
    const journal = processes()()
    const shared = await journal.counters!()
    const limit: ApplicableLimit = {
      id: 'sum',
      per: 'global',
      count: 'calls',
      sum: ['sum'],
      max: 1000,
      over: 'deny',
      position: { file: 'p.yaml', line: 1, column: 1 },
    }
    const owner = { session: 'run r', principal: null }
    const claim = (amount: bigint) => [{ limit, owner, amount: amount * oneUnit }]
    const clock = manualClock(1_800_000_000_000)
    const counters = (): LimitCounters => new LimitCounters(clock, shared)
    counters().reserve('call', claim(1n))
    const again = counters()
    expect(again.reserve('call', claim(500n))).toEqual([])
    expect(again.used(limit, owner)).toBe(500)
    // what is only recalled stays as it was counted
    counters().force('call', claim(2n))
    expect(counters().used(limit, owner)).toBe(500)
    expect(counters().reserve('other', claim(501n))).toHaveLength(1)
    // the same file as another process names it
    const named = { ...limit, position: { ...limit.position, file: '/srv/policies/p.yaml' } }
    expect(counters().used(named, owner)).toBe(500)
    await journal.close()
  })

  test('give back what a refused call has taken, and count denials once', async () => {
    const open = processes()
    const limits = [
      { id: 'sum', tools: ['pay'], per: 'subject', sum: '/sum', max: 5, over: 'deny' },
      { id: 'tries', tools: ['**'], per: 'subject', count: 'denials', max: 2, over: 'deny' },
    ]
    const wrong = [{ calls: [{ tool: 'other' }] }, { text: 'over' }]
    const rules: unknown[] = []
    for (const turns of [paying(4), paying(4), paying(1), wrong, wrong, paying(0)]) {
      rules.push(...rulesOf(await runOnce({ journal: open(), limits, turns })))
    }
    expect(rules).toEqual([
      'free',
      'limits.sum',
      'free',
      'unknown_tool',
      'unknown_tool',
      'limits.tries',
    ])
  })

  test('end the run where they cannot count a call that has run, which is on record as it ended', async () => {
    const counters: SharedCounters = {
      together: (work) => work(),
      total: () => 0n,
      put: full,
      keep: full,
      drop: full,
    }
    const journal = { ...memoryJournal(), counters: async () => counters }
    const limits = [{ id: 'time', tools: ['pay'], per: 'subject', count: 'time', max: 9 }]
    const { report, status } = await runOnce({ journal, limits })
    expect(status).toBe('error')
    expect(report.rows).toMatchObject([{ status: 'success', attempts: 1 }])
  })
})
