import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCosts, type Purchasing } from '../../src/cost/costs.ts'
import { priceTable } from '../../src/cost/price-table.ts'
import { noUsage } from '../../src/protocol/usage.ts'
import { share } from '../support/share.ts'
import { expectCases } from '../support/tally.ts'

const prices = priceTable({ models: [{ model: 'm', input: '0.1', output: '3.3' }] })

const step = fc.oneof(
  fc.record({
    do: fc.constant('open' as const),
    most: share.map((part) => 1 + Math.floor(part * 100_000)),
  }),
  fc.record({
    do: fc.constantFrom<('settle' | 'release' | 'abandon')[]>(
      'settle',
      'settle',
      'release',
      'abandon',
    ),
    which: fc.nat(100),
    share,
  }),
)

test('S3-T5 no order of requests and answers passes a hard limit', () => {
  const seen = { refused: 0, 'nothing refused': 0, 'more than half spent': 0 }
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const costs = createCosts({ prices, budget: { default: { hard: 0.4 } } })
      const caller = { runId: 'r', session: 's' }
      const open: { readonly most: number; readonly bought: Purchasing }[] = []
      let refused = false
      for (const each of steps) {
        if (each.do === 'open') {
          const settings = { maxOutputTokens: each.most }
          const request = { messages: [], tools: [], settings }
          const bought = costs.open({ provider: 'p', model: 'm', caller, request })
          if ('refused' in bought) refused = true
          else open.push({ most: each.most, bought })
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
      seen[refused ? 'refused' : 'nothing refused']++
      if (costs.tracker.sessionCost('s') > 0.2) seen['more than half spent']++
    }),
    { numRuns: 500 },
  )
  expectCases(seen, 1)
})
