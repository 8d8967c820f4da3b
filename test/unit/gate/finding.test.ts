import { describe, expect, test } from 'vitest'
import { applyFindings, type Finding } from '../../../src/gate/finding.ts'
import type { Decision, Effect } from '../../../src/protocol/decision.ts'

const position = { file: 'p.yaml', line: 1, column: 1 }

function decided(effect: Effect, rule = `rule-${effect}`): Decision {
  return {
    at: '2027-01-15T08:00:00Z',
    effect,
    labels: [],
    obligations: effect === 'ask' ? [{ kind: 'approval', approvers: { count: 2 } }] : [],
    policy: { digest: 'sha256:0', name: 'p' },
    reasons: [`reason of ${rule}`],
    rule,
    rules: [{ column: 1, effect, file: 'p.yaml', id: rule, line: 2 }],
  }
}

function found(effect: Finding['effect'], rule: string): Finding {
  return { effect, rule, position, reason: `reason of ${rule}` }
}

describe('findings beside the rules', () => {
  test.each<[Effect, Finding[], string]>([
    ['allow', [found('ask', 'flow.x')], 'ask by flow.x'],
    ['allow', [found('ask', 'flow.x'), found('deny', 'limits.a')], 'deny by limits.a'],
    ['ask', [found('ask', 'limits.a')], 'ask by limits.a'],
    ['ask', [found('ask', 'guards.danger')], 'ask by guards.danger'],
    ['deny', [found('ask', 'flow.x')], 'deny by rule-deny'],
    ['deny', [found('deny', 'flow.x')], 'deny by rule-deny'],
    ['deny', [found('deny', 'guards.paths')], 'deny by guards.paths'],
    [
      'allow',
      ['limits.a', 'flow.x', 'sequences.s'].map((id) => found('deny', id)),
      'deny by sequences.s',
    ],
    ['allow', ['limits.a', 'sequences.s', 'flow.x'].map((id) => found('ask', id)), 'ask by flow.x'],
    ['allow', ['limits.b', 'limits.a'].map((id) => found('deny', id)), 'deny by limits.a'],
  ])('a decision %s with %j becomes %s', (effect, findings, outcome) => {
    for (const order of [findings, findings.toReversed()]) {
      const decision = applyFindings(decided(effect), order)
      expect(`${decision.effect} by ${decision.rule}`).toBe(outcome)
      expect(decision.rules[0]!.id).toBe(decision.rule)
      expect(decision.reasons[0]).toBe(`reason of ${decision.rule}`)
      expect(decision.rules).toHaveLength(findings.length + 1)
    }
  })

  test.each<[Effect, Finding[], string[]]>([
    // what decides, the rules, what else decides, and then what would only have asked
    [
      'deny',
      [found('ask', 'flow.x'), found('deny', 'limits.a'), found('deny', 'guards.paths')],
      ['guards.paths', 'rule-deny', 'limits.a', 'flow.x'],
    ],
    [
      'allow',
      [found('ask', 'flow.x'), found('deny', 'limits.a')],
      ['limits.a', 'rule-allow', 'flow.x'],
    ],
    [
      'ask',
      [found('ask', 'guards.danger'), found('ask', 'flow.x')],
      ['flow.x', 'guards.danger', 'rule-ask'],
    ],
  ])('a decision %s with %j names them in the order %j', (effect, findings, ids) => {
    for (const order of [findings, findings.toReversed()]) {
      const decision = applyFindings(decided(effect), order)
      expect(decision.rules.map(({ id }) => id)).toEqual(ids)
      expect(decision.reasons).toEqual(ids.map((id) => `reason of ${id}`))
    }
  })

  test('an ask beside the rules adds an approver to those the rule wants', () => {
    const { obligations } = applyFindings(decided('ask'), [found('ask', 'flow.x')])
    expect(obligations.map(({ approvers }) => approvers.count)).toEqual([2, 1])
  })

  test('a deny leaves nothing to approve', () => {
    const findings = [found('deny', 'flow.x'), found('ask', 'limits.a')]
    expect(applyFindings(decided('ask'), findings).obligations).toEqual([])
    expect(applyFindings(decided('deny'), [found('ask', 'limits.a')]).obligations).toEqual([])
  })

  test('without findings the decision is the same object', () => {
    const decision = decided('allow')
    expect(applyFindings(decision, [])).toBe(decision)
  })
})
