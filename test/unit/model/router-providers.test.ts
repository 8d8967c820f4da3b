import { expect, test } from 'vitest'
import type { JsonValue } from '../../../src/base/json.ts'
import { createCosts } from '../../../src/cost/costs.ts'
import { priceTable } from '../../../src/cost/price-table.ts'
import { openaiCompatible } from '../../../src/model/compatible.ts'
import type { HttpModel } from '../../../src/model/http-model.ts'
import { router } from '../../../src/model/router.ts'
import { scriptedAccount } from '../../../src/testing/account-script.ts'
import {
  fakeProvider,
  type FakeAnswer,
  type FakeProviderOptions,
} from '../../../src/testing/fake-provider.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import { lawBreaks } from '../../conformance/wire/support.ts'
import { answer, told } from '../../support/models.ts'

const secret = 'sk-planted-0123456789abcdef'
const toB = { trigger: 'error', action: 'switch_provider', provider: 'b' } as const

function modelAt(baseUrl: string, provider: string, stream = true): HttpModel {
  const retry = { attempts: 1 }
  return openaiCompatible({ baseUrl, provider, model: 'm', stream, retry, apiKey: secret })
}

/** A provider that answers for these models. */
function listing(models: readonly JsonValue[]): FakeProviderOptions {
  const account = scriptedAccount({ models })
  return { turns: (request) => account.answer(request) ?? { text: 'yes' } }
}

test('S3-11 an endpoint that does not stream stands in for one that does, amid an answer', async () => {
  await using a = await fakeProvider({ turns: [{ text: ['dead', 'dead'], fault: { reset: 300 } }] })
  await using b = await fakeProvider({ turns: [{ text: 'alive' }] })
  const providers = [modelAt(a.baseUrl, 'a'), modelAt(b.baseUrl, 'b', false)]
  const model = router({ providers, rules: [toB] })
  const events = await answer(model)
  expect(told(events).slice(-3)).toEqual(['a/m > b/m: model-incomplete', 'alive', 'end'])
  expect(lawBreaks(events)).toEqual([])
  expect(b.requests[0]?.body['stream']).not.toBe(true)
  await model.close()
})

test('a silent endpoint is left for another one', async () => {
  await using a = await fakeProvider({ turns: [{ text: ['dead', 'dead'], fault: { stall: 300 } }] })
  await using b = await fakeProvider({ turns: [{ text: 'alive' }] })
  const silent = openaiCompatible({
    baseUrl: a.baseUrl,
    provider: 'a',
    model: 'm',
    retry: { attempts: 1 },
    timeouts: { idleMs: 20 },
  })
  const model = router({ providers: [silent, modelAt(b.baseUrl, 'b')], rules: [toB] })
  expect(told(await answer(model)).slice(-3)).toEqual(['a/m > b/m: model-timeout', 'alive', 'end'])
  await a.aborted()
  await model.close()
})

test('S3-10 is well when all its providers are, else names the first that is not', async () => {
  await using a = await fakeProvider(listing([]))
  await using b = await fakeProvider(listing([]))
  const model = router({
    providers: [modelAt(a.baseUrl, 'a'), modelAt(b.baseUrl, 'b'), scripted([])],
  })
  expect(await model.health()).toMatchObject({
    ok: true,
    providers: { a: { ok: true }, b: { ok: true } },
  })
  await b.close()
  await model.close()
  const health = await model.health({ fresh: true })
  expect(health).toMatchObject({ ok: false, providers: { a: { ok: true }, b: { ok: false } } })
  expect(health.error?.code).toBe('model-connect')
  expect(JSON.stringify(health)).not.toContain(secret)
})

test('is not well where a provider cannot even tell', async () => {
  const broken = { ...scripted([]), health: () => Promise.reject(new Error('no socket')) }
  expect(await router({ providers: [broken] }).health()).toMatchObject({
    ok: false,
    providers: { testing: { ok: false, error: { message: 'no socket' } } },
    error: { message: 'no socket' },
  })
})

test('S3-13 lists the models of its providers once each, priced by its costs, failing ones as warnings', async () => {
  await using a = await fakeProvider(listing([{ id: 'x' }, { id: 'y' }]))
  await using b = await fakeProvider(listing([{ id: 'y' }, { id: 'z' }]))
  const gone = modelAt('http://127.0.0.1:9/v1', 'gone')
  const costs = createCosts({
    prices: priceTable({ models: [{ model: 'x', input: '0.25', output: '2' }], fallback: '10' }),
  })
  const model = router({
    providers: [modelAt(a.baseUrl, 'a'), modelAt(b.baseUrl, 'b'), gone],
    costs,
  })
  const { models, warnings } = await model.listModels()
  expect(
    models.map(({ id, provider, inputPrice, outputPrice }) => [
      id,
      provider,
      inputPrice,
      outputPrice,
    ]),
  ).toEqual([
    ['x', 'a', '0.25', '2'],
    ['y', 'a', null, null],
    ['z', 'b', null, null],
  ])
  expect(warnings).toMatchObject([{ provider: 'gone', error: { code: 'model-connect' } }])
  expect(JSON.stringify(warnings)).not.toContain(secret)
  await model.close()
})

test('keys appear in no event, whatever providers say of them', async () => {
  const telling: FakeAnswer = {
    status: 503,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ error: { message: `your key ${secret} is fine, we are not` } }),
  }
  await using a = await fakeProvider({ turns: [telling] })
  await using b = await fakeProvider({ turns: [telling, telling] })
  const rules = [toB, { trigger: 'error', action: 'wait_and_retry', maxRetries: 1 }] as const
  const model = router({ providers: [modelAt(a.baseUrl, 'a'), modelAt(b.baseUrl, 'b')], rules })
  const events = await answer(model)
  expect(events.map(({ type }) => type)).toEqual(['fallback', 'retry', 'error', 'end'])
  expect(JSON.stringify(events)).not.toContain(secret)
  await model.close()
})
