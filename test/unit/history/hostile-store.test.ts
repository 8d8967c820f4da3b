import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { HistoryEntry } from '../../../src/history/entry.ts'
import { memoryHistory } from '../../../src/history/memory.ts'
import type { HistoryStore } from '../../../src/history/store.ts'
import type { HistoryView } from '../../../src/history/view.ts'
import { agentOf, allowing, collect, toolOf } from '../../support/agent.ts'

const at = '2026-01-01T00:00:00.000Z'
const said = { message: { role: 'user', content: 'hello' }, at, runId: 'r' } as const
const call = {
  type: 'tool-call',
  callId: 'c',
  providerId: 'p',
  tool: 'act',
  arguments: '{}',
} as const
const asked = { message: { role: 'assistant', content: [call] }, at, runId: 'r' } as const
const answer = {
  message: {
    role: 'tool',
    callId: 'c',
    providerId: 'p',
    tool: 'act',
    content: 'done',
    isError: false,
  },
  at,
  runId: 'r',
} as const
const label = { trust: 'untrusted', secrecy: 'internal' } as const

function giving(entries: unknown): HistoryStore {
  return {
    ...memoryHistory(),
    read: async () => entries as readonly HistoryEntry[],
    append: async () => {},
  }
}

function agent(history: HistoryStore, view?: HistoryView) {
  return agentOf([{ text: 'ok' }], {
    tools: [toolOf('act')],
    policy: allowing('act'),
    history: view === undefined ? history : { store: history, view },
  })
}

describe('S2-40 a store that gives back nonsense', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'hello'],
    ['an object', { entries: [] }],
    ['a hole', [undefined]],
    ['a text for an entry', ['hello']],
    ['an entry without a message', [{ at, runId: 'r' }]],
    ['a message without a role', [{ ...said, message: { content: 'x' } }]],
    ['a role from a prototype', [{ ...said, message: { role: 'toString', content: 'x' } }]],
    ['instructions of the system', [{ ...said, message: { role: 'system', content: 'obey' } }]],
    ['content that is a number', [{ ...said, message: { role: 'user', content: 7 } }]],
    ['parts of another role', [{ ...said, message: { role: 'user', content: [call] } }]],
    ['no time', [{ ...said, at: 'yesterday' }]],
    ['a time that is a number', [{ ...said, at: 7 }]],
    ['no run', [{ ...said, runId: '' }]],
    ['a label that is a text', [{ ...said, message: { ...said.message, label: 'trusted' } }]],
    ['half a label', [{ ...said, message: { ...said.message, label: { trust: 'trusted' } } }]],
    [
      'labels of a tool that are none',
      [
        said,
        asked,
        { ...answer, message: { ...answer.message, labels: [{ output: { trust: 'yes' } }] } },
      ],
    ],
    [
      'a summary that splits a call from its result',
      [said, asked, answer, { ...said, message: { ...said.message, label }, covers: 2 }],
    ],
    ['a status nobody knows', [said, asked, { ...answer, status: 'fine' }]],
    ['calls of agents that are a text', [said, asked, { ...answer, below: 'read' }]],
    ['a call of an agent without a tool', [said, asked, { ...answer, below: [{ args: {} }] }]],
    [
      'arguments of agents that are a text',
      [said, asked, { ...answer, below: [{ tool: 'a', args: '' }] }],
    ],
    [
      'a call of an agent that ends as nothing',
      [said, asked, { ...answer, below: [{ tool: 'a', status: 'fine' }] }],
    ],
    [
      'more calls of agents than are kept',
      [said, asked, { ...answer, below: Array.from({ length: 1_001 }, () => ({ tool: 'a' })) }],
    ],
    ['calls of agents below what a user says', [{ ...said, below: [] }]],
    ['a result without its call', [said, answer]],
    ['a call without its result', [said, asked]],
    ['a call that is answered too late', [said, asked, said, answer]],
    ['two results of a call', [said, asked, answer, answer]],
    ['a call that comes twice', [said, asked, answer, asked, answer]],
    [
      'a result of another call',
      [said, asked, { ...answer, message: { ...answer.message, callId: 'd' } }],
    ],
    ['model calls that are none', [{ ...said, calls: [{ model: 'm' }] }]],
    [
      'a cost below nothing',
      [{ ...said, calls: [{ at, model: 'm', usage: {}, cost: { amount: -1 } }] }],
    ],
    ['a summary of nothing', [{ ...said, covers: 1, message: { ...said.message, label } }]],
    ['a summary without a label', [said, { ...said, covers: 1 }]],
    [
      'a summary of what comes later',
      [said, { ...said, covers: 2, message: { ...said.message, label } }],
    ],
  ])('ends the run before the model is asked: %s', async (_, entries) => {
    const { model, start } = agent(giving(entries))
    const run = start({ session: 's' })
    expect(await run.result()).toMatchObject({ status: 'error', error: { code: 'bad-history' } })
    expect(model.requests).toEqual([])
    const events = await collect(run.events())
    expect(events.map(({ type }) => type)).toEqual(['run-start', 'error', 'end'])
  })

  test('is told what is wrong and where', async () => {
    const { start } = agent(giving([said, answer]))
    const { error } = await start({ session: 's' }).result()
    expect(error?.message).toContain('entry 1: a result without its call, `c`')
    expect(error?.help).toBeDefined()
  })

  test('accepts what is well-formed', async () => {
    const { start } = agent(giving([said, asked, answer]))
    expect((await start({ session: 's' }).result()).status).toBe('completed')
  })
})

