import { describe, expect, test } from 'vitest'
import { firmSteps, stricterOf, strictestOf } from '../../../src/policy/layers.ts'
import type { Decision, Effect, Obligation } from '../../../src/protocol/decision.ts'

const policy = { name: 'all', digest: 'sha256:1' }

function decided(effect: Effect, rule: string, fields: Partial<Decision> = {}): Decision {
  return {
    at: '2027-01-15T08:00:00Z',
    effect,
    labels: [],
    obligations: [],
    policy: { name: 'one', digest: 'sha256:0' },
    reasons: [`reason of ${rule}`],
    rule,
    rules: [{ column: 1, effect, file: 'p.yaml', id: rule, line: 1 }],
    ...fields,
  }
}

function approval(count: number): Obligation {
  return { kind: 'approval', approvers: { count } }
}

/** Of both orders, which have to come to the same. */
function strictest(...decisions: readonly Decision[]): Decision {
  const one = strictestOf(decisions, policy)
  expect(strictestOf(decisions.toReversed(), policy)).toEqual(one)
  return one
}

describe('the strictest of several layers', () => {
  test.each<[Effect, Effect, Effect]>([
    ['allow', 'allow', 'allow'],
    ['allow', 'ask', 'ask'],
    ['allow', 'deny', 'deny'],
    ['ask', 'deny', 'deny'],
  ])('%s and %s make %s', (one, other, expected) => {
    const { effect, policy: whole } = strictest(decided(one, 'b-rule'), decided(other, 'a-rule'))
    expect(effect).toBe(expected)
    expect(whole).toBe(policy)
    // the name of a rule does not make it strict
    expect(strictest(decided(one, 'a-rule'), decided(other, 'b-rule')).effect).toBe(expected)
  })

  test('is an effect nobody knows', () => {
    const strange = decided('permit' as Effect, 'z')
    expect(strictest(strange, decided('allow', 'a')).effect).toBe('permit')
    expect(strictest(strange, decided('deny', 'a')).effect).toBe('permit')
  })

  test.each([
    'unknown_tool',
    'tool_changed',
    'unauthenticated',
    'tool.requires',
    'policy_error',
    'scope',
  ])('names %s before rules, and rules before what nothing allows', (step) => {
    expect(strictest(decided('deny', 'a-rule'), decided('deny', step)).rule).toBe(step)
    expect(strictest(decided('deny', 'z-rule'), decided('deny', 'default')).rule).toBe('z-rule')
    expect(strictest(decided('deny', step), decided('deny', 'default')).rule).toBe(step)
  })

  test('names rules by their ids, those that decide first', () => {
    const { rule, rules, reasons } = strictest(
      decided('allow', 'a'),
      decided('ask', 'c'),
      decided('ask', 'b'),
    )
    expect(rule).toBe('b')
    expect(rules.map(({ id }) => id)).toEqual(['b', 'c', 'a'])
    expect(reasons).toEqual(['reason of b', 'reason of c'])
  })

  test('says no reason twice, and not more than eight', () => {
    const same = strictest(
      decided('deny', 'a', { reasons: ['no'] }),
      decided('deny', 'b', { reasons: ['no'] }),
    )
    expect(same.reasons).toEqual(['no'])
    const many = Array.from({ length: 12 }, (_, index) => decided('deny', `r${index}`))
    expect(strictestOf(many, policy).reasons).toHaveLength(8)
  })

  test('needs everybody whom a layer that asks wants, once', () => {
    const asking = [1, 2, 2].map((count, index) =>
      decided('ask', `a${index}`, { obligations: [approval(count)] }),
    )
    const { obligations } = strictest(...asking, decided('allow', 'z'))
    expect(obligations.map(({ approvers }) => approvers.count).toSorted()).toEqual([1, 2])
    expect(strictest(...asking, decided('deny', 'z')).obligations).toEqual([])
  })

  test('keeps the labels of all', () => {
    const label = { argument: '/to' } as unknown as Decision['labels'][number]
    const { labels } = strictest(decided('allow', 'a', { labels: [label] }), decided('deny', 'b'))
    expect(labels).toEqual([label])
  })
})

const label = (argument: string) => ({ argument, from: [], trust: 'trusted' }) as const

describe('the decision of several layers', () => {
  test('is put together of those that decide, with all that had a say', () => {
    const deciding = decided('ask', 'b', {
      at: '2027-01-15T08:00:01Z',
      labels: [label('/b')],
      obligations: [approval(2)],
    })
    const other = decided('ask', 'c', { labels: [label('/c')], obligations: [approval(1)] })
    const milder = decided('allow', 'a', { obligations: [approval(9)] })
    expect(strictestOf([milder, other, deciding], policy)).toEqual({
      at: '2027-01-15T08:00:01Z',
      effect: 'ask',
      labels: [label('/c'), label('/b')],
      obligations: [approval(2), approval(1)],
      policy,
      reasons: ['reason of b', 'reason of c'],
      rule: 'b',
      rules: [...deciding.rules, ...other.rules, ...milder.rules],
    })
  })

  test('of one layer is its own', () => {
    const only = decided('ask', 'a', { obligations: [approval(1)] })
    expect(strictestOf([only], policy)).toEqual({ ...only, policy })
    for (const effect of ['allow', 'deny'] as const) {
      const { obligations } = strictestOf([{ ...only, effect }], policy)
      expect(obligations).toEqual([])
    }
  })
})

describe('of two decisions about one call', () => {
  test.each<[Effect, Effect, 'earlier' | 'later']>([
    ['allow', 'allow', 'later'],
    ['ask', 'ask', 'later'],
    ['deny', 'deny', 'later'],
    ['allow', 'ask', 'later'],
    ['ask', 'deny', 'later'],
    ['ask', 'allow', 'earlier'],
    ['deny', 'ask', 'earlier'],
    ['deny', 'allow', 'earlier'],
    ['deny', 'permit' as Effect, 'later'],
    ['permit' as Effect, 'deny', 'earlier'],
  ])('%s and then %s, the %s one counts', (one, other, counts) => {
    const [earlier, later] = [decided(one, 'a'), decided(other, 'b')]
    expect(stricterOf(earlier, later)).toBe(counts === 'earlier' ? earlier : later)
  })
})

test('the steps before the rules are known by name', () => {
  expect([...firmSteps].toSorted()).toEqual([
    'policy_error',
    'scope',
    'stopped',
    'tool.requires',
    'tool_changed',
    'unauthenticated',
    'unknown_tool',
  ])
})
