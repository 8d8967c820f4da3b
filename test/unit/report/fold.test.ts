import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Chain, openRecord } from '../../../src/journal/chain.ts'
import type { StructuralEvent } from '../../../src/protocol/run-event.ts'
import { createFold, foldReport } from '../../../src/report/fold.ts'
import { renderHtml } from '../../../src/report/html/page.ts'
import { renderJson } from '../../../src/report/render-json.ts'
import type { CallRow, Report } from '../../../src/report/report.ts'
import { randomRun } from './random-run.ts'
import { EventWriter, runId, sampleEvents, usage } from './sample.ts'

const head = `sha256:${'ab'.repeat(32)}`

function fold(events: readonly StructuralEvent[]): Report {
  return foldReport(events, { head })
}

function onlyRow(writer: EventWriter): CallRow {
  const { rows } = fold(writer.events)
  expect(rows).toHaveLength(1)
  return rows[0]!
}

function oneCall(): EventWriter {
  return new EventWriter().start().beginTurn().propose(0, 'refund', { amount: 80 })
}

function readBack(events: readonly StructuralEvent[]): readonly StructuralEvent[] {
  const chain = new Chain()
  return events.map((event) => openRecord(chain.seal(event)).event)
}

describe('the fold over a run', () => {
  test('gives one row for each proposed call, executed or not, in the order of proposal', () => {
    const report = fold(sampleEvents())
    expect(report.rows.map((row) => [row.turn, row.index, row.tool, row.status])).toEqual([
      [1, 0, 'get_order', 'success'],
      [1, 1, 'refund', 'error-security'],
      [1, 2, 'web.get', 'error-security'],
      [2, 0, 'refund', 'success'],
      [2, 1, 'refund', 'denied-by-human'],
      [2, 2, 'send_mail', 'error-parsing'],
      [2, 3, 'search', 'error-execution'],
    ])
  })

  test('sums up calls, tokens and money', () => {
    const { totals } = fold(sampleEvents())
    expect(totals.calls).toBe(7)
    expect(totals.byStatus).toEqual({
      success: 2,
      'error-parsing': 1,
      'error-security': 2,
      'error-execution': 1,
      'denied-by-human': 1,
    })
    expect(totals.byEffect).toEqual({ allow: 2, ask: 2, deny: 3, none: 0 })
    expect(totals.turns).toBe(3)
    expect(totals.usage.inputTokens).toBe(3 * usage.inputTokens)
    expect(totals.cost?.amount).toBeCloseTo(0.0063)
    expect(totals.unpriced).toBe(0)
  })

  test('keeps the claims of the token out of the header', () => {
    const report = fold(sampleEvents())
    expect(report.header.principal?.subject).toBe('u1')
    expect(report.header.actor).toBe('desk-bot')
    expect(renderJson(report)).not.toContain('claim-secret')
  })

  test('says so when the caller was not authenticated', () => {
    const [start] = new EventWriter().start().events
    const { header } = fold([{ ...start, principal: null } as StructuralEvent])
    expect(header.principal).toBeNull()
    expect(header.actor).toBeNull()
  })

  test('redacts sensitive arguments and those of an edit', () => {
    const secret = { card: '4111', amount: 5 }
    const writer = new EventWriter().start().beginTurn().propose(0, 'pay', secret, ['/card'])
    writer.decide(0, 'ask', 'r', []).ask(0, 'pay', {}, []).answer(0, 'edit', { args: secret })
    const report = fold(writer.events)
    expect(report.rows[0]!.args).toEqual({ card: '[redacted]', amount: 5 })
    expect(report.rows[0]!.approvals[0]!.answers[0]!.args).toEqual({
      card: '[redacted]',
      amount: 5,
    })
    expect(renderJson(report)).not.toMatch(/(?<![0-9a-f])4111(?![0-9a-f])/)
  })

  test('redacts everything when a pointer is malformed', () => {
    const writer = new EventWriter()
      .start()
      .beginTurn()
      .propose(0, 'pay', { card: '4111' }, ['card'])
    expect(onlyRow(writer).args).toBe('[redacted]')
  })

  test('leaves the details of errors out', () => {
    const row = onlyRow(
      oneCall().refuse(0, 'refund', {
        error: { code: 'bad-args', message: 'm', retryable: false, details: { value: '4111' } },
      }),
    )
    expect(row.error).toEqual({ code: 'bad-args', message: 'm', retryable: false })
  })

  test('keeps every decision on a call that is judged again', () => {
    const row = onlyRow(
      oneCall().decide(0, 'deny', 'first', ['a']).decide(0, 'allow', 'second', ['b']),
    )
    expect(row.decision?.rule).toBe('second')
    expect(row.earlierDecisions?.map((decision) => decision.rule)).toEqual(['first'])
  })

  test('calls a started call without outcome unknown', () => {
    const writer = oneCall().decide(0, 'allow', 'r', []).startTool(0, 'refund')
    expect(onlyRow(writer)).toMatchObject({ status: 'unknown-outcome', attempts: 1 })
    expect(fold(writer.events).openCalls).toEqual([
      { callId: writer.callId(0), missing: 'outcome' },
    ])
  })

  test('forgets the outcome of an earlier start', () => {
    const writer = oneCall()
      .decide(0, 'allow', 'r', [])
      .execute(0, 'refund', 5, {})
      .startTool(0, 'refund')
    expect(onlyRow(writer)).toMatchObject({ status: 'unknown-outcome', attempts: 2 })
  })

  test('calls a proposed call without result skipped and open', () => {
    const writer = oneCall()
    expect(onlyRow(writer)).toMatchObject({ status: 'skipped', decision: null, attempts: 0 })
    expect(fold(writer.events).openCalls).toEqual([{ callId: writer.callId(0), missing: 'result' }])
  })

  test('names a call that waits for a person until enough people have answered', () => {
    const writer = oneCall().decide(0, 'ask', 'r', []).ask(0, 'refund', {}, [])
    expect(fold(writer.events).openCalls[0]?.missing).toBe('approval')
    writer.answer(0, 'approve')
    expect(fold(writer.events).openCalls[0]?.missing).toBe('result')
  })

  test('does not mistake a row of erased arguments for one that did not parse', () => {
    const writer = oneCall()
    const erased = writer.events.map((event) => {
      const { args: _args, ...rest } = event as { args?: unknown }
      return rest as unknown as StructuralEvent
    })
    expect('args' in fold(erased).rows[0]!).toBe(false)
  })

  test('attributes retries, fallbacks and errors to the model response they belong to', () => {
    const error = { code: 'model-overloaded', message: 'busy', retryable: true } as const
    const writer = new EventWriter().start().beginTurn().endTurn(5, usage).beginTurn()
    writer
      .add({ type: 'retry', attempt: 1, delayMs: 10, error })
      .add({ type: 'fallback', from: 'a', to: 'b', error })
      .add({ type: 'error', ...error })
      .add({ type: 'error', code: 'internal', message: 'x', retryable: false })
    const { modelCalls, end, header } = fold(writer.events)
    expect(modelCalls[0]).toMatchObject({ attempts: 1, retries: [] })
    expect(modelCalls[1]).toMatchObject({
      model: 'b',
      attempts: 3,
      finishReason: null,
      error: { code: 'model-overloaded' },
      fallbacks: [{ from: 'a', to: 'b' }],
    })
    expect(end.error?.code).toBe('internal')
    expect(header.models).toEqual(['anthropic/claude-haiku-4.5', 'b'])
  })

  test('counts tokens of a response that never ended', () => {
    const writer = new EventWriter().start().beginTurn()
    writer.add({ type: 'usage', usage: { ...usage, raw: { secret: 1 } }, message: null })
    const { totals, modelCalls } = fold(writer.events)
    expect(totals.usage.outputTokens).toBe(usage.outputTokens)
    expect(totals.unpriced).toBe(1)
    expect(modelCalls[0]!.usage).not.toHaveProperty('raw')
  })

  test('is open again when something other than an answer follows the end', () => {
    const writer = oneCall().decide(0, 'ask', 'r', []).ask(0, 'refund', {}, [])
    writer.end('needs-approval')
    const ended = fold(writer.events).header.endedAt
    writer.wait(1000).answer(0, 'approve')
    expect(fold(writer.events)).toMatchObject({
      end: { status: 'needs-approval' },
      header: { endedAt: ended },
    })
    writer.startTool(0, 'refund')
    expect(fold(writer.events)).toMatchObject({
      end: { status: 'open' },
      header: { endedAt: null },
    })
  })

  test('names no error of those who carried the run before', () => {
    const busy = { code: 'model-overloaded', message: 'busy', retryable: true } as const
    const died = oneCall().add({ type: 'error', ...busy })
    expect(fold(died.start().end('completed').events).end).toEqual({ status: 'completed' })
    const writer = oneCall()
      .add({ type: 'error', ...busy })
      .end('error')
    expect(fold(writer.events).end).toMatchObject({ status: 'error', error: busy })
    writer.start().beginTurn()
    expect(fold(writer.events).end).toEqual({ status: 'open' })
    expect(fold(writer.end('needs-approval').events).end).toEqual({ status: 'needs-approval' })
  })

  test('tells shadow mode by the policy and by any decision', () => {
    expect(fold(sampleEvents('enforce')).shadow).toBe(false)
    expect(fold(sampleEvents('shadow')).shadow).toBe(true)
    const writer = oneCall().decide(0, 'deny', 'r', [], { shadow: true })
    expect(fold(writer.events).shadow).toBe(true)
  })

  test('never shows negative time', () => {
    const writer = new EventWriter().start().wait(-5000).end('completed')
    expect(fold(writer.events).header.durationMs).toBe(0)
  })

  test.each([
    ['no events', []],
    ['an event before the start', new EventWriter().beginTurn().events],
    ['a decision on an unknown call', new EventWriter().start().decide(0, 'allow', 'r', []).events],
    ['a start of an unknown call', new EventWriter().start().startTool(0, 'x').events],
    ['a call proposed twice', oneCall().propose(0, 'refund', {}).events],
  ])('refuses %s', (_name, events) => {
    expect(() => fold(events)).toThrow(expect.objectContaining({ code: 'bad-journal' }))
  })
})

