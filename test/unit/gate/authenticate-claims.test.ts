import { describe, expect, it } from 'vitest'
import type { Principal } from '../../../src/protocol/principal.ts'
import {
  claimsOf,
  desk,
  issuerOf,
  keySetText,
  otherPair,
  publicJwk,
  keyPair,
  signToken,
  start,
  tokenDesk,
} from './authenticate-fixtures.ts'

const mapped = {
  claims: { subject: '/sub', scopes: '/scope', roles: '/roles', tenant: '/org', agent: '/azp' },
}

function outcomeOf(claims: object, issuer: Parameters<typeof tokenDesk>[0] = {}): Promise<string> {
  return tokenDesk(issuer).outcome(signToken({ claims: claimsOf(claims) }))
}

async function principalOf(
  claims: object,
  issuer: Parameters<typeof tokenDesk>[0] = {},
): Promise<Principal> {
  const bearer = signToken({ claims: claimsOf(claims) })
  const result = await tokenDesk(issuer).authenticate({ bearer })
  if (!result.ok) throw new Error(result.error.message)
  return result.principal
}

function typed(typ: unknown): Promise<string> {
  const token = signToken({ header: { alg: 'ES256', kid: 'k1', typ } })
  return tokenDesk({ typ: 'at+jwt' }).outcome(token)
}

describe('S2-T7 the audience', () => {
  it('is ours, alone or among others', async () => {
    expect(await outcomeOf({ aud: 'https://desk.example' })).toBe('ok')
    expect(await outcomeOf({ aud: ['https://a.example', 'https://desk.example'] })).toBe('ok')
  })

  it.each([
    undefined,
    null,
    '',
    'https://desk.example/',
    'https://desk.example.evil.example',
    'HTTPS://DESK.EXAMPLE',
    [],
    ['https://a.example'],
    ['https://desk.example', 1],
    [['https://desk.example']],
    { 'https://desk.example': true },
    { 0: 'https://desk.example', length: 1 },
  ])('%j is refused', async (aud) => {
    expect(await outcomeOf({ aud })).toBe('token-audience')
  })
})

describe('S2-T7 the issuer', () => {
  it.each([
    undefined,
    null,
    ['https://id.example'],
    ['https://evil.example', 'https://id.example'],
    'https://id.example/',
    'https://ID.example',
    'https://evil.example',
    '__proto__',
    {},
  ])('%j is not trusted', async (iss) => {
    expect(await outcomeOf({ iss })).toBe('token-issuer')
  })

  it('is borne out by its own keys and not by those of another', async () => {
    const { outcome, authenticate } = desk(
      {
        jwt: [
          issuerOf({ jwksFile: 'one' }),
          issuerOf({ issuer: 'https://two.example', jwksFile: 'two' }),
        ],
      },
      {
        readFile: async (path) =>
          keySetText(publicJwk(path === 'one' ? keyPair : otherPair, { kid: 'k1' })),
      },
    )
    const claims = claimsOf({ iss: 'https://two.example' })
    const genuine = signToken({ claims, key: otherPair.privateKey })
    expect(await outcome(signToken({ claims }))).toBe('token-signature')
    const first = await authenticate({ bearer: signToken() })
    const second = await authenticate({ bearer: genuine })
    expect([first, second]).toMatchObject([
      { ok: true, principal: { subject: 'u1', issuer: 'https://id.example' } },
      { ok: true, principal: { subject: 'u1', issuer: 'https://two.example' } },
    ])
  })
})

describe('S2-T7 the times', () => {
  it('end a token at its expiry plus the skew, exactly', async () => {
    for (const [seconds, expected] of [
      [-29.999, 'ok'],
      [-30, 'token-expired'],
      [-31, 'token-expired'],
    ] as const) {
      expect(await outcomeOf({ exp: start + seconds })).toBe(expected)
    }
  })

  it('begin a token at its start less the skew, exactly', async () => {
    for (const name of ['nbf', 'iat']) {
      expect(await outcomeOf({ [name]: start + 30 })).toBe('ok')
      expect(await outcomeOf({ [name]: start + 30.001 })).toBe('token-not-yet-valid')
    }
  })

  it('limit the age of a token, exactly', async () => {
    const issuer = { maxAgeMs: 60_000 }
    expect(await outcomeOf({ iat: start - 89.999 }, issuer)).toBe('ok')
    expect(await outcomeOf({ iat: start - 90 }, issuer)).toBe('token-too-old')
    expect(await outcomeOf({ iat: undefined }, { ...issuer, require: [] })).toBe('token-claims')
  })

  it.each(['600', `${start + 600}`, null, true, [start + 600], {}, -1, 9e12, 2 ** 53 - 1])(
    '%j are refused',
    async (value) => {
      for (const name of ['exp', 'nbf', 'iat']) {
        expect(await outcomeOf({ [name]: value }, { require: [] })).toBe('token-claims')
      }
    },
  )

  it('beyond all numbers are refused', async () => {
    const text = JSON.stringify(claimsOf()).replace(`${start + 600}`, '1e308')
    expect(await tokenDesk().outcome(signToken({ claims: text }))).toBe('token-claims')
  })

  it('may not be without an end, whatever is required', async () => {
    expect(await outcomeOf({ exp: undefined }, { require: [] })).toBe('token-claims')
  })
})

describe('a required claim', () => {
  it.each([undefined, null, ''])('%j is missing', async (jti) => {
    const require = ['exp', 'jti']
    expect(await outcomeOf({ jti }, { require })).toBe('token-claims')
    expect(await outcomeOf({ jti: 'x' }, { require })).toBe('ok')
  })

  it('is not found on a prototype', async () => {
    expect(await outcomeOf({}, { require: ['toString'] })).toBe('token-claims')
  })
})

