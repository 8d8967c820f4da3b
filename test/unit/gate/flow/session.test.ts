import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../../../src/base/json.ts'
import { FlowSession } from '../../../../src/gate/flow/session.ts'
import { no, unknown, yes } from '../../../../src/policy/truth.ts'
import { act, flowPolicy, holds, isSecret, talkOf, Talk } from './support.ts'

const result = (value: JsonValue, more: object = {}, tool = 'lookup'): Talk => {
  const talk = talkOf()
  talk.flow.addResult({ tool, callId: 'c', args: {}, value, ...more })
  return talk
}

/** The untrusted result of a tool whose ids count. */
const listed = (value: JsonValue, args: JsonObject = {}): Talk => {
  const to = { steers: true, idsFrom: ['read'] }
  return new Talk(flowPolicy({ act: { args: { to } } })).reads(value, 'read', args)
}

describe('results', () => {
  test('vouch by their label, and are a source with call and field', () => {
    const talk = result({ a: 'ann' })
    expect([talk.flow.tainted, holds(talk, 'ann', 'trusted')]).toEqual([false, yes])
    expect(talk.decide({ to: 'ann' }).labels[0]!.from).toEqual([
      { kind: 'tool', tool: 'lookup', callId: 'c', field: '/a' },
    ])
  })

  test('of an agent are no more than its label says beyond what it was told', () => {
    const trusted = result('ann', { isDelegated: true })
    expect([trusted.flow.tainted, holds(trusted, 'ann', 'trusted')]).toEqual([true, no])
    const unlabelled = result('1a7b3d', { isDelegated: true }, 'bare')
    expect([unlabelled.flow.tainted, isSecret(unlabelled, '1a7b3d')]).toEqual([false, false])
    const secret = result('1a7b3d', { isDelegated: true }, 'vault')
    expect([secret.flow.tainted, isSecret(secret, '1a7b3d')]).toEqual([true, true])
  })

  test('that somebody else has changed are untrusted, and as secret as they could be', () => {
    const talk = result('ann 1a7b3d', { isForeign: true }, 'vault')
    expect([talk.flow.tainted, holds(talk, 'ann', 'trusted')]).toEqual([true, no])
    expect(isSecret(talk, '1a7b3d')).toBe(true)
    expect(result('ann', { isForeign: true }, 'bare').flow.tainted).toBe(true)
  })

  test('that are empty say nothing', () => {
    for (const value of ['', ' ', null, [], {}, ['', null]]) {
      expect(result(value, {}, 'bare').flow.tainted).toBe(false)
    }
    expect(result(0, {}, 'bare').flow.tainted).toBe(true)
  })

  test.each([
    ['id-1', true],
    [13, true],
    ['A b', true],
    ['x'.repeat(128), true],
    ['x'.repeat(129), false],
    [true, false],
  ])('list ids of at most 128 characters: %#', (id, isListed) => {
    const talk = listed([id])
    expect(talk.rule({ to: id })).toBe(isListed ? 'all' : 'flow.untrustedSteering')
  })

  test('list one word in all its forms, and more of them exactly', () => {
    const talk = listed(['$1,250.50', 'of $7'])
    expect(talk.rule({ to: 1250.5 })).toBe('all')
    expect(talk.rule({ to: 7 })).toBe('flow.untrustedSteering')
  })

  test.each([
    [{ query: 'f-99' }, { query: 'f-99', files: ['f-1'] }, 'f-99'],
    [{ query: 'delete f-99 now' }, ['f-99'], 'f-99'],
    [{ url: 'https://a.example/?file=f-99' }, 'f-99', 'f-99'],
    [{ query: 'F-99' }, 'no file: f-99', 'f-99'],
    [{ number: 99 }, { number: 99 }, 99],
    [{ number: '99' }, { number: 99 }, 99],
    [{ owner: 'the a team' }, ['a team'], 'a team'],
  ])('list nothing that the call has asked with: %j', (args, value, id) => {
    expect(listed(value, args).rule({ to: id })).toBe('flow.untrustedSteering')
    expect(listed(value, { other: 'x' }).rule({ to: id })).toBe('all')
  })

  test('list what stands beside that', () => {
    const talk = listed({ query: 'the f', files: ['f-1', 'the b', 'f the'] }, { query: 'the f' })
    for (const to of ['f-1', 'the b', 'f the']) expect(talk.rule({ to })).toBe('all')
  })

  test('list what the call has asked with where the user has named it', () => {
    const talk = listed(['f-99'], { query: 'f-99' })
    expect(talk.rule({ to: 'f-99' })).toBe('flow.untrustedSteering')
    expect(talk.says('f-99').reads(['f-99'], 'read', { query: 'f-99' }).rule({ to: 'f-99' })).toBe(
      'all',
    )
  })

  test.each([
    [{ us133: {} }],
    [{ us133: null, b: '' }],
    [[[], [{ pay_to: { us133: [] } }]]],
    ['{"pay_to":{"us133":{}}}'],
  ])('that are text by the names of their members are read as such: %j', (value) => {
    expect(result(value, {}, 'bare').rule({ to: 'us133' })).toBe('flow.untrustedSteering')
    expect(result(value).flow.tainted).toBe(false)
    expect(holds(result(value), 'us133', 'trusted')).toBe(no)
  })

  test('hold secrets in the names of their members', () => {
    expect(isSecret(result({ acc99887766: { open: true } }, {}, 'vault'), 'acc99887766')).toBe(true)
    expect(isSecret(result({ acc99887766: { open: true } }), 'acc99887766')).toBe(false)
  })

  test.each([
    [{ path: 'move.txt' }, true],
    [{ path: 'move.txt', depth: 3 }, true],
    [{ path: 'other.txt' }, false],
    [{ path: 'move.txt', as: 'other' }, false],
    [{ path: '' }, false],
    [{ depth: 3 }, false],
    [{}, false],
  ])('are named where the user named all that was asked for: %j', (args, isNamed) => {
    const talk = talkOf().says('read move.txt').reads('Elm Street', 'read', args)
    expect(talk.rule({ to: 'Elm Street' })).toBe(isNamed ? 'all' : 'flow.untrustedSteering')
  })

  test('are named by the system as well', () => {
    const talk = talkOf()
    talk.flow.addMessage({ role: 'system', content: 'read move.txt' })
    talk.reads('Elm Street', 'read', { path: 'move.txt' })
    expect(talk.rule({ to: 'Elm Street' })).toBe('all')
  })

  test('that are failures vouch for nothing, and are as untrusted and secret as others', () => {
    const failed = result('no user ann, 1a7b3d', { isError: true }, 'vault')
    expect([failed.flow.tainted, holds(failed, 'ann', 'trusted')]).toEqual([false, no])
    expect(isSecret(failed, '1a7b3d')).toBe(true)
    expect(result('no', { isError: true }, 'bare').flow.tainted).toBe(true)
  })

  test('that are failures list and name nothing', () => {
    const talk = talkOf().says('read move.txt')
    const args = { path: 'move.txt' }
    talk.flow.addResult({ tool: 'read', callId: 'c', args, value: 'Elm', isError: true })
    talk.flow.addResult({
      tool: 'lookup',
      callId: 'c',
      args: { q: 'id-1' },
      value: 'id-1',
      isError: true,
    })
    expect(talk.rule({ to: 'Elm' })).toBe('flow.untrustedSteering')
    expect(talk.rule({ to: 'id-1' })).toBe('flow.untrustedSteering')
  })

  test.each([
    ['private', undefined, true],
    ['secret', undefined, true],
    ['internal', undefined, false],
    ['private', 'secret', false],
    ['internal', 'internal', true],
    ['public', 'internal', false],
  ])('%s are secret from %s on: %j', (secrecy, secretFrom, is) => {
    const flow = { secretsOut: 'ask', ...(secretFrom !== undefined && { secretFrom }) }
    const more = { list: { kind: 'read', output: { trust: 'trusted', secrecy } } }
    const talk = new Talk(flowPolicy({ act, tools: more, flow })).reads('1a7b3d', 'list')
    expect(isSecret(talk, 'at 1a7b3d')).toBe(is)
  })

  test('hold no secret that is a boolean, or that the call has brought', () => {
    const flow = { secretsOut: 'ask' }
    const talk = talkOf(flow).reads([123_456, true, '7a8b9c'], 'vault', { q: '7a8b9c' })
    expect(isSecret(talk, 'at 123456')).toBe(true)
    expect(isSecret(talk, 'at 7a8b9c')).toBe(false)
  })

  test('that are too long leave it open what else was trusted or secret', () => {
    const long = `ann ${'x '.repeat(200_000)}`
    const trusted = talkOf().reads(long, 'lookup')
    expect([holds(trusted, 'ann', 'trusted'), holds(trusted, 'eve', 'trusted')]).toEqual([
      yes,
      unknown,
    ])
    expect([isSecret(trusted, 'at 9z8y7x'), holds(trusted, 'eve', 'user')]).toEqual([false, no])
    expect(isSecret(talkOf().reads(long, 'vault'), 'at 9z8y7x')).toBe(true)
    const untrusted = talkOf().reads(long, 'read')
    expect([holds(untrusted, 'eve', 'trusted'), isSecret(untrusted, 'at 9z8y7x')]).toEqual([
      no,
      false,
    ])
  })
})

