import { describe, expect, test } from 'vitest'
import * as fc from 'fast-check'
import { moneyText, readMoney, toDollars } from '../../../src/cost/money.ts'
import type { PriceEntry } from '../../../src/cost/price-entry.ts'
import { priceTable } from '../../../src/cost/price-table.ts'
import { costOf } from '../../../src/cost/prices.ts'
import { noUsage } from '../../../src/protocol/usage.ts'

function entry(model: string, input = '1'): PriceEntry {
  return { model, input, output: '2' }
}

describe('money', () => {
  test('is read from numbers and texts without rounding', () => {
    expect(['0.15', 0.15, '15e-2', '1.5E-1', '000.1500'].map(readMoney)).toEqual(
      Array(5).fill(150_000_000_000_000_000n),
    )
    expect(readMoney(5e-324)).toBe(0n)
    expect(toDollars(readMoney(0.1)! + readMoney(0.2)!)).toBe(0.3)
  })

  test.each([-1, Number.NaN, Infinity, '', '-1', '1,5', '0x1', '1e999', ' 1', '1.', null, 1n, 'é'])(
    'is not read from %s',
    (value) => expect(readMoney(value)).toBeUndefined(),
  )

  test('comes back as it was written', () => {
    const cents = fc.bigInt({ min: 0n, max: 10n ** 30n })
    fc.assert(
      fc.property(cents, (money) => {
        expect(readMoney(moneyText(money))).toBe(money)
      }),
    )
  })
})

describe('a table of prices', () => {
  test('S3-37 S2-50 finds the exact name, then the longest beginning, of the provider before all', () => {
    const table = priceTable({
      models: [entry('a', '1'), entry('a/b', '2'), entry('a/b-1', '3')],
      providers: { host: [entry('a', '4')] },
    })
    const input = (provider: string, model: string) =>
      table.find(provider, model) && moneyText(table.find(provider, model)!.input)
    expect(input('other', 'a/b')).toBe('2')
    expect(input('other', 'a/b-1-2026')).toBe('3')
    expect(input('other', 'a/c')).toBe('1')
    expect(input('host', 'a/b-1')).toBe('4')
    expect(input('host', 'z')).toBeUndefined()
  })

  test('S3-37 a rate for models without a price says so', () => {
    const table = priceTable({ models: [entry('a')], fallback: '10' })
    expect(table.find('p', 'a')?.source).toBe('registry')
    expect(table.find('p', 'b')?.source).toBe('fallback')
  })

  test('S3-37 cached tokens cost their own rate, else that of input; zero is a price', () => {
    const table = priceTable({
      models: [
        {
          model: 'own',
          input: '3',
          output: '15',
          cacheRead: '0.3',
          cacheWrite: '3.75',
          request: '0.01',
        },
        { model: 'plain', input: '3', output: '15' },
        { model: 'free', input: '0', output: '0' },
      ],
    })
    const usage = {
      ...noUsage,
      inputTokens: 1000,
      cacheReadTokens: 600,
      cacheWriteTokens: 100,
      outputTokens: 200,
    }
    const dollars = (model: string) => toDollars(costOf(table.find('p', model)!, usage))
    expect(dollars('own')).toBe(0.014455)
    expect(dollars('plain')).toBe(0.006)
    expect(dollars('free')).toBe(0)
  })

  test('longer prompts cost what their tier says, all of them', () => {
    const tiers = [
      { minInputTokens: 200, input: '3', output: '1' },
      { minInputTokens: 1000, input: '5', output: '1' },
    ]
    const price = priceTable({ models: [{ ...entry('m'), tiers }] }).find('p', 'm')!
    const dollars = (inputTokens: number) => toDollars(costOf(price, { ...noUsage, inputTokens }))
    expect([199, 200, 1000].map(dollars)).toEqual([0.000199, 0.0006, 0.005])
  })

  test('more cached tokens than input tokens never make an answer cheaper than nothing', () => {
    const price = priceTable({ models: [entry('m', '3')] }).find('p', 'm')!
    expect(costOf(price, { ...noUsage, inputTokens: 1, cacheReadTokens: 5 })).toBe(15n * 10n ** 12n)
    expect(costOf(price, { ...noUsage, inputTokens: -4 })).toBe(0n)
  })

  test('sums of single tokens are exact', () => {
    const price = priceTable({ models: [entry('m', '0.000000000001')] }).find('p', 'm')!
    expect(costOf(price, { ...noUsage, inputTokens: 1 })).toBe(1n)
  })

  test.each([
    [{ models: [{ model: '', input: '1', output: '1' }] }, '`models[0]` has no `model`'],
    [
      { models: [{ model: 'm', input: '-1', output: '1' }] },
      '`models[0] (`m`).input` is no amount',
    ],
    [{ models: [{ model: 'm', input: '1' }] }, '`models[0] (`m`).output` is no amount'],
    [{ models: [entry('m'), entry('m')] }, 'prices `m` a second time'],
    [{ models: [{ ...entry('m'), input: 1 }] }, '`models[0] (`m`).input` is no amount'],
    [{ models: [{ ...entry('m'), maxOutputTokens: 0 }] }, 'maxOutputTokens` is no number'],
    [{ models: [{ ...entry('m'), tiers: [entry('m')] }] }, 'tiers[0].minInputTokens` is no number'],
    [{ providers: { p: 3 } }, '`providers.p` is not a list'],
    [{ fallback: 'much' }, '`fallback` is no amount'],
    [{ refreshMs: 5 }, '`refreshMs` is 5'],
    [{ timeoutMs: 2 ** 31 }, '`timeoutMs` is 2147483648'],
    [{ load: {} }, '`load` is not a function'],
    [{ model: [] }, 'did you mean `models`?'],
  ])('refuses %j', (options, message) => {
    expect(() => priceTable(options as never)).toThrow(message)
  })
})

