import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { costOf, PriceIndex } from '../../../src/cost/prices.ts'
import { catalogOf, entriesOf } from '../../../src/model/catalog.ts'
import { noUsage } from '../../../src/protocol/usage.ts'

const path = new URL('rest/llm-openrouter/get-models.json', import.meta.url)
const answer: unknown = JSON.parse(readFileSync(path, 'utf8'))

test('S1-45 a recorded catalogue is read with exact prices and everything it says', () => {
  const { models, skipped } = catalogOf(entriesOf(answer))
  expect([models.length, skipped]).toEqual([4, 0])
  expect(models[0]).toMatchObject({
    id: 'anthropic/claude-sonnet-4',
    name: 'Anthropic: Claude Sonnet 4',
    canonicalSlug: 'anthropic/claude-4-sonnet-20250522',
    contextLength: 1_000_000,
    architecture: {
      modality: 'text+image+file->text',
      inputModalities: ['image', 'text', 'file'],
      outputModalities: ['text'],
      tokenizer: 'Claude',
      instructType: null,
    },
    topProvider: { contextLength: 200_000, maxCompletionTokens: 64_000, isModerated: true },
    tools: true,
    prices: {
      model: 'anthropic/claude-sonnet-4',
      input: '3',
      output: '15',
      cacheRead: '0.3',
      cacheWrite: '3.75',
      maxOutputTokens: 64_000,
      tiers: [
        {
          minInputTokens: 200_000,
          input: '6',
          output: '22.5',
          cacheRead: '0.6',
          cacheWrite: '7.5',
        },
      ],
    },
    raw: { knowledge_cutoff: '2025-01-31', pricing: { web_search: '0.01' } },
  })
  expect(models.map(({ prices }) => [prices?.input, prices?.output])).toEqual([
    ['3', '15'],
    ['0.4', '1.6'],
    ['2.5', '10'],
    ['0.5', '1.5'],
  ])
})

test('S2-50 a price table takes the prices of a catalogue', () => {
  const prices = catalogOf(entriesOf(answer)).models.flatMap((model) => model.prices ?? [])
  const found = new PriceIndex({ models: prices }).find('openrouter', 'openai/gpt-4o')
  expect(
    found && costOf(found, { ...noUsage, inputTokens: 2_000_000, outputTokens: 100_000 }),
  ).toBe(6n * 10n ** 18n)
})
