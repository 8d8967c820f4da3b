import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import {
  prepareRehearsals,
  type RehearsalOptions,
  type RehearsedCall,
  type Situation,
} from '../../../src/gate/rehearsal.ts'
import type { Policy } from '../../../src/policy/policy.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import { policyOf, toolOf, user } from '../../support/agent.ts'

const sections = {
  rules: [
    { id: 'all', allow: ['read', 'act', 'pay', 'net'] },
    { id: 'asked', ask: ['ask'] },
  ],
  tools: {
    read: { kind: 'read', output: { trust: 'untrusted' } },
    known: { kind: 'read', output: { trust: 'trusted' } },
    act: { kind: 'write', args: { to: { steers: true } } },
    pay: { kind: 'write' },
    ask: { kind: 'write' },
    net: { kind: 'network' },
  },
  sequences: [{ id: 'after', after: ['ask'], then: { tools: ['net'], do: 'deny' } }],
  limits: [
    { id: 'pays', tools: ['pay', 'ask'], per: 'session', max: 2 },
    { id: 'denials', tools: ['ask'], per: 'session', count: 'denials', max: 9 },
  ],
  flow: { untrustedSteering: 'deny' },
} as unknown as JsonObject

const policy = policyOf(sections).compile()

/** A rehearsal, in words that are short. */
async function rehearsing(
  situation: Partial<Situation> = {},
  options: RehearsalOptions = {},
  under: Policy = policy,
) {
  const rehearsal = (await prepareRehearsals(under, options))({ principal: user, ...situation })
  const ruleOf = async (tool: string, args: JsonObject = {}): Promise<string> =>
    (await rehearsal.decide({ tool, args })).rule
  const used = (tool: string): readonly number[] =>
    rehearsal.limitsOf(tool).map((limit) => limit.used)
  return { rehearsal, ruleOf, used }
}

const pay: RehearsedCall = { tool: 'pay', args: {} }
const ask: RehearsedCall = { tool: 'ask', args: {} }

describe('a call that is decided', () => {
  test('holds what it takes from limits until it is withdrawn', async () => {
    const { rehearsal, ruleOf, used } = await rehearsing()
    expect([await ruleOf('pay'), await ruleOf('pay'), await ruleOf('pay')]).toEqual([
      'all',
      'all',
      'limits.pays',
    ])
    rehearsal.withdraw(pay)
    expect(used('pay')).toEqual([1])
    rehearsal.withdraw(pay)
    rehearsal.withdraw(pay)
    expect(used('pay')).toEqual([0])
    expect(await ruleOf('pay')).toBe('all')
  })

  test('that was asked about counts as denied when it is withdrawn', async () => {
    const { rehearsal, ruleOf, used } = await rehearsing()
    expect(await ruleOf('ask')).toBe('asked')
    expect(used('ask')).toEqual([0, 1])
    rehearsal.withdraw(ask)
    expect(used('ask')).toEqual([1, 0])
    expect(await ruleOf('net')).toBe('all')
  })

  test('that was permitted is no denial when it is withdrawn', async () => {
    const { rehearsal, used } = await rehearsing()
    await rehearsal.decide(pay)
    rehearsal.withdraw({ ...pay, args: { other: 1 } })
    rehearsal.withdraw({ ...pay, tool: 'net' })
    expect(used('pay')).toEqual([1])
    rehearsal.withdraw(pay)
    expect(used('ask')).toEqual([0, 0])
  })

  test('that was refused is not there to be withdrawn', async () => {
    const { rehearsal, ruleOf } = await rehearsing()
    expect(await ruleOf('known')).toBe('default')
    rehearsal.withdraw({ tool: 'known', args: {} })
    expect(await ruleOf('known')).toBe('default')
  })
})

describe('a call that was refused', () => {
  test('is not the one that is withdrawn when an equal one is permitted', async () => {
    const until = policyOf({
      rules: [{ id: 'all', allow: ['**'] }],
      tools: { read: { kind: 'read' }, net: { kind: 'network' } },
      sequences: [{ id: 'until', unless: ['read'], then: { tools: ['net'], do: 'deny' } }],
      limits: [{ id: 'l', tools: ['net'], per: 'session', max: 5 }],
    }).compile()
    const { rehearsal, ruleOf, used } = await rehearsing({}, {}, until)
    expect(await ruleOf('net')).toBe('sequences.until')
    await rehearsal.happened({ tool: 'read', args: {} })
    expect(await ruleOf('net')).toBe('all')
    rehearsal.withdraw({ tool: 'net', args: {} })
    expect(used('net')).toEqual([0])
  })
})

