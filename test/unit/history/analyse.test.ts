import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  analyseHistory,
  costOverTime,
  tokensByModel,
  type AnalysedEntry,
  type HistoryQuery,
} from '../../../src/history/analyse.ts'
import type { ModelCall } from '../../../src/history/entry.ts'
import { entriesOf } from '../../../src/history/events.ts'
import { noUsage } from '../../../src/protocol/usage.ts'
import { agentOf, collect, policyOf } from '../../support/agent.ts'

function call(
  at: string,
  model: string,
  amount?: number,
  fields: Partial<ModelCall> = {},
): ModelCall {
  return {
    at,
    model,
    usage: { ...noUsage, inputTokens: 10, outputTokens: 1 },
    ...(amount === undefined ? {} : { cost: { amount, currency: 'USD', source: 'provider' } }),
    finishReason: { unified: 'stop', raw: 'stop' },
    ...fields,
  }
}

function entry(role: AnalysedEntry['message']['role'], ...calls: ModelCall[]): AnalysedEntry {
  const at = calls[0]?.at ?? '2026-03-01T23:59:00.000Z'
  return { at, message: { role }, ...(calls.length === 0 ? {} : { calls }) }
}

const talk: readonly AnalysedEntry[] = [
  entry('user'),
  entry('assistant', call('2026-03-01T23:59:10.000Z', 'small', 0.1)),
  entry('tool'),
  entry(
    'assistant',
    call('2026-03-01T23:59:50.000Z', 'small', 0.2),
    call('2026-03-02T00:00:10.000Z', 'large', 0.4, {
      cost: { amount: 0.4, currency: 'USD', source: 'fallback' },
      finishReason: { unified: 'length', raw: null },
    }),
  ),
  entry('assistant', call('2026-03-02T01:00:00.000Z', '__proto__')),
]

describe('S2-42 statistics of a conversation', () => {
  test('count messages, model calls, tokens and money, with the least certain source', () => {
    expect(analyseHistory(talk)).toMatchObject({
      messages: 5,
      byRole: { user: 1, assistant: 3, tool: 1 },
      calls: 4,
      usage: { inputTokens: 40, outputTokens: 4 },
      cost: { amount: 0.7, currency: 'USD', source: 'fallback' },
      finishReasons: { stop: 3, length: 1 },
      first: '2026-03-01T23:59:00.000Z',
      last: '2026-03-02T01:00:00.000Z',
    })
  })

  test('are given by model, also by one with an odd name', () => {
    const { byModel } = analyseHistory(talk)
    expect(Object.keys(byModel)).toEqual(['small', 'large', '__proto__'])
    // as decimals: doubles would make 0.30000000000000004 of it
    expect(byModel['small']).toMatchObject({ calls: 2, cost: { amount: 0.3, source: 'provider' } })
    expect(Object.getOwnPropertyDescriptor(byModel, '__proto__')?.value).not.toHaveProperty('cost')
    expect(tokensByModel(talk)['large']).toMatchObject({ inputTokens: 10, outputTokens: 1 })
  })

  test('of nothing are nothing', () => {
    expect(analyseHistory([])).toEqual({
      messages: 0,
      byRole: {},
      calls: 0,
      usage: noUsage,
      byModel: {},
      finishReasons: {},
    })
    expect(costOverTime([], 'day')).toEqual([])
  })

  test.each<[string, HistoryQuery, { messages: number; calls: number }]>([
    ['a start', { start: '2026-03-01T23:59:50Z' }, { messages: 2, calls: 3 }],
    [
      'an end, which is left out',
      { end: new Date('2026-03-01T23:59:10Z') },
      { messages: 2, calls: 0 },
    ],
    ['times of another zone', { start: '2026-03-02T02:00:00+01:00' }, { messages: 1, calls: 1 }],
    ['models', { models: ['large'] }, { messages: 1, calls: 1 }],
    ['no model at all', { models: [] }, { messages: 0, calls: 0 }],
    ['roles', { roles: ['user', 'tool'] }, { messages: 2, calls: 0 }],
    ['a least cost', { minCost: 0.2 }, { messages: 1, calls: 2 }],
    ['a least cost of nothing, which has to be known', { minCost: 0 }, { messages: 2, calls: 3 }],
    ['finish reasons', { finishReasons: ['length'] }, { messages: 1, calls: 1 }],
    [
      'all at once',
      { models: ['small'], minCost: 0.15, roles: ['assistant'] },
      { messages: 1, calls: 1 },
    ],
  ])('can be asked for by %s', (_, query, expected) => {
    expect(analyseHistory(talk, query)).toMatchObject(expected)
  })

  test.each<[HistoryQuery, string]>([
    [{ start: 'yesterday' }, '`start` is no time'],
    // these would be another time in another zone, or another day
    [{ start: '2026-03-29T02:30:00' }, '`start` is no time'],
    [{ start: '29 March 2026' }, '`start` is no time'],
    [{ end: '2026-02-31' }, '`end` is no time'],
    [{ end: 1_767_225_600_000 as never }, '`end` is no time'],
    [{ end: new Date(Number.NaN) }, '`end` is no time'],
    [{ minCost: -1 }, '`minCost`'],
    [{ model: 'a' } as HistoryQuery, 'did you mean `models`'],
  ])('refuse the query %j', (query, message) => {
    expect(() => analyseHistory(talk, query)).toThrow(message)
  })
})

