import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import type { ApprovalAnswer } from '../../../src/gate/verdict.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import { stopAfterTools, type StopCondition } from '../../../src/run/stop.ts'
import type { RunResult, RuntimeOptions } from '../../../src/runtime-options.ts'
import type { ScriptedCall, ScriptedTurn } from '../../../src/testing/turn.ts'
import type { Tool, ToolDefinition } from '../../../src/tools/tool.ts'
import { agentOf, allowing, collect, policyOf, toolOf, user } from '../../support/agent.ts'
import { asking, subAgent } from '../../support/agent-tree.ts'

const lena = { ...user, subject: 'lena', roles: ['lead'] }
const failing: ScriptedTurn = { error: { code: 'network', message: 'gone' } }

/** Where the calls stand that one process has carried out, and another one knows from the record. */
const places = ['an earlier turn', 'the turn that is taken up'] as const

/** One process makes the calls and ends before the model answers; another one makes a last call. */
async function resumed(
  place: (typeof places)[number],
  calls: readonly ScriptedCall[],
  last: ScriptedCall,
  {
    agents = () => [],
    answer = { action: 'approve', by: lena },
    limits = {},
    opening,
    sections,
    stopWhen = [],
    tools,
  }: {
    /** To what the first process asks about. */
    readonly answer?: ApprovalAnswer
    /** The calls of a turn before. */
    readonly opening?: readonly ScriptedCall[]
    readonly agents?: () => readonly Tool[]
    readonly limits?: RuntimeOptions['limits']
    readonly sections: JsonObject & { readonly rules: readonly JsonObject[] }
    readonly stopWhen?: readonly StopCondition[]
    readonly tools: readonly Tool[]
  },
): Promise<RunResult> {
  const journal = memoryJournal()
  const waits = { id: 'waiting', ask: ['wait'], approvers: { roles: ['lead'] } }
  const policy = policyOf({ ...sections, rules: [...sections.rules, waits] })
  const options = () => ({
    journal,
    limits,
    policy,
    stopWhen,
    tools: [...tools, ...agents(), toolOf('wait', { facts: { output: { trust: 'trusted' } } })],
  })
  const isLast = place === 'the turn that is taken up'
  const turns = isLast ? [{ calls: [...calls, { tool: 'wait', args: {} }] }] : [{ calls }, failing]
  const before = agentOf([...(opening === undefined ? [] : [{ calls: opening }]), ...turns], {
    ...options(),
    approve: ({ tool }) => (tool === 'wait' ? undefined : answer),
  })
  const { approvals, runId } = await before.start().result()
  const { runtime } = agentOf([{ calls: [last] }, { text: 'done' }], options())
  const decisions = approvals.map(({ id }) => ({ id, action: 'approve' as const }))
  return runtime.resume(runId, { answeredBy: { custom: lena }, decisions }).result()
}

const said = { usage: { inputTokens: 700, outputTokens: 0 } }
const look = { tool: 'look', args: {} }
const helping = {
  tools: [toolOf('look')],
  sections: { rules: [{ id: 'all', allow: ['helper', 'look'] }] },
  agents: () => [
    subAgent('helper', [
      { calls: [look], ...said },
      { text: 'so', ...said },
    ]).tool,
  ],
}

const naming = () => [subAgent('helper', [{ text: 'eve' }]).tool]

function fail(): never {
  throw new Error('no')
}

function lastOf({ report }: RunResult): { status: string; rule: string | undefined } {
  const { decision, status } = report.rows.at(-1)!
  return { status, rule: decision?.rule }
}

