import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { isSallyportError } from '../../../src/base/errors.ts'
import {
  openrouterAccount,
  providerCatalog,
  type OpenRouterAccount,
} from '../../../src/model/account.ts'
import type { AccountEndpoint } from '../../../src/model/account-client.ts'
import { scriptedAccount, type AccountScript } from '../../../src/testing/account-script.ts'
import type { Transport } from '../../../src/wire/transport.ts'
import { fakeProvider, type FakeProviderOptions } from '../../../src/testing/fake-provider.ts'

const apiKey = 'sk-or-v1-planted-secret'

type Turns = FakeProviderOptions['turns']

/** What an account with this script answers. */
function saying(script: AccountScript): Turns {
  const account = scriptedAccount(script)
  return (request) => account.answer(request)!
}

/** What a question to an account comes to, an error included. */
async function ask(
  turns: Turns,
  question: (account: OpenRouterAccount) => Promise<unknown>,
  options: AccountEndpoint = {},
) {
  await using provider = await fakeProvider({ turns })
  const { baseUrl } = provider
  const account = openrouterAccount({ baseUrl, apiKey, retry: { baseDelayMs: 0 }, ...options })
  const result = await question(account).catch((error: unknown) => error)
  await account.close()
  return { result, requests: provider.requests }
}

function json(value: unknown, status = 200) {
  const headers = { 'content-type': 'application/json' }
  return { status, headers, body: JSON.stringify(value) }
}

