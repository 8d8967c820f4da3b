import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { analyseHistory } from '../../../src/history/analyse.ts'
import { diskHistory } from '../../../src/history/disk.ts'
import type { HistoryEntry } from '../../../src/history/entry.ts'
import { memoryHistory } from '../../../src/history/memory.ts'
import { historyKey, type HistoryStore } from '../../../src/history/store.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import type { Message } from '../../../src/protocol/message.ts'
import type { RuntimeOptions } from '../../../src/runtime-options.ts'
import type { ScriptedStep } from '../../../src/testing/scripted.ts'
import {
  agentOf,
  allowing,
  finish,
  policyOf,
  toolOf,
  user,
  ways,
  type Agent,
} from '../../support/agent.ts'
import { cutAt } from '../../support/course.ts'
import { temporaryFolder } from '../../support/folder.ts'

const calls = { calls: [{ tool: 'act', args: { to: 'x' } }] }

function agent(turns: readonly ScriptedStep[], options: Partial<RuntimeOptions>): Agent {
  return agentOf(turns, { policy: allowing('act'), tools: [toolOf('act')], ...options })
}

function rolesOf(messages: readonly Message[] = []): string {
  return messages.map(({ role }) => role).join(' ')
}

function kept(store: HistoryStore, session = 's'): Promise<readonly HistoryEntry[]> {
  return store.read(historyKey(session, user))
}

describe('S2-05 a run of a session', () => {
  test('goes on from what was said before, also in another process', async () => {
    const folder = join(temporaryFolder(), 'kept')
    const first = agent([calls, { text: 'done' }], {
      history: diskHistory(folder),
      instructions: 'Be short.',
    })
    await first.start({ session: 's', input: 'act' }).result()
    const second = agent([{ text: 'you are welcome' }], {
      history: diskHistory(folder),
      instructions: 'Be kind.',
    })
    const { messages } = await second.start({ session: 's', input: 'thanks' }).result()
    const [request] = second.model.requests
    expect(rolesOf(request?.messages)).toBe('system user assistant tool assistant user')
    expect(request?.messages.map(({ content }) => content)).toEqual([
      'Be kind.',
      'act',
      [expect.objectContaining({ tool: 'act' })],
      'done',
      [{ type: 'text', text: 'done' }],
      'thanks',
    ])
    expect(messages).toHaveLength(7)
    expect(rolesOf((await kept(diskHistory(folder))).map(({ message }) => message))).toBe(
      'user assistant tool assistant user assistant',
    )
  })

  test('keeps with each message what is known of it', async () => {
    const history = memoryHistory()
    const { start } = agent(
      [{ ...calls, usage: { inputTokens: 7, outputTokens: 3, cost: 0.25 } }, { text: 'done' }],
      { history },
    )
    const { runId } = await start({ session: 's' }).result()
    const [said, answered, result, last] = await kept(history)
    for (const entry of [said, answered, result, last]) {
      expect(entry).toMatchObject({ runId, at: expect.stringMatching(/^\d{4}-.*Z$/) as string })
    }
    expect(answered?.calls).toMatchObject([
      {
        model: 'scripted',
        provider: 'testing',
        usage: { inputTokens: 7, outputTokens: 3 },
        cost: { amount: 0.25, source: 'provider' },
        finishReason: { unified: 'tool-calls' },
      },
    ])
    expect(result).toMatchObject({ status: 'success', message: { role: 'tool', labels: [{}] } })
    expect(last?.calls).toHaveLength(1)
    expect(said).not.toHaveProperty('calls')
  })

  test('is alone with its conversation: other sessions, principals and runs without one', async () => {
    const history = memoryHistory()
    const { model, start } = agent(
      ['a', 'b', 'c', 'd', 'e'].map((text) => ({ text })),
      { history },
    )
    await start({ session: 's', input: 'my secret' }).result()
    const other = { custom: { ...user, subject: 'user-2' } }
    const elsewhere = { custom: { ...user, issuer: 'https://else.example' } }
    await start({ session: 's', auth: other }).result()
    await start({ session: 's', auth: elsewhere }).result()
    await start({ session: 't' }).result()
    await start().result()
    expect(model.requests.slice(1).map(({ messages }) => messages.length)).toEqual([1, 1, 1, 1])
    expect(await kept(history)).toHaveLength(2)
  })

  test('takes system messages of its own, and no conversation beside the kept one', async () => {
    const history = memoryHistory()
    const { model, start } = agent([{ text: 'a' }, { text: 'b' }], { history })
    const messages: readonly Message[] = [{ role: 'system', content: 'Today is Monday.' }]
    await start({ session: 's', messages }).result()
    await start({ session: 's', messages }).result()
    expect(rolesOf(model.requests[1]?.messages)).toBe('system user assistant user')
    expect(rolesOf((await kept(history)).map(({ message }) => message))).not.toContain('system')
    const given: readonly Message[] = [{ role: 'user', content: 'before' }]
    await expect(start({ session: 's', messages: given }).result()).rejects.toMatchObject({
      code: 'bad-option',
    })
  })

  test('S2-40 uses the store that is in force when it begins', async () => {
    const [one, other] = [memoryHistory(), memoryHistory()]
    let store = one
    const { start } = agent([{ text: 'a' }, { text: 'b' }], { history: { store: () => store } })
    await start({ session: 's' }).result()
    store = other
    await start({ session: 's' }).result()
    expect([await kept(one), await kept(other)].map(({ length }) => length)).toEqual([2, 2])
  })
})

