import { expect, test } from 'vitest'
import { crashRound, type RoundEnd } from '../crash/rounds.ts'

const sound = { lost: 0, duplicates: [], faults: [] }

test('runs of processes that are killed at random come to their end, and nothing is done twice', async () => {
  const end = await crashRound({ runs: 4, kills: 4, random: Math.random })
  expect(end).toMatchObject(sound)
  expect(end.crashes).toBeGreaterThan(0)
}, 180_000)

test.each([0.5, 3, 5.5, 8, 10.5, 13])(
  'a run goes on whose process died at its append %d',
  async (lastAppend) => {
    const end = await crashRound({ runs: 1, kills: 0, lastAppend, random: Math.random })
    expect(end).toMatchObject({ ...sound, crashes: 1 })
  },
  120_000,
)

test('the same look finds calls that were done twice where intents come too late', async () => {
  const ends: RoundEnd[] = []
  while (ends.length < 5 && !ends.some(({ duplicates }) => duplicates.length > 0)) {
    ends.push(await crashRound({ runs: 8, kills: 4, isUnguarded: true, random: Math.random }))
  }
  expect(ends.flatMap(({ duplicates }) => duplicates)).not.toEqual([])
}, 180_000)
