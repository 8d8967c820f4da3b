import { describe, expect, test, vi } from 'vitest'
import { compacted, type CompactOptions } from '../../../src/history/compact.ts'
import type { HistoryEntry } from '../../../src/history/entry.ts'
import { historyManager, type HistoryManagerOptions } from '../../../src/history/manager.ts'
import { memoryHistory } from '../../../src/history/memory.ts'
import { select } from '../../../src/history/selection.ts'
import { windowed, type HistoryBounds } from '../../../src/history/window.ts'
import { historySuite } from '../../../src/testing/history-suite.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import { agentOf, collect } from '../../support/agent.ts'

const at = '2026-01-01T00:00:00.000Z'
const { signal } = new AbortController()

function entry(role: 'user' | 'assistant', text: string): HistoryEntry {
  const message =
    role === 'user'
      ? ({ role, content: text } as const)
      : ({ role, content: [{ type: 'text', text }] } as const)
  return { message, at, runId: 'r' }
}

const talk = [
  entry('user', 'one'),
  entry('assistant', 'first'),
  entry('user', 'two'),
  entry('assistant', 'second'),
]

function hundred(): number {
  return 100
}

describe('S2-05 a window', () => {
  test('shows the newest whole exchanges', async () => {
    for (const [maxMessages, shown] of [
      [4, talk],
      [3, talk.slice(2)],
      [2, talk.slice(2)],
      [1, []],
    ] as const) {
      expect(await select(talk, windowed({ maxMessages }), signal)).toEqual({ entries: shown })
    }
  })

  test('counts tokens, by its own measure or another', async () => {
    const long = [...talk, entry('user', 'x'.repeat(3_000)), entry('assistant', 'third')]
    const byBytes = await select(long, windowed({ maxTokens: 1_110 }), signal)
    expect(byBytes.entries).toHaveLength(6)
    expect((await select(long, windowed({ maxTokens: 1_080 }), signal)).entries).toHaveLength(4)
    expect((await select(long, windowed({ maxTokens: 1_030 }), signal)).entries).toHaveLength(0)
    const counted = await select(long, windowed({ maxTokens: 250, countTokens: hundred }), signal)
    expect(counted.entries).toEqual(long.slice(4))
  })

  test.each<[string, HistoryBounds]>([
    ['no bound', {}],
    ['a bound of 0', { maxMessages: 0 }],
    ['half a token', { maxTokens: 0.5 }],
    ['a measure that is none', { maxTokens: 1, countTokens: 4 as unknown as () => number }],
    ['another name', { max: 4 } as HistoryBounds],
  ])('with %s is refused', (_, bounds) => {
    expect(() => windowed(bounds)).toThrow(expect.objectContaining({ code: 'bad-option' }))
    const compactOptions = { ...bounds, summarise: () => '' } as CompactOptions
    expect(() => compacted(compactOptions)).toThrow(expect.objectContaining({ code: 'bad-option' }))
  })
})

describe('S2-05 a conversation that is summarised', () => {
  test('is shown as its summary and what came after it, from run to run', async () => {
    const store = memoryHistory()
    const summarise = vi.fn((messages: readonly unknown[]) => `Summary of ${messages.length}.`)
    const view = compacted({ maxMessages: 4, summarise })
    const history = { store, view }
    const { model, start } = agentOf(
      ['a', 'b', 'c', 'd', 'e'].map((text) => ({ text })),
      { history },
    )
    for (const input of ['1', '2', '3', '4', '5']) {
      // oxlint-disable-next-line no-await-in-loop
      await start({ session: 's', input }).result()
    }
    const shown = model.requests.map(({ messages }) =>
      messages.map(({ content }) =>
        typeof content === 'string' ? content : (content[0] as { text: string }).text,
      ),
    )
    expect(shown).toEqual([
      ['1'],
      ['1', 'a', '2'],
      ['1', 'a', '2', 'b', '3'],
      ['Summary of 4.', '3', 'c', '4'],
      ['Summary of 3.', '4', 'd', '5'],
    ])
    expect(summarise).toHaveBeenCalledTimes(2)
    const key = JSON.stringify(['s', null, 'user-1'])
    expect((await store.read(key)).length).toBe(12)
  })

  test('fails the run where it cannot be, and goes on later', async () => {
    const store = memoryHistory()
    await store.append(JSON.stringify(['s', null, 'user-1']), 0, talk)
    let isBroken = true
    const summarise = (): string => {
      if (isBroken) throw new Error('no model')
      return 'Summary.'
    }
    const history = { store, view: compacted({ maxMessages: 2, summarise }) }
    const { start } = agentOf([{ text: 'ok' }], { history })
    expect(await start({ session: 's' }).result()).toMatchObject({
      error: { code: 'bad-history', message: expect.stringContaining('no model') as string },
    })
    isBroken = false
    expect((await start({ session: 's' }).result()).status).toBe('completed')
  })
})