describe('the fold while a run goes on', () => {
  test('equals the fold over the journal read back, to the byte', () => {
    fc.assert(
      fc.property(randomRun, (events) => {
        const live = createFold()
        for (const event of events) {
          live.add({ type: 'text-delta', text: 'x', seq: 0, runId, turn: 0, at: 'never' })
          live.add(event)
        }
        const report = live.report(head)
        const again = fold(readBack(events))
        expect(again).toEqual(report)
        expect(renderJson(again)).toBe(renderJson(report))
        expect(renderHtml(again)).toBe(renderHtml(report))
      }),
    )
  })

  test('accounts for every proposed call exactly once', () => {
    fc.assert(
      fc.property(randomRun, (events) => {
        const proposed = events.filter((event) => event.type === 'tool-call')
        const { rows, totals, openCalls } = fold(events)
        expect(rows.map((row) => row.callId)).toEqual(proposed.map((event) => event.callId))
        expect(Object.values(totals.byStatus).reduce((sum, count) => sum + count, 0)).toBe(
          proposed.length,
        )
        const finished = new Set(
          events.filter((event) => event.type === 'tool-result').map((event) => event.callId),
        )
        expect(openCalls.map((call) => call.callId)).toEqual(
          proposed.map((event) => event.callId).filter((id) => !finished.has(id)),
        )
      }),
    )
  })

  test('can be asked at any time without a trace', () => {
    const events = sampleEvents()
    const asked = createFold()
    for (const event of events) {
      asked.add(event)
      asked.report(null)
    }
    expect(asked.report(head)).toEqual(fold(events))
  })
})