describe.each(places)('what was done in %s', (place) => {
  test('by an agent that has ended is part of what the run has used', async () => {
    const { status, usage } = await resumed(place, [asking('helper')], look, helping)
    expect(status).toBe('completed')
    expect(usage.inputTokens).toBeGreaterThanOrEqual(1_400)
  })

  test.each([{ maxTokens: 1_400 }, { maxTurns: 4 }, { maxToolCalls: 2 }])(
    'by an agent that has ended counts against %j',
    async (limits) => {
      const { status } = await resumed(place, [asking('helper')], look, { ...helping, limits })
      expect(status).toBe('limit')
    },
  )

  test('by a tool that failed does not count as its success', async () => {
    const result = await resumed(
      place,
      [{ tool: 'check', args: {} }],
      { tool: 'send', args: {} },
      {
        tools: [toolOf('send'), toolOf('check', { execute: fail })],
        sections: {
          rules: [{ id: 'all', allow: ['check', 'send'] }],
          sequences: [{ id: 'checked', unless: ['check'], then: { tools: ['send'], do: 'deny' } }],
        },
      },
    )
    expect(lastOf(result)).toEqual({ status: 'error-security', rule: 'sequences.checked' })
  })

  test('by a tool that failed is not what the run waited for', async () => {
    const { report, status } = await resumed(place, [{ tool: 'check', args: {} }], look, {
      tools: [toolOf('look'), toolOf('check', { execute: fail })],
      sections: { rules: [{ id: 'all', allow: ['check', 'look'] }] },
      stopWhen: [stopAfterTools('check')],
    })
    expect([status, report.rows.at(-1)?.tool]).toEqual(['completed', 'look'])
  })

  test('was refused, and counts as such', async () => {
    const result = await resumed(place, [{ tool: 'send', args: { n: 1 } }], look, {
      tools: [toolOf('look'), toolOf('send')],
      sections: {
        rules: [{ id: 'all', allow: ['look'] }],
        limits: [
          { id: 'noes', tools: ['**'], per: 'session', count: 'denials', max: 1, over: 'deny' },
        ],
      },
    })
    expect(lastOf(result)).toEqual({ status: 'error-security', rule: 'limits.noes' })
  })

  describe('in a session that has read untrusted text', () => {
    const steered = {
      tools: [
        toolOf('act', { editable: ['/to'] }),
        toolOf('find', { execute: () => ({ owner: 'eve' }) }),
        toolOf('page', { execute: () => 'somebody wrote this' }),
      ],
      sections: {
        tools: {
          act: { kind: 'write', output: { trust: 'trusted' }, args: { to: { steers: true } } },
          find: {
            kind: 'read',
            output: { trust: 'untrusted' },
            fields: { '/owner': { trust: 'trusted' } },
          },
          helper: { kind: 'read', output: { trust: 'trusted' } },
          page: { kind: 'read', output: { trust: 'untrusted' } },
        },
        flow: { untrustedSteering: 'deny' },
        rules: [{ id: 'all', allow: ['act', 'find', 'helper', 'page'] }],
      },
    }
    const page = { tool: 'page', args: {} }
    const act = { tool: 'act', args: { to: 'eve' } }

    test('is what makes its values untrusted', async () => {
      const { status, rule } = lastOf(await resumed(place, [page], act, steered))
      expect([status, rule]).toEqual(['error-security', 'flow.untrustedSteering'])
    })

    test('is a source in the fields that were trusted', async () => {
      const calls = [page, { tool: 'find', args: {} }]
      expect(lastOf(await resumed(place, calls, act, steered)).status).toBe('success')
    })

    test('by an agent is no source, whatever the policy says of it', async () => {
      const calls = [page, asking('helper')]
      const given = { ...steered, agents: naming }
      const { rule } = lastOf(await resumed(place, calls, act, given))
      expect(rule).toBe('flow.untrustedSteering')
    })

    test('vouches for no value that nobody was asked about', async () => {
      const { flow, rules, tools } = steered.sections
      const sections = { flow: { ...flow, untrustedSteering: 'ask' }, rules, tools }
      const calls = [act, page]
      const { rule, status } = lastOf(await resumed(place, calls, act, { ...steered, sections }))
      expect([status, rule]).toEqual(['skipped', 'flow.untrustedSteering'])
    })

    test.each<[string, ApprovalAnswer, string]>([
      ['agreed', { action: 'approve', by: lena }, 'eve'],
      ['put others in their place', { action: 'edit', args: { to: 'bob' }, by: lena }, 'bob'],
    ])('vouches for its values where a person has %s and it has run', async (_, answer, to) => {
      const { flow, rules, tools } = steered.sections
      const sections = { flow: { ...flow, untrustedSteering: 'ask' }, rules, tools }
      const asked = { ...steered, answer, opening: [page], sections }
      const again = { tool: 'act', args: { to } }
      const { rule, status } = lastOf(await resumed(place, [act], again, asked))
      expect([status, rule]).toEqual(['success', 'all'])
    })
  })
})

