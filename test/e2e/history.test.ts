import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { diskHistory } from '../../src/history/disk.ts'
import { sqliteHistory } from '../../src/history/sqlite.ts'
import { historyKey, type HistoryStore } from '../../src/history/store.ts'
import type { Clock } from '../../src/base/clock.ts'
import { temporaryFolder } from '../support/folder.ts'
import { root } from '../support/program.ts'

const flags = ['--conditions=sallyport-source', join(root, 'test/support/history-worker.ts')]
const key = historyKey('s', { subject: 'anonymous' })

const drivers: Readonly<Record<string, (path: string, clock?: Clock) => HistoryStore>> = {
  disk: (path, clock) => diskHistory(path, clock && { clock }),
  sqlite: (path, clock) => sqliteHistory(path, clock && { clock }),
}

describe.each(Object.entries(drivers))('S0-42 a session over %s', (name, open) => {
  test('has the runs of several processes one after the other, each told of all before', async () => {
    const path = join(temporaryFolder(), 'kept')
    const worker = (): Promise<{ stdout: string }> =>
      promisify(execFile)(process.execPath, [...flags, name, path, '4'])
    const outputs = await Promise.all([worker(), worker(), worker()])
    const lengths = outputs.flatMap(({ stdout }) => JSON.parse(stdout) as number[])
    expect(lengths.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 12 }, (_, number) => 2 * number + 1),
    )
    const store = open(path)
    const entries = await store.read(key)
    expect(entries).toHaveLength(24)
    expect(entries.every(({ runId }, at) => runId === entries[at - (at % 2)]?.runId)).toBe(true)
    await store.close()
  })

  test('is free again some time after a process was killed that had it', async () => {
    const path = join(temporaryFolder(), 'kept')
    const holder = spawn(process.execPath, [...flags, name, path, '0'])
    await once(holder.stdout, 'data')
    const ended = once(holder, 'exit')
    holder.kill('SIGKILL')
    await ended
    const store = open(path)
    expect(await store.lease(key, 'next', 1_000)).toBe(false)
    await store.close()
    const later = { now: () => Date.now() + 30_000, monotonic: () => performance.now() }
    const afterwards = open(path, later)
    expect(await afterwards.lease(key, 'next', 1_000)).toBe(true)
    expect(await afterwards.read(key)).toEqual([])
    await afterwards.close()
  })
})
