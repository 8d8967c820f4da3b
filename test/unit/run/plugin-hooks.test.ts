import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import type { GateHook, HookedCall } from '../../../src/gate/hooks.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import type { LoadedPolicy } from '../../../src/loading/file.ts'
import type { Decision } from '../../../src/protocol/decision.ts'
import type { PluginParts } from '../../../src/run/plugin.ts'
import type { RunOptions, RuntimeOptions } from '../../../src/runtime-options.ts'
import {
  agentOf,
  allowing,
  finish,
  noting,
  policyOf,
  user,
  type Finished,
} from '../../support/agent.ts'
import { pluginOf } from '../../support/plugins.ts'

const who = { roles: ['user'] }
const script = [{ calls: [{ tool: 'act', args: { a: 1 } }] }, { text: 'ok' }]
const by = { subject: 'ada' }

interface Hooked extends Finished {
  readonly calls: readonly unknown[]
  readonly faults: Readonly<Record<string, number>>
}

interface Setting extends Partial<RuntimeOptions> {
  readonly run?: Partial<RunOptions>
  readonly parts?: Partial<PluginParts>
  readonly args?: JsonObject
}

/** A run that calls `act` once, under these hooks. */
async function hookedBy(hooks: readonly GateHook[], setting: Setting = {}): Promise<Hooked> {
  const { args = { a: 1 }, parts, run, ...options } = setting
  const { tool, calls } = noting('act', { editable: ['/a'] })
  const plugins = hooks.map((gateHook, at) => pluginOf({ gateHook, ...parts }, `p${at}`))
  const turns = [{ calls: [{ tool: 'act', args }] }, { text: 'ok' }]
  const { runtime, start } = agentOf(turns, {
    tools: [tool],
    policy: allowing('act'),
    plugins,
    log: () => undefined,
    ...options,
  })
  const finished = await finish(start(run))
  return { ...finished, calls, faults: runtime.pluginFaults() }
}

function decisionOf({ result }: Finished): Decision {
  return result.report.rows[0]!.decision!
}

const yes: GateHook = () => ({ effect: 'allow' })
const asks: GateHook = () => ({ effect: 'ask', reason: 'it is late' })
const no: GateHook = () => ({ effect: 'deny', reason: 'not on Sundays' })

