import { describe, expect, test } from 'vitest'
import { convertSecurityConfig, type ConvertOptions } from '../../../src/analysis/convert.ts'
import { readPolicyText } from '../../../src/loading/text.ts'
import { defineTool } from '../../../src/tools/tool.ts'
import { agentOf, finish, statusesOf } from '../../support/agent.ts'

function convert(config: object, options?: ConvertOptions) {
  return convertSecurityConfig(JSON.stringify(config), options)
}

describe('S2-30 callers of a converted configuration', () => {
  test('are nobody unless it said otherwise', () => {
    expect(convert({}).document['identity']).toEqual({ anonymous: 'deny' })
    for (const open of [{ requireAuthentication: false }, { AllowUnauthenticatedAccess: true }]) {
      expect(convert(open).document['identity']).toEqual({
        anonymous: 'role',
        anonymousRole: 'anonymous',
      })
    }
  })

  test('S2-T8 keep their keys as hashes, and no secret is copied', () => {
    const auth = {
      type: 'api-key',
      APIKeys: { 'k-1234567890abcdef': { ID: 'svc', Roles: ['ops'], Scopes: ['x:y'] } },
      secret: 'top-secret-value',
    }
    const { document, notes } = convert({ Auth: auth })
    expect(document).toMatchObject({
      identity: {
        apiKeys: [{ id: 'key-svc', subject: 'svc', roles: ['ops'], scopes: ['x:y'] }],
      },
      roles: { ops: {} },
    })
    const all = JSON.stringify([document, notes])
    for (const secret of ['k-1234567890abcdef', 'top-secret-value']) {
      expect(all).not.toContain(secret)
    }
    expect(all).toContain('tokens are not accepted')
  })

  test('come with tokens once issuer and audience are known', () => {
    const { document } = convert(
      { auth: { type: 'jwt', secret: 's' }, roles: { lead: {} } },
      { issuer: 'https://id.example', audience: 'desk' },
    )
    expect(document['identity']).toMatchObject({
      jwt: [{ algorithms: ['HS256'], audience: ['desk'], roleMap: { lead: 'lead' } }],
    })
  })
})

describe('S2-32 S2-36 limits of a converted configuration', () => {
  test.each([
    [
      { limit: 5, period: 'minute' },
      { max: 5, window: '60s' },
    ],
    [
      { Limit: 5, Window: 90_000_000_000 },
      { max: 5, window: '90s' },
    ],
    [
      { limit: 5, window: '1h30m' },
      { max: 5, window: '5400s' },
    ],
    [
      { limit: 5, windowMs: 1500 },
      { max: 5, window: '2s' },
    ],
    [{ limit: 5 }, { max: 5 }],
  ])('%j', (rateLimit, expected) => {
    const { document } = convert({ tools: { t: { rateLimit } } })
    const common = { id: 'rate-t', tools: ['t'], per: 'subject', over: 'deny' }
    expect(document['limits']).toEqual([{ ...common, ...expected }])
  })

  test('of nothing are denials', () => {
    const { document } = convert({ roles: { r: { rateLimits: { t: { limit: 0 } } } } })
    expect(document['rules']).toContainEqual({
      id: 'none-t-r',
      deny: ['t'],
      who: { roles: ['r'] },
    })
    expect(document['limits']).toBeUndefined()
  })
})

describe('forbidden texts of a converted configuration', () => {
  const input = { type: 'object', properties: { q: { type: 'string' }, n: { type: 'number' } } }
  const tool = defineTool({ name: 't', description: 'A tool.', input, execute: () => null })
  const dangerousArguments = { blockedValues: ['DROP'], globalPatterns: ['a+', '(?=b)'] }

  test('S2-35 become denials about text arguments, where the tools are known', () => {
    const { document, notes } = convert({ dangerousArguments }, { tools: [tool] })
    expect(document['rules']).toEqual([
      {
        id: 'danger-1-1',
        deny: ['t'],
        args: {
          q: { anyOf: [{ contains: 'DROP' }, { containsMatch: '(?i)a+' }, { contains: '(?=b)' }] },
        },
      },
    ])
    expect(notes.join('\n')).toContain('cannot run')
    const audit = convert(
      { dangerousArguments: { ...dangerousArguments, auditOnlyMode: true } },
      { tools: [tool] },
    )
    expect(audit.document['rules']).toMatchObject([{ shadow: true }])
  })

  test('S2-T9 are looked for in the arguments named, however these are written, and nowhere else', async () => {
    const { document } = convert(
      { dangerousArguments, defaultPolicy: 'allow-all' },
      { tools: [tool] },
    )
    const policy = readPolicyText(JSON.stringify({ ...document, roles: { user: {} } }), 'converted')
    const texts = ['{"q":"drop it"}', '{"q":"DR\\u004fP it"}', '{"q":"x","n":5}', '{"q":"{\\"n"}']
    const calls = texts.map((rawArgs) => ({ tool: 't', rawArgs }))
    const { start } = agentOf([{ calls }, { text: '' }], { tools: [tool], policy })
    expect(statusesOf(await finish(start()))).toEqual([
      'error-security',
      'error-security',
      'success',
      'success',
    ])
  })

  test('are reported where they are not', () => {
    const { document, notes } = convert({ dangerousArguments })
    expect(document['rules']).toEqual([])
    expect(notes.join('\n')).toContain('give --tools')
  })
})

describe('what cannot be converted', () => {
  test('is named', () => {
    const { notes } = convert({
      debug: true,
      tools: { t: { allow: true, sandbox: 1 }, 'not a tool': { allow: true } },
      roles: { 'not a role': {} },
      defaultPolicy: 'allow-all',
    })
    for (const part of [
      'config.debug',
      'sandbox',
      'not a tool',
      'not a role',
      'allow everything',
    ]) {
      expect(notes.join('\n')).toContain(part)
    }
  })

  test('is an error where it is no configuration', () => {
    expect(() => convertSecurityConfig('')).toThrow(
      expect.objectContaining({ help: expect.stringContaining('as JSON in UTF-8') }),
    )
    for (const text of ['{', '[]', '{"tools": []}', '{"tools": {"t": {"allow": "yes"}}}']) {
      expect(() => convertSecurityConfig(text)).toThrow(
        expect.objectContaining({ code: 'bad-option' }),
      )
    }
  })
})
