import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { keyPool } from '../../../src/model/key-pool.ts'
import {
  createPkce,
  exchangeCode,
  isLoginExpired,
  readLoginState,
  startLogin,
  validateCallback,
  type LoginState,
} from '../../../src/model/oauth.ts'
import { accountLogin } from '../../../src/model/oauth-login.ts'
import { scriptedAccount, type AccountScript } from '../../../src/testing/account-script.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import { fakeProvider, type FakeProviderOptions } from '../../../src/testing/fake-provider.ts'

const callbackUrl = 'http://127.0.0.1:1234/callback?next=/a b&x=1'
const minute = 60_000

/** An account server that people can log in at. */
async function loginServer(script: AccountScript = {}) {
  const account = scriptedAccount(script)
  const provider = await fakeProvider({ turns: (request) => account.answer(request)! })
  const { baseUrl } = provider
  const authUrl = new URL('/auth', baseUrl).href
  return Object.assign(provider, { authUrl, endpoint: { baseUrl, authUrl } })
}

/** Where the login page sends the person. */
async function consent(url: string): Promise<string> {
  const response = await fetch(url, { redirect: 'manual' })
  return response.headers.get('location')!
}

async function failureOf(work: () => unknown): Promise<Record<string, unknown>> {
  try {
    await work()
  } catch (error) {
    return error as Record<string, unknown>
  }
  throw new Error('it did not fail')
}

function callbackOf(state: LoginState, query: string): string {
  return `${state.callbackUrl}&state=${state.state}&${query}`
}

describe('the proof key', () => {
  test('S1-20 is 32 random bytes and their SHA-256, as base64url without padding', () => {
    const { verifier, challenge, method } = createPkce()
    expect(Buffer.from(verifier, 'base64url')).toHaveLength(32)
    expect(verifier).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(challenge).toBe(createHash('sha256').update(verifier).digest('base64url'))
    expect(method).toBe('S256')
    expect(createPkce().verifier).not.toBe(verifier)
  })
})