describe('S2-T5 a streamed conversation', () => {
  test.each(ways)('is kept once, and whole: %s', async (way) => {
    const history = memoryHistory()
    const turns = [
      { text: ['let ', 'me ', 'see'], reasoning: ['hm', 'm'], ...calls },
      { text: ['again'], ...calls },
      { text: ['all', ' is ', 'done'] },
    ]
    const { start } = agent(turns, { history })
    await finish(start({ session: 's', input: 'act' }), way)
    const entries = await kept(history)
    expect(rolesOf(entries.map(({ message }) => message))).toBe(
      'user assistant tool assistant tool assistant',
    )
    const texts = entries.flatMap(({ message }) =>
      message.role === 'assistant'
        ? message.content.flatMap((part) => (part.type === 'text' ? [part.text] : []))
        : [],
    )
    expect(texts).toEqual(['let me see', 'again', 'all is done'])
    expect(entries.flatMap((entry) => entry.calls ?? [])).toHaveLength(3)
  })

  test('has the cost of an answer that was asked for again with the one that took its place', async () => {
    const history = memoryHistory()
    const usage = { inputTokens: 1, outputTokens: 1, cost: 0.5 }
    const { start } = agent(
      [
        { text: 'no form', usage },
        { text: '{"a":1}', usage },
      ],
      { history },
    )
    const schema = { type: 'object', properties: { a: { type: 'number' } }, required: ['a'] }
    await start({ session: 's', output: { schema } }).result()
    const entries = await kept(history)
    expect(entries).toHaveLength(2)
    expect(entries[1]?.calls?.map(({ cost }) => cost?.amount)).toEqual([0.5, 0.5])
    expect(analyseHistory(entries).cost?.amount).toBe(1)
  })
})