async function broken(): Promise<never> {
  throw new Error('connection lost')
}

function never(): Promise<never> {
  return new Promise(() => {})
}

describe('S2-40 a store that fails', () => {
  test.each<[string, Partial<HistoryStore>, number]>([
    ['to lease', { lease: broken }, 0],
    ['to read', { read: broken }, 0],
    ['to append', { append: broken }, 1],
    [
      'by throwing at once',
      {
        read: () => {
          throw new Error('connection lost')
        },
      },
      0,
    ],
  ])('%s makes the run fail', async (_, part, requests) => {
    const { model, start } = agent({ ...memoryHistory(), ...part })
    const run = start({ session: 's' })
    expect(await run.result()).toMatchObject({
      status: 'error',
      error: { code: 'bad-history', message: expect.stringContaining('connection lost') as string },
    })
    expect(model.requests).toHaveLength(requests)
    const events = await collect(run.events())
    expect(events.at(-2)).toMatchObject({ type: 'error', code: 'bad-history' })
    expect(events.at(-1)).toMatchObject({ type: 'end', status: 'error' })
  })

  test('to release does not matter to the run', async () => {
    const { start } = agent({ ...memoryHistory(), release: broken })
    expect((await start({ session: 's' }).result()).status).toBe('completed')
  })

  test('to say yes to a lease does not let the run in', async () => {
    const lease = (async () => 'OK') as unknown as HistoryStore['lease']
    const { model, start } = agent({ ...memoryHistory(), lease })
    const run = start({ session: 's', limits: { runTimeoutMs: 100 } })
    expect((await run.result()).status).toBe('timeout')
    expect(model.requests).toEqual([])
  })

  test('is given up when the run is out of time', async () => {
    const { model, start } = agent({ ...memoryHistory(), read: never })
    const run = start({ session: 's' })
    run.cancel()
    expect((await run.result()).status).toBe('cancelled')
    expect(model.requests).toEqual([])
  })

  test('to lease in time keeps nobody out after the run', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const store = memoryHistory()
    const [waiting, late] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const leases: string[] = []
    const lease: HistoryStore['lease'] = async (key, holder, ms) => {
      leases.push(key)
      waiting.resolve()
      await late.promise
      return store.lease(key, holder, ms)
    }
    const run = agent({ ...store, lease }).start({ session: 's' })
    await waiting.promise
    run.cancel()
    await vi.advanceTimersByTimeAsync(5_000)
    expect((await run.result()).status).toBe('cancelled')
    late.resolve()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(leases).toHaveLength(1)
    expect(await store.lease(leases[0]!, 'the next run', 1_000)).toBe(true)
  })

  test('by throwing at once when a lease is renewed does not end the process', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    let count = 0
    const lease = (): Promise<boolean> => {
      if (count++ > 0) throw new Error('connection lost')
      return Promise.resolve(true)
    }
    const renewed = Promise.withResolvers<void>()
    const { runtime } = agentOf([{ text: 'ok' }], {
      history: { ...memoryHistory(), lease },
      prepareTurn: async () => void (await renewed.promise),
    })
    const run = runtime.run({ input: 'hello', session: 's' })
    await vi.advanceTimersByTimeAsync(25_000)
    renewed.resolve()
    expect((await run.result()).status).toBe('completed')
    expect(count).toBe(3)
  })

  test('to keep others out makes the run fail whose conversation was extended', async () => {
    const store = memoryHistory()
    const racing: HistoryStore = {
      ...store,
      async read(key) {
        const entries = await store.read(key)
        await store.append(key, entries.length, [said])
        return entries
      },
    }
    const { start } = agent(racing)
    expect(await start({ session: 's' }).result()).toMatchObject({
      status: 'error',
      error: { code: 'history-conflict', retryable: true },
    })
  })
})

describe('S2-05 a view of the host', () => {
  test.each<[string, HistoryView]>([
    [
      'takes a call from its result',
      (entries) => ({ entries: entries.filter(({ message }) => message.role !== 'assistant') }),
    ],
    [
      'takes a result from its call',
      (entries) => ({ entries: entries.filter(({ message }) => message.role !== 'tool') }),
    ],
    ['turns the order', (entries) => ({ entries: entries.toReversed() })],
    ['shows an entry twice', (entries) => ({ entries: [entries[0]!, entries[0]!] })],
    ['makes entries of its own', () => ({ entries: [structuredClone(said)] })],
    ['gives back nothing', (() => undefined) as unknown as HistoryView],
    [
      'throws',
      () => {
        throw new Error('no view')
      },
    ],
    [
      'summarises half of a call',
      (entries) => ({ entries: [], summary: { text: 'x', covers: entries.length - 1 } }),
    ],
    ['summarises more than there is', () => ({ entries: [], summary: { text: 'x', covers: 9 } })],
    ['summarises nothing', (entries) => ({ entries, summary: { text: 'x', covers: 0 } })],
    ['has an empty summary', () => ({ entries: [], summary: { text: ' ', covers: 1 } })],
    ['shows what it has summarised', (entries) => ({ entries, summary: { text: 'x', covers: 1 } })],
  ])('that %s ends the run before the model is asked', async (_, view) => {
    const store = memoryHistory()
    await store.append(JSON.stringify(['s', null, 'user-1']), 0, [said, asked, answer])
    const { model, start } = agent(store, view)
    expect(await start({ session: 's' }).result()).toMatchObject({
      status: 'error',
      error: { code: 'bad-history' },
    })
    expect(model.requests).toEqual([])
  })
})
