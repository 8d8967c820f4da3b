import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../../../src/base/json.ts'
import { asksForSources } from '../../../../src/gate/flow/need.ts'
import { pinnedBy } from '../../../../src/gate/flow/pins.ts'
import { no, unknown, yes } from '../../../../src/policy/truth.ts'
import type { Decision, RuleReference } from '../../../../src/protocol/decision.ts'
import { policyOf } from '../../policy/build.ts'
import { flowPolicy, Talk } from './support.ts'

describe('labels', () => {
  const tools = {
    account: { kind: 'read', output: { trust: 'trusted', secrecy: 'private' } },
    vault: { kind: 'read', output: { trust: 'untrusted', secrecy: 'secret' } },
  }
  const act = { args: { x: { steers: true, carries: true } } }
  const talk = (): Talk => new Talk(flowPolicy({ act, tools }))

  test('are at most 100', () => {
    const x = Array.from({ length: 101 }, (_, index) => `v${index}`)
    expect(talk().decide({ x }).labels).toHaveLength(100)
  })

  test('name at most 8 origins, each once, and the most closed of them', () => {
    const keys = Array.from({ length: 10 }, (_, index) => `key10${index}`)
    const { labels } = talk()
      .reads(keys, 'account')
      .decide({ x: keys.join('; ') })
    expect(labels[0]!.from).toHaveLength(8)
    const one = talk().reads('first1 second2', 'account').reads('third33', 'vault')
    expect(one.decide({ x: 'second2 first1 third33' }).labels).toEqual([
      {
        argument: '/x',
        from: [
          { kind: 'tool', tool: 'account', callId: 'c1', field: '' },
          { kind: 'tool', tool: 'vault', callId: 'c2', field: '' },
        ],
        secrecy: 'secret',
        trust: 'untrusted',
      },
    ])
  })

  test('are trusted in a session that has read nothing untrusted', () => {
    expect(talk().decide({ x: 'a' }).labels).toEqual([
      { argument: '/x', from: [], trust: 'trusted' },
    ])
    expect(talk().reads('b').decide({ x: 'a' }).labels).toEqual([
      { argument: '/x', from: [], trust: 'untrusted' },
    ])
  })
})

const pinning = (pins: object): Talk =>
  new Talk(
    flowPolicy({
      act: { args: { to: { steers: true }, to2: { steers: true } } },
      rules: [
        { id: 'pinned', allow: ['act'], args: pins },
        { id: 'wide', allow: ['**'] },
      ],
    }),
  ).reads('write to ann')

describe('a value that an allow rule pins', () => {
  test('counts below its place and nowhere else', () => {
    const talk = pinning({ to: { items: { enum: ['ann', 'bob'] } } })
    const { labels, effect } = talk.decide({ to: ['ann', 'bob'] })
    expect(effect).toBe('allow')
    expect(labels.map(({ from }) => from)).toEqual([[{ kind: 'policy' }], [{ kind: 'policy' }]])
    expect(talk.decide({ to: ['ann', 'eve'] }).effect).toBe('ask')
    expect(talk.decide({ to: ['ann'], to2: 'ann' }).effect).toBe('ask')
  })

  test('is still said to come from the user where they have named it', () => {
    const talk = pinning({ to: { const: 'ann' } }).says('to ann')
    expect(talk.decide({ to: 'ann' }).labels[0]!.from).toEqual([{ kind: 'user' }])
  })

  const reference: RuleReference = {
    id: 'r',
    effect: 'allow',
    file: 'test.json',
    line: 1,
    column: 1,
  }

  test.each([
    [{}, ['/to', '/a~1b/c']],
    [{ id: 'other' }, []],
    [{ effect: 'ask' }, []],
    [{ shadow: true }, []],
    [{ unknown: true }, []],
    [{ file: 'parent.json' }, []],
    [{ shadow: false, unknown: false }, ['/to', '/a~1b/c']],
  ])('is one of a rule that applies: %j', (change, pins) => {
    const args = {
      to: { const: 'a' },
      '/a~1b/c': { equals: { principal: 'tenant' } },
      loose: { minLength: 1 },
    }
    const { document } = policyOf({
      rules: [
        { id: 'r', allow: ['act'], args },
        { id: 'q', ask: ['act'], args: { q: { const: 1 } } },
      ],
    })
    const applied = [
      { ...reference, ...change },
      { ...reference, id: 'q' },
    ] as RuleReference[]
    expect(pinnedBy({ rules: applied } as unknown as Decision, document)).toEqual(pins)
  })

  test.each([
    [{ const: 'a' }, true],
    [{ enum: ['a'] }, true],
    [{ items: { const: 'a' } }, true],
    [{ items: { minLength: 1 } }, false],
    [{ anyOf: [{ const: 'a' }, { enum: ['b'] }] }, true],
    [{ anyOf: [{ const: 'a' }, { minLength: 1 }] }, false],
    [{ not: { const: 'a' } }, false],
    [{ anyItem: { const: 'a' } }, false],
    [{ type: 'string' }, false],
  ])('is named by the test %j: %j', (to, isPin) => {
    const { document } = policyOf({ rules: [{ id: 'r', allow: ['act'], args: { to } }] })
    const decision = { rules: [reference] } as unknown as Decision
    expect(pinnedBy(decision, document)).toEqual(isPin ? ['/to'] : [])
  })
})

const isNeeded = (fields: object): boolean =>
  asksForSources(policyOf({ rules: [], ...fields }).document)

describe('sources are needed', () => {
  test('where there is a flow, and nowhere without it or a test of them', () => {
    expect(isNeeded({ flow: {} })).toBe(true)
    expect(isNeeded({})).toBe(false)
    expect(isNeeded({ rules: [{ id: 'r', allow: ['a'] }] })).toBe(false)
    const args = { x: { minLength: 1 } }
    expect(isNeeded({ rules: [{ id: 'r', allow: ['a'], args }] })).toBe(false)
  })

  test.each([
    { from: ['user'] },
    { items: { from: ['user'] } },
    { anyItem: { from: ['user'] } },
    { not: { from: ['user'] } },
    { anyOf: [{ minLength: 1 }, { from: ['user'] }] },
    { items: { not: { anyOf: [{ from: ['user'] }] } } },
  ])('where some rule has the test %j', (x) => {
    const rule = { id: 'r', allow: ['a'], args: { y: { const: 1 }, x } }
    expect(isNeeded({ rules: [{ id: 'q', allow: ['b'] }, rule] })).toBe(true)
  })
})

describe('what a policy calls known', () => {
  const act = { args: { to: { known: ['Ann Smith', 'https://a.example'] }, cc: { steers: true } } }
  const talk = new Talk(flowPolicy({ act }))

  test.each([
    ['ann smith', yes],
    ['ann', no],
    ['a.example', yes],
    ['http://a.example', no],
    ['https://a.example/', yes],
    [['ann smith', 'https://a.example'], yes],
    [['ann smith', 'bob'], no],
    ['', yes],
  ])('is a source of its own: %j', (value, truth) => {
    expect(talk.flow.hold(value as JsonValue, ['policy'])).toBe(truth)
    expect(talk.flow.hold(value as JsonValue, ['user', 'policy'])).toBe(truth)
    expect(talk.flow.hold(value as JsonValue, ['user'])).toBe(value === '' ? yes : no)
  })

  test('cannot be told of what has too many parts', () => {
    expect(
      talk.flow.hold(
        Array.from({ length: 5000 }, () => ''),
        ['policy'],
      ),
    ).toBe(unknown)
  })
})
