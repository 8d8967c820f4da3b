import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exhaustedFor, quotaOf } from '../../../src/wire/quota-headers.ts'
import { statusError } from '../../../src/wire/status.ts'

const now = Date.parse('2026-11-21T12:00:00Z')

function read(headers: Readonly<Record<string, string>>) {
  return quotaOf((name) => headers[name], now)
}

function resetOf(text: string): number | undefined {
  const quota = read({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': text })
  const resetAt = quota?.requests?.resetAt
  return resetAt === undefined ? undefined : resetAt - now
}

describe('S1-33 what providers say about limits', () => {
  test('is read as OpenRouter says it, in requests and in credits', () => {
    expect(
      read({
        'x-ratelimit-limit': '50',
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': '1795305600000',
      }),
    ).toEqual({ requests: { limit: 50, remaining: 0, resetAt: 1_795_305_600_000 } })
    expect(read({ 'x-ratelimit-limit': '10.5', 'x-ratelimit-remaining': '3.25' })).toEqual({
      requests: { limit: 10.5, remaining: 3.25 },
    })
  })

  test('is read as OpenAI and Groq say it', () => {
    expect(
      read({
        'x-ratelimit-limit-requests': '10000',
        'x-ratelimit-remaining-requests': '9999',
        'x-ratelimit-reset-requests': '8.64s',
        'x-ratelimit-limit-tokens': '200000',
        'x-ratelimit-remaining-tokens': '199000',
        'x-ratelimit-reset-tokens': '300ms',
      }),
    ).toEqual({
      requests: { limit: 10_000, remaining: 9999, resetAt: now + 8640 },
      tokens: { limit: 200_000, remaining: 199_000, resetAt: now + 300 },
    })
  })

  test('is read as Anthropic says it', () => {
    expect(
      read({
        'anthropic-ratelimit-requests-limit': '50',
        'anthropic-ratelimit-requests-remaining': '49',
        'anthropic-ratelimit-requests-reset': '2026-11-21T12:00:30Z',
        'anthropic-ratelimit-input-tokens-limit': '30000',
        'anthropic-ratelimit-input-tokens-remaining': '0',
        'anthropic-ratelimit-input-tokens-reset': '2026-11-21T12:01:00Z',
        'anthropic-ratelimit-output-tokens-remaining': '8000',
      }),
    ).toEqual({
      requests: { limit: 50, remaining: 49, resetAt: now + 30_000 },
      inputTokens: { limit: 30_000, remaining: 0, resetAt: now + 60_000 },
      outputTokens: { remaining: 8000 },
    })
  })

  test.each([
    ['milliseconds since the epoch', String(now + 5000), 5000],
    ['seconds since the epoch', String(now / 1000 + 5), 5000],
    ['seconds from now', '5', 5000],
    ['fractions of seconds', '0.25', 250],
    ['a duration', '1m53.425s', 113_425],
    ['a duration of milliseconds', '12ms', 12],
    ['a long duration', '1d2h3m4s', 93_784_000],
    ['a duration of no seconds', '6m0s', 360_000],
    ['a date', '2026-11-21T12:00:05Z', 5000],
    ['a date in the past', '2026-11-21T11:59:55Z', -5000],
    ['nothing', '', undefined],
    ['words', 'soon', undefined],
    ['a negative number', '-5', undefined],
    ['the year 9999', '9999-01-01T00:00:00Z', undefined],
    ['too many digits', '9'.repeat(40), undefined],
    ['a broken date', '2026-99-99T00:00:00Z', undefined],
  ])('names a reset by %s', (_, text, expected) => {
    expect(resetOf(text)).toBe(expected)
  })

  test.each([
    [{}],
    [{ 'x-ratelimit-limit': 'many' }],
    [{ 'x-ratelimit-limit': '-1', 'x-ratelimit-remaining': '-1' }],
    [{ 'x-ratelimit-limit': '1e9' }],
    [{ 'x-ratelimit-reset': '5' }],
    [{ 'retry-after': '5' }],
  ])('is nothing in %j', (headers) => {
    expect(read(headers as Record<string, string>)).toBeUndefined()
  })

  test('never fails, and never claims a time further away than a month', () => {
    const text = fc.oneof(
      fc.string(),
      fc.double().map(String),
      fc.date().map(String),
      fc.integer().map(String),
    )
    fc.assert(
      fc.property(text, text, text, (limit, remaining, reset) => {
        const quota = read({
          'x-ratelimit-limit': limit,
          'x-ratelimit-remaining': remaining,
          'x-ratelimit-reset': reset,
        })
        const wait = exhaustedFor(quota ?? {}, now)
        expect(wait).toBeGreaterThanOrEqual(0)
        expect(wait).toBeLessThanOrEqual(32 * 24 * 60 * 60_000)
        expect(quota?.requests?.remaining ?? 0).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})

test('the longest of the limits that are used up counts', () => {
  const quota = {
    requests: { remaining: 0, resetAt: now + 1000 },
    tokens: { remaining: 0, resetAt: now + 5000 },
    outputTokens: { remaining: 1, resetAt: now + 9000 },
    inputTokens: { remaining: 0 },
  }
  expect(exhaustedFor(quota, now)).toBe(5000)
  expect(exhaustedFor(quota, now + 5000)).toBe(0)
})

function waitOf(headers: Readonly<Record<string, string>>, body: object = {}) {
  return statusError(JSON.stringify({ error: body }), {
    status: 429,
    header: (name) => headers[name],
    now,
  }).retryAfterMs
}

describe('a 429 without Retry-After', () => {
  test('asks to wait until the limit that is used up starts anew', () => {
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now + 7000) }
    expect(waitOf(headers)).toBe(7000)
    expect(waitOf({ ...headers, 'x-ratelimit-remaining': '3' })).toBeUndefined()
    expect(waitOf({ ...headers, 'retry-after': '2' })).toBe(2000)
  })

  test('may say so in its body, as OpenRouter does', () => {
    const metadata = {
      headers: {
        'X-RateLimit-Limit': '50',
        'X-RateLimit-Remaining': '0',
        'X-RateLimit-Reset': String(now + 9000),
      },
    }
    expect(waitOf({}, { message: 'free-models-per-day', code: 429, metadata })).toBe(9000)
    expect(waitOf({}, { metadata: { headers: 'x' } })).toBeUndefined()
  })
})