describe('a call that happened', () => {
  test('keeps what it has taken, once', async () => {
    const { rehearsal, used } = await rehearsing()
    await rehearsal.decide(pay)
    await rehearsal.happened(pay)
    expect(used('pay')).toEqual([1])
    rehearsal.withdraw(pay)
    expect(used('pay')).toEqual([1])
  })

  test('takes from limits also where nobody has decided about it', async () => {
    const { rehearsal, used } = await rehearsing()
    await rehearsal.happened(pay)
    await rehearsal.happened(pay)
    await rehearsal.happened(pay)
    expect(used('pay')).toEqual([3])
  })

  test('counts as approved where it was asked about, and starts what follows from it', async () => {
    const { rehearsal, ruleOf, used } = await rehearsing()
    await rehearsal.decide(ask)
    expect(await ruleOf('net')).toBe('all')
    await rehearsal.happened(ask)
    expect(used('ask')).toEqual([0, 1])
    expect(await ruleOf('net')).toBe('sequences.after')
    rehearsal.withdraw(ask)
    expect(used('ask')).toEqual([0, 1])
  })

  test('counts with the arguments it had, also where its text is refused', async () => {
    const sum = policyOf({
      rules: [{ id: 'all', allow: ['pay'] }],
      limits: [{ id: 'sum', tools: ['pay'], per: 'session', sum: '/n', max: 9 }],
      tools: { pay: { kind: 'write' } },
    }).compile()
    const { rehearsal, used } = await rehearsing({}, {}, sum)
    const twice = { tool: 'pay', args: { n: 2 }, rawArgs: '{"n":1,"n":2}' }
    expect((await rehearsal.decide(twice)).rule).toBe('bad_json')
    await rehearsal.happened(twice)
    expect(used('pay')).toEqual([2])
    await rehearsal.happened({ tool: 'pay', args: { n: 7 }, rawArgs: '{"n":3}' })
    expect(used('pay')).toEqual([5])
  })

  test.each<[string, unknown[], string]>([
    ['that is untrusted does not vouch', ['read', 'eve'], 'flow.untrustedSteering'],
    ['that is trusted vouches', ['known', 'eve'], 'all'],
    ['that is foreign does not vouch', ['known', 'eve', true, true], 'flow.untrustedSteering'],
    ['nobody tells of vouches for nothing', ['known'], 'flow.untrustedSteering'],
  ])('has a result: one %s', async (_, [tool, ...came], rule) => {
    const { rehearsal, ruleOf } = await rehearsing()
    await rehearsal.happened({ tool: 'read', args: {} }, 'nothing')
    const call: RehearsedCall = { tool: tool as string, args: { some: 1 } }
    await rehearsal.happened(call, ...(came as [string?, boolean?, boolean?]))
    expect(await ruleOf('act', { to: 'eve' })).toBe(rule)
  })

  test('is waited for no more where it was asked about', async () => {
    const pending = policyOf({ ...sections, approvals: { maxPending: 1 } } as JsonObject).compile()
    const { rehearsal, ruleOf } = await rehearsing({}, {}, pending)
    expect(await ruleOf('ask')).toBe('asked')
    expect(await ruleOf('ask')).toBe('approval_limit')
    await rehearsal.happened(ask)
    expect(await ruleOf('ask')).toBe('asked')
  })

  test('is told whether it succeeded; by default it did', async () => {
    const until = policyOf({
      rules: [{ id: 'all', allow: ['**'] }],
      tools: { read: { kind: 'read' }, net: { kind: 'network' } },
      sequences: [{ id: 'until', unless: ['read'], then: { tools: ['net'], do: 'deny' } }],
    }).compile()
    const { rehearsal, ruleOf } = await rehearsing({}, {}, until)
    await rehearsal.happened({ tool: 'read', args: {} }, 'no', false)
    expect(await ruleOf('net')).toBe('sequences.until')
    await rehearsal.decide({ tool: 'read', args: {} })
    await rehearsal.happened({ tool: 'read', args: {} }, null)
    expect(await ruleOf('net')).toBe('all')
  })
})

describe('equal calls', () => {
  test('are settled in their order, whatever their ids', async () => {
    const { rehearsal, used } = await rehearsing()
    for (const id of ['a', 'a', undefined]) {
      await rehearsal.decide({ ...pay, ...(id === undefined ? {} : { id }) })
    }
    expect(used('pay')).toEqual([2])
    await rehearsal.happened({ ...pay, id: 'a' })
    rehearsal.withdraw({ ...pay, id: 'b' })
    expect(used('pay')).toEqual([1])
  })
})

