import { setTimeout } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { createGate, type StandaloneGate } from '../../src/gate/index.ts'
import type { ApprovalRequest } from '../../src/gate/verdict.ts'
import { jsonlJournal } from '../../src/journal/jsonl.ts'
import type { Journal } from '../../src/journal/journal.ts'
import { memoryJournal } from '../../src/journal/memory.ts'
import type { LoadedPolicy } from '../../src/loading/file.ts'
import type { Policy } from '../../src/policy/policy.ts'
import type { Principal } from '../../src/protocol/principal.ts'
import { verifyJournal } from '../../src/report/verify-journal.ts'
import { createRuntime } from '../../src/runtime.ts'
import { scripted } from '../../src/testing/scripted.ts'
import { collect, policyOf, toolOf, user } from '../support/agent.ts'
import { temporaryFolder } from '../support/folder.ts'
import { failingJournal } from '../support/journal.ts'
import { verifyRecords } from '../support/verify-run.ts'

const lead: Principal = { subject: 'lead-1', roles: ['lead'], scopes: [] }
const amount = { type: 'object', properties: { amount: { type: 'number' } }, required: ['amount'] }

const policy = policyOf({
  rules: [
    { id: 'look', allow: ['look'] },
    { id: 'small', allow: ['pay'], args: { amount: { type: 'number', maximum: 10 } } },
    {
      id: 'large',
      ask: ['pay'],
      args: { amount: { type: 'number', exclusiveMinimum: 10 } },
      approvers: { roles: ['lead'] },
    },
  ],
  limits: [{ id: 'twice', tools: ['look'], per: 'session', max: 2 }],
})

function gateOf(options: Partial<Parameters<typeof createGate>[1]> = {}): Promise<StandaloneGate> {
  const tools = [
    { name: 'look', inputSchema: { type: 'object' } },
    { name: 'pay', inputSchema: amount, editable: ['/amount'] },
  ]
  return createGate(policy, { tools, ...options })
}

function requestOf(judged: Awaited<ReturnType<StandaloneGate['judge']>>): ApprovalRequest {
  if (judged.outcome !== 'ask') throw new Error('not asked')
  return judged.request
}

describe('the options of a gate', () => {
  test.each([
    ['that are misspelt', { secret: ['hunter2'] }, '`secret`'],
    ['of another type', { secrets: 'hunter2' }, '`secrets`'],
    ['that lack the tools', { tools: undefined }, '`tools`'],
    ['that cannot tell the time', { clock: {} }, '`clock`'],
  ])('%s are refused', async (_, options, named) => {
    await expect(gateOf(options as never)).rejects.toMatchObject({
      code: 'bad-option',
      message: expect.stringContaining(named),
    })
  })
})

