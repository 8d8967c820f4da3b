import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import type { RuntimeOptions } from '../../../src/runtime-options.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import { agentOf, allowing, finish, only, policyOf, toolOf } from '../../support/agent.ts'

const who = { roles: ['user'] }
const asking = policyOf({ rules: [{ id: 'asked', ask: ['act'], who }] })
const calling = (...calls: readonly JsonObject[]) => ({
  calls: calls.map((args) => ({ tool: 'act', args })),
})

describe('the record tells of a call', () => {
  const clock = manualClock(Date.parse('2026-01-01T00:00:00Z'))
  const act = toolOf('act', { execute: () => clock.advance(1_000) })
  const options: Partial<RuntimeOptions> = { clock, tools: [act], policy: asking }

  test.each<[string, 'approve' | 'deny', string]>([
    ['has run', 'approve', 'success'],
    ['was refused', 'deny', 'denied-by-human'],
  ])('how long people were waited for before it %s', async (_, action, status) => {
    const approve = () => {
      clock.advance(7_000)
      return { action }
    }
    const { start } = agentOf([calling({}), { text: 'done' }], { ...options, approve })
    const { report } = await start().result()
    expect(report.rows).toMatchObject([{ status, approvalMs: 7_000, queueMs: 0 }])
  })

  test('how long people were waited for as its run was stopped', async () => {
    const { start } = agentOf([calling({})], {
      ...options,
      approve: () => {
        clock.advance(7_000)
        run.cancel()
        return new Promise(() => undefined)
      },
    })
    const run = start()
    const { report } = await run.result()
    expect(report.rows).toMatchObject([{ status: 'cancelled', approvalMs: 7_000 }])
  })

  test('how long it has waited for its turn, and has run', async () => {
    const { start } = agentOf([calling({ n: 1 }, { n: 2 }), { text: 'done' }], {
      ...options,
      policy: allowing('act'),
      limits: { maxParallel: 1 },
    })
    const { report } = await start().result()
    expect(report.rows).toMatchObject([
      { queueMs: 0, executionMs: 1_000 },
      { queueMs: 1_000, executionMs: 1_000 },
    ])
  })
})

test('what a call has come to is on disk while others are at work', async () => {
  const kept = memoryJournal()
  const written = Promise.withResolvers<void>()
  const journal = {
    ...kept,
    async append(...records: Parameters<typeof kept.append>) {
      await kept.append(...records)
      if (records[2].some(({ line }) => line.includes('"type":"tool-result"'))) written.resolve()
    },
  }
  const slow = toolOf('slow', { execute: () => written.promise })
  const { start } = agentOf([{ calls: [{ tool: 'slow' }, { tool: 'act' }] }, { text: 'done' }], {
    tools: [slow, toolOf('act')],
    policy: allowing('slow', 'act'),
    journal,
  })
  const { recorded, result } = await finish(start({ limits: { runTimeoutMs: 5_000 } }))
  expect(result.status).toBe('completed')
  expect(only(recorded, 'tool-result').map(({ tool }) => tool)).toEqual(['act', 'slow'])
})

test('the place of a limit is free again whose call has a key that cannot be told', async () => {
  let asked = 0
  const act = toolOf('act', {
    concurrencyKey() {
      if (asked++ === 0) throw new Error('no key')
      return 'key'
    },
  })
  const { start } = agentOf([calling({}), calling({}), calling({}), { text: 'done' }], {
    tools: [act],
    policy: policyOf({
      rules: [{ id: 'all', allow: ['act'], who }],
      limits: [{ id: 'once', tools: ['act'], per: 'subject', max: 1, over: 'deny' }],
    }),
  })
  const { report } = await start().result()
  expect(report.rows.map(({ status }) => status)).toEqual([
    'error-execution',
    'success',
    'error-security',
  ])
})

test('the place of a limit is taken by a call whose tool has failed', async () => {
  const act = toolOf('act', { execute: () => Promise.reject(new Error('half done')) })
  const { start } = agentOf([calling({}), calling({}), { text: 'done' }], {
    tools: [act],
    policy: policyOf({
      rules: [{ id: 'all', allow: ['act'], who }],
      limits: [{ id: 'once', tools: ['act'], per: 'subject', max: 1, over: 'deny' }],
    }),
  })
  const { report } = await start().result()
  expect(report.rows.map(({ decision }) => decision?.rule)).toEqual(['all', 'limits.once'])
})
