import { describe, expect, test } from 'vitest'
import type { Decision } from '../../../src/protocol/decision.ts'
import { decideOn, policyOf, user } from './build.ts'

const at = '2027-01-15T08:00:00.000Z'

type Options = Parameters<typeof decideOn>[2]

/** Everything a decision says, without the name and digest of the policy, which are checked. */
function whole(
  fields: Parameters<typeof policyOf>[0],
  args: Parameters<typeof decideOn>[1] = {},
  options: Options = {},
  tools?: Parameters<typeof policyOf>[1],
): Omit<Decision, 'policy' | 'at'> {
  const made = policyOf(fields, tools)
  const { policy, at: time, ...decision } = decideOn(made, args, options)
  expect(policy).toEqual({ name: 'test', digest: made.digest })
  expect(time).toBe(at)
  return decision
}

const refused = (rule: string, ...reasons: readonly unknown[]): object => ({
  effect: 'deny',
  labels: [],
  obligations: [],
  reasons,
  rule,
  rules: [],
})

const place = { file: 'test.json', line: 1, column: expect.any(Number) }

const ask = (id: string, approvers?: object): object => ({
  id,
  ask: ['tool'],
  ...(approvers === undefined ? {} : { approvers }),
})

const quiet = (id: string, args?: object): object => ({
  id,
  deny: ['tool'],
  shadow: true,
  ...(args === undefined ? {} : { args }),
})

describe('a decision says all there is to know', () => {
  test.each(['allow', 'deny'] as const)('when a rule says %s', (effect) => {
    expect(whole({ rules: [{ id: 'a', [effect]: ['tool'] }] })).toEqual({
      effect,
      labels: [],
      obligations: [],
      reasons: [
        expect.stringMatching(
          effect === 'allow'
            ? /^rule `a` \(test\.json:1:\d+\) allows this$/
            : /^rule `a` \(test\.json:1:\d+\) denies this$/,
        ),
      ],
      rule: 'a',
      rules: [{ id: 'a', effect, ...place }],
    })
  })

  test('when rules ask: everybody who has to approve, and each only once', () => {
    const rules = [
      ask('c', { roles: ['lead'], count: 2 }),
      ask('a'),
      ask('b', { count: 1 }),
      ask('d', { remember: true }),
      { id: 'z', allow: ['tool'], reason: 'May.' },
    ]
    const decision = whole({ rules })
    expect(decision).toEqual({
      effect: 'ask',
      labels: [],
      obligations: [
        { kind: 'approval', approvers: { count: 1 } },
        { kind: 'approval', approvers: { roles: ['lead'], count: 2 } },
        { kind: 'approval', approvers: { count: 1, remember: true } },
      ],
      reasons: ['a', 'b', 'c', 'd'].map((id) =>
        expect.stringMatching(new RegExp(`^rule \`${id}\` .* asks for an approval$`)),
      ),
      rule: 'a',
      rules: [
        ...['a', 'b', 'c', 'd'].map((id) => ({ id, effect: 'ask', ...place })),
        { id: 'z', effect: 'allow', ...place },
      ],
    })
  })

  test('when a rule cannot be evaluated', () => {
    const rules = [
      { id: 'a', allow: ['tool'] },
      { id: 'd', deny: ['tool'], args: { x: { minimum: 1 } }, reason: 'Never said.' },
    ]
    expect(whole({ rules }, { x: 'text' })).toEqual({
      effect: 'deny',
      labels: [],
      obligations: [],
      reasons: [
        expect.stringMatching(
          /^rule `d` \(test\.json:1:\d+\) cannot be evaluated for this call and denies this$/,
        ),
      ],
      rule: 'd',
      rules: [
        { id: 'd', effect: 'deny', unknown: true, ...place },
        { id: 'a', effect: 'allow', ...place },
      ],
    })
  })

  test('when rules in shadow would have said something: theirs come last', () => {
    const shadow = [
      { id: '1', deny: ['tool'], shadow: true },
      { id: '0', allow: ['tool'], shadow: true },
      { id: '2', ask: ['tool'], shadow: true, args: { x: { const: 1 } } },
    ]
    const recorded = [
      { id: '0', effect: 'allow', shadow: true, ...place },
      { id: '1', effect: 'deny', shadow: true, ...place },
    ]
    expect(whole({ rules: [{ id: 'z', ask: ['tool'] }, ...shadow] }).rules).toEqual([
      { id: 'z', effect: 'ask', ...place },
      ...recorded,
    ])
    expect(whole({ rules: [{ id: 'z', deny: ['tool'] }, ...shadow] }).rules).toEqual([
      { id: 'z', effect: 'deny', ...place },
      ...recorded,
    ])
    const { rules, ...rest } = whole({ rules: shadow })
    expect({ ...rest, rules: [] }).toEqual(
      refused(
        'default',
        expect.stringMatching(
          /^no rule allows this call of `tool`; the nearest is `0` \(test\.json:1:\d+\), which is recorded, but not enforced$/,
        ),
        expect.stringMatching(/^to allow it, change that rule, or add one to `rules` /),
      ),
    )
    expect(rules).toEqual(recorded)
  })

  test('when the nearest rule is in shadow: what it needs, and that it would not do', () => {
    const rules = [
      { id: 'a', allow: ['tool'], shadow: true, args: { x: { const: 1 } } },
      { id: 'z', deny: ['tool'], shadow: true },
    ]
    const near = { id: 'b', allow: ['tool'], args: { y: { const: 1 } } }
    expect(whole({ rules }, { x: 2 }).reasons[0]).toMatch(
      /; the nearest is `a` \(\S+\), which needs `x` to satisfy `const: 1`, and is recorded, but not enforced$/,
    )
    expect(whole({ rules: [...rules, near] }, { x: 2 }).reasons[0]).toMatch(
      /; the nearest is `b` \(\S+\), which needs the argument `y`$/,
    )
  })

  test('when only rules in shadow apply: theirs in the order of their ids', () => {
    const rules = [
      ...Array.from({ length: 8 }, (_, index) => quiet(`x${index}`, { x: { const: index } })),
      quiet('b', { x: { const: 1 } }),
      quiet('a'),
    ]
    const ids = whole({ rules }, { x: 1 }).rules.map(({ id }) => id)
    expect(ids).toEqual(['a', 'b', 'x1'])
  })

  test('when nothing is known about caller or tool, the tool first', () => {
    const rules = [{ id: 'a', allow: ['**'] }]
    const tools = [{ name: 'tool' }]
    const unknownTool = refused('unknown_tool', 'there is no tool `other`')
    expect(whole({ rules }, {}, { tool: 'other' }, tools)).toEqual(unknownTool)
    expect(whole({ rules }, {}, { tool: 'other', principal: null }, tools)).toEqual(unknownTool)
    expect(whole({ rules }, {}, { principal: null }, tools)).toEqual(
      refused('unauthenticated', 'the caller is not known'),
    )
  })

  test('when the tool itself needs more: a role first, then each scope', () => {
    const rules = [{ id: 'a', allow: ['**'] }]
    const needing = (requires: object, scopes: readonly string[] = []): unknown =>
      whole({ rules }, {}, { principal: { ...user, scopes } }, [{ name: 'tool', requires }])
    expect(needing({ roles: ['lead'], scopes: ['x'] })).toEqual(
      refused('tool.requires', 'the tool `tool` itself needs one of the roles `lead`'),
    )
    expect(needing({ scopes: ['x', 'y'] }, ['x'])).toEqual(
      refused('tool.requires', 'the tool `tool` itself needs the scope `y`'),
    )
    expect(needing({ roles: [] })).toEqual(
      refused('tool.requires', 'the tool `tool` itself needs one of the roles '),
    )
    for (const requires of [{}, { scopes: [] }, { roles: ['user', 'x'] }, { scopes: ['x'] }]) {
      expect(needing(requires, ['x'])).toMatchObject({ effect: 'allow' })
    }
  })

  test('when the tool is not the one that was pinned, whoever calls it', () => {
    const fields = {
      tools: { tool: { kind: 'read', pin: `sha256-${'A'.repeat(43)}=` } },
      rules: [{ id: 'a', allow: ['**'] }],
    }
    const pin = `sha256-${'B'.repeat(43)}=`
    const changed = refused(
      'tool_changed',
      `the tool \`tool\` is not the one that was pinned: its name, description or input schema has changed, and its pin is now \`${pin}\``,
    )
    expect(whole(fields, {}, {}, [{ name: 'tool', pin }])).toEqual(changed)
    expect(whole(fields, {}, { principal: null }, [{ name: 'tool', pin }])).toEqual(changed)
  })
})

