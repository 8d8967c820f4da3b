import { stripVTControlCharacters } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { columnsOf, cutEnd, cutStart, wrap } from '../../../src/report/columns.ts'
import { foldReport } from '../../../src/report/fold.ts'
import { formatBytes, formatDuration, formatNumber } from '../../../src/report/format.ts'
import { renderTerminal, type TerminalOptions } from '../../../src/report/terminal.ts'
import type { StructuralEvent } from '../../../src/protocol/run-event.ts'
import { randomRun } from './random-run.ts'
import { EventWriter, sampleEvents } from './sample.ts'

function render(events: readonly StructuralEvent[], options: TerminalOptions = {}): string {
  return renderTerminal(foldReport(events, { head: `sha256:${'ab'.repeat(32)}` }), options)
}

function lineWith(text: string, part: string): string | undefined {
  return text.split('\n').find((line) => line.includes(part))
}

// what moves the cursor, rings, or hides; the newline is the renderer's own
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

describe('the report in a terminal', () => {
  test('lets no name of a tool pass for another call', () => {
    const name = `look${' '.repeat(90)}✗ refund (call 1.0, error-security) by`
    const writer = new EventWriter().start().beginTurn().propose(0, name, {})
    writer
      .decide(0, 'deny', 'unknown_tool', [])
      .refuse(0, name, { changes: [{ what: 'x', count: 1 }] })
    const lines = render(writer.events).split('\n')
    expect(lines.filter((line) => line.startsWith('✗ refund'))).toEqual([])
    expect(lines.filter((line) => /^ {10}.*refund \(call 1\.0/.test(line))).toHaveLength(2)
  })

  test('begins with how the run ended and what became of its calls', () => {
    expect(render(sampleEvents()).split('\n')[0]).toBe(
      'run completed: 7 calls, 2 executed, 4 refused, 1 failed',
    )
  })

  test('shows effect, tool, status, rule with its place and time of every call', () => {
    const text = render(sampleEvents(), { width: 120 })
    expect(lineWith(text, '1.0 ')).toMatch(
      /^✓ allow +1\.0 +get_order +success +48 ms +read-orders policies\/support-desk\.yaml:31:5$/,
    )
    expect(lineWith(text, '1.1 ')).toMatch(/^✗ deny .*error-security .* - +refund-limit .*:32:5$/)
    expect(lineWith(text, '2.3 ')).toMatch(/^! allow .*error-execution/)
  })

  test('tells why a call was refused, who decided and how to fix it', () => {
    const text = render(sampleEvents())
    const refused = text.slice(text.indexOf('\nrefused\n'), text.indexOf('\nfailed\n'))
    expect(refused).toContain('refund-limit  policies/support-desk.yaml:32:5')
    expect(refused).toContain('why     `/amount` is 500, at most 100 is allowed')
    expect(refused).toContain('fix     raise `maximum` of `/amount`')
    expect(refused).toContain('refused by `lead-1`: customer was refunded by phone')
    expect(refused).not.toMatch(/(?<![0-9a-f])4111(?![0-9a-f])/)
  })

  test('tells what was taken out of results', () => {
    const writer = new EventWriter().start().beginTurn().propose(0, 'mail', {})
    writer.decide(0, 'allow', 'mails', []).startTool(0, 'mail')
    const changes = [
      { what: 'iban', count: 2 },
      { what: 'ansi', count: 1 },
    ]
    writer.refuse(0, 'mail', { status: 'success', changes })
    const text = render(writer.end('completed').events)
    expect(text).toMatch(/\ntaken out of results\nmail \(call 1\.0\)\n +out +2 × iban, 1 × ansi\n/)
    expect(render(sampleEvents())).not.toContain('taken out')
  })

  test('ends with usage, cost with its source, head and the place of the page', () => {
    const text = render(sampleEvents(), { htmlPath: 'out/report.html' })
    expect(text).toContain('5,502 input and 636 output tokens · $0.006300 (provider)')
    expect(text).toMatch(/html +out\/report\.html\n$/)
  })

  test('keeps the head in one piece at the width of a common terminal', () => {
    const head = `sha256:${'ab'.repeat(32)}`
    for (const width of [79, 80, 81, 200]) {
      const line = lineWith(render(sampleEvents(), { width }), head)
      expect(line).toMatch(/^ {2}head +sha256:/)
      expect(line!.length).toBeLessThanOrEqual(width)
    }
  })

  test('warns of shadow mode first and lists what was not enforced', () => {
    const text = render(sampleEvents('shadow'))
    expect(text).toMatch(/^SHADOW MODE: /)
    expect(lineWith(text, '1.1 ')).toMatch(/^~ deny .*success/)
    expect(text).toContain('not enforced (shadow mode)')
  })

  test('has colours only when asked', () => {
    expect(render(sampleEvents())).not.toContain('\u001b')
    const coloured = render(sampleEvents(), { color: true })
    expect(coloured).toContain('\u001b[31m✗ deny ')
    expect(coloured).toContain('\u001b[32m✓ allow')
    expect(stripVTControlCharacters(coloured)).toBe(render(sampleEvents()))
  })

  test.each([
    ['clears the screen', '\u001b[2J\u001b[H'],
    ['rewrites the line above', '\u001b[1A\u001b[2K✓ allow'],
    ['opens a link', '\u001b]8;;https://a.example\u0007https://b.example\u001b]8;;\u0007'],
    ['writes the clipboard', '\u001b]52;c;eA==\u0007'],
    ['uses C1 controls', '\u009b31m\u009d0;title\u009c'],
    ['returns the carriage', 'refund\r\b\b\vallow\n✓ allow'],
    ['turns the direction', 'gpj.\u202eexe\u2066'],
    ['hides in zero width', 're\u200bfund\u{e0041}\u{e0042}'],
  ])('makes text visible that %s', (_name, hostile) => {
    const writer = new EventWriter()
      .start()
      .beginTurn()
      .propose(0, hostile, { [hostile]: hostile })
    writer.decide(0, 'deny', hostile, [hostile]).refuse(0, hostile, {
      error: { code: 'denied', message: hostile, retryable: false, help: hostile },
      changes: [{ what: hostile, count: 1 }],
    })
    const text = render(writer.end('completed').events, { htmlPath: hostile })
    for (const line of text.split('\n')) expect(line).not.toMatch(unsafe)
    expect(text.split('\n').filter((line) => line.startsWith('✓'))).toEqual([])
    expect(text).toContain('\\u{')
  })

  test.each([60, 80, 132])('has no line wider than %i columns', (width) => {
    fc.assert(
      fc.property(
        randomRun,
        fc.string({ unit: 'grapheme', minLength: 20, maxLength: 200 }),
        (events, long) => {
          const writer = new EventWriter().start().beginTurn().propose(0, long, { long })
          writer.decide(0, 'deny', long, [long]).refuse(0, long, {})
          for (const text of [render(events, { width }), render(writer.events, { width })]) {
            for (const line of text.split('\n')) expect(columnsOf(line)).toBeLessThanOrEqual(width)
          }
        },
      ),
    )
  })

  test('cuts long lists and says by how much', () => {
    const writer = new EventWriter().start().beginTurn()
    for (let index = 0; index < 250; index++) {
      writer.propose(index, 'get_order', {}).decide(index, 'deny', 'r', ['no'])
      writer.refuse(index, 'get_order', {})
    }
    const text = render(writer.end('completed').events)
    expect(text.match(/^✗ deny/gm)).toHaveLength(200)
    expect(text.match(/and 50 more calls/g)).toHaveLength(2)
  })
})

describe('columns', () => {
  test('counts wide characters as two and combining marks as none', () => {
    expect(columnsOf('abc')).toBe(3)
    expect(columnsOf('注文')).toBe(4)
    expect(columnsOf('e\u0301')).toBe(1)
    expect(columnsOf('🙂')).toBe(2)
  })

  test('cuts at either end within the columns', () => {
    expect(cutEnd('abcdef', 6)).toBe('abcdef')
    expect(cutEnd('abcdef', 4)).toBe('abc…')
    expect(cutStart('abcdef', 4)).toBe('…def')
    expect(cutEnd('注文注文', 5)).toBe('注文…')
  })

  test('wraps at spaces and breaks words that are too long', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
    expect(wrap('abcdefgh ij', 3)).toEqual(['abc', 'def', 'gh', 'ij'])
    expect(wrap('', 5)).toEqual([''])
  })
})

describe('figures', () => {
  test.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1240, '1.24 s'],
    [61_500, '1 m 01 s'],
    [3_600_000, '1 h 00 m'],
  ])('writes %i milliseconds as %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text)
  })

  test('writes sizes and large numbers', () => {
    expect(formatBytes(1023)).toBe('1023 B')
    expect(formatBytes(1536)).toBe('1.5 KiB')
    expect(formatBytes(3 * 1024 * 1024)).toBe('3.0 MiB')
    expect(formatNumber(1234567)).toBe('1,234,567')
    expect(formatNumber(999)).toBe('999')
  })
})
