import { expect, test } from 'vitest'
import { catalogOf, entriesOf } from '../../../src/model/catalog.ts'
import { listModels } from '../../../src/model/catalog-listing.ts'
import type { ModelSource } from '../../../src/model/account.ts'
import { SallyportError } from '../../../src/base/errors.ts'

function pricesFrom(pricing: unknown) {
  return catalogOf([{ id: 'm', pricing }]).models[0]!.prices
}

test('S1-45 S2-T6 prices of a token become exact prices of a million', () => {
  const pricing = {
    prompt: '0.0000001',
    completion: '0.00000035',
    request: '0.005',
    image: '0.001445',
  }
  expect(pricesFrom(pricing)).toEqual({
    model: 'm',
    input: '0.1',
    output: '0.35',
    request: '0.005',
    image: '0.001445',
  })
})

test('a price of zero is a price; one that is unknown, negative or malformed is none', () => {
  expect(pricesFrom({ prompt: '0', completion: '0' })).toEqual({
    model: 'm',
    input: '0',
    output: '0',
  })
  expect(pricesFrom({ prompt: 1.5e-7, completion: '6e-7' })).toEqual({
    model: 'm',
    input: '0.15',
    output: '0.6',
  })
  for (const prompt of ['-1', '', 'free', ' 1', '0x1', '1,5', null, undefined, {}, NaN]) {
    expect(pricesFrom({ prompt, completion: '0.1' })).toBeNull()
  }
  expect(pricesFrom(undefined)).toBeNull()
})

test('entries that cannot be used are skipped and counted', () => {
  const entries = [
    { id: 'good', future_field: [1] },
    null,
    'text',
    { name: 'no id' },
    { id: '' },
    { id: 7 },
    { id: 'hid\u202eden' },
    { id: 'x'.repeat(300) },
    { id: 'good', name: 'again' },
  ]
  const { models, skipped } = catalogOf(entries)
  expect(skipped).toBe(8)
  expect(models).toEqual([
    {
      id: 'good',
      name: 'good',
      canonicalSlug: null,
      contextLength: null,
      architecture: {
        modality: null,
        inputModalities: [],
        outputModalities: [],
        tokenizer: null,
        instructType: null,
      },
      topProvider: { contextLength: null, maxCompletionTokens: null, isModerated: null },
      prices: null,
      supportedParameters: [],
      tools: null,
      raw: { id: 'good', future_field: [1] },
    },
  ])
})

test('an answer without a list is no catalogue', () => {
  for (const answer of [null, [], {}, { data: {} }, 'x']) {
    expect(() => entriesOf(answer)).toThrow(expect.objectContaining({ code: 'model-protocol' }))
  }
})

function source(provider: string, entries: readonly unknown[]): ModelSource {
  return { provider, models: () => Promise.resolve(catalogOf(entries)) }
}

test('S3-13 models of several providers are listed once, priced and sorted, and a failing one is a warning', async () => {
  const failure = new SallyportError('model-connect', 'nobody there')
  const listing = await listModels(
    [
      source('first', [
        { id: 'b', pricing: { prompt: '0.000001', completion: '0' }, supported_parameters: [] },
        { id: 'a', supported_parameters: ['tools'], name: 'A', context_length: 8 },
      ]),
      { provider: 'broken', models: () => Promise.reject(failure) },
      source('second', [{ id: 'b', name: 'not this one' }, { id: 'c' }]),
    ],
    {
      priceOf: (provider, model) =>
        provider + model === 'secondc' ? { input: '1', output: '2' } : undefined,
    },
  )
  const unknown = { inputPrice: null, outputPrice: null, weeklyTokens: 0, contextLength: null }
  expect(listing.models).toEqual([
    { ...unknown, id: 'a', name: 'A', provider: 'first', tools: true, contextLength: 8 },
    {
      ...unknown,
      id: 'b',
      name: 'b',
      provider: 'first',
      inputPrice: '1',
      outputPrice: '0',
      tools: false,
    },
    {
      ...unknown,
      id: 'c',
      name: 'c',
      provider: 'second',
      inputPrice: '1',
      outputPrice: '2',
      tools: null,
    },
  ])
  expect(listing.warnings).toEqual([
    { provider: 'broken', error: expect.objectContaining({ code: 'model-connect' }) },
  ])
})

test('S3-13 the models most used come first', async () => {
  const entries = [{ id: 'a' }, { id: 'b', weekly_tokens: 5 }, { id: 'c', weekly_tokens: 9 }]
  const { models } = await listModels([source('p', entries)])
  expect(models.map(({ id }) => id)).toEqual(['c', 'b', 'a'])
})
