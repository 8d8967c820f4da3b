import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { visible } from '../../../src/base/text.ts'
import { renderCsv } from '../../../src/report/csv.ts'
import { foldReport } from '../../../src/report/fold.ts'
import type { Report } from '../../../src/report/report.ts'
import { fill, payloads, report } from './hostile.ts'
import { randomRun } from './random-run.ts'
import { EventWriter, sampleEvents } from './sample.ts'

/** Reads RFC 4180 by its grammar, character by character; throws for what does not follow it. */
function parseCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]]
  let at = 0
  while (at < text.length) {
    let value = ''
    if (text[at] === '"') {
      for (at++; !(text[at] === '"' && text[at + 1] !== '"'); at++) {
        if (at >= text.length) throw new Error('a quote is not closed')
        if (text[at] === '"') at++
        value += text[at]
      }
      at++
    } else {
      while (at < text.length && !',\r\n'.includes(text[at]!)) {
        if (text[at] === '"') throw new Error('a quote inside of a bare field')
        value += text[at++]
      }
    }
    rows.at(-1)!.push(value)
    if (text.startsWith('\r\n', at)) {
      at += 2
      if (at < text.length) rows.push([])
    } else if (text[at] === ',') at++
    else throw new Error(`neither comma nor CRLF at ${at}`)
  }
  return rows
}

type Line = Readonly<Record<string, string>>

function linesOf(of: Report): readonly Line[] {
  const [names, ...rows] = parseCsv(renderCsv(of))
  return rows.map((row) => {
    expect(row).toHaveLength(names!.length)
    return Object.fromEntries(names!.map((name, index) => [name, row[index]!]))
  })
}

describe('CSV', () => {
  test('has a line for each call under its names', () => {
    const lines = linesOf(foldReport(sampleEvents(), { head: null }))
    expect(lines).toHaveLength(7)
    expect(lines[1]).toMatchObject({
      run: 'run_01kaf3wq9yf0p8v6m2t4x7b1cd',
      tool: 'refund',
      outcome: 'refused',
      effect: 'deny',
      rule: 'refund-limit',
      file: 'policies/support-desk.yaml',
      line: '32',
      arguments: '{"amount":500,"card":"[redacted]","order":"O-7"}',
      error_code: 'denied',
    })
    expect(lines.find(({ status }) => status === 'error-parsing')).toMatchObject({
      arguments: 'null',
      ended_at: expect.stringMatching(/Z$/),
    })
    expect(lines.map(({ answers }) => answers)).toContain('approve by lead-1')
  })

  test('of any run follows RFC 4180', () => {
    fc.assert(
      fc.property(randomRun, (events) => {
        const of = foldReport(events, { head: null })
        expect(linesOf(of)).toHaveLength(of.rows.length)
      }),
    )
  })

  test('has no cell that a spreadsheet takes for a formula, nor one that breaks a line', () => {
    const formulas = [
      '=1+1',
      '+1',
      '-1',
      '@SUM(A1)',
      '\t=1',
      '\r=1',
      ' =1',
      '＝1',
      '"=1',
      '\ufeff=1',
    ]
    for (const payload of [...payloads, ...formulas]) {
      for (const line of linesOf(fill(report, payload) as Report)) {
        for (const value of Object.values(line)) {
          expect(value).not.toMatch(/^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/u)
          expect(value).not.toMatch(/[\r\n\t]/)
          expect(value.length).toBeLessThanOrEqual(32_767)
        }
      }
    }
  })

  test('keeps every text as it is shown elsewhere', () => {
    for (const payload of payloads.filter(({ length }) => length < 1000)) {
      const [line] = linesOf(fill(report, payload) as Report)
      expect(line!['tool']!.replace(/^'(?='*\s*[=+\-@＝＋－＠])/u, '')).toBe(visible(payload))
    }
  })

  test('begins with a byte order mark when it is asked to', () => {
    expect(renderCsv(report, { bom: true })).toBe(`\ufeff${renderCsv(report)}`)
  })
})

test('an edit stands with the arguments that the call then had', () => {
  const writer = new EventWriter().start().beginTurn().propose(0, 'refund', { amount: 80 })
  writer.decide(0, 'ask', 'r', []).ask(0, 'refund', { amount: 80 }, [])
  writer.answer(0, 'edit', { args: { amount: 9000 } })
  const text = renderCsv(foldReport(writer.events, { head: null }))
  expect(text).toContain('"edit by lead-1 to {""amount"":9000}"')
})
