import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { renderCsv } from '../../../src/report/csv.ts'
import { renderJson } from '../../../src/report/render-json.ts'
import { renderJunit } from '../../../src/report/junit.ts'
import { longPage, renderHtml } from '../../../src/report/html/page.ts'
import { LongReport } from '../../../src/report/long.ts'
import * as views from '../../../src/report/long-render.ts'
import { renderMarkdown } from '../../../src/report/markdown.ts'
import { readReport } from '../../../src/report/read.ts'
import { renderSarif } from '../../../src/report/sarif.ts'
import { renderTerminal } from '../../../src/report/terminal.ts'
import type { JournalRecord } from '../../../src/journal/journal.ts'
import type { StructuralEvent } from '../../../src/protocol/run-event.ts'
import { reportOfMany } from './many-calls.ts'
import { randomRun } from './random-run.ts'
import { EventWriter, sampleEvents, usage } from './sample.ts'
import { seal } from './sealed.ts'

async function* each(records: readonly JournalRecord[]): AsyncGenerator<JournalRecord> {
  yield* records
}

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const piece of pieces) text += piece
  return text
}

async function expectSame(events: readonly StructuralEvent[]): Promise<void> {
  const records = seal(events)
  const whole = await readReport(records)
  const long = await LongReport.open(() => each(records))
  expect(await textOf(views.longJson(long))).toBe(renderJson(whole))
  expect(await textOf(views.longCsv(long, { bom: true }))).toBe(renderCsv(whole, { bom: true }))
  expect(await textOf(views.longJunit(long))).toBe(renderJunit(whole))
  expect(await textOf(views.longSarif(long))).toBe(renderSarif(whole))
  expect(await textOf(views.longMarkdown(long, {}))).toBe(renderMarkdown(whole))
  expect((await longPage(long, {})).inside()).toBe(renderHtml(whole))
  expect(await textOf(views.longTerminal(long, { width: 100 }))).toBe(
    renderTerminal(whole, { width: 100 }),
  )
}

test('a run that is read in pieces gives the bytes of the one that is held whole', async () => {
  await expectSame(sampleEvents())
  await expectSame(sampleEvents('shadow'))
  await expectSame(new EventWriter().start().events)
})

test('so does any run, finished or not', async () => {
  await fc.assert(
    fc.asyncProperty(randomRun, async (events) => {
      await expectSame(events)
    }),
    { numRuns: 40 },
  )
})

test('so does a run of more calls than views list', async () => {
  expect(reportOfMany(10).rows).toHaveLength(10)
  const writer = new EventWriter().start()
  for (let turn = 0; turn < 60; turn++) {
    writer.beginTurn()
    for (let index = 0; index < 8; index++)
      writer.propose(index, 'refund', { note: '`|'.repeat(40) })
    writer.endTurn(1, usage)
    for (let index = 0; index < 8; index++) {
      writer.decide(index, 'deny', 'refund-limit', ['`/amount` is too much'.repeat(9)])
      writer.refuse(index, 'refund', {})
    }
  }
  await expectSame(writer.end('completed').events)
})

test('calls come in the order of proposal although an earlier one ends later', async () => {
  const writer = new EventWriter().start().beginTurn()
  writer.propose(0, 'slow', {}).propose(1, 'fast', {}).endTurn(1, usage)
  writer.decide(0, 'allow', 'r', []).decide(1, 'allow', 'r', [])
  writer.startTool(0, 'slow').execute(1, 'fast', 1, 'ok').execute(0, 'slow', 9, 'ok')
  const records = seal(writer.end('completed').events)
  const long = await LongReport.open(() => each(records))
  const seen: string[] = []
  const { report } = await long.outline({ call: ({ row }) => void seen.push(row.tool) })
  expect(seen).toEqual(['slow', 'fast'])
  expect(report.rows).toEqual([])
  expect(report.totals.calls).toBe(2)
})

test('what is appended while a run is read is left aside, and a change is noticed', async () => {
  const records = seal(sampleEvents())
  let shown = records.slice(0, 20)
  const long = await LongReport.open(() => each(shown))
  const before = await textOf(views.longJson(long))
  shown = records
  expect(await textOf(views.longJson(long))).toBe(before)
  for (const changed of [records.slice(0, 10), [...records.slice(0, 19), records[20]!]]) {
    shown = changed
    await expect(long.outline()).rejects.toThrow('the journal was changed while it was read')
  }
})

test('a record that is none of a run, or whose call has a wrong shape, is refused', async () => {
  const records = seal(sampleEvents())
  const broken = [{ ...records[0]!, line: 'no json' }]
  await expect(LongReport.open(() => each(broken))).rejects.toThrow('record 0 is not a line')
  const wrong = seal(
    sampleEvents().map((event) =>
      event.type === 'tool-result' ? ({ ...event, status: 'fine' } as never) : event,
    ),
  )
  const long = await LongReport.open(() => each(wrong))
  await expect(long.outline()).rejects.toThrow('`/status` must be equal')
})

test('a run whose lines do not name their calls loses none of them', async () => {
  const records = seal(sampleEvents()).map((record) => {
    const { callId, ...line } = JSON.parse(record.line) as Record<string, unknown>
    if (line['type'] !== 'tool-call' || callId === undefined) return record
    const { salt, value } = JSON.parse(record.payload!) as { salt: string; value: object }
    const payload = JSON.stringify({ salt, value: { ...value, callId } })
    return { ...record, line: JSON.stringify(line), payload }
  })
  const proposed = records.slice(0, records.findLastIndex(({ line }) => isProposal(line)) + 1)
  const kept = proposed.filter(({ line }) => !/"callId"/.test(line))
  const long = await LongReport.open(() => each(kept))
  const { rows, totals } = await readReport(kept)
  expect(rows.length).toBeGreaterThan(3)
  expect(JSON.parse(await textOf(views.longJson(long)))).toMatchObject({ rows, totals })
})

function isProposal(line: string): boolean {
  return line.includes('"type":"tool-call"')
}
