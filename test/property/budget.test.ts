import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCosts, type Purchasing } from '../../src/cost/costs.ts'
import { priceTable } from '../../src/cost/price-table.ts'
import { noUsage } from '../../src/protocol/usage.ts'

const prices = priceTable({ models: [{ model: 'm', input: '0.1', output: '3.3' }] })

const step = fc.oneof(
  fc.record({ do: fc.constant('open' as const), most: fc.integer({ min: 1, max: 50_000 }) }),
  fc.record({
    do: fc.constantFrom('settle' as const, 'release' as const, 'abandon' as const),
    which: fc.nat(100),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
)

test('S3-T5 no order of requests and answers passes a hard limit', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const costs = createCosts({ prices, budget: { default: { hard: 0.4 } } })
      const caller = { runId: 'r', session: 's' }
      const open: { readonly most: number; readonly bought: Purchasing }[] = []
      for (const each of steps) {
        if (each.do === 'open') {
          const settings = { maxOutputTokens: each.most }
          const request = { messages: [], tools: [], settings }
          const bought = costs.open({ provider: 'p', model: 'm', caller, request })
          if (!('refused' in bought)) open.push({ most: each.most, bought })
          continue
        }
        const [chosen] = open.splice(each.which % Math.max(1, open.length), 1)
        const outputTokens = Math.floor((chosen?.most ?? 0) * each.share)
        if (each.do === 'settle') {
          chosen?.bought.settle({ ...noUsage, inputTokens: 900, outputTokens }, undefined)
        } else if (each.do === 'release') chosen?.bought.release()
        else chosen?.bought.abandon(outputTokens)
        expect(costs.tracker.sessionCost('s')).toBeLessThanOrEqual(0.4)
        expect(costs.exceeded('hard', { provider: 'p', model: 'm', caller })).toBeUndefined()
      }
    }),
    { numRuns: 500 },
  )
})
