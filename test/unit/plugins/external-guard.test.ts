import { isAuthorized } from '@cedar-policy/cedar-wasm/nodejs'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import { externalGuard, type ExternalGuardOptions } from '../../../src/plugins/external-guard.ts'
import { agentOf, allowing, noting } from '../../support/agent.ts'

interface Guarded {
  readonly executed: number
  readonly rule: string | undefined
  readonly reasons: readonly string[]
}

async function guardedBy(check: unknown, args: JsonObject = {}): Promise<Guarded> {
  const { tool, calls } = noting('pay')
  const guard = externalGuard({ check: check as ExternalGuardOptions['check'], timeoutMs: 20 })
  const { start } = agentOf([{ calls: [{ tool: 'pay', args }] }, { text: 'ok' }], {
    tools: [tool],
    policy: allowing('pay'),
    plugins: [guard],
    log: () => undefined,
  })
  const { report } = await start().result()
  const { decision } = report.rows[0]!
  return { executed: calls.length, rule: decision?.rule, reasons: decision?.reasons ?? [] }
}

describe('an external guard', () => {
  test('S2-39: lets pass what its engine allows', async () => {
    expect(await guardedBy(() => ({ decision: 'allow' }))).toMatchObject({ executed: 1 })
  })

  test('refuses with the reasons of its engine', async () => {
    const guarded = await guardedBy(async () => ({ decision: 'deny', reasons: ['p1', 'p2'] }))
    expect(guarded).toMatchObject({
      executed: 0,
      rule: 'hooks.external-guard',
      reasons: ['p1; p2', expect.any(String)],
    })
  })

  test.each<[string, unknown]>([
    ['could not evaluate a policy', () => ({ decision: 'allow', errors: ['p3'] })],
    ['names an error in a way nobody knows', () => ({ decision: 'allow', errors: {} })],
    ['throws', () => Promise.reject(new Error('no connection'))],
    ['hangs', () => new Promise(() => undefined)],
    ['says nothing', () => undefined],
    ['says yes in other words', () => ({ decision: 'Allow' })],
    ['says yes and no reasons', () => ({ decision: 'allow', reasons: 5 })],
  ])('that %s refuses', async (_, check) => {
    const guarded = await guardedBy(check)
    expect(guarded).toMatchObject({ rule: 'hooks.external-guard' })
    expect(guarded.executed).toBe(0)
  })

  test('can be Cedar', async () => {
    const staticPolicies = `
      permit (principal, action == Action::"pay", resource) when { context.amount < 100 };
      forbid (principal, action, resource) when { context.to == "mallory" };`
    const check: ExternalGuardOptions['check'] = ({ args, principal, tool }) => {
      const answer = isAuthorized({
        principal: { type: 'User', id: principal?.subject ?? '' },
        action: { type: 'Action', id: tool },
        resource: { type: 'Tool', id: tool },
        context: args as never,
        policies: { staticPolicies },
        entities: [],
      })
      if (answer.type === 'failure') return { decision: 'deny', errors: answer.errors }
      const { decision, diagnostics } = answer.response
      return { decision, reasons: diagnostics.reason, errors: diagnostics.errors }
    }
    expect(await guardedBy(check, { amount: 50, to: 'ada' })).toMatchObject({ executed: 1 })
    expect(await guardedBy(check, { amount: 500, to: 'ada' })).toMatchObject({ executed: 0 })
    expect(await guardedBy(check, { amount: 50, to: 'mallory' })).toMatchObject({ executed: 0 })
    // there Cedar allows: it skips the policy that forbids, which it cannot evaluate
    expect(await guardedBy(check, { amount: 50 })).toMatchObject({ executed: 0 })
  })
})