describe('the gate alone', () => {
  test('lets a call run, and records intent and outcome around it', async () => {
    const path = `${temporaryFolder()}/gate.jsonl`
    const journal = jsonlJournal(path)
    const gate = await gateOf({ journal })
    await gate.hear([{ role: 'user', content: 'pay 5' }], user, 's')
    const judged = await gate.judge({ tool: 'pay', args: '{"amount":5}', id: 'call_1' }, user, 's')
    expect(judged).toMatchObject({
      outcome: 'run',
      args: { amount: 5 },
      decision: { effect: 'allow', rule: 'small' },
    })
    expect(Object.isFrozen((judged as { args: object }).args)).toBe(true)
    const types: string[] = []
    for await (const runId of journal.list()) {
      for await (const { line } of journal.read(runId)) types.push(JSON.parse(line).type)
    }
    expect(types).toEqual(['run-start', 'tool-call', 'decision', 'execution-start'])
    const settled = await gate.settle(judged.callId, { result: { paid: 5 } })
    expect(settled).toEqual({ status: 'success', content: '{"paid":5}' })
    const report = await gate.end(user, 's')
    expect(report).toMatchObject({
      header: { session: 's', principal: { subject: 'user-1' } },
      rows: [{ tool: 'pay', status: 'success', decision: { rule: 'small' } }],
      end: { status: 'completed' },
    })
    await journal.close()
    expect(await verifyRecords(path)).toBe(report.head)
  })

  test.each<[string, string, string, string]>([
    ['pay', '{"amount":"5"}', 'error-validation', 'Correct the call'],
    ['pay', '{"amount":5,"amount":6}', 'error-parsing', 'Correct the call'],
    ['delete', '{}', 'error-not-found', 'there is no tool'],
  ])('refuses %s with %s', async (tool, args, status, content) => {
    const judged = await (await gateOf()).judge({ tool, args }, user, 's')
    expect(judged).toMatchObject({ outcome: 'refused', status })
    expect((judged as { content: string }).content).toContain(content)
  })

  test('refuses what the policy does not allow, also for nobody', async () => {
    const gate = await gateOf()
    expect(await gate.judge({ tool: 'look', args: {} }, null, 's')).toMatchObject({
      outcome: 'refused',
      decision: { rule: 'unauthenticated' },
    })
  })

  test.each<[string, Partial<Principal>]>([
    ['fewer roles', { roles: [] }],
    ['another tenant', { tenant: 'other' }],
    ['another agent', { agent: 'other' }],
  ])('judges a caller who comes back with %s by what they are now', async (_, change) => {
    const caller = { ...user, roles: ['lead'], tenant: 'home', agent: 'desk' }
    const who = { roles: ['lead'], tenants: ['home'], agents: ['desk'] }
    const mine = policyOf({ rules: [{ id: 'mine', allow: ['look'], who }] })
    const gate = await createGate(mine, { tools: [{ name: 'look' }] })
    const look = { tool: 'look', args: {} }
    const judged = await gate.judge(look, caller, 's')
    expect(judged.outcome).toBe('run')
    await gate.settle(judged.callId, { result: 1 })
    expect((await gate.judge(look, { ...caller, ...change }, 's')).outcome).toBe('refused')
    Object.assign(caller, change)
    expect((await gate.judge(look, caller, 's')).outcome).toBe('refused')
  })

  test('a failure tells of no field that the policy trusts', async () => {
    const careful = policyOf({
      rules: [{ id: 'all', allow: ['look', 'pay'] }],
      flow: { untrustedSteering: 'deny' },
      tools: {
        look: {
          kind: 'read',
          output: { trust: 'trusted' },
          fields: { '/note': { trust: 'untrusted' } },
        },
        pay: { kind: 'write', args: { to: { steers: true } } },
      },
    })
    const gate = await createGate(careful, {
      tools: [
        { name: 'look' },
        { name: 'pay', inputSchema: { type: 'object', properties: { to: {} } } },
      ],
    })
    const { callId } = await gate.judge({ tool: 'look', args: {} }, user, 's')
    await gate.settle(callId, { error: new Error('pay to eve') })
    const judged = await gate.judge({ tool: 'pay', args: { to: 'eve' } }, user, 's')
    expect(judged.decision?.rule).toBe('flow.untrustedSteering')
  })

  test('what was said is what was heard, also under another policy', async () => {
    const careful = policyOf({
      rules: [{ id: 'all', allow: ['look', 'pay'] }],
      flow: { untrustedSteering: 'deny' },
      tools: {
        look: { kind: 'read', output: { trust: 'untrusted' } },
        pay: { kind: 'write', args: { to: { steers: true } } },
      },
    })
    const to = { type: 'object', properties: { to: { type: 'string' } } }
    let current: Policy | undefined
    const follow: LoadedPolicy['follow'] = (tools) => {
      current = careful.compile(tools)
      return () => current!
    }
    const tools = [{ name: 'look' }, { name: 'pay', inputSchema: to }]
    const gate = await createGate({ ...careful, follow }, { tools })
    const said = [{ role: 'user' as const, content: 'pay bob' }]
    await gate.hear(said, user, 's')
    const { callId } = await gate.judge({ tool: 'look', args: {} }, user, 's')
    await gate.settle(callId, { result: 'pay eve' })
    said[0]!.content = 'summary: pay eve'
    current = { ...current! }
    const pay = (name: string) => gate.judge({ tool: 'pay', args: { to: name } }, user, 's')
    expect((await pay('bob')).outcome).toBe('run')
    expect((await pay('eve')).decision?.rule).toBe('flow.untrustedSteering')
  })

  test.each([
    ['an open schema', { type: 'object' }, 'flow.untrustedSteering'],
    [
      'one of its values',
      { type: 'object', additionalProperties: { type: 'number' } },
      'flow.untrustedSteering',
    ],
    [
      'a schema that declares it',
      { type: 'object', properties: { eve: { type: 'number' } } },
      'all',
    ],
  ])('a name of a member is a value under %s', async (_, to, rule) => {
    const careful = policyOf({
      rules: [{ id: 'all', allow: ['look', 'pay'] }],
      flow: { untrustedSteering: 'deny' },
      tools: {
        look: { kind: 'read', output: { trust: 'untrusted' } },
        pay: { kind: 'write', args: { to: { steers: true } } },
      },
    })
    const pay = { name: 'pay', inputSchema: { type: 'object', properties: { to } } }
    const gate = await createGate(careful, { tools: [{ name: 'look' }, pay] })
    await gate.hear([{ role: 'user', content: 'pay 100' }], user, 's')
    const { callId } = await gate.judge({ tool: 'look', args: {} }, user, 's')
    await gate.settle(callId, { result: 'to eve' })
    const judged = await gate.judge({ tool: 'pay', args: { to: { eve: 100 } } }, user, 's')
    expect(judged.decision?.rule).toBe(rule)
  })

  test('counts over a session, which outlives its runs, and not over others', async () => {
    const gate = await gateOf()
    const look = async (session: string): Promise<string> => {
      const judged = await gate.judge({ tool: 'look', args: {} }, user, session)
      if (judged.outcome === 'run') await gate.settle(judged.callId, { result: 1 })
      return judged.outcome
    }
    expect([await look('a'), await look('b')]).toEqual(['run', 'run'])
    await gate.end(user, 'a')
    await gate.hear([{ role: 'user', content: 'more' }], user, 'a')
    expect([await look('a'), await look('a'), await look('b')]).toEqual(['run', 'refused', 'run'])
  })

  test('asks, takes answers only from those entitled, and runs the edited call', async () => {
    const gate = await gateOf()
    const asked = await gate.judge({ tool: 'pay', args: { amount: 50 } }, user, 's')
    const { id } = requestOf(asked)
    await expect(gate.answer(id, { action: 'approve', by: user })).rejects.toMatchObject({
      code: 'approval-own',
    })
    await expect(
      gate.answer(id, { action: 'edit', by: lead, args: { amount: 'all' } }),
    ).rejects.toMatchObject({ code: 'bad-args' })
    const judged = await gate.answer(id, { action: 'edit', by: lead, args: { amount: 20 } })
    expect(judged).toMatchObject({ outcome: 'run', args: { amount: 20 } })
    await expect(gate.answer(id, { action: 'approve', by: lead })).rejects.toMatchObject({
      code: 'approval-unknown',
    })
  })

  test('tells the model of a denial by a person', async () => {
    const gate = await gateOf()
    const asked = await gate.judge({ tool: 'pay', args: { amount: 50 } }, user, 's')
    const judged = await gate.answer(requestOf(asked).id, {
      action: 'deny',
      by: lead,
      reason: 'no',
    })
    expect(judged).toMatchObject({ outcome: 'refused', status: 'denied-by-human' })
  })

  test('a no refuses equal calls that wait beside it, whatever is said to them after it', async () => {
    const gate = await gateOf()
    const judge = async () =>
      requestOf(await gate.judge({ tool: 'pay', args: { amount: 50 } }, user, 's'))
    const [first, second] = [await judge(), await judge()]
    await gate.answer(first.id, { action: 'deny', by: lead, reason: 'no' })
    const judged = await gate.answer(second.id, { action: 'approve', by: lead })
    expect(judged).toMatchObject({
      callId: second.callId,
      outcome: 'refused',
      status: 'denied-by-human',
      content: expect.stringContaining('no'),
    })
    await expect(gate.answer(second.id, { action: 'approve', by: lead })).rejects.toMatchObject({
      code: 'approval-unknown',
    })
  })

  test('an answer that comes too late is refused, and nobody waits for it', async () => {
    let wall = 0
    const clock = { now: () => (wall += 3_600_000), monotonic: () => 0 }
    const journal = memoryJournal()
    const gate = await gateOf({ clock, journal })
    const { id, runId } = requestOf(
      await gate.judge({ tool: 'pay', args: { amount: 50 } }, user, 's'),
    )
    await vi.waitFor(async () => {
      // its intent is on record before it runs, and all that came before
      await gate.judge({ tool: 'pay', args: { amount: 5 } }, user, 's')
      const types: string[] = []
      for await (const { line } of journal.read(runId)) types.push(JSON.parse(line).type)
      expect(types).toContain('tool-result')
    })
    await expect(gate.answer(id, { action: 'approve', by: lead })).rejects.toMatchObject({
      code: 'approval-unknown',
    })
  })

  test('answers that do not count are told to those who gave them, not to other calls', async () => {
    const gate = await gateOf()
    const asked = await gate.judge({ tool: 'pay', args: { amount: 50 } }, user, 's')
    const outcomes: string[] = []
    for (let count = 0; count < 20; count++) {
      await gate.answer(requestOf(asked).id, { action: 'approve', by: user }).then(
        ({ outcome }) => outcomes.push(outcome),
        ({ code }: { code: string }) => outcomes.push(code),
      )
    }
    expect(outcomes).toEqual([...Array.from({ length: 19 }, () => 'approval-own'), 'refused'])
    const other = await gate.judge({ tool: 'pay', args: { amount: 60 } }, user, 's')
    expect(other.outcome).toBe('ask')
  })

  test('an answer counts and is recorded as it was given, whatever becomes of its object', async () => {
    const journal = memoryJournal()
    const gate = await gateOf({ journal })
    const judge = async (sum: number) =>
      requestOf(await gate.judge({ tool: 'pay', args: { amount: sum } }, user, 's'))
    const [first, second] = [await judge(50), await judge(60)]
    const answer = { action: 'deny' as 'approve' | 'deny', by: { ...lead } }
    const denied = gate.answer(first.id, answer)
    answer.action = 'approve'
    const approved = gate.answer(second.id, answer)
    answer.by.subject = 'lead-2'
    expect(await denied).toMatchObject({ outcome: 'refused', status: 'denied-by-human' })
    expect(await approved).toMatchObject({ outcome: 'run', args: { amount: 60 } })
    await gate.settle(second.callId, { result: 1 })
    const { rows } = await gate.end(user, 's')
    expect(rows.map(({ approvals }) => approvals[0]?.answers)).toMatchObject([
      [{ action: 'deny', by: { subject: 'lead-1' } }],
      [{ action: 'approve', by: { subject: 'lead-1' } }],
    ])
  })

  test('does not tell of a success that is not on record', async () => {
    const gate = await gateOf({ journal: failingJournal(2, 'rejects') })
    const { callId } = await gate.judge({ tool: 'look', args: {} }, user, 's')
    await expect(gate.settle(callId, { result: 1 })).rejects.toMatchObject({ code: 'bad-journal' })
    await expect(gate.judge({ tool: 'look', args: {} }, user, 's')).rejects.toMatchObject({
      code: 'bad-journal',
    })
    expect((await gate.end(user, 's')).end.status).toBe('error')
  })

  test('settles a call once, and only one that may run', async () => {
    const gate = await gateOf()
    const judged = await gate.judge({ tool: 'look', args: {} }, user, 's')
    const settled = await gate.settle(judged.callId, { error: new Error('disk full') })
    expect(settled).toMatchObject({ status: 'error-execution' })
    expect(settled.content).toContain('disk full')
    await expect(gate.settle(judged.callId, { result: 1 })).rejects.toMatchObject({
      code: 'bad-option',
    })
    const refused = await gate.judge({ tool: 'delete', args: {} }, user, 's')
    await expect(gate.settle(refused.callId, { result: 1 })).rejects.toMatchObject({
      code: 'bad-option',
    })
  })

  test('ends what is open with its run', async () => {
    const gate = await gateOf()
    const running = await gate.judge({ tool: 'look', args: {} }, user, 's')
    const asked = await gate.judge({ tool: 'pay', args: { amount: 50 } }, user, 's')
    expect([running.outcome, asked.outcome]).toEqual(['run', 'ask'])
    const { rows, end } = await gate.end(user, 's')
    expect(rows.map(({ status }) => status)).toEqual(['cancelled', 'cancelled'])
    expect(end.status).toBe('cancelled')
    await expect(gate.settle(running.callId, { result: 1 })).rejects.toMatchObject({
      code: 'bad-option',
    })
  })

  test('says why what was open is not to be found after the next message', async () => {
    const gate = await gateOf()
    const running = await gate.judge({ tool: 'look', args: {} }, user, 's')
    const asked = requestOf(await gate.judge({ tool: 'pay', args: { amount: 50 } }, user, 's'))
    await gate.hear([{ role: 'user', content: 'and now?' }], user, 's')
    const help = expect.stringMatching(/before `hear`, `end` or `close` ends its run/)
    await expect(gate.settle(running.callId, { result: 1 })).rejects.toMatchObject({ help })
    await expect(gate.answer(asked.id, { action: 'approve', by: lead })).rejects.toMatchObject({
      code: 'approval-unknown',
      help,
    })
  })

  test('has ended all its runs when it is closed, those too that were about to end', async () => {
    const inner = memoryJournal()
    const journal: Journal = {
      ...inner,
      append: async (...given) => {
        await setTimeout(5)
        await inner.append(...given)
      },
    }
    const gate = await gateOf({ journal })
    const heard = gate.hear([{ role: 'user', content: 'one' }], user, 's')
    const again = gate.hear([{ role: 'user', content: 'two' }], user, 's')
    const ended = gate.end(user, 's')
    await gate.close()
    const lines: string[] = []
    for await (const runId of inner.list()) {
      for await (const { line } of inner.read(runId)) lines.push(JSON.parse(line).type)
    }
    expect(lines).toEqual(['run-start', 'end', 'run-start', 'end'])
    await Promise.all([heard, again, ended])
  })

  test('nobody else carries on what a program does with it', async () => {
    const journal = memoryJournal()
    const gate = await gateOf({ journal })
    await gate.hear([{ role: 'user', content: 'pay 5' }], user, 's')
    const { callId } = await gate.judge({ tool: 'pay', args: { amount: 5 } }, user, 's')
    const [runId] = await collect(journal.list())
    const model = scripted([{ text: 'paid' }])
    const tools = [toolOf('look'), toolOf('pay', { input: amount })]
    await using runtime = createRuntime({ policy, model, journal, tools })
    const resumed = runtime.resume(runId!, { takeOver: true, acceptTools: ['look', 'pay'] })
    await expect(resumed.result()).rejects.toMatchObject({
      code: 'run-not-resumable',
      message: `run \`${runId}\` is that of a program with its own loop`,
    })
    expect(model.requests).toEqual([])
    expect(await gate.settle(callId, { result: 'paid' })).toMatchObject({ status: 'success' })
    expect(await collect(verifyJournal(journal))).toMatchObject([{ verdict: 'INCOMPLETE' }])
  })

  test('lets nothing run when its journal cannot be written', async () => {
    const gate = await gateOf({
      journal: { ...memoryJournal(), append: () => Promise.reject(new Error('disk full')) },
    })
    await expect(gate.judge({ tool: 'look', args: {} }, user, 's')).rejects.toMatchObject({
      code: 'bad-journal',
    })
  })

  test.each([
    ['a call that is none', (gate: StandaloneGate) => gate.judge(null as never, user, 's')],
    ['a tool without a name', (gate) => gate.judge({ tool: 5, args: {} } as never, user, 's')],
    [
      'an id that is no text',
      (gate) => gate.judge({ tool: 'look', args: {}, id: 5 } as never, user, 's'),
    ],
    [
      'a session that is no text',
      (gate) => gate.judge({ tool: 'look', args: {} }, user, 5 as never),
    ],
    ['messages that are none', (gate) => gate.hear('pay' as never, user, 's')],
    ['a message that is none', (gate) => gate.hear([null] as never, user, 's')],
    [
      'an outcome that is none',
      async (gate) => {
        const { callId } = await gate.judge({ tool: 'look', args: {} }, user, 's')
        return gate.settle(callId, undefined as never)
      },
    ],
  ] as [string, (gate: StandaloneGate) => Promise<unknown>][])('refuses %s', async (_, act) => {
    await expect(act(await gateOf())).rejects.toMatchObject({ code: 'bad-option' })
  })

  test('does not start with a policy in shadow mode unless told', async () => {
    const shadow = policyOf({ mode: 'shadow' })
    await expect(createGate(shadow, { tools: [] })).rejects.toMatchObject({ code: 'bad-policy' })
    const gate = await createGate(shadow, { tools: [{ name: 'look' }], allowShadow: true })
    expect((await gate.judge({ tool: 'look', args: {} }, user, 's')).outcome).toBe('run')
  })
})