function cents(cost?: { readonly amount: number }): number {
  return Math.round((cost?.amount ?? 0) * 100)
}

describe('S2-42 cost over time', () => {
  test.each([
    [
      'minute',
      ['2026-03-01T23:59:00.000Z', '2026-03-02T00:00:00.000Z', '2026-03-02T01:00:00.000Z'],
    ],
    ['hour', ['2026-03-01T23:00:00.000Z', '2026-03-02T00:00:00.000Z', '2026-03-02T01:00:00.000Z']],
    ['day', ['2026-03-01T00:00:00.000Z', '2026-03-02T00:00:00.000Z']],
  ] as const)('falls into each %s of UTC', (unit, times) => {
    const buckets = costOverTime(talk.toReversed(), unit)
    expect(buckets.map(({ at }) => at)).toEqual(times)
    expect(buckets[0]).toMatchObject({ calls: 2, cost: { amount: 0.3, source: 'provider' } })
  })

  test('refuses another unit', () => {
    for (const unit of ['week', 'toString']) {
      expect(() => costOverTime(talk, unit as 'day')).toThrow('`unit`')
    }
  })

  test('adds up to what the statistics say, by whatever unit', () => {
    const arbitraryEntry = fc
      .record({
        time: fc.date({
          min: new Date('2025-12-31T00:00:00Z'),
          max: new Date('2026-01-02T00:00:00Z'),
          noInvalidDate: true,
        }),
        model: fc.constantFrom('a', 'b'),
        paid: fc.option(fc.nat(1_000), { nil: undefined }),
      })
      .map(({ time, model, paid }) =>
        entry('assistant', call(time.toISOString(), model, paid === undefined ? paid : paid / 100)),
      )
    fc.assert(
      fc.property(
        fc.array(arbitraryEntry, { maxLength: 30 }),
        fc.constantFrom('minute' as const, 'hour' as const, 'day' as const),
        (entries, unit) => {
          const buckets = costOverTime(entries, unit)
          const { calls, cost, usage } = analyseHistory(entries)
          expect(buckets.reduce((sum, bucket) => sum + bucket.calls, 0)).toBe(calls)
          expect(buckets.reduce((sum, bucket) => sum + cents(bucket.cost), 0)).toBe(cents(cost))
          expect(buckets.reduce((sum, bucket) => sum + bucket.usage.inputTokens, 0)).toBe(
            usage.inputTokens,
          )
          const times = buckets.map(({ at }) => Date.parse(at))
          expect(times).toEqual(times.toSorted((a, b) => a - b))
        },
      ),
    )
  })
})

test('S2-42 journals can be analysed like conversations', async () => {
  const { start } = agentOf(
    [
      { calls: [{ tool: 'act', args: {} }], usage: { inputTokens: 7, outputTokens: 1 } },
      { text: 'done' },
    ],
    { policy: policyOf() },
  )
  const run = start({ messages: [{ role: 'user', content: 'before' }] })
  await run.result()
  const entries = entriesOf(await collect(run.events()))
  expect(entries.map(({ message }) => message.role)).toEqual([
    'user',
    'assistant',
    'tool',
    'assistant',
  ])
  expect(analyseHistory(entries)).toMatchObject({
    calls: 2,
    finishReasons: { 'tool-calls': 1, stop: 1 },
  })
  expect(Object.keys(analyseHistory(entries).byModel)).toEqual(['scripted'])
})
