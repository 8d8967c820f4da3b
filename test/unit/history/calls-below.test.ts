import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import type { HistoryEntry } from '../../../src/history/entry.ts'
import { memoryHistory } from '../../../src/history/memory.ts'
import { historyKey, type HistoryStore } from '../../../src/history/store.ts'
import type { Journal } from '../../../src/journal/journal.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import type { RuntimeOptions } from '../../../src/runtime-options.ts'
import { agentTool } from '../../../src/sub-agent.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import type { Tool } from '../../../src/tools/tool.ts'
import type { ScriptedTurn } from '../../../src/testing/turn.ts'
import { agentOf, policyOf, toolOf, user } from '../../support/agent.ts'

const call = (tool: string, args: JsonObject = {}) => ({ calls: [{ tool, args }] })
const asking = call('helper', { prompt: 'p' })

/** An agent that makes the given calls, one in a turn. */
function agentWith(name: string, calls: readonly ScriptedTurn[], tools: readonly Tool[]): Tool {
  const model = scripted([...calls, { text: 'ok' }])
  return agentTool({ name, description: 'Helps.', model, tools })
}

interface Case {
  /** What the agent calls. */
  readonly calls: readonly ScriptedTurn[]
  readonly sequence: JsonObject
  /** What is called in the other process. */
  readonly then?: JsonObject
  readonly sections?: JsonObject
  readonly read?: Tool
  /** What becomes of the store in between. */
  readonly alter?: (entry: HistoryEntry) => HistoryEntry
  readonly journal?: Journal
  /** Tools of the other process beside `send`. Default: the agent and its tools. */
  readonly later?: readonly Tool[]
  readonly depth?: number
  /** The calls are made by the first run itself. */
  readonly isDirect?: boolean
}

const who = { roles: ['user'] }

/** The rule that decides about `send` in another process, after an agent was called in this one. */
async function ruleAfter({
  alter,
  calls,
  depth = 1,
  isDirect = false,
  journal = memoryJournal(),
  later,
  read = toolOf('read'),
  sections = {},
  sequence,
  then = {},
}: Case): Promise<string | undefined> {
  const policy = policyOf({
    tools: { read: { kind: 'read' }, send: { kind: 'write', sink: 'external' } },
    rules: [{ id: 'all', allow: ['**'], who }],
    sequences: [{ id: 's', then: { tools: ['send'], do: 'deny' }, ...sequence }],
    ...sections,
  })
  let helper = agentWith(depth === 1 ? 'helper' : 'below', calls, [read])
  if (depth > 1) helper = agentWith('helper', [call('below', { prompt: 'q' })], [helper])
  const tools = [helper, read, toolOf('send')]
  const history = memoryHistory()
  const options: Partial<RuntimeOptions> = { policy, journal, tools }
  const turns = isDirect ? calls : [asking]
  const limits = { maxToolCalls: 2_000 }
  const first = await agentOf([...turns, { text: 'x' }], { ...options, limits, history })
    .start({ session: 's' })
    .result()
  expect(first.report.rows[0]?.status).toBe('success')
  const next = agentOf([call('send', then), { text: 'x' }], {
    policy,
    history: alter === undefined ? history : altered(history, alter),
    tools: later === undefined ? tools : [...later, toolOf('send')],
  })
  const result = await next.start({ session: 's' }).result()
  return result.report.rows.at(-1)?.decision?.rule
}

function altered(store: HistoryStore, alter: (entry: HistoryEntry) => HistoryEntry): HistoryStore {
  return {
    ...store,
    read: async (key) => (await store.read(key)).map(alter),
    append: async () => {},
  }
}

function withoutBelow({ below: _below, ...entry }: HistoryEntry): HistoryEntry {
  return entry
}

/** A tool that fails. */
const failing = toolOf('read', {
  execute: () => {
    throw new Error('no such file')
  },
})

const after = { after: ['read'] }
const unless = { unless: ['read'] }
const sameFile = { sameArg: 'file' }