describe('a gate hook', () => {
  test('S2-39: stands beside the policy and refuses under its own name and code', async () => {
    const hooked = await hookedBy([yes, no])
    expect(hooked.calls).toEqual([])
    expect(decisionOf(hooked)).toMatchObject({
      effect: 'deny',
      rule: 'hooks.p1',
      reasons: ['not on Sundays', expect.any(String)],
      rules: [{ id: 'allowed' }],
    })
    const row = hooked.result.report.rows[0]!
    expect(row).toMatchObject({ status: 'error-security', error: { code: 'hook-denied' } })
    const told = hooked.result.messages.find(({ role }) => role === 'tool')!
    expect(told.content).toBe(
      'Denied by `hooks.p1`: not on Sundays. Continue without this call, or tell the user what is needed.',
    )
  })

  test('lets pass what it allows, and the rule of the policy decides', async () => {
    const hooked = await hookedBy([yes])
    expect(hooked.calls).toHaveLength(1)
    expect(decisionOf(hooked)).toMatchObject({ effect: 'allow', rule: 'allowed' })
  })

  test('sees the call, its caller and the decision, and can change none of them', async () => {
    const seen: [HookedCall, Decision][] = []
    const hook: GateHook = (call, decision) => {
      seen.push([call, decision])
      for (const change of [
        () => Object.assign(call, { tool: 'other' }),
        () => Object.assign(call.args, { a: 2 }),
        () => (call.principal!.roles as string[]).push('lead'),
        () => Object.assign(decision, { effect: 'deny' }),
      ]) {
        expect(change).toThrow(TypeError)
      }
      return { effect: 'allow' }
    }
    const hooked = await hookedBy([hook])
    expect(hooked.calls).toEqual([{ a: 1 }])
    expect(seen).toMatchObject([
      [{ tool: 'act', args: { a: 1 }, principal: user, turn: 1 }, { effect: 'allow' }],
    ])
  })

  test('is not asked about what the policy refuses, and cannot allow it', async () => {
    let asked = 0
    const hook: GateHook = () => {
      asked++
      return { effect: 'allow' }
    }
    const hooked = await hookedBy([hook], { policy: policyOf() })
    expect(asked).toBe(0)
    expect(hooked.calls).toEqual([])
    expect(decisionOf(hooked).rule).toBe('default')
  })

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['true', true],
    ['the word alone', 'allow'],
    ['an effect nobody knows', { effect: 'permit' }],
    ['a list', [{ effect: 'allow' }]],
    ['a promise of nothing', Promise.resolve()],
  ])('that answers %s refuses', async (_, answer) => {
    const hooked = await hookedBy([(() => answer) as GateHook])
    expect(hooked.calls).toEqual([])
    expect(decisionOf(hooked)).toMatchObject({
      rule: 'hooks.p0',
      reasons: ['gate hook `p0` gave no answer, which counts as a no', expect.any(String)],
    })
    expect(hooked.faults).toEqual({ p0: 1 })
  })

  test.each<[string, GateHook]>([
    [
      'throws',
      () => {
        throw new Error('password: hunter2')
      },
    ],
    ['rejects', () => Promise.reject(new Error('password: hunter2'))],
    [
      'throws when it is looked at',
      () =>
        ({
          get effect() {
            throw new Error('password: hunter2')
          },
        }) as never,
    ],
  ])('that %s refuses, and what it threw is told to the host alone', async (_, hook) => {
    const said: string[] = []
    const log = (message: string): void => void said.push(message)
    const hooked = await hookedBy([hook], { log })
    expect(hooked.calls).toEqual([])
    expect(decisionOf(hooked).reasons[0]).toBe('gate hook `p0` threw, which counts as a no')
    expect(JSON.stringify([hooked.recorded, hooked.result.messages])).not.toContain('hunter2')
    expect(said.join('')).toContain('hunter2')
  })

  test('is read once, so that an answer cannot change while it is looked at', async () => {
    const effects = ['deny', 'allow', 'allow']
    const hook: GateHook = () =>
      ({
        get effect() {
          return effects.shift()
        },
      }) as never
    expect((await hookedBy([hook])).calls).toEqual([])
  })

  test('that is silent over its time refuses, and learns that nobody waits any more', async () => {
    const aborted = Promise.withResolvers<void>()
    const hook: GateHook = (_, __, { signal }) => {
      signal.addEventListener('abort', () => aborted.resolve())
      return new Promise(() => undefined)
    }
    const hooked = await hookedBy([hook], { parts: { hookTimeoutMs: 10 } })
    await aborted.promise
    expect(hooked.calls).toEqual([])
    expect(decisionOf(hooked).reasons[0]).toContain('gave no answer in 10 ms')
  })

  test('is not waited for when the run is stopped', async () => {
    const { tool, calls } = noting('act')
    const asked = Promise.withResolvers<void>()
    const gateHook: GateHook = () => {
      asked.resolve()
      return new Promise(() => undefined)
    }
    const plugins = [pluginOf({ gateHook, hookTimeoutMs: 600_000 })]
    const { start } = agentOf(script, { tools: [tool], policy: allowing('act'), plugins })
    const run = start()
    await asked.promise
    run.cancel()
    const { report, status } = await run.result()
    expect(status).toBe('cancelled')
    expect(report.rows[0]).toMatchObject({
      decision: { rule: 'stopped' },
      error: { code: 'stopped' },
    })
    expect(calls).toEqual([])
  })

  test('whose words are long or would move a cursor is cut and made visible', async () => {
    const words = `\u001B[2J${'x'.repeat(2000)}`
    const hooked = await hookedBy([() => ({ effect: 'deny', reason: words })])
    const [reason] = decisionOf(hooked).reasons
    expect(reason).toMatch(/^\\u\{1b\}\[2Jx+… \(\d+ more characters\)$/)
    expect(reason!.length).toBeLessThan(600)
  })

  test('that asks makes a question to people of a call the policy allows', async () => {
    const open = await hookedBy([asks])
    expect(open.result).toMatchObject({
      status: 'needs-approval',
      approvals: [{ tool: 'act', reasons: ['it is late', expect.any(String)] }],
    })
    expect(open.calls).toEqual([])
    const approved = await hookedBy([asks], { approve: () => ({ action: 'approve', by }) })
    expect(approved.calls).toHaveLength(1)
    expect(decisionOf(approved)).toMatchObject({ effect: 'ask', rule: 'hooks.p0' })
  })

  test('that asks beside a policy that asks leaves the decision to the policy', async () => {
    const policy = policyOf({
      rules: [{ id: 'asked', ask: ['act'], who, approvers: { roles: ['lead'], count: 1 } }],
    })
    const anybody = await hookedBy([asks], { policy, approve: () => ({ action: 'approve', by }) })
    expect(decisionOf(anybody)).toMatchObject({ effect: 'ask', rule: 'asked' })
    expect(decisionOf(anybody).reasons).toContain('it is late')
    expect(anybody.calls).toEqual([])
  })

  test('is asked again about what a person has edited', async () => {
    const seen: unknown[] = []
    const hook: GateHook = ({ args }) => {
      seen.push(args['a'])
      return args['a'] === 7 ? { effect: 'deny', reason: 'not seven' } : { effect: 'ask' }
    }
    const hooked = await hookedBy([hook], {
      approve: () => ({ action: 'edit', by, args: { a: 7 } }),
    })
    expect(seen).toEqual([1, 7])
    expect(hooked.calls).toEqual([])
    expect(decisionOf(hooked)).toMatchObject({ effect: 'deny', rule: 'hooks.p0' })
  })

  test('of a runtime that takes a run up is asked too', async () => {
    const journal = memoryJournal()
    const policy = policyOf({ rules: [{ id: 'asked', ask: ['act'], who }] })
    const first = await hookedBy([yes], { journal, policy })
    expect(first.result.status).toBe('needs-approval')
    const { tool, calls } = noting('act', { editable: ['/a'] })
    const later = agentOf([{ text: 'ok' }], {
      journal,
      policy,
      tools: [tool],
      plugins: [pluginOf({ gateHook: no }, 'later')],
    })
    const decisions = [{ id: first.result.approvals[0]!.id, action: 'approve' } as const]
    const { report } = await later.runtime.resume(first.result.runId, { decisions }).result()
    expect(calls).toEqual([])
    expect(report.rows[0]).toMatchObject({ decision: { rule: 'hooks.later' } })
  })

  test('is not relaxed by shadow mode', async () => {
    const shadow: Setting = { policy: policyOf({ mode: 'shadow' }), allowShadow: true }
    expect((await hookedBy([yes], shadow)).calls).toHaveLength(1)
    const refused = await hookedBy([no], shadow)
    expect(refused.calls).toEqual([])
    expect(decisionOf(refused)).toMatchObject({ effect: 'deny', rule: 'hooks.p0' })
    expect(decisionOf(refused)).not.toHaveProperty('shadow')
    expect((await hookedBy([asks], shadow)).result.status).toBe('needs-approval')
  })

  test('gives back what its call had taken of a limit', async () => {
    const policy = policyOf({
      rules: [{ id: 'allowed', allow: ['act'], who }],
      limits: [{ id: 'once', tools: ['act'], per: 'session', max: 1, over: 'deny' }],
    })
    const { tool, calls } = noting('act')
    const turns = [
      {
        calls: [
          { tool: 'act', args: { a: 1 } },
          { tool: 'act', args: { a: 2 } },
        ],
      },
      { text: '' },
    ]
    const plugins = [
      pluginOf({ gateHook: ({ args }) => ({ effect: args['a'] === 1 ? 'deny' : 'allow' }) }),
    ]
    await finish(agentOf(turns, { tools: [tool], policy, plugins }).start())
    expect(calls).toEqual([{ a: 2 }])
  })
})