describe('the type', () => {
  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt'])(
    '`%s` is an access token',
    async (typ) => {
      expect(await typed(typ)).toBe('ok')
    },
  )

  it.each(['JWT', 'at+jwt ', 'x/at+jwt', '', 'dpop+jwt', undefined])(
    '`%s` is none',
    async (typ) => {
      expect(await typed(typ)).toBe('token-type')
    },
  )
})

describe('the roles', () => {
  it('are those the policy maps, each once', async () => {
    const roles = ['agents', 'nobody', 'leads', 'agents', '__proto__', 'constructor', 'support']
    expect((await principalOf({ roles })).roles).toEqual(['support', 'lead'])
    const roleMap = { agents: 'support', leads: 'support' }
    expect((await principalOf({ roles }, { roleMap })).roles).toEqual(['support'])
  })

  it.each(['agents', 'admin,agents', { agents: true }, [['agents']], ['agents', 1], null, 1])(
    '%j are refused',
    async (roles) => {
      expect(await outcomeOf({ roles })).toBe('token-claims')
    },
  )
})

describe('the scopes', () => {
  it('are words between single spaces', async () => {
    const scope = 'a:read b:write\u00a0 xa:read a:read'
    expect((await principalOf({ scope })).scopes).toEqual(['a:read', 'b:write\u00a0', 'xa:read'])
    expect((await principalOf({ scope: '' })).scopes).toEqual([])
    expect((await principalOf({ scope: 'a\tb,c' })).scopes).toEqual(['a\tb,c'])
  })

  it('are taken whole from a list', async () => {
    expect((await principalOf({ scope: ['a', 'b c'] })).scopes).toEqual(['a', 'b c'])
  })

  it.each([{ a: true }, ['a', 1], null, true])('%j are refused', async (scope) => {
    expect(await outcomeOf({ scope })).toBe('token-claims')
  })
})

describe('the subject, tenant and agent', () => {
  it('come from where the policy says', async () => {
    const claims = { org: 'acme', azp: 'app', uid: { value: 'u9' } }
    const at = { ...mapped.claims, subject: '/uid/value' }
    const principal = await principalOf(claims, { claims: at, require: [] })
    expect(principal).toMatchObject({ subject: 'u9', tenant: 'acme', agent: 'app' })
  })

  it('may be absent, except the subject', async () => {
    const principal = await principalOf({}, mapped)
    expect(principal.tenant).toBeUndefined()
    expect(principal.agent).toBeUndefined()
    expect(await outcomeOf({ sub: undefined }, { require: [] })).toBe('token-claims')
  })

  it.each(['', 1, null, ['x'], { x: 1 }])('%j is no name', async (value) => {
    expect(await outcomeOf({ sub: value }, { require: [] })).toBe('token-claims')
    expect(await outcomeOf({ org: value }, mapped)).toBe('token-claims')
    expect(await outcomeOf({ azp: value }, mapped)).toBe('token-claims')
  })
})

describe('the actors', () => {
  const chain = (depth: number): object | undefined =>
    depth === 0 ? undefined : { sub: `agent-${depth}`, act: chain(depth - 1) }

  it('give the outermost one as the agent', async () => {
    expect((await principalOf({ act: chain(4) })).agent).toBe('agent-4')
    const at = { ...mapped.claims, agent: '/act/sub' }
    expect((await principalOf({ act: chain(2) }, { claims: at })).agent).toBe('agent-2')
  })

  it('beside the agent are on record too: none of them may answer for what it has passed on', async () => {
    expect((await principalOf({ act: chain(3) })).actors).toEqual(['agent-2', 'agent-1'])
    expect((await principalOf({ act: chain(1) })).actors).toBeUndefined()
    const token = { azp: 'app', act: chain(2) }
    expect(await principalOf(token, { claims: { ...mapped.claims, agent: '/azp' } })).toMatchObject(
      {
        agent: 'app',
        actors: ['agent-2', 'agent-1'],
      },
    )
  })

  it('T29: are at most four', async () => {
    expect(await outcomeOf({ act: chain(5) })).toBe('token-claims')
    expect(await outcomeOf({ act: chain(60) })).toBe('token-claims')
    expect(await outcomeOf({ act: chain(200) })).toBe('token-malformed')
  })

  it.each([null, 'agent', {}, { sub: 1 }, { sub: '' }, { sub: 'a', act: 'b' }, []])(
    '%j are refused',
    async (act) => {
      expect(await outcomeOf({ act })).toBe('token-claims')
      expect(await outcomeOf({ act }, mapped)).toBe('token-claims')
    },
  )
})

describe('the claims', () => {
  it('are handed on when they are small', async () => {
    const claims = claimsOf({ extra: { level: 2 } })
    expect((await principalOf(claims)).claims).toEqual(claims)
    expect((await principalOf({ extra: 'x'.repeat(4096) })).claims).toBeUndefined()
  })

  it('cannot be altered afterwards', async () => {
    const principal = await principalOf({ extra: { level: 2 }, roles: ['agents'] })
    expect(() => (principal.roles as string[]).push('lead')).toThrow(TypeError)
    expect(() => {
      ;(principal.claims!['extra'] as { level: number }).level = 3
    }).toThrow(TypeError)
    const { authenticate } = tokenDesk()
    const result = await authenticate({ bearer: signToken() })
    expect(() => Object.assign(result, { principal })).toThrow(TypeError)
  })

  it('are an object', async () => {
    for (const claims of ['[]', '"x"', '1', 'null', '']) {
      expect(await tokenDesk().outcome(signToken({ claims }))).toBe('token-malformed')
    }
  })
})