describe('S2-41 a manager of conversations', () => {
  const start = Date.parse(at)

  function managed(options: Partial<HistoryManagerOptions> = {}) {
    const clock = manualClock(start)
    const store = memoryHistory()
    const manager = historyManager(store, { ttlMs: 1_000, clock, ...options })
    return { clock, manager, store }
  }

  for (const { name, run } of historySuite(() => ({
    open: () => managed().manager,
    isFleeting: true,
  }))) {
    test(`is a store: ${name}`, run)
  }

  test('lets conversations end after their time, also before they are searched', async () => {
    const { clock, manager, store } = managed()
    await manager.append('a', 0, talk)
    clock.advance(999)
    expect(await manager.read('a')).toHaveLength(4)
    clock.advance(1)
    expect(await collect(manager.list())).toEqual([])
    expect(await manager.read('a')).toEqual([])
    expect(await store.read('a')).toEqual([])
    await manager.append('a', 0, talk)
  })

  test('removes what is over, and nothing that goes on', async () => {
    const { clock, manager, store } = managed()
    await manager.append('old', 0, talk)
    await manager.append('extended', 0, talk)
    clock.advance(1_000)
    await manager.append('new', 0, [{ ...talk[0]!, at: new Date(clock.now()).toISOString() }])
    const list = store.list.bind(store)
    store.list = async function* listed() {
      for await (const kept of list()) {
        yield kept
        // somebody goes on between the look and the removal
        if (kept.key === 'old') {
          await store.append('extended', 4, [
            { ...talk[0]!, at: new Date(clock.now()).toISOString() },
          ])
        }
      }
    }
    expect(await manager.cleanUp()).toBe(1)
    expect(
      await Promise.all(
        ['old', 'extended', 'new'].map(async (key) => (await store.read(key)).length),
      ),
    ).toEqual([0, 5, 1])
  })

  test('removes nothing that a run is at work on', async () => {
    const { clock, manager, store } = managed()
    await manager.append('a', 0, talk)
    await store.lease('a', 'a run', 60_000)
    clock.advance(1_000)
    expect(await manager.cleanUp()).toBe(0)
    await manager.append('a', 4, [{ ...talk[0]!, at: new Date(clock.now()).toISOString() }])
    await store.release('a', 'a run')
    expect(await manager.cleanUp()).toBe(0)
    clock.advance(1_000)
    expect(await manager.cleanUp()).toBe(1)
    expect(await store.lease('a', 'another run', 60_000)).toBe(true)
  })

  test('treats a time that is none as over', async () => {
    const { manager } = managed()
    await manager.append('a', 0, [{ ...talk[0]!, at: 'never' }])
    expect(await manager.cleanUp()).toBe(1)
  })

  test('removes nothing by a clock that does not tell the time', async () => {
    const clock = { now: () => Number.NaN, monotonic: () => 0 }
    const { manager, store } = managed({ clock })
    await manager.append('a', 0, talk)
    const error = { code: 'bad-history', message: 'the clock does not tell the time' }
    await expect(manager.cleanUp()).rejects.toMatchObject(error)
    await expect(manager.read('a')).rejects.toMatchObject(error)
    expect(await store.read('a')).toHaveLength(4)
  })

  test('a listener that fails does not end the process', async () => {
    const warned: string[] = []
    const listen = ({ message }: Error): void => void warned.push(message)
    process.on('warning', listen)
    const onError = vi.fn().mockRejectedValueOnce(new Error('no'))
    const { manager, store } = managed({ cleanupIntervalMs: 1, onError })
    vi.spyOn(store, 'list').mockImplementation(() => {
      throw new Error('no disk')
    })
    await vi.waitFor(() => {
      expect(warned[0]).toBe('onError of `historyManager` threw: no')
    })
    await manager.dispose()
    process.off('warning', listen)
  })

  test('searches by itself until it is disposed, and goes on after a search that failed', async () => {
    vi.useFakeTimers()
    try {
      const onError = vi.fn()
      const { clock, manager, store } = managed({ cleanupIntervalMs: 100, onError })
      const list = vi.spyOn(store, 'list').mockImplementationOnce(() => {
        throw new Error('no disk')
      })
      await manager.append('a', 0, talk)
      clock.advance(1_000)
      await vi.advanceTimersByTimeAsync(100)
      expect(onError.mock.calls).toMatchObject([[{ code: 'bad-history' }]])
      expect(await store.read('a')).toHaveLength(4)
      await vi.advanceTimersByTimeAsync(100)
      expect(await store.read('a')).toEqual([])
      await manager.dispose()
      await vi.advanceTimersByTimeAsync(1_000)
      expect(list).toHaveBeenCalledTimes(2)
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  test.each<Partial<HistoryManagerOptions>>([
    { ttlMs: 0 },
    { ttlMs: Number.NaN },
    { cleanupIntervalMs: 0 },
    { cleanupIntervalMs: 2 ** 31 },
    { ttl: 1 } as Partial<HistoryManagerOptions>,
  ])('refuses the options %j', (options) => {
    expect(() => managed(options)).toThrow(expect.objectContaining({ code: 'bad-option' }))
  })
})