describe('the account', () => {
  test('S2-09 S1-45 lists its models by a GET with the key', async () => {
    const { result, requests } = await ask(
      saying({
        models: [{ id: 'a/b', pricing: { prompt: '0.000001', completion: '0.000002' } }, 7],
      }),
      (account) => account.models(),
    )
    expect(result).toMatchObject({
      models: [{ id: 'a/b', prices: { input: '1', output: '2' } }],
      skipped: 1,
    })
    expect(requests).toHaveLength(1)
    expect(requests[0]).toMatchObject({
      method: 'GET',
      path: '/v1/models',
      text: '',
      headers: { authorization: `Bearer ${apiKey}`, accept: 'application/json' },
    })
    expect(requests[0]!.headers['content-type']).toBeUndefined()
  })

  test('reads a catalogue that comes in pages, never at an address out of an answer', async () => {
    const next = 'https://elsewhere.invalid/v1/other?page=2'
    const { result, requests } = await ask(
      [
        json({ data: [{ id: 'a' }], links: { next } }),
        json({ data: [{ id: 'b' }], links: { next: null } }),
      ],
      (account) => account.models(),
    )
    expect(result).toMatchObject({ models: [{ id: 'a' }, { id: 'b' }], skipped: 0 })
    expect(requests.map(({ path }) => path)).toEqual(['/v1/models', '/v1/models?page=2'])
  })

  test('ends a catalogue whose pages never end', async () => {
    const { result, requests } = await ask(
      () => json({ data: [{ id: 'a' }], links: { next: '?page=2' } }),
      (account) => account.models(),
    )
    expect([requests.length, result]).toEqual([20, expect.objectContaining({ skipped: 19 })])
  })

  test('S1-30 S2-09 tells the limits of its key', async () => {
    const key = {
      label: 'sk-or-v1-au7...890',
      limit: 100,
      limit_remaining: 74.5,
      limit_reset: 'monthly',
      usage: 25.5,
      usage_daily: 1,
      is_free_tier: false,
      is_management_key: false,
      free_model_daily_requests: { limit: 50, remaining: 38, used: 12 },
      rate_limit: { requests: 1000, interval: '1h', note: 'old' },
      new_field: 1,
    }
    const { result } = await ask(saying({ key }), (account) => account.keyInfo())
    expect(result).toEqual({
      label: 'sk-or-v1-au7...890',
      limit: 100,
      limitRemaining: 74.5,
      limitReset: 'monthly',
      usage: 25.5,
      usageDaily: 1,
      usageWeekly: null,
      usageMonthly: null,
      isFreeTier: false,
      isManagementKey: false,
      expiresAt: null,
      freeRequests: { limit: 50, remaining: 38, used: 12 },
      rateLimit: {
        requests: 1000,
        intervalMs: 3_600_000,
        requestsPerMinute: null,
        requestsPerDay: null,
      },
      raw: key,
    })
  })

  test('S1-30 no limit is told as null, also where it is written as -1', async () => {
    for (const [limit, limit_remaining] of [
      [null, null],
      [-1, -1],
      [undefined, undefined],
    ] as const) {
      const key = JSON.parse(
        JSON.stringify({ limit, limit_remaining, rate_limit: { requests: -1, interval: '10s' } }),
      ) as Record<string, never>
      const { result } = await ask(saying({ key }), (account) => account.keyInfo())
      expect(result).toMatchObject({
        limit: null,
        limitRemaining: null,
        rateLimit: null,
        usage: null,
      })
    }
    const older = { rate_limit: { requests_per_minute: 20, requests_per_day: -1 } }
    const { result } = await ask(saying({ key: older }), (account) => account.keyInfo())
    expect(result).toMatchObject({ rateLimit: { requestsPerMinute: 20, requestsPerDay: null } })
  })

  test('S2-09 tells the credits, also of an account that is overdrawn', async () => {
    for (const [total_credits, total_usage, remaining] of [
      [0.3, 0.1, 0.2],
      [5, 7.5, -2.5],
    ] as const) {
      const { result } = await ask(saying({ credits: { total_credits, total_usage } }), (account) =>
        account.credits(),
      )
      expect(result).toEqual({ total: total_credits, used: total_usage, remaining })
    }
    const { result } = await ask(saying({ credits: { total_credits: 1 } }), (account) =>
      account.credits(),
    )
    expect(result).toMatchObject({ code: 'model-protocol' })
  })

  test('S3-01 S3-02 has a balance: the less of what the key and the account have left', async () => {
    const rich = { total_credits: 100, total_usage: 1 }
    for (const [key, credits, balance] of [
      [{ limit: 5, limit_remaining: 2 }, rich, 2],
      [{ limit: 5, limit_remaining: -1 }, rich, -1],
      [{ limit: 500, limit_remaining: 400 }, rich, 99],
      [{ limit: null, limit_remaining: null }, rich, 99],
      [{ limit: 5, limit_remaining: 2 }, null, 2],
      [{ limit: null, limit_remaining: null }, null, Infinity],
      [{ limit: -1, limit_remaining: -1 }, null, Infinity],
    ] as const) {
      const { result } = await ask(saying({ key, credits }), (account) => account.balance())
      expect(result).toBe(balance)
    }
  })

  test('has no balance while its credits cannot be asked for', async () => {
    const { result } = await ask(
      ({ path }) => (path === '/v1/key' ? json({ data: {} }) : json({}, 503)),
      (account) => account.balance(),
    )
    expect(result).toMatchObject({ code: 'model-overloaded' })
  })

  test('finds a generation that is in the books a moment later', async () => {
    const books = {
      id: 'gen-1',
      model: 'a/b',
      provider_name: 'Host',
      total_cost: 0,
      tokens_prompt: 9,
      tokens_completion: 9,
      native_tokens_prompt: 10,
      native_tokens_completion: 20,
      native_tokens_reasoning: 5,
      native_tokens_cached: 3,
      finish_reason: 'stop',
      native_finish_reason: 'end_turn',
      cancelled: false,
      latency: 100,
      generation_time: 200,
    }
    const { result, requests } = await ask(
      [json({ error: { code: 404, message: 'not found' } }, 404), json({ data: books })],
      (account) => account.generation('gen-1&id=2'),
    )
    expect(requests.map(({ path }) => path)).toEqual(
      Array(2).fill('/v1/generation?id=gen-1%26id%3D2'),
    )
    expect(result).toEqual({
      id: 'gen-1',
      model: 'a/b',
      host: 'Host',
      cost: { amount: 0, currency: 'USD', source: 'provider' },
      usage: {
        inputTokens: 10,
        outputTokens: 20,
        cacheReadTokens: 3,
        cacheWriteTokens: 0,
        reasoningTokens: 5,
      },
      finishReason: 'stop',
      nativeFinishReason: 'end_turn',
      isCancelled: false,
      latencyMs: 100,
      generationMs: 200,
      raw: books,
    })
  })

  test('gives a generation up that stays unknown', async () => {
    const { result, requests } = await ask(saying({}), (account) => account.generation('gen-x'))
    expect([requests.length, result]).toMatchObject([
      3,
      { code: 'model-refused', details: { status: 404 } },
    ])
  })
})

