import { describe, expect, test } from 'vitest'
import { hasAttachment, textOf, wholeText } from '../../../../src/gate/flow/message-text.ts'
import { FlowSession } from '../../../../src/gate/flow/session.ts'
import { no, yes } from '../../../../src/policy/truth.ts'
import { vouchingForNothing } from '../../../../src/protocol/facts.ts'
import type { AssistantPart, Message, UserPart } from '../../../../src/protocol/message.ts'
import { user } from '../../policy/build.ts'
import { flowPolicy, holds, isSecret, strict, talkOf, type Talk } from './support.ts'

const picture: UserPart = { type: 'image', url: 'https://a.example/i' }
const file: UserPart = { type: 'file', name: 'f', url: 'https://a.example/f' }
const call = (callId: string, args: string): AssistantPart => ({
  type: 'tool-call',
  callId,
  providerId: '',
  tool: 'lookup',
  arguments: args,
})
const answer = (callId: string, content: string, tool = 'lookup') =>
  ({ role: 'tool', callId, providerId: '', tool, content, isError: false }) as const

const of = (facts: object): object => vouchingForNothing(facts)

describe('the text of a message', () => {
  const parts: readonly UserPart[] = [
    { type: 'text', text: 'a' },
    picture,
    { type: 'text', text: 'b' },
  ]

  test('of a user is that of its parts', () => {
    expect(textOf({ role: 'user', content: 'a' })).toBe('a')
    expect(textOf({ role: 'user', content: parts })).toBe('a\n\nb')
    expect(hasAttachment({ role: 'user', content: parts })).toBe(true)
    expect(hasAttachment({ role: 'user', content: [file] })).toBe(true)
    expect(hasAttachment({ role: 'user', content: [parts[0]!] })).toBe(false)
    expect(hasAttachment({ role: 'user', content: 'image' })).toBe(false)
  })

  test('of anybody is all that a model reads', () => {
    const content: readonly AssistantPart[] = [
      { type: 'text', text: 'a' },
      { type: 'reasoning', text: 'b' },
      { type: 'image', url: 'https://a.example/i' },
      call('c', '{"d":1}'),
      { type: 'refusal', text: 'e' },
    ]
    expect(wholeText({ role: 'assistant', content })).toBe('a\nb\n\n{"d":1}\ne')
    expect(wholeText({ role: 'user', content: parts })).toBe('a\n\nb')
    expect(wholeText({ role: 'system', content: 's' })).toBe('s')
    expect(wholeText(answer('c', 't'))).toBe('t')
  })

  test('vouches for nothing where it is not known what was asked, and is as secret as any part', () => {
    expect(of({ output: { trust: 'trusted', secrecy: 'internal' } })).toEqual({
      output: { trust: 'untrusted', secrecy: 'internal' },
    })
    expect(of({ output: { secrecy: 'public' }, fields: { '/a': { secrecy: 'secret' } } })).toEqual({
      output: { trust: 'untrusted', secrecy: 'secret' },
    })
  })
})

describe('who a session acts for', () => {
  const principal = {
    subject: 'sub',
    issuer: 'https://id.example',
    roles: ['role'],
    scopes: ['scope'],
    tenant: 'tenant',
    agent: 'agent',
    claims: { team: 'blue', deep: { list: ['red'] }, 'long name': 7, flag: true },
  }

  test('is known by name, tenant, agent and the texts of the claims', () => {
    const talk = talkOf().begin(principal)
    for (const value of ['sub', 'tenant', 'agent', 'blue', 'red', 'long name']) {
      expect(holds(talk, value, 'trusted')).toBe(yes)
      expect(holds(talk, value, 'user')).toBe(no)
    }
    for (const value of ['role', 'scope', 'https://id.example', 7, true, 'team']) {
      expect(holds(talk, value, 'trusted')).toBe(no)
    }
    expect(talk.reads('x').decide({ to: 'sub' }).labels).toEqual([
      { argument: '/to', from: [{ kind: 'principal' }], secrecy: 'internal', trust: 'trusted' },
    ])
  })

  test('may be nobody', () => {
    const flow = new FlowSession(flowPolicy())
    flow.begin(null)
    expect([flow.tainted, flow.hold(user.subject, ['trusted'])]).toEqual([false, no])
    flow.begin(user)
    expect([flow.tainted, flow.hold(user.subject, ['trusted'])]).toEqual([false, yes])
  })
})

const labelled = (trust: 'trusted' | 'untrusted', secrecy: 'internal' | 'secret'): Message => ({
  role: 'user',
  content: 'call eve at 1a7b3d',
  label: { trust, secrecy },
})

const heard = (labels: readonly object[]): Talk => {
  const talk = talkOf()
  talk.flow.addMessage({ role: 'assistant', content: [call('c', '{}')] })
  talk.flow.addMessage({ ...answer('c', 'carl 1a7b3d'), labels })
  return talk
}

