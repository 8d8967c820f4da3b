import { describe, expect, test } from 'vitest'
import { TurnAssembler, type AssembledTurn } from '../../../src/protocol/assemble.ts'
import type { ModelEvent } from '../../../src/protocol/event.ts'
import { addCost, noUsage, type Cost } from '../../../src/protocol/usage.ts'

function assemble(events: readonly ModelEvent[]): AssembledTurn {
  const assembler = new TurnAssembler()
  for (const event of events) assembler.add(event)
  return assembler.finish()
}

const error = { code: 'model-overloaded', message: 'busy', retryable: true } as const
const anew: readonly ModelEvent[] = [
  { type: 'retry', attempt: 2, delayMs: 0, error },
  { type: 'fallback', from: 'a/m', to: 'b/m', error },
]
const end: ModelEvent = { type: 'end', finishReason: { unified: 'tool-calls', raw: null } }

function used(inputTokens: number, cost?: Cost): ModelEvent {
  return { type: 'usage', usage: { ...noUsage, inputTokens }, ...(cost && { cost }) }
}

function dollars(amount: number, source: Cost['source'] = 'provider'): Cost {
  return { amount, currency: 'USD', source }
}

function call(tool: string): ModelEvent {
  return { type: 'tool-call', slot: 0, providerId: tool, tool, arguments: '{}' }
}

describe.each(anew)('when $type comes amid a turn', (event) => {
  test('S3-26 what the failed attempt has said is dropped, calls included', () => {
    const turn = assemble([
      { type: 'text-delta', text: 'dead' },
      { type: 'reasoning-delta', text: 'dead' },
      { type: 'tool-call-start', slot: 0, providerId: 'dead', tool: 'dead' },
      call('dead'),
      event,
      { type: 'text-delta', text: 'alive' },
      call('alive'),
      end,
    ])
    expect(turn).toMatchObject({ text: 'alive', reasoning: '', error: undefined })
    expect(turn.calls).toEqual([{ providerId: 'alive', tool: 'alive', arguments: '{}' }])
  })

  test('what each attempt has used is added up, with the less certain source', () => {
    const turn = assemble([used(3, dollars(0.1)), event, used(4, dollars(0.2, 'registry')), end])
    expect(turn.usage).toEqual({ ...noUsage, inputTokens: 7 })
    expect(turn.cost).toEqual(dollars(0.3, 'registry'))
  })

  test('a cost that is known for one attempt only is not called known', () => {
    expect(assemble([used(3), event, used(4, dollars(0.2)), end]).cost).toEqual(
      dollars(0.2, 'unknown'),
    )
    expect(assemble([used(3, dollars(0.2)), event, used(4), end]).cost).toEqual(
      dollars(0.2, 'unknown'),
    )
    expect(assemble([event, used(4, dollars(0.2)), end]).cost).toEqual(dollars(0.2))
    expect(assemble([used(4, dollars(0.2)), event, end]).cost).toEqual(dollars(0.2))
  })
})

test('costs add up as decimals', () => {
  let sum: Cost | undefined
  for (let count = 0; count < 1000; count++) sum = addCost(sum, dollars(0.0000001))
  expect(sum?.amount).toBe(0.0001)
})