test('calls without an id get one that no other has', async () => {
  const { rehearsal } = await rehearsing()
  for (const [n, id] of [undefined, 'rehearsal-3', undefined, undefined].entries()) {
    const call = { tool: 'known', args: { n }, ...(id === undefined ? {} : { id }) }
    await rehearsal.happened(call, `value-${n}`)
  }
  const callIdOf = async (to: string): Promise<unknown> =>
    (await rehearsal.decide({ tool: 'act', args: { to } })).labels[0]!.from[0]!.callId
  expect([
    await callIdOf('value-0'),
    await callIdOf('value-1'),
    await callIdOf('value-2'),
    await callIdOf('value-3'),
  ]).toEqual(['rehearsal-1', 'rehearsal-3', 'rehearsal-4', 'rehearsal-5'])
})

describe('a situation', () => {
  test('is heard from the beginning, and more later', async () => {
    const said = { role: 'user', content: 'write to eve' } as const
    const [before, later] = [await rehearsing({ messages: [said] }), await rehearsing()]
    for (const { rehearsal } of [before, later]) {
      await rehearsal.happened({ tool: 'read', args: {} }, 'untrusted')
    }
    expect(await before.ruleOf('act', { to: 'eve' })).toBe('all')
    expect(await later.ruleOf('act', { to: 'eve' })).toBe('flow.untrustedSteering')
    later.rehearsal.heard([said], 'untrusted')
    expect(await later.ruleOf('act', { to: 'eve' })).toBe('flow.untrustedSteering')
    later.rehearsal.heard([said], 'by role')
    expect(await later.ruleOf('act', { to: 'eve' })).toBe('all')
  })

  test('has a caller, and a task', async () => {
    const scope = policyOf({
      rules: [{ id: 's', allow: ['pay'] }],
      tools: { pay: { kind: 'write' } },
    }).compile()
    const { ruleOf } = await rehearsing({ scope })
    expect([await ruleOf('pay'), await ruleOf('net')]).toEqual(['all', 'scope'])
    const unknown = await rehearsing({ principal: null })
    expect(await unknown.ruleOf('pay')).toBe('unauthenticated')
  })

  test('is one of its own each time', async () => {
    const begin = await prepareRehearsals(policy)
    const [one, other] = [begin({ principal: user }), begin({ principal: user })]
    await one.decide(pay)
    expect(one.limitsOf('pay')[0]!.used).toBe(1)
    expect(other.limitsOf('pay')[0]!.used).toBe(0)
  })
})

describe('the tools of a rehearsal', () => {
  test('with schemas are held against them, of others that the policy knows anything goes', async () => {
    const input = { type: 'object', properties: { n: { type: 'number' } } }
    const strict = await rehearsing({}, { tools: [toolOf('pay', { input })] })
    expect(await strict.ruleOf('pay', { n: 'one' })).toBe('bad_args')
    expect(await strict.ruleOf('pay', { n: 1 })).toBe('all')
    expect(await strict.ruleOf('net', { anything: [1] })).toBe('all')
    expect(await strict.ruleOf('nothing')).toBe('unknown_tool')
    expect(await strict.ruleOf('no name of a tool')).toBe('unknown_tool')
  })

  test('are told to whoever misspells one', async () => {
    const { rehearsal, ruleOf } = await rehearsing({}, { tools: [toolOf('pay'), toolOf('other')] })
    await ruleOf('net')
    await ruleOf('net')
    const { reasons } = await rehearsal.decide({ tool: 'nothing', args: {} })
    expect(reasons).toEqual(['there is no tool `nothing`'])
  })
})

test('a rehearsal has the time of its clock', async () => {
  const clock = manualClock(Date.parse('2027-01-15T08:00:00.000Z'))
  const timed = policyOf({
    rules: [{ id: 'soon', allow: ['pay'], from: '2027-01-15T08:00:01Z' }],
    tools: { pay: { kind: 'write' } },
  }).compile()
  const { rehearsal, ruleOf } = await rehearsing({}, { clock }, timed)
  expect(await rehearsal.decide(pay)).toMatchObject({
    rule: 'default',
    at: '2027-01-15T08:00:00.000Z',
  })
  clock.advance(1_000)
  expect(await ruleOf('pay')).toBe('soon')
  const unknown = { ...clock, now: () => Number.NaN }
  const timeless = await rehearsing({}, { clock: unknown }, timed)
  expect(await timeless.rehearsal.decide(pay)).toMatchObject({
    rule: 'default',
    at: '1970-01-01T00:00:00.000Z',
  })
})