describe('refreshing prices', () => {
  test('S2-50 S2-01 puts the loaded lists in the place of all others', async () => {
    const table = priceTable({
      models: [entry('old')],
      load: async () => ({ models: [entry('new')] }),
    })
    expect(await table.refresh()).toBe(true)
    expect([table.find('p', 'old'), table.find('p', 'new')?.source]).toEqual([
      undefined,
      'registry',
    ])
    expect(table.state).toMatchObject({ refreshes: 1, error: undefined })
  })

  test.each([
    ['load throws', () => Promise.reject(new Error('down')), 'down'],
    ['an entry is bad', async () => ({ models: [entry('m', 'x')] }), 'is no amount of money'],
    ['load hangs', () => new Promise<never>(() => {}), 'did not come within 5 ms'],
  ])('keeps the last good prices when %s', async (_, load, message) => {
    const table = priceTable({ models: [entry('m')], load, timeoutMs: 5 })
    expect(await table.refresh()).toBe(false)
    expect(table.find('p', 'm')).toBeDefined()
    expect(table.state.error).toContain(message)
  })

  test('loads once for all who ask meanwhile, and is given up by stop', async () => {
    let loads = 0
    const table = priceTable({
      load: () => {
        loads++
        return new Promise(() => {})
      },
    })
    const both = [table.start(), table.refresh()]
    table.stop()
    expect(await Promise.all(both)).toEqual([false, false])
    expect([loads, table.state.error]).toEqual([1, 'the refresh was stopped'])
  })

  test('loads anew for who starts right after a stop', async () => {
    const current = { models: [{ model: 'm', input: '1', output: '2' }] }
    const loads = [new Promise<never>(() => {}), Promise.resolve(current)]
    const table = priceTable({ load: () => loads.shift()! })
    const given = table.start()
    table.stop()
    const again = table.start()
    expect(await Promise.all([given, again])).toEqual([false, true])
    table.stop()
    expect(table.find('p', 'm')).toBeDefined()
    expect(table.state).toMatchObject({ refreshes: 1, error: undefined })
  })
})
