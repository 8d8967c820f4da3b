import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { parseJson } from '../../src/base/json.ts'
import {
  createRuntime,
  defineTool,
  jsonlJournal,
  memoryJournal,
  parsePolicy,
  sqliteJournal,
  type Journal,
  type JournalRecord,
} from '../../src/index.ts'
import type { StructuralEvent } from '../../src/protocol/run-event.ts'
import { foldReport, renderHtml } from '../../src/report/index.ts'
import { scripted, type ScriptedCall } from '../../src/testing/index.ts'
import { median } from './statistics.ts'

/** One part of a run on its own: wall time, the median over the rounds. */
export interface PartRow {
  readonly what: string
  readonly milliseconds: number
  /** What the time is for: one text, one report, one record. */
  readonly for: string
  /** Against the plainest way to do it, where there is one: median of the ratios within a round. */
  readonly toPlain?: number
}

const calls = 10_000
const callsPerTurn = 16
const appendedRuns = 20

/** Bounded parsing of arguments, report over a long run, and what journals take for the records of a run. */
export async function measureParts(rounds: number): Promise<PartRow[]> {
  const rows = [200, 10 * 1024, 1024 * 1024].map((length) => parsing(length, rounds))
  const long = await recordRun(calls)
  const { head } = long
  const folding = timed(rounds, () => foldReport(long.events, { head }))
  const report = foldReport(long.events, { head })
  const page = timed(rounds, () => renderHtml(report))
  rows.push(
    { what: `report, fold of ${calls} calls`, milliseconds: folding, for: 'one report' },
    { what: `report, HTML of ${calls} calls`, milliseconds: page, for: 'one report' },
  )
  rows.push(...(await appending(rounds)))
  return rows
}

function parsing(length: number, rounds: number): PartRow {
  const item = {
    order: 'O-1000',
    amount: 20,
    note: 'where is "my" parcel, reply soon',
    tags: [1, 2],
  }
  const count = Math.max(1, Math.round(length / JSON.stringify(item).length))
  const text = JSON.stringify(Array.from({ length: count }, () => item))
  const times = Math.max(1, Math.round(2_000_000 / text.length))
  const bounded = (): void => {
    for (let at = 0; at < times; at++) if (!parseJson(text).ok) throw new Error('refused')
  }
  const plain = (): void => {
    for (let at = 0; at < times; at++) JSON.parse(text)
  }
  const own: number[] = []
  const ratios: number[] = []
  for (let round = -2; round < rounds; round++) {
    const ownMs = wall(bounded) / times
    const plainMs = wall(plain) / times
    if (round < 0) continue
    own.push(ownMs)
    ratios.push(ownMs / plainMs)
  }
  const what = `JSON within bounds, ${(text.length / 1024).toFixed(1)} KiB`
  return { what, milliseconds: median(own), for: 'one text', toPlain: median(ratios) }
}

interface RecordedRun {
  readonly events: readonly StructuralEvent[]
  /** As the run appended them: a batch each time. */
  readonly batches: readonly (readonly JournalRecord[])[]
  readonly head: string | null
}

function lookup(at: number): ScriptedCall {
  return {
    tool: 'lookup_order',
    args: { order: `O-${at}`, note: 'customer asks where the parcel is' },
  }
}

/** A run of so many calls of one tool, with everything it tells and writes. */
async function recordRun(count: number): Promise<RecordedRun> {
  const turns = Array.from({ length: Math.ceil(count / callsPerTurn) }, (_, turn) => {
    const first = turn * callsPerTurn
    const length = Math.min(callsPerTurn, count - first)
    return { calls: Array.from({ length }, (__, index) => lookup(first + index)) }
  })
  const batches: (readonly JournalRecord[])[] = []
  const stored = memoryJournal()
  const journal: Journal = {
    ...stored,
    append: (runId, expectedSeq, records) => {
      batches.push(records)
      return stored.append(runId, expectedSeq, records)
    },
  }
  const runtime = createRuntime({
    model: scripted([...turns, { text: 'done' }]),
    tools: [
      defineTool({
        name: 'lookup_order',
        description: 'Finds an order.',
        input: { type: 'object' },
        annotations: { readOnly: true },
        execute: (args) => ({ ...(args as object), status: 'shipped' }),
      }),
    ],
    policy: await parsePolicy(policy),
    journal,
    limits: { maxTurns: count + 1, maxToolCalls: count, runTimeoutMs: 600_000 },
  })
  const events: StructuralEvent[] = []
  const run = runtime.run({ input: 'where are my orders?' })
  for await (const event of run) {
    if (event.type !== 'text-delta' && event.type !== 'reasoning-delta') {
      events.push(event as StructuralEvent)
    }
  }
  const { status, report } = await run.result()
  if (status !== 'completed' || report.rows.length !== count) {
    throw new Error(`the run ended as ${status} with ${report.rows.length} rows`)
  }
  return { events, batches, head: batches.at(-1)?.at(-1)?.hash ?? null }
}

const policy = `sallyport: 1
name: parts
identity: { anonymous: role, anonymousRole: support }
roles: { support: {} }
rules: [{ id: orders, allow: [lookup_order] }]
`

/** Records of the same run under new ids, in the batches in which the run wrote them. */
async function appending(rounds: number): Promise<PartRow[]> {
  const { batches } = await recordRun(callsPerTurn)
  const records = batches.flat().length
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  const kinds: readonly [name: string, journal: Journal][] = [
    ['memory', memoryJournal()],
    ['JSONL', jsonlJournal(join(folder, 'jsonl'))],
    ['SQLite', sqliteJournal(join(folder, 'runs.sqlite'))],
  ]
  try {
    const walls = kinds.map((): number[] => [])
    for (let round = -1; round < rounds; round++) {
      for (const [at, [, journal]] of kinds.entries()) {
        const ms = await appendRuns(journal, batches, round)
        if (round >= 0) walls[at]!.push(ms / (appendedRuns * records))
      }
    }
    return kinds.map(([name], at) => ({
      what: `journal, ${name}, a run of ${callsPerTurn} calls in ${records} records`,
      milliseconds: median(walls[at]!),
      for: 'one record',
      ...(at === 0
        ? {}
        : { toPlain: median(walls[at]!.map((ms, round) => ms / walls[0]![round]!)) }),
    }))
  } finally {
    for (const [, journal] of kinds) await journal.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function appendRuns(
  journal: Journal,
  batches: readonly (readonly JournalRecord[])[],
  round: number,
): Promise<number> {
  const start = performance.now()
  for (let run = 0; run < appendedRuns; run++) {
    let seq = 0
    for (const batch of batches) {
      await journal.append(`bench-${round + 1}-${run}`, seq, batch)
      seq += batch.length
    }
  }
  return performance.now() - start
}

/** The median wall time over the rounds; the first two calls compile. */
function timed(rounds: number, work: () => unknown): number {
  const walls: number[] = []
  for (let round = -2; round < rounds; round++) {
    const ms = wall(work)
    if (round >= 0) walls.push(ms)
  }
  return median(walls)
}

function wall(work: () => unknown): number {
  const start = performance.now()
  work()
  return performance.now() - start
}