describe('sequences of another process', () => {
  test.each([1, 2])('know what an agent has called, %d deep', async (depth) => {
    expect(await ruleAfter({ calls: [call('read')], sequence: after, depth })).toBe('sequences.s')
    expect(await ruleAfter({ calls: [], sequence: after, depth })).toBe('all')
    expect(await ruleAfter({ calls: [call('read')], sequence: unless, depth })).toBe('all')
    expect(await ruleAfter({ calls: [], sequence: unless, depth })).toBe('sequences.s')
  })

  test('know how a call of an agent has ended', async () => {
    const failed = { calls: [call('read')], read: failing }
    expect(await ruleAfter({ ...failed, sequence: after })).toBe('sequences.s')
    expect(await ruleAfter({ ...failed, sequence: unless })).toBe('sequences.s')
    const rules = [{ id: 'all', allow: ['helper', 'send'], who }]
    const refused = { calls: [call('read')], sections: { rules } }
    expect(await ruleAfter({ ...refused, sequence: after })).toBe('all')
    expect(await ruleAfter({ ...refused, sequence: unless })).toBe('sequences.s')
  })

  test('know with which arguments an agent has called', async () => {
    const calls = [call('read', { file: 'a' })]
    for (const [file, [isAfter, isUnless]] of [
      ['a', ['sequences.s', 'all']],
      ['b', ['all', 'sequences.s']],
    ] as const) {
      const then = { file }
      // oxlint-disable-next-line no-await-in-loop
      expect(await ruleAfter({ calls, sequence: { ...after, ...sameFile }, then })).toBe(isAfter)
      // oxlint-disable-next-line no-await-in-loop
      expect(await ruleAfter({ calls, sequence: { ...unless, ...sameFile }, then })).toBe(isUnless)
    }
  })

  const sensitive = toolOf('read', {
    input: { type: 'object', properties: { file: { type: 'string' } } },
    sensitive: ['/file'],
  })
  test.each<[string, Partial<Case>]>([
    ['hashed', { sections: { audit: { args: 'hash' } } }],
    ['taken out', { sections: { audit: { args: 'redacted' } }, read: sensitive }],
    ['long', { calls: [call('read', { file: 'a', more: 'x'.repeat(3_000) })] }],
    ['hashed, of the run itself', { sections: { audit: { args: 'hash' } }, isDirect: true }],
    ['not said, of the run itself', { calls: [call('read')], isDirect: true }],
    ['an empty list, of the run itself', { calls: [call('read', { file: [] })], isDirect: true }],
  ])('take any argument for one that nobody knows: %s', async (_, more) => {
    const given = { calls: [call('read', { file: 'a' })], then: { file: 'b' }, ...more }
    expect(await ruleAfter({ ...given, sequence: { ...after, ...sameFile } })).toBe('sequences.s')
    const same = { ...given, then: { file: 'a' } }
    expect(await ruleAfter({ ...same, sequence: { ...unless, ...sameFile } })).toBe('sequences.s')
  })

  test('take any call for one that nobody can tell of', async () => {
    const inner = memoryJournal()
    const forgetful = (isFailing: boolean): Journal => ({
      ...inner,
      append: (...given) => inner.append(...given),
      list: () => inner.list(),
      async *read(runId, from) {
        for await (const record of inner.read(runId, from)) {
          if (!record.line.includes('"parent"')) yield record
          else if (isFailing) throw new Error('the disk is gone')
          else return
        }
      },
    })
    const many = Array.from({ length: 1_001 }, (_, n) => ({ tool: 'read', args: { n } }))
    const sequence = { after: ['send'] }
    expect(await ruleAfter({ calls: [{ calls: many }], sequence })).toBe('sequences.s')
    expect(await ruleAfter({ calls: [{ calls: many.slice(1) }], sequence })).toBe('all')
    for (const isFailing of [false, true]) {
      const given = { calls: [], journal: forgetful(isFailing) }
      // oxlint-disable-next-line no-await-in-loop
      expect(await ruleAfter({ ...given, sequence: after })).toBe('sequences.s')
      // oxlint-disable-next-line no-await-in-loop
      expect(await ruleAfter({ ...given, sequence: unless })).toBe('sequences.s')
    }
  })

  test.each<[string, Partial<Case>, string]>([
    ['an agent', {}, 'sequences.s'],
    ['a tool that is not there any more', { later: [] }, 'sequences.s'],
    ['a tool that is no agent', { later: [toolOf('helper')] }, 'all'],
  ])('take an entry of before, about %s, for what it may be', async (_, more, rule) => {
    const given = { calls: [call('read')], alter: withoutBelow, ...more }
    expect(await ruleAfter({ ...given, sequence: after })).toBe(rule)
    expect(await ruleAfter({ ...given, sequence: unless })).toBe('sequences.s')
  })

  test('know what an agent has called before its run was taken up elsewhere', async () => {
    const policy = policyOf({
      rules: [
        { id: 'all', allow: ['helper', 'read', 'send'], who },
        { id: 'asked', ask: ['pay'], who },
      ],
      sequences: [{ id: 's', ...after, then: { tools: ['send'], do: 'deny' } }],
    })
    const read = toolOf('read')
    const helper = agentWith('helper', [call('read')], [read])
    const [history, journal] = [memoryHistory(), memoryJournal()]
    const options = {
      policy,
      journal,
      history,
      tools: [helper, read, toolOf('pay'), toolOf('send')],
    }
    const waiting = agentOf([asking, call('pay')], options)
    const asked = await waiting.start({ session: 's' }).result()
    const decisions = [{ id: asked.approvals[0]!.id, action: 'approve' as const }]
    const answeredBy = { custom: { subject: 'boss', roles: ['lead'], scopes: [] } }
    const again = agentOf([{ text: 'done' }], options)
    const resumed = await again.runtime.resume(asked.runId, { decisions, answeredBy }).result()
    expect(resumed.status).toBe('completed')
    const next = agentOf([call('send'), { text: 'x' }], options)
    const result = await next.start({ session: 's' }).result()
    expect(result.report.rows[0]?.decision?.rule).toBe('sequences.s')
    const entries = await history.read(historyKey('s', user))
    const below = entries.flatMap((entry) => entry.below ?? [])
    expect(below).toEqual([{ tool: 'read', args: {}, status: 'success' }])
  })
})