describe('what goes wrong', () => {
  test('a question is asked again before its answer begins, as often as the options say', async () => {
    const busy = json({ error: { message: 'busy' } }, 503)
    const good = json({ data: { limit: 1, limit_remaining: 1 } })
    const { result, requests } = await ask([busy, busy, good], (account) => account.keyInfo())
    expect([requests.length, result]).toMatchObject([3, { limit: 1 }])
    const once = await ask([busy, good], (account) => account.keyInfo(), {
      retry: { attempts: 1 },
    })
    expect([once.requests.length, once.result]).toMatchObject([
      1,
      { code: 'model-overloaded', details: { status: 503, retryable: true } },
    ])
  })

  test('an answer that broke off is not asked for again', async () => {
    for (const fault of [{ truncate: 9 }, { reset: 9 }]) {
      const { result, requests } = await ask(
        () => ({ ...json({ data: { limit: 1 } }), fault }),
        (account) => account.keyInfo(),
      )
      expect([requests.length, isSallyportError(result)]).toEqual([1, true])
    }
  })

  test('errors are classified as those of models, with the status for programs', async () => {
    for (const [status, code] of [
      [400, 'model-refused'],
      [401, 'model-unauthorized'],
      [402, 'model-low-funds'],
      [429, 'model-rate-limit'],
      [504, 'model-timeout'],
      [302, 'model-status'],
    ] as const) {
      const { result } = await ask(
        () => json({ error: { message: 'no' } }, status),
        (account) => account.keyInfo(),
      )
      expect(result).toMatchObject({ code, details: { status } })
    }
  })

  test('status 200 is no success when the answer is an error, no JSON, or of another shape', async () => {
    for (const [answer, code] of [
      [json({ error: { code: 402, message: 'no' } }), 'model-low-funds'],
      [json({ error: 'no' }), 'model-error'],
      [{ ...json({}), body: '{"data":' }, 'model-protocol'],
      [{ ...json({}), headers: { 'content-type': 'text/html' } }, 'model-protocol'],
      [{ ...json({}), body: '['.repeat(100) + ']'.repeat(100) }, 'model-protocol'],
      [json({ data: [] }), 'model-protocol'],
      [json([]), 'model-protocol'],
    ] as const) {
      const { result } = await ask(
        () => answer,
        (account) => account.keyInfo(),
      )
      expect(result).toMatchObject({ code })
    }
  })

  test('an answer is read up to its bound, and a silent one up to its time', async () => {
    const large = await ask(saying({ key: { label: 'x'.repeat(2000) } }), (a) => a.keyInfo(), {
      maxBytes: 1000,
    })
    expect(large.result).toMatchObject({ code: 'model-too-large' })
    const silent = await ask(
      () => ({ ...json({ data: {} }), fault: { stall: 3 } }),
      (account) => account.keyInfo(),
      { timeouts: { idleMs: 30, totalMs: 1000 }, retry: { attempts: 1 } },
    )
    expect(silent.result).toMatchObject({ code: 'model-timeout' })
  })

  test('a caller can give up, before and within an answer', async () => {
    const before = await ask(saying({}), (a) => a.keyInfo({ signal: AbortSignal.abort() }))
    expect([before.requests.length, before.result]).toMatchObject([0, { code: 'cancelled' }])
    const controller = new AbortController()
    const within = await ask(
      () => {
        setImmediate(() => controller.abort())
        return { ...json({ data: {} }), fault: { stall: 3 } }
      },
      (account) => account.keyInfo({ signal: controller.signal }),
    )
    expect(within.result).toMatchObject({ code: 'cancelled' })
  })

  test('the key is in no error and no answer, whoever quotes it', async () => {
    const quoting = { error: { code: 400, message: `bad ${apiKey}`, metadata: { raw: apiKey } } }
    for (const turn of [
      json(quoting, 400),
      json(quoting),
      json({ data: { label: apiKey, [apiKey]: [`Bearer ${apiKey}`] } }),
    ]) {
      const { result } = await ask(
        () => turn,
        (account) => account.keyInfo(),
      )
      const shown = `${JSON.stringify(result)}${String(result)}${String((result as Error).stack)}`
      expect(shown).toContain('[redacted]')
      expect(shown).not.toContain('planted')
    }
  })

  test('without a key only the models can be asked for, and the key of the environment stays at home', async () => {
    const turns = saying({ models: [{ id: 'a' }], key: {} })
    await using provider = await fakeProvider({ turns })
    process.env['OPENROUTER_API_KEY'] = apiKey
    try {
      const account = openrouterAccount({ baseUrl: provider.baseUrl })
      expect(await account.models()).toMatchObject({ models: [{ id: 'a' }] })
      await expect(account.keyInfo()).rejects.toMatchObject({ code: 'model-unauthorized' })
      expect(provider.requests).toHaveLength(1)
      expect(provider.requests[0]!.headers['authorization']).toBeUndefined()
      await account.close()
    } finally {
      delete process.env['OPENROUTER_API_KEY']
    }
  })

  test('the key is not shown by what prints or writes objects', () => {
    const account = openrouterAccount({ baseUrl: 'http://127.0.0.1:1/v1', apiKey })
    const shown = inspect(account, { depth: 9, showHidden: true }) + JSON.stringify(account)
    expect(shown).not.toContain('planted')
  })

  test('a transport of the caller carries every question', async () => {
    const urls: string[] = []
    const transport: Transport = {
      fetch: (url, init) => {
        urls.push(`${init.method} ${url}`)
        return fetch(url, init)
      },
    }
    const { result } = await ask(saying({ key: {} }), (account) => account.keyInfo(), { transport })
    expect([urls.length, result]).toMatchObject([1, { limit: null }])
    expect(urls[0]).toMatch(/^GET http:.*\/v1\/key$/)
  })

  test('a key may be looked up for each question', async () => {
    const keys = ['first-key', '']
    const turns = saying({})
    const find = (): string => keys.shift() ?? raise()
    const { result, requests } = await ask(turns, (a) => a.keyInfo(), { apiKey: find })
    expect(requests[0]!.headers['authorization']).toBe('Bearer first-key')
    expect(result).toMatchObject({ limit: null })
    for (const reason of ['there is no key', 'the vault is closed']) {
      const failed = await ask(turns, (a) => a.keyInfo(), { apiKey: find })
      expect([failed.requests.length, failed.result]).toMatchObject([
        0,
        { code: 'model-unauthorized', message: expect.stringContaining(reason) as string },
      ])
    }
  })

  test('options that are unknown or malformed are refused at once', () => {
    for (const options of [
      { apikey: 'x' },
      { apiKey: '' },
      { apiKey: 'a\nb' },
      { baseUrl: 'ftp://x' },
      { baseUrl: 'https://user:pass@x/v1' },
      { maxBytes: 0 },
      { timeouts: { totalMs: 0.5 } },
      { retry: { tries: 1 } },
      { headers: { host: 'x' } },
      { transport: {} },
      { clock: Date },
      { random: 0.5 },
    ]) {
      expect(() => openrouterAccount(options as AccountEndpoint)).toThrow(
        expect.objectContaining({ code: 'bad-option' }),
      )
    }
  })
})

function raise(): never {
  throw new Error('the vault is closed')
}

test('any endpoint with a list of models can be a source', async () => {
  const turns = saying({ models: [{ id: 'local', object: 'model', owned_by: 'me' }] })
  await using provider = await fakeProvider({ turns })
  const source = providerCatalog({ baseUrl: provider.baseUrl })
  expect(source.provider).toBe(new URL(provider.baseUrl).host)
  expect(await source.models()).toMatchObject({
    models: [{ id: 'local', prices: null, tools: null }],
  })
  expect(providerCatalog({ baseUrl: provider.baseUrl, provider: 'mine' }).provider).toBe('mine')
  expect(() => providerCatalog({ baseUrl: 'nonsense' })).toThrow('base URL')
})
