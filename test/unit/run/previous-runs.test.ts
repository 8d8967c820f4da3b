import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Journal } from '../../../src/journal/journal.ts'
import { jsonlJournal } from '../../../src/journal/jsonl.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import { sqliteJournal } from '../../../src/journal/sqlite.ts'
import type { RunPoint, RunStart } from '../../../src/protocol/run-event.ts'
import { verifyJournal, type VerifyJournalOptions } from '../../../src/report/verify-journal.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import { agentOf, allowing, collect, toolOf, type Agent } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'

const kinds = [
  ['a file of lines', (folder: string) => jsonlJournal(join(folder, 'j.jsonl'))],
  ['SQLite', (folder: string) => sqliteJournal(join(folder, 'j.db'))],
] as const

function greeter(journal: Journal, count = 30): Agent {
  return agentOf(
    Array.from({ length: count }, () => ({ text: 'hello' })),
    { journal },
  )
}

async function namedBy(journal: Journal, runId: string): Promise<readonly RunPoint[]> {
  const [first] = await collect(journal.read(runId))
  return (JSON.parse(first!.line) as RunStart).previousRuns ?? []
}

async function headOf(journal: Journal, runId: string): Promise<string> {
  return (await collect(journal.read(runId))).at(-1)!.hash
}

async function verdictsOf(
  journal: Journal,
  options: VerifyJournalOptions = {},
): Promise<Readonly<Record<string, string>>> {
  const found = await collect(verifyJournal(journal, options))
  return Object.fromEntries(found.map(({ runId, verdict }) => [runId, verdict]))
}

/** The journal as another one would be without some records of a run. */
function without(journal: Journal, runId: string, kept = 0): Journal {
  return {
    ...journal,
    async *list() {
      for await (const id of journal.list()) if (id !== runId || kept > 0) yield id
    },
    async *read(id, from) {
      for await (const record of journal.read(id, from)) {
        if (id !== runId || record.seq < kept) yield record
      }
    },
  }
}