test('what a run waited for has happened where its tool succeeded before it was taken up', async () => {
  const check = { tool: 'check', args: {} }
  const { report, status } = await resumed('the turn that is taken up', [check], look, {
    tools: [toolOf('look'), toolOf('check')],
    sections: { rules: [{ id: 'all', allow: ['check', 'look'] }] },
    stopWhen: [stopAfterTools('check')],
  })
  expect([status, report.rows.map(({ tool }) => tool)]).toEqual(['completed', ['check', 'wait']])
})

/** A run whose process died while its tool `pay` was at work, in the hands of another one. */
async function inDoubt(
  fields: Partial<ToolDefinition>,
  told: 'success' | 'failed' | undefined,
  last: ScriptedCall,
  options: Partial<RuntimeOptions> = {},
): Promise<RunResult> {
  const journal = memoryJournal()
  const tools = [toolOf('act'), toolOf('pay', fields)]
  const given = { policy: allowing('act', 'pay'), tools, ...options, limits: {} }
  const turns = [{ calls: [{ tool: 'pay', args: {} }] }, { text: '' }]
  const { report, runId } = await agentOf(turns, { ...given, journal })
    .start()
    .result()
  const records = await collect(journal.read(runId))
  const begun = records.findIndex(({ line }) => line.includes('"type":"execution-start"'))
  const cut = memoryJournal()
  await cut.append(runId, 0, records.slice(0, begun + 1))
  const { limits = {} } = options
  const { runtime } = agentOf([{ calls: [last] }, { text: '' }], { ...given, journal: cut, limits })
  const { callId } = report.rows[0]!
  return runtime.resume(runId, told === undefined ? {} : { resolve: { [callId]: told } }).result()
}

describe.each<[string, Partial<ToolDefinition>, 'success' | undefined]>([
  [
    'its tool has told of',
    { reconcile: () => ({ outcome: 'success', result: 'paid' }) },
    undefined,
  ],
  ['an operator has told of', {}, 'success'],
])('a call in doubt that %s', (_, fields, told) => {
  test('counts against the calls of the run', async () => {
    const again = { tool: 'pay', args: {} }
    const { report, status } = await inDoubt(fields, told, again, { limits: { maxToolCalls: 1 } })
    expect(status).toBe('limit')
    expect(report.rows.map((row) => row.status)).toEqual(['success', 'skipped'])
  })

  test('has been read by the session', async () => {
    const policy = policyOf({
      tools: {
        act: { kind: 'write', output: { trust: 'trusted' }, args: { to: { steers: true } } },
        pay: { kind: 'write', output: { trust: 'untrusted' } },
      },
      flow: { untrustedSteering: 'deny' },
      rules: [{ id: 'all', allow: ['act', 'pay'] }],
    })
    const act = { tool: 'act', args: { to: 'eve' } }
    const { rule } = lastOf(await inDoubt(fields, told, act, { policy }))
    expect(rule).toBe('flow.untrustedSteering')
  })

  test('is what the run waited for', async () => {
    const stopWhen = [stopAfterTools('pay')]
    const { report, status } = await inDoubt(fields, told, look, { stopWhen })
    expect([status, report.rows.length]).toEqual(['completed', 1])
  })
})

test.each<[string, Partial<ToolDefinition>, 'failed' | undefined]>([
  ['its tool', { reconcile: () => ({ outcome: 'failed' }) }, undefined],
  ['an operator', {}, 'failed'],
])('a call in doubt that %s says has failed is not what the run waited for', async (...how) => {
  const [, fields, told] = how
  const stopWhen = [stopAfterTools('pay')]
  const { report } = await inDoubt(fields, told, { tool: 'act', args: {} }, { stopWhen })
  expect(report.rows.map(({ status, tool }) => [tool, status])).toEqual([
    ['pay', 'error-execution'],
    ['act', 'success'],
  ])
})
