import { readdirSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JournalRecord } from '../../src/journal/journal.ts'
import { jsonlJournal } from '../../src/journal/jsonl.ts'
import { sqliteJournal } from '../../src/journal/sqlite.ts'
import { collect } from '../support/agent.ts'
import { temporaryFolder } from '../support/folder.ts'
import { randomRun } from '../unit/report/random-run.ts'
import { seal } from '../unit/report/sealed.ts'

/** Around the sizes at which a reader goes on to another block: 4 KiB, 64 KiB and 1 MiB. */
const lengths = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 4, arbitrary: fc.integer({ min: 3_900, max: 4_300 }) },
  { weight: 2, arbitrary: fc.integer({ min: 65_000, max: 66_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1_048_000, max: 1_049_000 }) },
)

const appends = fc.array(
  fc.record({
    run: fc.nat({ max: 3 }),
    records: fc.array(fc.record({ line: lengths, payload: fc.option(lengths) }), {
      minLength: 1,
      maxLength: 5,
    }),
  }),
  { maxLength: 12 },
)

/** As the journal keeps it, which looks at no more of a line than its run and its number. */
function recordOf(runId: string, seq: number, line: number, payload: number | null): JournalRecord {
  return {
    seq,
    line: `{"at":"é${'x'.repeat(line)}","runId":"${runId}","seq":${seq}}`,
    hash: '',
    durable: false,
    ...(payload === null ? {} : { payload: `{"value":"é${'y'.repeat(payload)}"}` }),
  }
}

test.each([
  ['lines', (path: string) => jsonlJournal(`${path}.jsonl`)],
  ['SQLite', (path: string) => sqliteJournal(`${path}.db`)],
])('runs that were written in turn are read apart, from any place, by %s', async (_, open) => {
  const folder = temporaryFolder()
  let number = 0
  await fc.assert(
    fc.asyncProperty(appends, fc.nat({ max: 12 }), async (given, from) => {
      const path = join(folder, String(number++))
      const written = new Map<string, JournalRecord[]>()
      const writer = open(path)
      for (const { run, records } of given) {
        const runId = `run_${run}`
        const before = written.get(runId) ?? []
        const more = records.map((each, at) =>
          recordOf(runId, before.length + at, each.line, each.payload),
        )
        await writer.append(runId, before.length, more)
        written.set(runId, [...before, ...more])
      }
      await writer.close?.()
      const reader = open(path)
      expect(await collect(reader.list())).toEqual([...written.keys()])
      for (const [runId, records] of written) {
        const read = await collect(reader.read(runId, from))
        expect(read.map(textOf)).toEqual(records.slice(from).map(textOf))
      }
      await reader.close?.()
    }),
    { numRuns: 60 },
  )
})

function textOf({ seq, line, payload }: JournalRecord): readonly unknown[] {
  return [seq, line, payload]
}

/** Texts in which a reader in a hurry could see the end of another line. */
const misleading = fc.constantFrom(
  '","runId":"other","seq":0,"turn":1,"type":"end","v":1}',
  '"runId":"other","seq":7,"turn":1,"type":"end","v":1}',
  '{"runId":"other","seq":0}',
  'é\u2028"\\',
)

test('every record of a run is found in a file of lines, whatever its run and its tools are called', async () => {
  const path = join(temporaryFolder(), 'journal.jsonl')
  const journal = jsonlJournal(path)
  const written = new Map<string, readonly JournalRecord[]>()
  const name = fc.oneof(fc.string({ unit: 'grapheme' }), misleading)
  for (const [events, tool, suffix] of fc.sample(fc.tuple(randomRun, name, name), 60)) {
    const runId = `run ${written.size} ${suffix}`
    const records = seal(
      events.map((event) => ({ ...event, runId, ...('tool' in event ? { tool } : {}) })),
    )
    written.set(runId, records)
    await journal.append(runId, 0, records)
  }
  await journal.close?.()
  const reader = jsonlJournal(path)
  expect(await collect(reader.list())).toEqual([...written.keys()])
  for (const [runId, records] of written) {
    const read = await collect(reader.read(runId))
    expect(read.map(textOf)).toEqual(records.map(textOf))
  }
})

test('a journal of lines that is cut while it is read is an error', async () => {
  const path = join(temporaryFolder(), 'journal.jsonl')
  const journal = jsonlJournal(path)
  const records = [0, 1, 2, 3].map((seq) => recordOf('run', seq, 3_000, null))
  await journal.append('run', 0, records)
  await journal.close?.()
  const read = journal.read('run')[Symbol.asyncIterator]()
  expect((await read.next()).value).toMatchObject({ seq: 0 })
  truncateSync(path, 4_000)
  await expect(Promise.all([read.next(), read.next()])).rejects.toMatchObject({
    code: 'bad-journal',
    message: `\`${path}\` was cut while it was read`,
  })
})

test.skipIf(process.platform !== 'linux')(
  'a reader of lines that stops early leaves no file open',
  async () => {
    const path = join(temporaryFolder(), 'journal.jsonl')
    const journal = jsonlJournal(path)
    await journal.append('run', 0, [recordOf('run', 0, 10, 10), recordOf('run', 1, 10, 10)])
    await journal.close?.()
    const open = readdirSync('/proc/self/fd').length
    for (let time = 0; time < 50; time++) {
      for await (const { seq } of journal.read('run')) {
        expect(seq).toBe(0)
        break
      }
    }
    expect(readdirSync('/proc/self/fd').length).toBeLessThan(open + 20)
  },
)
