import { describe, expect, test } from 'vitest'
import { retryAfter } from '../../../src/wire/retry-after.ts'
import { envelopeError, statusError } from '../../../src/wire/status.ts'

function failed(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  return statusError(typeof body === 'string' ? body : JSON.stringify(body), {
    status,
    header: (name) => headers[name],
    now: Date.parse('2026-01-01T00:00:00Z'),
  })
}

/** As the APIs of Google have them. */
function details(retryDelay: unknown): readonly unknown[] {
  return [
    null,
    { '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [] },
    { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay },
  ]
}

describe('a status alone', () => {
  test.each([
    [400, 'model-refused', false],
    [401, 'model-unauthorized', false],
    [402, 'model-low-funds', false],
    [403, 'model-refused', false],
    [404, 'model-refused', false],
    [408, 'model-timeout', true],
    [413, 'model-refused', false],
    [425, 'model-overloaded', true],
    [429, 'model-rate-limit', true],
    [500, 'model-error', true],
    [502, 'model-overloaded', true],
    [503, 'model-overloaded', true],
    [504, 'model-timeout', true],
    [524, 'model-timeout', true],
    [529, 'model-overloaded', true],
    [599, 'model-status', true],
    [204, 'model-status', false],
    [307, 'model-status', false],
  ])('%i is %s', (status, code, retryable) => {
    expect(failed(status, '')).toMatchObject({ code, retryable, status })
    expect(failed(status, '<html><body>Bad gateway</body></html>').message).not.toContain('<')
  })
})

describe('the shapes of envelopes', () => {
  test.each([
    [
      'OpenRouter',
      401,
      { error: { message: 'Missing header', code: 401 } },
      'model-unauthorized',
      undefined,
    ],
    ['a plain text', 500, 'boom', 'model-error', undefined],
    ['an error text', 400, { error: 'bad model' }, 'model-refused', undefined],
    [
      'a list',
      429,
      [{ error: { message: 'slow down', code: 429, status: 'RESOURCE_EXHAUSTED' } }],
      'model-rate-limit',
      undefined,
    ],
    [
      'a bare object',
      400,
      { object: 'error', message: 'no', type: 'BadRequestError' },
      'model-refused',
      'BadRequestError',
    ],
    [
      'a used-up quota',
      429,
      { error: { code: 'insufficient_quota', message: 'no' } },
      'model-low-funds',
      'insufficient_quota',
    ],
    [
      'metadata',
      502,
      { error: { code: 502, message: 'x', metadata: { error_type: 'provider_unavailable' } } },
      'model-overloaded',
      'provider_unavailable',
    ],
    [
      'a spent budget',
      403,
      { error: { code: 403, message: 'x', metadata: { limit_source: 'openrouter_key_limit' } } },
      'model-low-funds',
      undefined,
    ],
  ])('%s', (_, status, body, code, providerCode) => {
    const error = failed(status, body)
    expect(error.code).toBe(code)
    expect(error.providerCode).toBe(providerCode)
    expect(error.message).not.toBe('')
  })

  test('inside an answer the status is the one the envelope names', () => {
    expect(envelopeError({ error: { code: 502, message: 'x' } })).toMatchObject({
      code: 'model-overloaded',
      status: 502,
    })
    expect(envelopeError({ error: { status_code: 400, code: 'tool_use_failed' } })).toMatchObject({
      code: 'model-error',
      status: 400,
      retryable: false,
    })
    expect(envelopeError({ error: { http_status: 404, error_type: 'not_found' } })).toMatchObject({
      code: 'model-refused',
      status: 404,
      providerCode: 'not_found',
    })
  })

  test('an envelope that says nothing is an error still', () => {
    for (const nothing of [null, 1, {}, [], { error: {} }]) {
      expect(envelopeError(nothing)).toMatchObject({ code: 'model-error', retryable: false })
    }
  })

  test.each([
    ['server_is_overloaded', 'model-overloaded', true],
    ['slow_down', 'model-overloaded', true],
    ['engine_overloaded_error', 'model-overloaded', true],
    ['service_unavailable_error', 'model-overloaded', true],
    ['rate_limit_reached_error', 'model-rate-limit', true],
    ['vector_store_timeout', 'model-timeout', true],
    ['exceeded_current_quota_error', 'model-low-funds', false],
    ['invalid_prompt', 'model-refused', false],
  ])('the word `%s` inside a stream means `%s`', (word, code, retryable) => {
    expect(envelopeError({ error: { type: word, message: 'x' } })).toMatchObject({
      code,
      retryable,
    })
    expect(envelopeError({ error: { code: word, message: 'x' } }).code).toBe(code)
  })

  test('an account without funds is not one that asked too often, whatever the status', () => {
    const error = { type: 'exceeded_current_quota_error', message: 'please recharge' }
    expect(failed(429, { error })).toMatchObject({ code: 'model-low-funds', retryable: false })
  })

  test('an account of Anthropic without funds is known by what is said of it', () => {
    const message = 'Your credit balance is too low to access the Anthropic API. Please go to ...'
    const error = { type: 'error', error: { type: 'invalid_request_error', message } }
    expect(failed(400, error)).toMatchObject({ code: 'model-low-funds', retryable: false })
    expect(envelopeError(error).code).toBe('model-low-funds')
    const quoted = { ...error, error: { ...error.error, message: `not allowed: ${message}` } }
    expect(failed(400, quoted).code).toBe('model-refused')
  })

  test('words are told under each of their names', () => {
    for (const name of ['message', 'detail', 'msg']) {
      expect(envelopeError({ code: 500, [name]: 'boom' }).message).toBe('boom')
    }
  })

  test('a word does not make a permanent status retryable', () => {
    expect(failed(400, { error: { type: 'server_error', message: 'x' } }).retryable).toBe(false)
  })

  test('what the host says about availability decides', () => {
    const availability = { code: 'model_not_found', retryable: false, retry_after: 3 }
    expect(failed(503, { error: { message: 'x', availability } })).toMatchObject({
      retryable: false,
      providerCode: 'model_not_found',
      retryAfterMs: 3000,
    })
    expect(failed(503, '', { 'x-should-retry': 'false' }).retryable).toBe(false)
  })

  test('no funds can be waited for only when the host says how long', () => {
    const body = {
      error: { code: 402, message: 'x', metadata: { reason: 'in_flight_budget_exhausted' } },
    }
    expect(failed(402, body)).toMatchObject({ code: 'model-low-funds', retryable: false })
    expect(failed(402, body, { 'retry-after': '2' })).toMatchObject({
      retryable: true,
      retryAfterMs: 2000,
    })
  })

  test('Google says in a detail how long to wait', () => {
    const error = { code: 429, message: 'x', status: 'RESOURCE_EXHAUSTED' }
    const failure = [{ error: { ...error, details: details('34.074824224s') } }]
    expect(failed(429, failure)).toMatchObject({ code: 'model-rate-limit', retryAfterMs: 34_075 })
    expect(failed(429, failure, { 'retry-after': '2' }).retryAfterMs).toBe(2000)
    for (const odd of ['soon', '-1s', '1e9s', 34, null]) {
      expect(failed(429, { error: { ...error, details: details(odd) } }).retryAfterMs).toBe(
        undefined,
      )
    }
  })

  test('a byte order mark in front of the body hides nothing of it', () => {
    const body = JSON.stringify({ error: { code: 'tool_use_failed', message: 'not that way' } })
    expect(failed(400, `\ufeff${body}\n`)).toEqual(failed(400, body))
    expect(failed(400, body)).toMatchObject({ providerCode: 'tool_use_failed' })
  })

  test('a failed generation is kept for programs', () => {
    const error = failed(400, {
      error: { code: 'tool_use_failed', failed_generation: '{"a":\n1}' },
    })
    expect(error.details).toEqual({ failed_generation: '{"a":\n1}' })
  })

  test('S3-45 text of any length and kind is cut and made visible', () => {
    const error = failed(400, { error: { message: `\u001b[31m${'x'.repeat(10_000)}` } })
    expect(error.message.length).toBeLessThan(1100)
    expect(error.message).not.toContain('\u001b')
    const metadata = { raw: 'y'.repeat(100_000) }
    expect(JSON.stringify(failed(400, { error: { metadata } })).length).toBeLessThan(20_000)
  })
})

describe('the wait a provider asks for', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  test.each([
    [{ 'retry-after': '2' }, 2000],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': '1.5' }, 1500],
    [{ 'retry-after': 'Thu, 01 Jan 2026 00:00:05 GMT' }, 5000],
    [{ 'retry-after': 'Wed, 31 Dec 2025 23:00:00 GMT' }, 0],
    [{ 'retry-after-ms': '250' }, 250],
    [{ 'retry-after-ms': '0', 'retry-after': '1' }, 1000],
    [{ 'retry-after': '99999999999' }, 99_999_999_999_000],
    [{ 'retry-after': '9'.repeat(400) }, Number.MAX_SAFE_INTEGER],
    [{ 'retry-after-ms': '9'.repeat(20) }, Number.MAX_SAFE_INTEGER],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '-1' }, undefined],
    [{ 'retry-after': '1e9' }, undefined],
    [{ 'retry-after': '' }, undefined],
    [{}, undefined],
  ] as readonly (readonly [Readonly<Record<string, string>>, number | undefined])[])(
    '%j is %s ms',
    (headers, expected) => {
      expect(retryAfter((name) => headers[name], now)).toBe(expected)
    },
  )
})
