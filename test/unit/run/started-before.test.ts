import { describe, expect, test } from 'vitest'
import type { LoadedPolicy } from '../../../src/loading/file.ts'
import type { ResumeOptions } from '../../../src/resume-options.ts'
import { allowing, policyOf } from '../../support/agent.ts'
import { carriedOn, type CarriedOn } from '../../support/carried-on.ts'

const annotations = { idempotent: true }
const denying = policyOf({ rules: [{ id: 'no', deny: ['pay'] }] })
const asking = policyOf({ rules: [{ id: 'asked', ask: ['pay'] }] })

/** What the call would be told if it had never been started. */
const whyNot: [string, LoadedPolicy, ResumeOptions][] = [
  ['is denied', denying, {}],
  ['a person refuses', asking, { approve: () => ({ action: 'deny' }) }],
  ['is stopped', allowing('pay'), { signal: AbortSignal.abort() }],
]

const retrying = (callId: string): ResumeOptions => ({ resolve: { [callId]: 'retry' } })

describe('a call that was started by a process that died', () => {
  test.each(whyNot)('stays in doubt where running it again %s', async (_, later, options) => {
    const carried = await carriedOn({ annotations }, later, () => options)
    expectDoubt(carried)
    const resolved = await carried.again({ resolve: { [carried.callId]: 'success' } })
    expect([resolved.result.status, resolved.done]).toEqual(['completed', []])
    expect(resolved.result.report.rows).toMatchObject([{ status: 'success', attempts: 1 }])
    expect(resolved.verdict).toBe('CONSISTENT')
  })

  test('stays in doubt where an operator lets it run again and the policy does not', async () => {
    expectDoubt(await carriedOn({}, denying, retrying))
  })

  test('stays in doubt where the run is stopped, also one that nobody would run again', async () => {
    const stopped = { signal: AbortSignal.abort() }
    expectDoubt(await carriedOn({}, allowing('pay'), () => stopped))
  })

  test.each([true, false])(
    'keeps its places in limits where the run is stopped (idempotent: %s)',
    async (idempotent) => {
      const limits = [{ id: 'few', tools: ['pay'], per: 'subject', max: 1, over: 'deny' }]
      const once = policyOf({ rules: [{ id: 'all', allow: ['pay'] }], limits })
      const stopped = { signal: AbortSignal.abort() }
      const { next } = await carriedOn({ annotations: { idempotent } }, once, () => stopped)
      const { report } = await next()
      expect(report.rows).toMatchObject([{ decision: { rule: 'limits.few' } }])
    },
  )

  test('stays in doubt where its key cannot be told any more', async () => {
    let asked = 0
    const concurrencyKey = (): string => {
      if (asked++ > 0) throw new Error('no key')
      return 'key'
    }
    expectDoubt(await carriedOn({ annotations, concurrencyKey }))
  })

  test('runs again where nothing is in its way, and is in doubt no more', async () => {
    const { done, result, verdict } = await carriedOn({ annotations })
    expect([result.status, done, result.inDoubt]).toEqual(['completed', ['execute'], []])
    expect(verdict).toBe('CONSISTENT')
  })
})

/** It may have done its work: nobody is told that it was not executed. */
function expectDoubt({ callId, done, result, verdict }: CarriedOn): void {
  expect([done, result.inDoubt]).toEqual([[], [callId]])
  expect(verdict).toBe('OPEN_CALLS')
  expect(result.report.rows).toMatchObject([{ status: 'unknown-outcome', attempts: 1 }])
  expect(result.report.openCalls).toMatchObject([{ missing: 'outcome' }])
  expect(JSON.stringify(result.messages)).not.toContain('Not executed')
}
