import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fileKinds, open } from '../crash/journals.ts'
import { race } from '../crash/race.ts'
import { treeRound } from '../crash/tree.ts'
import { crashRound, type RoundEnd } from '../crash/rounds.ts'

const sound = { lost: 0, duplicates: [], faults: [] }
const random = Math.random

/** Where a process dies, in appends; the records of both are the same, so that one needs few. */
const boundaries = { sqlite: [0.5, 3, 5.5, 8, 10.5, 12], jsonl: [1, 6.5] }

/** The same of a run with agents. */
const treeBoundaries = { sqlite: [2.5, 12, 21.5, 30], jsonl: [8, 17.5] }

describe.each(fileKinds)('on %s', (kind) => {
  test('runs of processes that are killed at random come to their end, and nothing is done twice', async () => {
    const end = await crashRound({ kind, runs: 4, kills: 4, random })
    expect(end).toMatchObject(sound)
    expect(end.crashes).toBeGreaterThan(0)
  }, 180_000)

  test.each(boundaries[kind])(
    'a run goes on whose process died at its append %d',
    async (lastAppend) => {
      const end = await crashRound({ kind, runs: 1, lastAppend, random })
      expect(end).toMatchObject({ ...sound, crashes: 1 })
    },
    120_000,
  )

  test.each(treeBoundaries[kind])(
    'a run with agents two deep goes on whose process died at its append %d, within the same budget',
    async (lastAppend) => {
      const end = await treeRound({ kind, lastAppend, random })
      expect(end).toEqual({ crashes: 1, duplicates: [], faults: [] })
    },
    120_000,
  )

  test('a run with agents two deep that is killed at random comes to its end within its budget', async () => {
    const end = await treeRound({ kind, kills: 4, random })
    expect(end).toMatchObject({ duplicates: [], faults: [] })
  }, 120_000)

  test('of two processes that take up a run at once, one carries it and the other is told', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-race-'))
    const journal = open(folder, kind)
    const module = join(import.meta.dirname, '../crash/journals.ts')
    const end = await race({ runs: 10, folder, module, given: [kind], journal })
    await journal.close()
    expect(end.faults).toEqual([])
    const races = Object.values(end.ends).reduce((sum, times) => sum + times, 0)
    expect(races).toBe(10)
  }, 120_000)
})

test('a process that was frozen while another one took its runs over does nothing to them', async () => {
  const end = await crashRound({ kind: 'sqlite', runs: 4, takeOvers: 2, random })
  expect(end).toMatchObject(sound)
}, 180_000)

test('the same look finds calls that were done twice where intents come too late', async () => {
  const ends: RoundEnd[] = []
  while (ends.length < 5 && !ends.some(({ duplicates }) => duplicates.length > 0)) {
    ends.push(await crashRound({ kind: 'sqlite', runs: 8, kills: 4, isUnguarded: true, random }))
  }
  expect(ends.flatMap(({ duplicates }) => duplicates)).not.toEqual([])
}, 180_000)