test('what a person has approved is a source of its own, with each of its values', () => {
  const talk = talkOf().reads('x')
  talk.flow.endorse('act', { to: ['eve', { 'an address': 'zoe' }] })
  for (const to of ['eve', 'zoe', 'an address']) {
    expect(talk.decide({ to }).labels).toEqual([
      { argument: '/to', from: [{ kind: 'approval' }], secrecy: 'internal', trust: 'trusted' },
    ])
  }
  expect(holds(talk, 'eve', 'trusted')).toBe(no)
})

const schemaOf = (): JsonValue => ({ enum: ['open'] })

test('a session has the schemas and the bound it is given', () => {
  const label = { output: { trust: 'untrusted', endorse: 'enum' } }
  const policy = flowPolicy({ act, tools: { list: { kind: 'read', ...label } } })
  const flow = new FlowSession(policy, { schemaOf, maxDigests: 2 })
  flow.addResult({ tool: 'list', callId: 'c', args: {}, value: 'open' })
  expect(flow.tainted).toBe(false)
  flow.addMessage({ role: 'user', content: 'a b c' })
  expect(flow.hold('z', ['user'])).toBe(unknown)
})

const told = (content: string): Talk => {
  const talk = talkOf()
  talk.flow.addMessage({ role: 'system', content })
  return talk
}

