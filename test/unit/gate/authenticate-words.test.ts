import { describe, expect, test } from 'vitest'
import { createAuthenticator, type Auth } from '../../../src/gate/authenticate.ts'
import { hashApiKey } from '../../../src/gate/identity/api-key.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import { desk, issuerOf } from './authenticate-fixtures.ts'

const clock = manualClock(1_767_225_600_000)
const none = { anonymous: 'deny', jwt: [], apiKeys: [] } as const

const refused = (message: string, help?: string, code = 'unauthenticated'): object => ({
  ok: false,
  error: { code, message, retryable: false, ...(help === undefined ? {} : { help }) },
})

function badOption(message: string): object {
  return expect.objectContaining({ code: 'bad-option', message: expect.stringContaining(message) })
}

describe('a caller is told', () => {
  test('to say who it is', async () => {
    expect(await desk({}).authenticate()).toEqual(
      refused(
        'the caller has not said who it is',
        'pass `auth`, or say under `identity.anonymous` of the policy what an anonymous caller is',
      ),
    )
  })

  const wrong = refused(
    '`auth` has to be `{ bearer }` or `{ apiKey }` with a text, or `{ custom }`',
    '`bearer` may have a `proof: { token, method, url }` of texts and a `certificate`',
  )

  test.each([
    [null],
    ['text'],
    [{}],
    [{ custom: 1, apiKey: 'x' }],
    [{ apiKey: 7 }],
    [{ token: 'x' }],
    [{ bearer: 7 }],
    [{ bearer: 'x', proof: { token: 'x', method: 'GET' } }],
    [{ bearer: 'x', certificate: 7 }],
  ])('what `auth` has to be, in place of %j', async (auth) => {
    const { authenticate } = createAuthenticator(none, {
      clock,
      authenticator: () => ({ subject: 'u', roles: [], scopes: [] }),
    })
    expect(await authenticate(auth as unknown as Auth)).toEqual(wrong)
  })

  test('that a key of another name is no API key', async () => {
    const apiKeys = [{ id: 'ci', hash: hashApiKey('key-one'), roles: ['bot'], scopes: [] }]
    const { authenticate } = createAuthenticator({ ...none, apiKeys }, { clock })
    expect(await authenticate({ key: 'key-one' } as unknown as Auth)).toEqual(wrong)
    expect((await authenticate({ apiKey: 'key-one' })).ok).toBe(true)
  })

  test('that nobody can look at what it brings', async () => {
    expect(await createAuthenticator(none, { clock }).authenticate({ custom: 1 })).toEqual(
      refused('there is no authenticator', 'pass the option `authenticator`'),
    )
  })

  test('no more than that it failed, where it fails', async () => {
    const { authenticate } = createAuthenticator(
      {
        ...none,
        apiKeys: [
          { id: 'ci', hash: hashApiKey('k'), roles: [], scopes: [], expires: '2030-01-01' },
        ],
      },
      { clock: { ...clock, now: () => Number.NaN } },
    )
    const failed = refused('the caller could not be authenticated', undefined, 'internal')
    expect(await authenticate({ apiKey: 'k' })).toEqual(failed)
  })
})

const readFile = (): Promise<string> => Promise.resolve('')

describe('a key file', () => {
  const { jwksFile: _jwksFile, ...rest } = issuerOf()
  const remote = { ...rest, issuer: 'https://other.example', jwks: 'https://other.example/keys' }

  test.each([
    ['alone', [issuerOf()]],
    ['beside other keys', [remote, issuerOf()]],
  ])('needs somebody who reads it, %s', (_, jwt) => {
    const identity = { ...none, jwt }
    expect(() => createAuthenticator(identity, { clock })).toThrow(
      expect.objectContaining({
        code: 'bad-option',
        message: 'a `jwksFile` needs the option `readFile`',
      }),
    )
    expect(createAuthenticator(identity, { clock, readFile })).toBeDefined()
  })

  test('is not needed for keys of an address', () => {
    expect(createAuthenticator({ ...none, jwt: [remote] }, { clock })).toBeDefined()
  })
})

describe('whoever makes an authenticator is told', () => {
  const issuer = { issuer: 'https://id.example' }

  test.each([
    [undefined, 'the identity section is not an object'],
    [null, 'the identity section is not an object'],
    ['deny', 'the identity section is not an object'],
    [{ anonymous: 'deny' }, '`jwt` and `apiKeys` are not both lists of objects'],
    [{ ...none, jwt: [7] }, '`jwt` and `apiKeys` are not both lists of objects'],
    [{ ...none, apiKeys: {} }, '`jwt` and `apiKeys` are not both lists of objects'],
    [{ ...none, jwt: [issuer] }, 'an issuer lacks one of `issuer`, `audience`'],
  ])('what is wrong with the section %j', (identity, message) => {
    expect(() => createAuthenticator(identity as never, { clock })).toThrow(badOption(message))
  })

  test.each([
    [null, '`options` is not an object'],
    [{ clock: {} }, '`clock` is not a clock'],
    [{ clock, authenticator: {} }, '`authenticator` is not a function'],
    [{ clock, readFile: 'x' }, '`readFile` is not a function'],
  ])('what is wrong with the options %j', (options, message) => {
    expect(() => createAuthenticator(none, options as never)).toThrow(badOption(message))
  })
})
