import { describe, expect, test } from 'vitest'
import { keptRun, keptSnapshots } from '../support/snapshots.ts'

const versions = [1]

describe.each(versions)('a snapshot of version %s', (version) => {
  const kept = keptSnapshots(version)

  test('still carries its run on', async () => {
    const { calls, runtime } = await keptRun(kept)
    const { status, text } = await runtime.resume(kept.snapshot).result()
    expect([status, text, calls]).toEqual([
      'completed',
      'paid back',
      [{ order: 'O-7', amount: 120 }],
    ])
  })

  test.each(kept.refused)('is refused where it is $what', async ({ code, snapshot }) => {
    const { calls, journal, runtime } = await keptRun(kept)
    const resumed = async () => runtime.resume(snapshot).result()
    await expect(resumed()).rejects.toMatchObject({ code })
    let records = 0
    for await (const runId of journal.list()) {
      for await (const { seq } of journal.read(runId)) records = seq + 1
    }
    expect([calls, records]).toEqual([[], kept.records.length])
  })
})
