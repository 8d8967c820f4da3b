import { describe, expect, test } from 'vitest'
import { policyOf } from '../../support/agent.ts'
import { carriedOn } from '../../support/carried-on.ts'

describe('a call in doubt whose tool can tell', () => {
  test('has succeeded where the tool says so, with its result, and is not run again', async () => {
    let asked: unknown
    const { done, result, verdict } = await carriedOn({
      sensitive: ['/card'],
      reconcile(args, { callId, idempotencyKey }) {
        asked = [args, idempotencyKey === callId]
        return { outcome: 'success', result: { receipt: 7 } }
      },
    })
    expect(asked).toEqual([{ sum: 5, card: '4111' }, true])
    expect([result.status, done, verdict]).toEqual(['completed', [], 'CONSISTENT'])
    expect(result.report.rows).toMatchObject([{ status: 'success' }])
    expect(result.messages.findLast(({ role }) => role === 'tool')).toMatchObject({
      content: '{"receipt":7}',
    })
  })

  test('has failed where the tool says so, and is not run again', async () => {
    const { done, result } = await carriedOn({ reconcile: () => ({ outcome: 'failed' }) })
    expect([result.status, done]).toEqual(['completed', []])
    expect(result.report.rows).toMatchObject([
      { status: 'error-execution', error: { code: 'tool-failed' } },
    ])
  })

  test.each<[string, () => unknown]>([
    ['does not know', () => ({ outcome: 'unknown' })],
    ['answers nothing', () => undefined],
    ['answers something else', () => 'success'],
    [
      'throws',
      () => {
        throw new Error('no network')
      },
    ],
    [
      'answers what cannot be read',
      () => ({
        outcome: 'success',
        get result() {
          throw new Error('not connected')
        },
      }),
    ],
    ['does not answer in time', () => new Promise(() => undefined)],
  ])('stays in doubt where the tool %s', async (_, reconcile) => {
    const fields = { reconcile: reconcile as never, timeoutMs: 50 }
    const { done, result } = await carriedOn(fields)
    expect([result.status, result.inDoubt.length, done]).toEqual(['needs-approval', 1, []])
  })

  test('is run again where the tool does not know and is idempotent', async () => {
    const annotations = { idempotent: true }
    const unsure = await carriedOn({ annotations, reconcile: () => ({ outcome: 'unknown' }) })
    expect(unsure.done).toEqual(['execute'])
    const known = await carriedOn({ annotations, reconcile: () => ({ outcome: 'failed' }) })
    expect(known.done).toEqual([])
  })

  test('is held to the output schema of the tool', async () => {
    const output = { type: 'object', required: ['receipt'] }
    const { result } = await carriedOn({
      output,
      execute: () => ({ receipt: 1 }),
      reconcile: () => ({ outcome: 'success', result: {} }),
    })
    expect(result.report.rows).toMatchObject([{ status: 'error-output' }])
  })

  test('is not asked about where the policy of now refuses the call', async () => {
    let asked = 0
    const reconcile = (): { outcome: 'failed' } => {
      asked++
      return { outcome: 'failed' }
    }
    const strict = policyOf({ rules: [{ id: 'no', deny: ['pay'] }] })
    const { result } = await carriedOn({ reconcile }, strict)
    expect([asked, result.inDoubt.length]).toEqual([0, 1])
  })

  test('is not asked about where an operator has told', async () => {
    let asked = 0
    const { done, result } = await carriedOn(
      {
        reconcile() {
          asked++
          return { outcome: 'success', result: null }
        },
      },
      undefined,
      (callId) => ({ resolve: { [callId]: 'failed' } }),
    )
    expect([asked, done]).toEqual([0, []])
    expect(result.report.rows).toMatchObject([{ status: 'error-execution' }])
  })
})

test('a call that was never begun runs, and its tool is not asked what became of it', async () => {
  let asked = 0
  const reconcile = (): { outcome: 'success'; result: null } => {
    asked++
    return { outcome: 'success', result: null }
  }
  const { done, result } = await carriedOn({ reconcile }, undefined, undefined, {
    lastType: 'decision',
  })
  expect([asked, done]).toEqual([0, ['execute']])
  expect(result.report.rows).toMatchObject([{ status: 'success' }])
})

const retry = (callId: string) => ({ resolve: { [callId]: 'retry' as const } })

describe('a call in doubt whose arguments are not on record', () => {
  const sparing = policyOf({
    audit: { args: 'redacted' },
    rules: [{ id: 'paying', allow: ['pay'], who: { roles: ['user'] } }],
  })

  test('is not reconciled: the tool would be asked about another one', async () => {
    let asked = 0
    const reconcile = (): { outcome: 'failed' } => {
      asked++
      return { outcome: 'failed' }
    }
    const fields = { sensitive: ['/card'], reconcile }
    const { done, result } = await carriedOn(fields, sparing, undefined, { first: sparing })
    expect([asked, done, result.inDoubt.length]).toEqual([0, [], 1])
  })

  test('is not run again, whatever an operator says', async () => {
    const fields = { sensitive: ['/card'] }
    const { done, result } = await carriedOn(fields, sparing, retry, { first: sparing })
    expect(done).toEqual([])
    expect(result.report.rows).toMatchObject([{ status: 'abandoned' }])
  })
})