describe('what changes while hooks are asked', () => {
  const limited = (max: number): JsonObject => ({
    rules: [{ id: 'r', allow: ['act'], who }],
    limits: [{ id: 'sum', tools: ['act'], per: 'session', sum: '/a', max, over: 'deny' }],
  })

  test.each<[string, JsonObject, JsonObject, string]>([
    [
      'that allowed and denies now',
      { rules: [{ id: 'r', allow: ['act'], who }] },
      { rules: [{ id: 'n', deny: ['act'] }] },
      'n',
    ],
    [
      'that asked and allows now',
      { rules: [{ id: 'r', ask: ['act'], who }] },
      { rules: [{ id: 'n', allow: ['act'], who }] },
      'r',
    ],
    ['whose limit had room and has none now', limited(1), limited(0.5), 'limits.sum'],
  ])('a policy %s counts with the stricter decision', async (_, before, after, rule) => {
    const { tool, calls } = noting('act', {
      input: { type: 'object', properties: { a: { type: 'number' } } },
    })
    const tools = [tool]
    let current = policyOf(before).compile(tools)
    const next = policyOf(after).compile(tools)
    const gateHook: GateHook = async () => {
      current = next
      return { effect: 'allow' }
    }
    const loaded: LoadedPolicy = { ...policyOf(before), follow: () => () => current }
    const plugins = [pluginOf({ gateHook })]
    const { start } = agentOf(script, { tools, policy: loaded, plugins })
    const { result } = await finish(start())
    expect(calls).toEqual([])
    expect(result.report.rows[0]!.decision!.rule).toBe(rule)
  })

  test('a call that another one forbids by running meanwhile does not run', async () => {
    const hasRead = Promise.withResolvers<void>()
    const { tool: read } = noting('read', { execute: () => hasRead.resolve() })
    const { tool: send, calls: sent } = noting('send')
    const policy = policyOf({
      rules: [{ id: 'asked', ask: ['**'], who }],
      sequences: [{ id: 'leak', after: ['read'], then: { tools: ['send'], do: 'deny' } }],
    })
    const asked: string[] = []
    const gateHook: GateHook = async ({ tool }) => {
      const isApproved = asked.includes(tool)
      asked.push(tool)
      if (tool === 'send' && isApproved) await hasRead.promise
      return { effect: 'allow' }
    }
    const turns = [{ calls: [{ tool: 'send' }, { tool: 'read' }] }, { text: 'ok' }]
    const { start } = agentOf(turns, {
      tools: [read, send],
      policy,
      plugins: [pluginOf({ gateHook })],
      approve: () => ({ action: 'approve', by }),
    })
    const { result } = await finish(start())
    expect(result.report.rows.map(({ decision }) => decision?.rule)).toEqual([
      'sequences.leak',
      'asked',
    ])
    expect(sent).toEqual([])
  })
})