describe('the start of a login', () => {
  test('S1-21 S1-25 leads to the login page with the challenge, and with nothing secret', () => {
    const { url, state } = startLogin({ callbackUrl, keyLabel: 'my laptop' })
    const { origin, pathname, searchParams } = new URL(url)
    expect(origin + pathname).toBe('https://openrouter.ai/auth')
    expect([...searchParams.keys()]).toEqual([
      'callback_url',
      'code_challenge',
      'code_challenge_method',
      'key_label',
    ])
    expect(searchParams.get('code_challenge')).toBe(
      createHash('sha256').update(state.codeVerifier).digest('base64url'),
    )
    expect(searchParams.get('code_challenge_method')).toBe('S256')
    expect(url).not.toContain(state.codeVerifier)
  })

  test('S1-T3 (encoding of the callback) percent-encodes the callback URL: it comes back as it was', () => {
    const { url } = startLogin({ callbackUrl })
    expect(url).not.toContain('127.0.0.1:1234/')
    const back = new URL(new URL(url).searchParams.get('callback_url')!)
    expect([back.pathname, back.searchParams.get('next'), back.searchParams.get('x')]).toEqual([
      '/callback',
      '/a b',
      '1',
    ])
  })

  test('S1-T4 (no state) carries a state of its own in the callback URL', () => {
    const { url, state } = startLogin({ callbackUrl })
    const back = new URL(new URL(url).searchParams.get('callback_url')!)
    expect(back.searchParams.get('state')).toBe(state.state)
    expect(Buffer.from(state.state, 'base64url')).toHaveLength(32)
    expect(startLogin({ callbackUrl }).state.state).not.toBe(state.state)
  })

  test('S1-21 needs addresses that a code may travel over', () => {
    for (const options of [
      {},
      { callbackUrl: '' },
      { callbackUrl: 'http://app.example/callback' },
      { callbackUrl: 'javascript:alert(1)' },
      { callbackUrl: 'https://user:pass@app.example/' },
      { callbackUrl: 'https://app.example/#x' },
      { callbackUrl: 'https://app.example/?state=1' },
      { callbackUrl: 'https://app.example/?code=1' },
      { callbackUrl: 'http://127.0.0.1.evil.example/' },
      { callbackUrl, authUrl: 'http://openrouter.ai/auth' },
      { callbackUrl, method: 'plain' },
    ]) {
      expect(() => startLogin(options as { callbackUrl: string })).toThrow(
        expect.objectContaining({ code: 'bad-option' }),
      )
    }
    expect(startLogin({ callbackUrl: 'https://app.example/back' }).state.callbackUrl).toBe(
      'https://app.example/back',
    )
  })

  test('S1-24 gives a state of plain JSON that lasts 10 minutes', () => {
    const clock = manualClock(Date.parse('2026-01-01T00:00:00Z'))
    const { state } = startLogin({ callbackUrl, clock })
    expect(state).toMatchObject({
      createdAt: '2026-01-01T00:00:00.000Z',
      expiresAt: '2026-01-01T00:10:00.000Z',
    })
    expect(readLoginState(JSON.parse(JSON.stringify(state)))).toEqual(state)
    clock.advance(10 * minute - 1)
    expect(isLoginExpired(state, clock)).toBe(false)
    clock.advance(1)
    expect(isLoginExpired(state, clock)).toBe(true)
  })

  test('S1-24 is not read from what is no login, whose contents are not told', () => {
    const { state } = startLogin({ callbackUrl })
    for (const stored of [
      null,
      'text',
      {},
      { ...state, codeVerifier: 'planted' },
      { ...state, state: '' },
      { ...state, callbackUrl: 'http://planted.example/' },
      { ...state, callbackUrl: 7 },
      { ...state, expiresAt: 'planted' },
    ]) {
      let shown = ''
      try {
        readLoginState(stored)
      } catch (error) {
        shown = JSON.stringify(error)
      }
      expect(shown).toContain('bad-option')
      expect(shown).not.toContain('planted')
    }
  })

  test('S1-24 cannot be made to last longer by its stored times', () => {
    const clock = manualClock(Date.parse('2026-01-01T00:00:00Z'))
    const { state } = startLogin({ callbackUrl, clock })
    clock.advance(11 * minute)
    for (const times of [
      { expiresAt: '2030-01-01T00:00:00Z' },
      { createdAt: '2029-12-31T23:59:00Z', expiresAt: '2030-01-01T00:00:00Z' },
      { createdAt: 'never', expiresAt: 'never' },
    ]) {
      expect(isLoginExpired({ ...state, ...times }, clock)).toBe(true)
    }
  })
})