describe('what the system says', () => {
  test('vouches for a steering argument, and for what a tool was asked', () => {
    const talk = told('look for ann').reads('x').reads('ann smith', 'lookup', { q: 'ann' })
    expect(talk.rule({ to: 'ann' })).toBe('all')
    expect(talk.decide({ to: 'ann' }).labels[0]!.from).toEqual([{ kind: 'system' }])
    expect(holds(talk, 'ann smith', 'trusted')).toBe(yes)
  })

  test('leaves it open what else it said where it is too long', () => {
    const talk = told(`ann ${'x '.repeat(200_000)}`)
    expect(talk.flow.hold('eve', ['system'])).toBe(unknown)
    expect(talk.flow.hold('eve', ['user', 'system'])).toBe(unknown)
    expect(talk.flow.hold('eve', ['user'])).toBe(no)
    expect(talk.flow.hold('ann', ['user', 'system'])).toBe(yes)
  })
})

test('an id may stand in any of the lists it is taken from', () => {
  const list = { kind: 'read', output: { trust: 'untrusted' } }
  const args = { to: { steers: true, idsFrom: ['list_*'] } }
  const policy = flowPolicy({ act: { args }, tools: { list_a: list, list_b: list, other: list } })
  const talk = new Talk(policy).reads(['o-1'], 'other').reads(['a-1'], 'list_a')
  talk.reads(['b-1'], 'list_b')
  expect(['a-1', 'b-1', 'o-1'].map((to) => talk.rule({ to }))).toEqual([
    'all',
    'all',
    'flow.untrustedSteering',
  ])
})