describe('S0-42 the conversation of a session', () => {
  test.each<[string, readonly ScriptedStep[], Partial<Parameters<Agent['start']>[0]>]>([
    ['fails', [calls, { error: { message: 'broken' } }], {}],
    ['is cancelled', [{ text: 'hi' }], { signal: AbortSignal.abort() }],
    ['is not let in', [{ text: 'hi' }], { auth: { custom: null } }],
  ])('has nothing of a run that %s', async (_, turns, options) => {
    const history = memoryHistory()
    const { start } = agent(turns, { history })
    const { status } = await start({ session: 's', ...options }).result()
    expect(status).not.toBe('completed')
    expect(await kept(history)).toEqual([])
  })

  test('has a run once, at its end, also when it had to wait for a person', async () => {
    const history = memoryHistory()
    const journal = memoryJournal()
    const policy = policyOf({ rules: [{ id: 'asked', ask: ['act'], who: { roles: ['user'] } }] })
    const first = agent([calls], { history, journal, policy })
    const { approvals, runId } = await first.start({ session: 's', input: 'act' }).result()
    expect(await kept(history)).toEqual([])
    const other = agent([{ text: 'meanwhile' }], { history, policy })
    await other.start({ session: 's', input: 'hello' }).result()
    const again = agent([{ text: 'done' }], { history, journal, policy })
    const decisions = [{ id: approvals[0]!.id, action: 'approve' as const }]
    const answeredBy = { custom: { subject: 'boss', roles: ['lead'], scopes: [] } }
    const { status } = await again.runtime.resume(runId, { decisions, answeredBy }).result()
    expect(status).toBe('completed')
    // as it began, without what was said meanwhile
    expect(rolesOf(again.model.requests[0]?.messages)).toBe('user assistant tool')
    const entries = await kept(history)
    expect(rolesOf(entries.map(({ message }) => message))).toBe(
      'user assistant user assistant tool assistant',
    )
    expect(entries.slice(2).every((entry) => entry.runId === runId)).toBe(true)
    expect(entries[3]?.calls).toHaveLength(1)
  })

  test('is taken up as it is now by a run that died before it asked the model', async () => {
    const [history, journal] = [memoryHistory(), memoryJournal()]
    const first = agent([{ text: 'lost' }], { journal })
    const { runId } = await first.start({ session: 's', input: 'act' }).result()
    await agent([{ text: 'meanwhile' }], { history })
      .start({ session: 's' })
      .result()
    const cut = await cutAt(journal, runId, 1)
    const again = agent([{ text: 'done' }], { history, journal: cut })
    expect((await again.runtime.resume(runId).result()).status).toBe('completed')
    expect(rolesOf(again.model.requests[0]?.messages)).toBe('user assistant user')
    expect(again.model.requests[0]?.messages.at(-1)?.content).toBe('act')
  })

  test('keeps a run that a limit has ended, and it once when it is resumed', async () => {
    const history = memoryHistory()
    const journal = memoryJournal()
    const limits = { maxTurns: 1 }
    const first = agent([calls], { history, journal, limits })
    const { runId, status } = await first.start({ session: 's' }).result()
    expect(status).toBe('limit')
    expect(await kept(history)).toHaveLength(3)
    await agent([{ text: 'x' }], { history, journal, limits })
      .runtime.resume(runId)
      .result()
    expect(await kept(history)).toHaveLength(3)
    const next = agent([{ text: 'ok' }], { history })
    await next.start({ session: 's', input: 'go on' }).result()
    expect(rolesOf(next.model.requests[0]?.messages)).toBe('user assistant tool user')
  })

  function heldAgents(sessions?: 'refuse'): {
    readonly agents: readonly [Agent, Agent]
    readonly atWork: Promise<void>
    goOn(): void
    readonly store: HistoryStore
  } {
    const folder = join(temporaryFolder(), 'kept')
    const [working, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const act = toolOf('act', {
      async execute() {
        working.resolve()
        await held.promise
        return 'done'
      },
    })
    const options = { tools: [act], ...(sessions === undefined ? {} : { sessions }) }
    const one = agent([calls, { text: 'first' }], { ...options, history: diskHistory(folder) })
    const other = agent([{ text: 'second' }], { ...options, history: diskHistory(folder) })
    return {
      agents: [one, other],
      atWork: working.promise,
      goOn: () => held.resolve(),
      store: diskHistory(folder),
    }
  }

  test('makes runs of two processes wait for each other', async () => {
    const { agents, atWork, goOn } = heldAgents()
    const first = agents[0].start({ session: 's' })
    await atWork
    const second = agents[1].start({ session: 's' })
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(agents[1].model.requests).toHaveLength(0)
    goOn()
    await first.result()
    expect((await second.result()).text).toBe('second')
    expect(rolesOf(agents[1].model.requests[0]?.messages)).toBe(
      'user assistant tool assistant user',
    )
  })

  test('refuses a run while one of another process is at work, where that is wanted', async () => {
    const { agents, atWork, goOn } = heldAgents('refuse')
    const first = agents[0].start({ session: 's' })
    await atWork
    const refused = await agents[1].start({ session: 's' }).result()
    expect(refused).toMatchObject({ status: 'error', error: { code: 'session-busy' } })
    first.cancel()
    goOn()
    await first.result()
  })

  test('lets a run be cancelled that waits for another process', async () => {
    const { agents, atWork, goOn, store } = heldAgents()
    const first = agents[0].start({ session: 's' })
    await atWork
    const second = agents[1].start({ session: 's' })
    second.cancel()
    expect((await second.result()).status).toBe('cancelled')
    goOn()
    await first.result()
    expect(await kept(store)).toHaveLength(4)
  })

  test('can be taken up at once by the next run', async () => {
    const history = memoryHistory()
    for (let number = 0; number < 3; number++) {
      const { start } = agent([{ text: 'ok' }], { history, sessions: 'refuse' })
      expect((await start({ session: 's' }).result()).status).toBe('completed')
    }
    expect(await kept(history)).toHaveLength(6)
  })

  test('does not keep arguments that records do not keep', async () => {
    const folder = join(temporaryFolder(), 'kept')
    const secret = 'correct-horse-battery'
    const act = toolOf('act', {
      sensitive: ['/password'],
      input: { type: 'object', properties: { password: { type: 'string' } } },
    })
    const policy = policyOf({
      audit: { args: 'redacted' },
      rules: [{ id: 'allowed', allow: ['act'], who: { roles: ['user'] } }],
    })
    const turns = [{ calls: [{ tool: 'act', args: { password: secret } }] }, { text: 'done' }]
    const { start } = agent(turns, { history: diskHistory(folder), tools: [act], policy })
    await start({ session: 's' }).result()
    const texts = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.json'))
      .map((name) => readFileSync(join(folder, name), 'utf8'))
    expect(texts).toHaveLength(1)
    expect(texts.join('')).not.toContain(secret)
    const [, , result] = await kept(diskHistory(folder))
    expect(result).toMatchObject({
      argsUnknown: true,
      message: { labels: [{ output: { trust: 'untrusted' } }] },
    })
    const next = agent([{ text: 'ok' }], { history: diskHistory(folder), policy, tools: [act] })
    await next.start({ session: 's' }).result()
    expect(next.model.requests[0]?.messages[1]).toMatchObject({ content: [{ arguments: '{}' }] })
  })
})
