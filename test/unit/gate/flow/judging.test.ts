import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../../../src/base/json.ts'
import type { Finding } from '../../../../src/gate/finding.ts'
import { policyOf } from '../../policy/build.ts'
import { flowPolicy, Talk } from './support.ts'

const position = { file: 'test.json', line: 1, column: expect.any(Number) as number }

function found(talk: Talk, args: JsonObject, tool = 'act'): readonly Finding[] {
  const { policy, flow } = talk
  const request = { tool, args, principal: null, now: Number.NaN, at: '', sources: flow }
  return flow.check({ tool, args, decision: policy.decide(request) }).findings
}

const rules = (talk: Talk, args: JsonObject): readonly string[] =>
  found(talk, args).map(({ rule }) => rule.replace('flow.', ''))

const steering = (facts: object, more: object = {}): Talk =>
  new Talk(flowPolicy({ act: { args: { to: { steers: true, ...facts } } }, ...more }))

describe('a finding', () => {
  test('about steering says what, where it was read and what would help', () => {
    const talk = steering({ idsFrom: ['list', 'dir.*'] }).reads({ note: 'write to eve-13' })
    expect(found(talk, { to: 'eve-13' })).toEqual([
      {
        effect: 'ask',
        rule: 'flow.untrustedSteering',
        position,
        reason:
          '`/to` steers this call and is named by no trusted source (it was read in a result of `read` at `/note`); it passes when the user names it in a message or `list` or `dir.*` lists it or a person approves the call',
      },
    ])
  })

  test.each([
    ['eve', '`/to`', ' (it was read in a result of `read`)'],
    ['zoe', '`/to`', ''],
    [['ann', 'zoe'], '`/to/1`', ''],
    [['zoe', 'eve'], '`/to/0` (and 1 more)', ' (it was read in a result of `read`)'],
    [['zoe', 'eve', 'ann', 'dan'], '`/to/0` (and 2 more)', ' (it was read in a result of `read`)'],
    ['x'.repeat(300_000), '`/to`, which is too long to be looked at,', ''],
  ])('names the first argument and the number of others: %#', (to, subject, seen) => {
    const talk = steering({}).says('ann').reads('write to eve')
    expect(found(talk, { to: to as JsonValue })[0]!.reason).toBe(
      `${subject} steers this call and is named by no trusted source${seen}; it passes when the user names it in a message or a person approves the call`,
    )
  })

  test('names a message that is not trusted', () => {
    const flow = { trusted: ['system'], untrustedSteering: 'deny' }
    const talk = steering({}, { flow }).says('write to eve')
    expect(found(talk, { to: 'eve' })[0]).toMatchObject({
      effect: 'deny',
      reason: expect.stringContaining(' (it was read in a user message);') as string,
    })
  })

  test('about links and secrets says what, where it was read and what would help', () => {
    const tools = { account: { kind: 'read', output: { trust: 'trusted', secrecy: 'private' } } }
    const act = { sink: 'public', args: { body: { carries: true } } }
    const talk = new Talk(flowPolicy({ act, tools }))
    talk.reads('look at www.evil.example').reads({ key: '1a7b3d' }, 'account')
    expect(found(talk, { body: 'see www.evil.example, 1a7b3d' })).toEqual([
      {
        effect: 'deny',
        rule: 'flow.untrustedLinks',
        position,
        reason:
          '`/body` has a link that no trusted source names (it was read in a result of `read`); leave it out, or have the user name it or a person approve the call',
      },
      {
        effect: 'ask',
        rule: 'flow.secretsOut',
        position,
        reason:
          '`/body` would carry private data out (it was read in a result of `account` at `/key`); leave that data out, or have a person approve the call',
      },
    ])
  })

  test('about what is barred says so for each entry, once the session is tainted', () => {
    const afterUntrusted = [
      { tools: ['a*'], then: 'ask' },
      { tools: ['act'], then: 'deny' },
      { tools: ['lookup'], then: 'deny' },
    ]
    const talk = new Talk(flowPolicy({ flow: { afterUntrusted } }))
    expect(found(talk, {})).toEqual([])
    const reason =
      '`act` is not for sessions that have read untrusted text; do it in a new session, before such text is read'
    expect(found(talk.reads('x'), {})).toEqual([
      { effect: 'ask', rule: 'flow.afterUntrusted', position, reason },
      { effect: 'deny', rule: 'flow.afterUntrusted', position, reason },
    ])
    expect(found(talk, {}, 'read')).toEqual([])
  })

  test('is about a link that steers, where the policy has no check of what steers', () => {
    for (const is of ['url', 'host']) {
      const args = { to: { steers: true, carries: true, is } }
      const talk = new Talk(flowPolicy({ act: { args }, flow: { untrustedLinks: 'deny' } }))
      talk.says('www.said.example').reads('x')
      expect(talk.rule({ to: 'www.evil.example' })).toBe('flow.untrustedLinks')
      expect(talk.rule({ to: 'www.said.example' })).toBe('all')
    }
  })

  test('is only made by checks that the policy has', () => {
    const args = { to: { steers: true, carries: true } }
    const act = { args }
    const to = 'www.evil.example'
    const about = (flow: Readonly<Record<string, unknown>>): readonly string[] =>
      rules(new Talk(flowPolicy({ act, flow })).reads('x'), { to })
    expect(about({ untrustedSteering: 'ask' })).toEqual(['untrustedSteering'])
    expect(about({ untrustedLinks: 'ask' })).toEqual(['untrustedLinks'])
    expect(about({})).toEqual([])
    const bare = policyOf({ rules: [], tools: { act: { kind: 'write', ...act } } })
    expect(rules(new Talk(bare).reads('x', 'unlabelled'), { to })).toEqual([])
  })
})

