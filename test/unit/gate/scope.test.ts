import { describe, expect, test } from 'vitest'
import { compileFor } from '../../../src/loading/text.ts'
import type { Policy } from '../../../src/policy/policy.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import { readScope } from '../../../src/policy/scope.ts'
import { policyOf, toolOf, user } from '../../support/agent.ts'
import { gateOf } from '../../support/gate.ts'

const tools = [toolOf('act'), toolOf('read')]

const scopeOf = (...parts: Parameters<typeof readScope>[0]): Policy =>
  compileFor(readScope(parts), tools)

describe('the task of a run', () => {
  const rules = [
    { id: 'all', allow: ['**'] },
    { id: 'never', deny: ['act'], args: { shut: { const: true } } },
  ]

  test('refuses what it does not need, and says so', async () => {
    const { judge } = await gateOf(policyOf({ rules }), tools)
    const scope = scopeOf({ tools: ['read'] })
    expect((await judge('read', {}, { scope })).kind).toBe('permit')
    expect(await judge('act', {}, { scope })).toMatchObject({
      kind: 'refusal',
      decision: {
        effect: 'deny',
        rule: 'scope',
        reasons: ['this run was started for a task that does not need this call of `act`'],
      },
      error: { code: 'denied' },
    })
  })

  test('comes after who calls and before the rules', async () => {
    const { judge } = await gateOf(policyOf({ rules }), tools)
    const scope = scopeOf({ tools: ['read'] })
    const rule = async (tool: string, as = {}): Promise<string> =>
      (await judge(tool, { shut: true }, { scope, ...as })).decision.rule
    expect(await rule('act', { principal: null })).toBe('unauthenticated')
    expect(await rule('nothing')).toBe('unknown_tool')
    expect(await rule('act')).toBe('scope')
  })

  test('may ask where values come from, in whatever the session has heard', async () => {
    const scope = scopeOf({ tools: ['act'], args: { to: { from: ['user'] } } })
    for (const [flow, kind] of [
      [{ flow: { untrustedSteering: 'ask' } }, 'permit'],
      // where the policy never asks, nothing is known
      [{}, 'refusal'],
    ] as const) {
      const { gate, judge } = await gateOf(policyOf({ rules, ...flow }), tools)
      const run = { runId: 'run_1', session: undefined, principal: user }
      gate.begin(run, [{ role: 'user', content: 'write to ann' }])
      expect((await judge('act', { to: 'ann' }, { scope })).kind).toBe(kind)
      expect((await judge('act', { to: 'eve' }, { scope })).kind).toBe('refusal')
    }
  })
})

test('a call that a rule denies is denied by it alone, and takes nothing from a limit', async () => {
  const policy = policyOf({
    rules: [{ id: 'never', deny: ['act'] }],
    limits: [{ id: 'l', tools: ['act'], per: 'session', max: 1 }],
  })
  const { gate, judge } = await gateOf(policy, tools)
  const run = { runId: 'run_1', session: undefined, principal: user }
  gate.witness(
    await gate.examine({
      callId: 'c',
      providerId: '',
      turn: 1,
      index: 0,
      tool: 'act',
      rawArgs: '{}',
    }),
    run,
    { succeeded: true, value: null, durationMs: 0 },
  )
  const { decision } = await judge('act')
  expect(decision.rules.map(({ id }) => id)).toEqual(['never'])
  expect(decision.reasons).toHaveLength(1)
})

const file = (
  name: string,
  text: string,
  parents: Parameters<typeof readPolicy>[1]['parents'] = [],
) => readPolicy(`sallyport: 1\nname: ${name}\n${text}\n`, { file: name, parents, asParent: true })

describe('a decision names the whole policy', () => {
  const rules = 'rules: [{ id: all, allow: ["**"] }]\n'

  test('where several files decide, and one of them has read untrusted text', async () => {
    const flow = `tools: { read: { kind: read, output: { trust: untrusted } } }\nflow: { untrustedSteering: ask }\n`
    const parent = file('parent', `${rules.replace('all', 'parent')}${flow}`)
    const policy = compileFor(file('child', `extends: [./p.yaml]\n${rules}`, [parent]), tools)
    const { gate, judge } = await gateOf(() => policy, tools)
    const { decision } = await judge('act')
    expect(decision.policy).toEqual({ name: 'child', digest: policy.digest })
    const run = { runId: 'run_1', session: undefined, principal: user }
    expect(gate.tainted(run)).toBe(false)
    gate.begin(run, [{ role: 'user', content: 'x' }], 'untrusted')
    expect(gate.tainted(run)).toBe(true)
  })

  test('where it is made in the name of several', async () => {
    const policy = compileFor(file('desk', rules), tools)
    const { judge } = await gateOf(() => policy, tools)
    const lineage = { root: 'run_0', principals: [user], scopes: [] }
    expect((await judge('act', {}, { lineage })).decision.policy).toEqual({
      name: 'desk',
      digest: policy.digest,
    })
  })
})
