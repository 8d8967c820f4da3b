import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Chain } from '../../../src/journal/chain.ts'
import type { JournalRecord } from '../../../src/journal/journal.ts'
import { jsonlJournal } from '../../../src/journal/jsonl.ts'
import { planPrune, type PruneOptions } from '../../../src/journal/retention.ts'
import { sqliteJournal } from '../../../src/journal/sqlite.ts'
import { temporaryFolder } from '../../support/folder.ts'

const secret = 'the words that nobody may find again'

function said(runId: string, value: string, count = 3): readonly JournalRecord[] {
  const chain = new Chain()
  return Array.from({ length: count }, (_, seq) =>
    chain.seal({
      type: 'execution-progress',
      callId: 'c',
      value,
      seq,
      runId,
      turn: 1,
      at: '2026-01-01T00:00:00.000Z',
    }),
  )
}

const drivers = [
  ['SQLite', (folder: string) => sqliteJournal(join(folder, 'journal.db'))],
  ['file', (folder: string) => jsonlJournal(join(folder, 'journal.jsonl'))],
] as const

function holders(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) =>
    readFileSync(join(folder, name)).includes(Buffer.from(secret)),
  )
}

describe.each(drivers)('%s journal', (_, open) => {
  test.each(['erase', 'remove'] as const)(
    'has the words of a run in none of its files after `%s`, while it is open',
    async (way) => {
      const folder = temporaryFolder()
      const journal = open(folder)
      await journal.append('run_a', 0, said('run_a', `${secret} ${'x'.repeat(20_000)}`))
      await journal.append('run_b', 0, said('run_b', 'other words'))
      await journal.leaveAnswer('run_a', JSON.stringify({ reason: secret }))
      expect(holders(folder)).not.toEqual([])
      await journal[way]('run_a')
      expect(holders(folder)).toEqual([])
      for (const name of readdirSync(folder)) {
        expect(statSync(join(folder, name)).mode & 0o077, name).toBe(0)
      }
      await journal.close()
    },
  )

  test('gives a reader whole records while runs are removed beside it', async () => {
    const folder = temporaryFolder()
    const journal = open(folder)
    const kept = said('run_kept', 'k'.repeat(3000), 800)
    await journal.append('run_a', 0, said('run_a', 'x'.repeat(5000), 200))
    await journal.append('run_kept', 0, kept)
    const reader = open(folder)
    const seen: string[] = []
    for await (const { line, payload } of reader.read('run_kept')) {
      if (seen.length === 10) await journal.remove('run_a')
      expect(payload).toBe(kept[seen.length]!.payload)
      seen.push(line)
    }
    expect(seen).toEqual(kept.map(({ line }) => line))
    const again: string[] = []
    for await (const { line } of reader.read('run_kept')) again.push(line)
    expect(again).toEqual(seen)
    await reader.close()
    await journal.close()
  })
})

test('an answer that another process leaves while answers are erased is kept', async () => {
  const path = join(temporaryFolder(), 'journal.jsonl')
  const [carrier, other] = [jsonlJournal(path), jsonlJournal(path)]
  for (let round = 0; round < 30; round++) {
    await carrier.leaveAnswer('run_a', 'old')
    await Promise.all([carrier.erase('run_a'), other.leaveAnswer('run_b', `${round}`)])
  }
  expect(await other.answers('run_b')).toEqual(Array.from({ length: 30 }, (_, at) => `${at}`))
  expect(await other.answers('run_a')).toEqual([])
  await carrier.close()
})

function end(at: string, status = 'completed'): string {
  return JSON.stringify({ at, status, type: 'end' })
}

describe('what is pruned', () => {
  const now = Date.parse('2026-02-01T00:00:00.000Z')

  function fate(lastLine: string | undefined, hasSaid = true): string | undefined {
    const plan = planPrune({ payloadsOlderThan: '1d', runsOlderThan: '10d', now })
    const pruned = plan([{ runId: 'r', firstLine: undefined, lastLine, hasSaid }])
    return Object.entries(pruned).find(([, runs]) => runs.length > 0)?.[0]
  }

  test.each([
    ['exactly as old as the age', '2026-01-31T00:00:00.000Z', undefined],
    ['a millisecond older', '2026-01-30T23:59:59.999Z', 'erased'],
    ['exactly as old as the second age', '2026-01-22T00:00:00.000Z', 'erased'],
    ['older than both', '2026-01-21T23:59:59.999Z', 'removed'],
    ['of the future', '2027-01-01T00:00:00.000Z', undefined],
  ])('a run that is %s: %s', (_, at, expected) => {
    expect(fate(end(at))).toBe(expected)
  })

  test.each([
    ['waits for people', end('2020-01-01T00:00:00.000Z', 'needs-approval'), 'unfinished'],
    ['has no end', '{"at":"2020-01-01T00:00:00.000Z","type":"tool-call"}', 'unfinished'],
    ['has a line that is no JSON', '{"at":"2020-01-01', undefined],
    ['has a time that is none', '{"at":"yesterday","status":"completed","type":"end"}', undefined],
    ['has no time', '{"status":"completed","type":"end"}', undefined],
    ['has no records', undefined, undefined],
  ])('a run that %s is left alone', (_, line, expected) => {
    expect(fate(line)).toBe(expected)
  })

  test('names no run that has nothing left to erase', () => {
    expect(fate(end('2026-01-25T00:00:00.000Z'), false)).toBeUndefined()
  })

  test.each([
    [{}, 'no age'],
    [{ runsOlderThan: '1 month' }, '`1 month` is not a duration'],
    [{ runsOlderThen: '30d' }, 'did you mean `runsOlderThan`'],
    [{ runsOlderThan: '30d', now: Number.NaN }, '`now`'],
  ])('refuses %j', (options, message) => {
    expect(() => planPrune(options as PruneOptions)).toThrow(message)
  })
})