test('an ask that is unknown asks only beside an allow, one that is true always', () => {
  const unsure = { id: 'k', ask: ['tool'], args: { x: { minimum: 1 } } }
  const allow = { id: 'a', allow: ['tool'], args: { y: { const: 1 } } }
  const effect = (args: Record<string, string | number>): string[] => {
    const { effect: said, rule } = whole({ rules: [unsure, allow] }, args)
    return [said, rule]
  }
  expect(effect({ x: 'text', y: 1 })).toEqual(['ask', 'k'])
  expect(effect({ x: 'text', y: 2 })).toEqual(['deny', 'default'])
  expect(effect({ x: 1, y: 2 })).toEqual(['ask', 'k'])
  expect(effect({ x: 0, y: 1 })).toEqual(['allow', 'a'])
  expect(effect({ x: 0, y: 2 })).toEqual(['deny', 'default'])
})

test('an ask gives way only to an allow it excepts that applies itself', () => {
  const rules = [
    { id: 'one', allow: ['tool'], args: { x: { const: 1 } } },
    { id: 'two', allow: ['tool'], args: { x: { const: 2 } } },
    { id: 'any', allow: ['tool'] },
    { id: 'k', ask: ['tool'], except: ['one', 'two'] },
  ]
  const by = (x: number): string => whole({ rules }, { x }).rule
  expect([by(1), by(2), by(3)]).toEqual(['any', 'any', 'k'])
})