describe('messages', () => {
  test('of users and of the system are sources of their own', () => {
    const talk = talkOf().says('ann')
    talk.flow.addMessage({ role: 'system', content: 'bob' })
    expect([holds(talk, 'ann', 'user'), holds(talk, 'ann', 'system')]).toEqual([yes, no])
    expect([holds(talk, 'bob', 'user'), holds(talk, 'bob', 'system')]).toEqual([no, yes])
    expect(talk.flow.tainted).toBe(false)
  })

  test.each([
    [['user'], 'system'],
    [['system'], 'user'],
  ])('are untrusted where only those of %j are trusted', (trusted, role) => {
    const say = (content: string): Talk => {
      const talk = talkOf({ ...strict, trusted })
      talk.flow.addMessage({ role, content } as Message)
      return talk
    }
    expect(say(' \n').flow.tainted).toBe(false)
    const talk = say('eve')
    expect(talk.flow.tainted).toBe(true)
    expect(holds(talk, 'eve', role as 'user')).toBe(no)
    expect(talk.decide({ to: 'eve' }).labels[0]!.from).toEqual([{ kind: role }])
  })

  test('taint by what is attached to them, not by text', () => {
    const talk = talkOf()
    talk.flow.addMessage({ role: 'user', content: [{ type: 'text', text: 'ann' }] })
    expect([talk.flow.tainted, holds(talk, 'ann', 'user')]).toEqual([false, yes])
    talk.flow.addMessage({ role: 'user', content: [file] })
    expect(talk.flow.tainted).toBe(true)
  })

  test('that nobody has typed vouch for nothing, and taint unless what they are about was trusted', () => {
    const trusted = talkOf()
    trusted.flow.addMessage(labelled('trusted', 'internal'))
    expect([trusted.flow.tainted, holds(trusted, 'eve', 'user')]).toEqual([false, no])
    expect(trusted.decide({ to: 'eve' }).labels[0]!.from).toEqual([])
    const untrusted = talkOf()
    untrusted.flow.addMessage(labelled('untrusted', 'internal'))
    expect([untrusted.flow.tainted, holds(untrusted, 'eve', 'user')]).toEqual([true, no])
    expect(untrusted.decide({ to: 'eve' }).labels[0]).toMatchObject({
      from: [{ kind: 'user' }],
      secrecy: 'internal',
    })
  })

  test.each(['trusted', 'untrusted'] as const)(
    'are as secret as what they are about: %s',
    (trust) => {
      const talk = talkOf()
      talk.flow.addMessage(labelled(trust, 'internal'))
      expect(isSecret(talk, 'at 1a7b3d')).toBe(false)
      talk.flow.addMessage(labelled(trust, 'secret'))
      expect(isSecret(talk, 'at 1a7b3d')).toBe(true)
      expect(isSecret(talk, 'at 9z8y7x')).toBe(false)
    },
  )

  test('that are too long may hold any secret where they are about one', () => {
    const content = 'x '.repeat(200_000)
    for (const [secrecy, may] of [
      ['internal', false],
      ['private', true],
    ] as const) {
      const talk = talkOf()
      talk.flow.addMessage({ role: 'user', content, label: { trust: 'trusted', secrecy } })
      expect(isSecret(talk, 'at 9z8y7x')).toBe(may)
      expect(talk.flow.hold('y', ['trusted'])).toBe(no)
    }
  })

  test('of nobody known are untrusted, whatever their role', () => {
    for (const message of [
      { role: 'user', content: 'eve' },
      { role: 'system', content: 'eve' },
      { role: 'assistant', content: [call('c', '{"to":"eve"}')] },
      answer('c', 'eve'),
    ] as const) {
      const talk = talkOf()
      talk.flow.addForeign(message)
      expect(talk.flow.tainted).toBe(true)
      expect(holds(talk, 'eve', 'user')).toBe(no)
      expect(talk.decide({ to: 'eve' }).effect).toBe('ask')
    }
  })

  test('of a tool vouch for what the call before them did not bring, once', () => {
    const talk = talkOf()
    talk.flow.addMessage({ role: 'assistant', content: [call('c', '{"q":"eve"}')] })
    talk.flow.addMessage(answer('c', 'nobody is called eve'))
    expect([holds(talk, 'nobody is called', 'trusted'), holds(talk, 'eve', 'trusted')]).toEqual([
      yes,
      no,
    ])
    talk.flow.addMessage(answer('c', 'carl'))
    expect(holds(talk, 'carl', 'trusted')).toBe(no)
    expect(talk.flow.tainted).toBe(true)
  })

  test.each(['[1]', '{broken', '"x"'])('of a tool vouch for nothing after the call %s', (args) => {
    const talk = talkOf()
    talk.flow.addMessage({ role: 'assistant', content: [call('c', args)] })
    talk.flow.addMessage(answer('c', 'carl'))
    expect(holds(talk, 'carl', 'trusted')).toBe(no)
  })

  test('of a tool vouch for nothing where nobody vouches for them', () => {
    const talk = talkOf()
    talk.flow.addMessage({ role: 'assistant', content: [call('c', '{}')] })
    talk.flow.addMessage(answer('c', 'carl'), false)
    expect(holds(talk, 'carl', 'trusted')).toBe(no)
    talk.flow.addMessage(answer('c', 'dora'))
    expect(holds(talk, 'dora', 'trusted')).toBe(no)
  })

  test('of a tool are as strict as the labels they bring', () => {
    expect(heard([]).flow.tainted).toBe(false)
    expect(heard([{ output: { trust: 'untrusted' } }]).flow.tainted).toBe(true)
    const closed = heard([{ output: { trust: 'trusted', secrecy: 'secret' } }])
    expect([closed.flow.tainted, isSecret(closed, '1a7b3d')]).toEqual([false, true])
  })
})