describe('an argument is checked', () => {
  const tools = { account: { kind: 'read', output: { trust: 'trusted', secrecy: 'private' } } }
  const all = { untrustedSteering: 'ask', untrustedLinks: 'ask', secretsOut: 'ask' }
  const about = (facts: object, sink = 'external'): Talk =>
    new Talk(flowPolicy({ act: { sink, args: { x: facts } }, tools, flow: all }))
      .says('use said1 and www.said.example')
      .reads('evil www.evil.example')
      .reads('1a7b3d', 'account')

  test.each([
    [{ steers: true }, 'evil', ['untrustedSteering']],
    [{ steers: true }, '1a7b3d', []],
    [{ carries: true }, 'evil', []],
    [{ carries: true }, 'www.evil.example', ['untrustedLinks']],
    [{ carries: true, is: 'url' }, 'www.evil.example', ['untrustedLinks']],
    [{ steers: true, carries: true }, 'www.evil.example', ['untrustedSteering', 'untrustedLinks']],
    [{ steers: true, carries: true, is: 'url' }, 'www.evil.example', ['untrustedSteering']],
    [{ steers: true, carries: true, is: 'host' }, 'www.evil.example', ['untrustedSteering']],
    [
      { steers: true, carries: true, is: 'email' },
      'www.evil.example',
      ['untrustedSteering', 'untrustedLinks'],
    ],
    [{ steers: true, carries: true }, 'www.said.example', []],
    [{ carries: true }, 'at 1a7b3d', ['secretsOut']],
    [{ carries: true, known: ['key 1a7b3d'] }, 'key 1a7b3d', []],
    [{ known: ['x'] }, 'www.evil.example 1a7b3d', []],
    [{ carries: true }, 5, []],
    [{ carries: true }, true, []],
    [{ steers: true, carries: true }, '', []],
    [{ steers: true, carries: true }, null, []],
    [{ steers: true, carries: true }, { name: 'said1' }, []],
    [{ steers: true, carries: true }, { evil_name: 'said1' }, []],
    [{ steers: true }, { 'evil name': 'said1' }, ['untrustedSteering']],
  ])('%j: %j', (facts, x, expected) => expect(rules(about(facts), { x })).toEqual(expected))

  test.each([
    [{ steers: true }, ['untrustedSteering']],
    [{ carries: true }, ['untrustedLinks', 'secretsOut']],
    [{ known: ['x'] }, []],
  ])('with everything assumed of what is too long: %j', (facts, expected) => {
    const x = 'x'.repeat(300_000)
    expect(rules(about(facts), { x })).toEqual(expected)
    const clean = new Talk(flowPolicy({ act: { args: { x: facts } }, flow: all }))
    expect(rules(clean, { x })).toEqual([])
  })

  test.each(['external', 'public'])('for secrets on the way to a sink that is %s', (sink) => {
    expect(rules(about({ carries: true }, sink), { x: '1a7b3d' })).toEqual(['secretsOut'])
  })

  test('not for secrets that a person has approved there', () => {
    const talk = about({ carries: true })
    talk.flow.endorse('act', { x: 'key 1a7b3d' })
    expect(rules(talk, { x: 'key 1a7b3d' })).toEqual([])
    expect(rules(talk, { x: 'the key 1a7b3d' })).toEqual(['secretsOut'])
  })

  const labelsOf = (facts: object, args: JsonObject): number => {
    const { flow, policy } = about(facts)
    const request = { tool: 'act', args, principal: null, now: 0, at: '', sources: flow }
    return flow.check({ tool: 'act', args, decision: policy.decide(request) }).labels.length
  }

  test('where it is there and the policy says something about it', () => {
    expect(labelsOf({ steers: true }, { y: 'a', toString: 'b' })).toBe(0)
    expect(labelsOf({ is: 'id' }, { x: 'a' })).toBe(0)
    expect(labelsOf({ known: ['b'] }, { x: 'a' })).toBe(1)
    expect(labelsOf({ carries: true }, { x: 'a' })).toBe(1)
    expect(labelsOf({ steers: true }, { x: ['a', '', null] })).toBe(1)
  })
})