describe('the callback', () => {
  const { state } = startLogin({ callbackUrl })

  test('S1-23 gives its code, be it a URL or the part that a server sees', () => {
    const full = callbackOf(state, 'code=abc%20d')
    for (const callback of [full, new URL(full), new URL(full).pathname + new URL(full).search]) {
      expect(validateCallback(callback, state)).toBe('abc d')
    }
  })

  test('S1-23 is refused with its error first, then for a missing code', async () => {
    for (const query of ['error=access_denied&code=abc', 'error=access_denied']) {
      expect(
        await failureOf(() => validateCallback(callbackOf(state, query), state)),
      ).toMatchObject({
        code: 'login-refused',
        message: 'the login was refused: `access_denied`',
      })
    }
    for (const query of ['', 'code=', 'code=a%00b', `code=${'x'.repeat(3000)}`]) {
      expect(
        await failureOf(() => validateCallback(callbackOf(state, query), state)),
      ).toMatchObject({
        code: 'login-invalid',
      })
    }
  })

  test('S1-T4 (no state) of another login is refused, whatever else it says', async () => {
    const other = startLogin({ callbackUrl }).state
    for (const callback of [
      callbackOf(other, 'code=abc'),
      callbackOf(other, 'error=access_denied'),
      `${callbackUrl}&code=abc`,
      `${callbackUrl}&state=&code=abc`,
      `${callbackUrl}&state=${state.state}x&code=abc`,
      `${callbackUrl}&state=${state.state.slice(1)}&code=abc`,
      `${callbackOf(state, 'code=abc')}&state=${state.state}`,
      callbackOf(state, 'code=abc&code=def'),
      'http://[',
    ]) {
      expect(await failureOf(() => validateCallback(callback, state))).toMatchObject({
        code: 'login-invalid',
      })
    }
  })

  test('S1-24 comes too late after 10 minutes', async () => {
    const clock = manualClock(Date.parse(state.expiresAt))
    const late = (): string => validateCallback(callbackOf(state, 'code=abc'), state, { clock })
    expect(await failureOf(late)).toMatchObject({ code: 'login-expired' })
  })

  test('shows what an error of a stranger hides', async () => {
    const callback = callbackOf(
      state,
      `error=${encodeURIComponent(`\u001b[2J\u202e${'x'.repeat(500)}`)}`,
    )
    const { message } = await failureOf(() => validateCallback(callback, state))
    expect(message).toContain('\\u{1b}[2J\\u{202e}')
    expect((message as string).length).toBeLessThan(200)
  })
})

function json(value: unknown, status = 200) {
  const headers = { 'content-type': 'application/json' }
  return { status, headers, body: JSON.stringify(value) }
}

describe('the exchange', () => {
  test('S1-22 turns the code into the key, with the verifier and without any other credential', async () => {
    await using server = await loginServer()
    const { url, state } = startLogin({ callbackUrl, authUrl: server.authUrl })
    const code = validateCallback(await consent(url), state)
    const key = await exchangeCode({ code, login: state, baseUrl: server.baseUrl })
    expect(key).toBe('sk-or-v1-0123456789abcdef0123456789abcdef')
    const exchange = server.requests.at(-1)!
    expect([exchange.method, exchange.path, exchange.headers['authorization']]).toEqual([
      'POST',
      '/v1/auth/keys',
      undefined,
    ])
    expect(exchange.body).toEqual({
      code,
      code_verifier: state.codeVerifier,
      code_challenge_method: 'S256',
    })
  })

  test('S1-22 fails with another verifier, and with a code that was used', async () => {
    await using server = await loginServer()
    const { url, state } = startLogin({ callbackUrl, authUrl: server.authUrl })
    const { baseUrl } = server
    const code = validateCallback(await consent(url), state)
    const other = { codeVerifier: createPkce().verifier }
    for (const login of [other, state]) {
      expect(await failureOf(() => exchangeCode({ code, login, baseUrl }))).toMatchObject({
        code: 'model-refused',
        details: { status: 403 },
      })
    }
  })

  test('S1-22 S1-T5 (key printed) fails for every answer without a key, and never prints what came instead', async () => {
    const key = 'sk-or-v1-planted-planted'
    const login = { codeVerifier: `planted${'v'.repeat(36)}` }
    const code = 'planted-code'
    const quoted = `no ${code} ${login.codeVerifier} ${key} sk-planted-other`
    for (const [answer, expected] of [
      [json({ error: quoted, key }), 'model-error'],
      [
        json({ error: { code: 403, message: quoted, metadata: { raw: quoted } } }, 403),
        'model-refused',
      ],
      [json({ error: { message: quoted } }, 500), 'model-error'],
      [json({ key: '' }), 'model-protocol'],
      [json({ key: null }), 'model-protocol'],
      [json({ key: 'pk-planted-planted-planted' }), 'model-protocol'],
      [json({ key: 'sk-or-' }), 'model-protocol'],
      [json({ key: `${key}\r\nx-planted: 1` }), 'model-protocol'],
      [json({ key: [key] }), 'model-protocol'],
      [json([key]), 'model-protocol'],
      [{ ...json({}), body: quoted }, 'model-protocol'],
      [json({ key }, 302), 'model-status'],
    ] as const) {
      await using server = await fakeProvider({ turns: [answer] })
      const error = await failureOf(() => exchangeCode({ code, login, baseUrl: server.baseUrl }))
      expect(error).toMatchObject({ code: expected })
      const shown =
        JSON.stringify(error) + String(error['stack']) + JSON.stringify(error['cause'] ?? '')
      expect(shown).not.toContain('planted')
      expect(server.requests).toHaveLength(1)
    }
  })

  test('S1-22 has 30 s, and less where the options say so', async () => {
    const turns: FakeProviderOptions['turns'] = [{ body: '{}', fault: { stall: 0 } }]
    await using server = await fakeProvider({ turns })
    const { baseUrl } = server
    const login = createPkce()
    const asked = { code: 'c', login: { codeVerifier: login.verifier }, baseUrl }
    // long enough for the request to reach the server, on machines that have other work as well
    expect(
      await failureOf(() => exchangeCode({ ...asked, timeouts: { totalMs: 500 } })),
    ).toMatchObject({ code: 'model-timeout' })
    expect(
      await failureOf(() => exchangeCode(asked, { signal: AbortSignal.abort() })),
    ).toMatchObject({ code: 'cancelled' })
    expect(server.requests).toHaveLength(1)
  })
})

test('S1-22 a code and its verifier do not travel without TLS', async () => {
  const login = { codeVerifier: createPkce().verifier }
  const baseUrl = 'http://account.example/v1'
  expect(await failureOf(() => exchangeCode({ code: 'abcd', login, baseUrl }))).toMatchObject({
    code: 'bad-option',
  })
})

describe('logins of a program', () => {
  test('S1-25 S1-26 put the key into the pool, and take it out again', async () => {
    await using server = await loginServer()
    const keys = keyPool([])
    const login = accountLogin({ ...server.endpoint, keys, callbackUrl })
    expect([login.isConfigured, login.isAuthenticated]).toEqual([true, false])
    const { url, state } = login.start()
    const stored = JSON.parse(JSON.stringify(state)) as LoginState
    expect(await login.finish(await consent(url), stored)).toBe('sk-or-v1...cdef')
    expect(keys.current()).toBe('sk-or-v1-0123456789abcdef0123456789abcdef')
    expect(keys.status().keys.map(({ key }) => key)).toEqual(['sk-or-v1...cdef'])
    expect(login.isAuthenticated).toBe(true)
    keys.add('given-otherwise')
    expect(login.logout()).toBe(1)
    expect([keys.size, keys.current()]).toEqual([1, 'given-otherwise'])
    expect(login.logout()).toBe(0)
  })

  test('S1-26 are not there without a callback URL, but keys are', async () => {
    const login = accountLogin({ keys: keyPool(['given']) })
    expect([login.isConfigured, login.isAuthenticated]).toEqual([false, true])
    expect(await failureOf(() => login.start())).toMatchObject({ code: 'bad-option' })
  })

  test('S1-25 are finished once, also when two callbacks come at the same time', async () => {
    await using server = await loginServer()
    const keys = keyPool([])
    const login = accountLogin({ ...server.endpoint, keys, callbackUrl })
    const { url, state } = login.start()
    const callback = await consent(url)
    const outcomes = await Promise.allSettled([
      login.finish(callback, state),
      login.finish(callback, { ...state }),
    ])
    expect(outcomes).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'login-invalid' } },
    ])
    expect(server.requests.filter(({ path }) => path === '/v1/auth/keys')).toHaveLength(1)
    expect(keys.size).toBe(1)
  })

  test('are over after a refusal, but not after a callback of somebody else', async () => {
    await using server = await loginServer()
    const login = accountLogin({ ...server.endpoint, keys: keyPool([]), callbackUrl })
    const { url, state } = login.start()
    const stranger = `${callbackUrl}&state=${'x'.repeat(43)}&error=no`
    expect(await failureOf(() => login.finish(stranger, state))).toMatchObject({
      code: 'login-invalid',
    })
    expect(await failureOf(() => login.finish(callbackOf(state, 'error=no'), state))).toMatchObject(
      {
        code: 'login-refused',
      },
    )
    const callback = await consent(url)
    expect(await failureOf(() => login.finish(callback, state))).toMatchObject({
      code: 'login-invalid',
    })
  })

  test('refuse options that are unknown or malformed at once', () => {
    const keys = keyPool([])
    for (const options of [
      { keys, apiKey: 'x' },
      { keys, callbackUrl: 'ftp://x' },
      { keys, callbackUrl, authUrl: 'nonsense' },
      { callbackUrl },
      { keys: ['sk-or-v1-given'], callbackUrl },
    ]) {
      expect(() => accountLogin(options as { keys: typeof keys })).toThrow(
        expect.objectContaining({ code: 'bad-option' }),
      )
    }
  })
})