describe.each(kinds)('runs in %s', (_name, open) => {
  test('name the run before them, whoever it was for, by its last record', async () => {
    const journal = open(temporaryFolder())
    const agent = greeter(journal)
    const first = await agent.start().result()
    const auth = { custom: { subject: 'somebody else', roles: ['user'], scopes: [] } }
    const second = await agent.start({ auth }).result()
    const third = await agent.start().result()
    expect(await namedBy(journal, first.runId)).toEqual([])
    expect(await namedBy(journal, second.runId)).toEqual([
      { runId: first.runId, head: first.report.head },
    ])
    expect(await namedBy(journal, third.runId)).toEqual([
      { runId: second.runId, head: second.report.head },
    ])
    expect(new Set(Object.values(await verdictsOf(journal)))).toEqual(new Set(['CONSISTENT']))
    await journal.close()
  })

  test('go on where another process has stopped', async () => {
    const folder = temporaryFolder()
    const earlier = open(folder)
    const { runId } = await greeter(earlier).start().result()
    await earlier.close()
    const journal = open(folder)
    const next = await greeter(journal).start().result()
    expect(await namedBy(journal, next.runId)).toEqual([
      { runId, head: await headOf(journal, runId) },
    ])
    await journal.close()
  })

  test('are all named when they ran at once and another one follows', async () => {
    const journal = open(temporaryFolder())
    const agent = greeter(journal)
    const runs = Array.from({ length: 5 }, () => agent.start())
    const results = await Promise.all(runs.map((run) => run.result()))
    const last = await agent.start().result()
    const named = await Promise.all([...results, last].map(({ runId }) => namedBy(journal, runId)))
    const heads = new Set(named.flat().map(({ head }) => head))
    for (const { report } of results) expect(heads).toContain(report.head)
    expect(new Set(Object.values(await verdictsOf(journal)))).toEqual(new Set(['CONSISTENT']))
    await journal.close()
  })

  test('are missed when one is removed, and when its end is cut off', async () => {
    const journal = open(temporaryFolder())
    const agent = greeter(journal)
    const results = []
    for (let count = 0; count < 4; count++) results.push(await agent.start().result())
    const ids = results.map(({ runId }) => runId)
    for (const removed of ids.slice(0, -1)) {
      expect((await verdictsOf(without(journal, removed)))[removed]).toBe('MISSING_RUN')
      const { length } = await collect(journal.read(removed))
      for (let kept = 1; kept < length; kept++) {
        expect((await verdictsOf(without(journal, removed, kept)))[removed]).toBe('FORKED')
      }
    }
    // nobody has named the last one
    expect(await verdictsOf(without(journal, ids.at(-1)!))).not.toHaveProperty(ids.at(-1)!)
    await journal.close()
  })

  test('may be missing where they are older than is kept', async () => {
    const journal = open(temporaryFolder())
    const clock = manualClock(1_800_000_000_000)
    const turns = Array.from({ length: 3 }, () => ({ text: 'hello' }))
    const agent = agentOf(turns, { journal, clock })
    const old = await agent.start().result()
    clock.advance(86_400_000)
    const young = await agent.start().result()
    clock.advance(86_400_000)
    await agent.start().result()
    await journal.remove(old.runId)
    await journal.remove(young.runId)
    const removedBefore = 1_800_000_000_000 + 3_600_000
    expect(await verdictsOf(journal)).toHaveProperty(young.runId, 'MISSING_RUN')
    expect(await verdictsOf(journal, { removedBefore })).toHaveProperty(young.runId, 'MISSING_RUN')
    const later = removedBefore + 86_400_000
    expect(Object.values(await verdictsOf(journal, { removedBefore: later }))).toEqual([
      'CONSISTENT',
    ])
    await journal.close()
  })

  test('that were carried on are named as they were and as they are', async () => {
    const journal = open(temporaryFolder())
    const failing = agentOf([{ error: { message: 'overloaded' } }], { journal })
    const broken = await failing.start().result()
    expect(broken.status).toBe('error')
    const agent = agentOf([{ text: 'between' }, { text: 'done' }, { text: 'after' }], { journal })
    const between = await agent.start().result()
    const { status, report } = await agent.runtime.resume(broken.runId).result()
    expect(status).toBe('completed')
    const after = await agent.start().result()
    expect(await namedBy(journal, between.runId)).toEqual([
      { runId: broken.runId, head: broken.report.head },
    ])
    expect(await namedBy(journal, after.runId)).toContainEqual({
      runId: broken.runId,
      head: report.head,
    })
    expect(new Set(Object.values(await verdictsOf(journal)))).toEqual(new Set(['CONSISTENT']))
    await journal.close()
  })
})

describe('a run', () => {
  test('that was begun while another one was at work names its beginning', async () => {
    const journal = jsonlJournal(join(temporaryFolder(), 'j.jsonl'))
    let inner: { readonly runId: string } | undefined
    const agent: Agent = agentOf(
      [{ calls: [{ tool: 'look' }] }, { text: 'inside' }, { text: 'outside' }],
      {
        journal,
        policy: allowing('look'),
        tools: [
          toolOf('look', {
            async execute() {
              inner = await agent.start().result()
              return 'done'
            },
          }),
        ],
      },
    )
    const outer = await agent.start().result()
    const [point] = await namedBy(journal, inner!.runId)
    const hashes = (await collect(journal.read(outer.runId))).map(({ hash }) => hash)
    expect(point?.runId).toBe(outer.runId)
    expect(hashes.slice(0, -1)).toContain(point?.head)
    await journal.close()
  })

  test('fails where it is not known what it has to name', async () => {
    const journal: Journal = {
      ...memoryJournal(),
      latestRuns: () => Promise.reject(new Error('the disk is gone')),
    }
    const { error, status } = await greeter(journal).start().result()
    expect([status, error?.code, error?.message]).toEqual([
      'error',
      'bad-journal',
      expect.stringContaining('the disk is gone'),
    ])
  })

  test('does not name one that was never written', async () => {
    const journal = jsonlJournal(join(temporaryFolder(), 'j.jsonl'))
    let appends = 0
    const failing: Journal = {
      ...journal,
      append: (runId, seq, records) =>
        ++appends === 1
          ? Promise.reject(new Error('no space'))
          : journal.append(runId, seq, records),
    }
    const agent = greeter(failing)
    expect((await agent.start().result()).status).toBe('error')
    const { runId, status } = await agent.start().result()
    expect([status, await namedBy(journal, runId)]).toEqual(['completed', []])
    await journal.close()
  })
})
