import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../../src/base/json.ts'
import { yes } from '../../../../src/policy/truth.ts'
import { flowPolicy, holds, Talk } from './support.ts'

const steering = 'flow.untrustedSteering'
const compact = 'DE89370400440532013000'
const url = { is: 'url' }
const grouped = 'DE89 3704 0044 0532 0130 00'

/** A tainted session in which a trusted tool was asked with `args` and has answered. */
function asked(args: JsonObject, answer: string, facts: object = {}): Talk {
  const act = { args: { to: { steers: true, ...facts } } }
  return new Talk(flowPolicy({ act })).says('hello').reads('x').reads(answer, 'lookup', args)
}

describe('what a trusted tool was asked with is not vouched for', () => {
  test.each<[string, JsonObject, string, string, object?]>([
    ['as an address of two parts', { a: 'eve', b: 'evil.example' }, 'eve@evil.example', ''],
    ['as a path of two parts', { a: '/tmp', b: 'x.sh' }, 'saved /tmp/x.sh', '/tmp/x.sh'],
    ['as a typed path', { a: '/tmp', b: 'x.sh' }, 'saved /tmp/x.sh', '/tmp/x.sh', { is: 'path' }],
    ['as a link to a host', { a: 'evil.example' }, 'see https://evil.example', ''],
    ['as a link of two parts', { a: 'evil.example', b: 'x' }, 'https://evil.example/x', ''],
    ['as the host of a link', { a: 'evil.example' }, 'see https://evil.example/found', ''],
    ['as the host of a typed link', { a: 'evil.example' }, 'https://evil.example/found', '', url],
    ['as the host of a link that is no page', { a: 'evil.example' }, 'ftp://evil.example', '', url],
    ['as what is above the host of a link', { a: 'evil.example' }, 'https://www.evil.example/', ''],
    ['as the host of a link with a port', { a: 'evil.example' }, 'evil.example:8080/found', ''],
    [
      'as a host in other letters',
      { a: 'b\u00fccher.example' },
      'https://b\u00fccher.example/found',
      '',
    ],
    ['as another page of a site', { a: 'https://evil.example' }, 'https://evil.example/found', ''],
    ['as where an address is', { a: 'evil.example' }, 'eve@evil.example', '', { is: 'email' }],
    ['as the host of an address', { a: 'eve@evil.example' }, 'evil.example', '', { is: 'host' }],
    ['as an account in groups', { a: compact }, `${grouped} is not known`, grouped],
    ['as an account without groups', { a: grouped }, `${compact} is not known`, compact],
    [
      'as an account with letters',
      { a: 'GB29NWBK60161331926819' },
      'GB29 NWBK 6016 1331 9268 19',
      '',
    ],
    ['as an account in parts', { a: 'DE8937040044', b: '0532013000' }, compact, ''],
    ['as an account of its groups', { a: grouped.split(' ') }, `${grouped} is not known`, grouped],
    [
      'as a typed account of its groups',
      { a: grouped.split(' ') },
      `${grouped} is not known`,
      compact,
      { is: 'iban' },
    ],
    ['as a number in groups', { a: '15550100' }, '1 555 0100 rings', '1 555 0100'],
    ['as a number without groups', { a: '+1 555 0100' }, '15550100 rings', '15550100'],
    ['as an amount in lakhs', { a: 1_234_567.5 }, '12,34,567.50 booked', '12,34,567.50'],
    ['as an amount', { a: 1234.5 }, '1,234.50 booked', '1,234.50'],
    ['as an amount with its currency', { a: '1234.5' }, '$1,234.50 booked', '$1,234.50'],
  ])('%s', (_, args, answer, to, facts) => {
    const value = to === '' ? answer.replace('see ', '') : to
    const talk = asked(args, answer, facts)
    expect(talk.rule({ to: value })).toBe(steering)
    expect(holds(talk, value, 'trusted')).not.toBe(yes)
    // only because it was asked with it
    const told = asked({}, answer, facts)
    expect(told.rule({ to: value })).toBe('all')
  })

  test('with what the tool adds it is', () => {
    expect(asked({ a: 'ann' }, 'ann@firm.example').rule({ to: 'ann@firm.example' })).toBe('all')
    const address = { a: 'ann@firm.example' }
    expect(asked(address, 'bob@firm.example').rule({ to: 'bob@firm.example' })).toBe('all')
    expect(
      asked({ a: 'a.example' }, 'https://b.example/a.example').rule({
        to: 'https://b.example/a.example',
      }),
    ).toBe('all')
    expect(asked({ a: 'docs' }, '/docs/bill.pdf').rule({ to: '/docs/bill.pdf' })).toBe('all')
    expect(asked({ a: 'Q 2026' }, 'q-2026').rule({ to: 'q-2026' })).toBe('all')
    expect(asked({ a: 12_345 }, '12 345 678').rule({ to: '12 345 678' })).toBe('all')
  })

  test('is what else a host holds that is named elsewhere', () => {
    const args = { to: { steers: true } }
    const [host, page] = ['firm.example', 'https://firm.example/found']
    const talk = new Talk(flowPolicy({ act: { args } })).says('hello').reads('x')
    talk.reads(`at ${host}`, 'lookup').reads(page, 'lookup', { host })
    expect(talk.rule({ to: page })).toBe('all')
    const told = new Talk(flowPolicy({ act: { args } })).says(`at ${host}`).reads('x')
    expect(told.reads(page, 'lookup', { host }).rule({ to: page })).toBe('all')
  })

  test.each([
    ['https://evil.example', 'url', 'https://evil.example'],
    ['https://evil.example/found', 'host', 'evil.example'],
  ])('nor listed: %s as a %s', (answer, is, to) => {
    const facts = { is, idsFrom: ['lookup'] }
    expect(asked({ a: 'evil.example' }, answer, facts).rule({ to })).toBe(steering)
    expect(asked({}, answer, facts).rule({ to })).toBe('all')
  })
})
