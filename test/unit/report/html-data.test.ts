import { execFileSync } from 'node:child_process'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../../src/base/digest.ts'
import type { JsonValue } from '../../../src/base/json.ts'
import { foldReport } from '../../../src/report/fold.ts'
import { explainCommand } from '../../../src/report/html/command.ts'
import { DigestReturner, DigestTaker } from '../../../src/report/html/digests.ts'
import type { PackedCalls, PackedHead } from '../../../src/report/html/packed.ts'
import { renderHtml, renderSplitHtml } from '../../../src/report/html/page.ts'
import { script } from '../../../src/report/html/script.ts'
import type { Report } from '../../../src/report/report.ts'
import { compilePageScript } from '../../config/page-script.ts'
import { reportOfMany } from './many-calls.ts'
import { carriedBy, dataOf, linesOf, unpack } from './page-data.ts'
import { attribute, elementsOf } from './parsed.ts'
import { EventWriter, sampleEvents } from './sample.ts'

const head = `sha256:${'ab'.repeat(32)}`
const report = foldReport(sampleEvents(), { head })

function body(page: string): string {
  return /<header>.*<\/footer>/s.exec(page)![0]
}

function plain(value: Report): unknown {
  return JSON.parse(JSON.stringify(value))
}

describe('the data in the page', () => {
  test('is the whole report', () => {
    expect(dataOf(renderHtml(report)).report).toEqual(plain(report))
  })

  test('keeps raw text back that could hold a secret, and payloads of other calls', () => {
    const writer = new EventWriter().start().beginTurn()
    writer.propose(0, 'pay', null, ['/card']).propose(1, 'pay', null).propose(2, 'pay', { a: 1 })
    const raw = { rawArgs: '{"card": "4111' }
    const ids = [0, 1, 2].map((index) => writer.callId(index))
    const details = new Map([...ids, 'another run'].map((id) => [id, raw]))
    const data = dataOf(renderHtml(foldReport(writer.events, { head }), { details }))
    expect(data.details).toEqual([
      [ids[0], {}],
      [ids[1], raw],
      [ids[2], {}],
    ])
  })

  test('cuts texts and names that are too long', () => {
    const long = 'x'.repeat(100_000)
    const writer = new EventWriter()
      .start()
      .beginTurn()
      .propose(0, 'get', { [long]: long })
    const data = dataOf(renderHtml(foldReport(writer.events, { head })))
    expect(JSON.stringify(data).length).toBeLessThan(40_000)
    expect(JSON.stringify(data)).toContain('… (83616 more characters)')
  })

  test(
    'fits 10,000 calls into 2 MB, and no page holds more than 20,000',
    { timeout: 120_000 },
    () => {
      const html = renderHtml(reportOfMany(10_000))
      expect(html.length).toBeLessThanOrEqual(2_000_000)
      expect(dataOf(html).report.rows).toHaveLength(10_000)
      const [row] = report.rows
      const rows = Array.from({ length: 20_010 }, (_, index) => ({ ...row!, index }))
      const larger = renderHtml({ ...report, rows })
      expect(larger).toContain('10 of 20,010 calls are left out of this page.')
      expect(dataOf(larger).report.rows).toHaveLength(20_000)
    },
  )
})

describe('the lines of the data', () => {
  const carried = carriedBy(renderHtml(reportOfMany(6_000)))
  const [first, ...lines] = linesOf(carried) as [PackedHead, ...PackedCalls[]]

  test('have few calls first, then more and more up to a bound', () => {
    expect(lines.map(({ length }) => length)).toEqual([128, 256, 512, 1024, 2048, 2032])
    expect(first.calls).toBe(6_000)
    expect(lines.flat().map(({ row }) => row.callId)).toEqual(
      reportOfMany(6_000).rows.map(({ callId }) => callId),
    )
  })

  test('are the same in whatever pieces they come', () => {
    for (const length of [1000, 65_536]) {
      expect(linesOf(carried, length)).toEqual([first, ...lines])
    }
  })
})

describe('digests', () => {
  test('come back where they were, whatever else looks like them', () => {
    const digest = fc.constantFrom(...'abcdef'.split('').map((letter) => sha256(letter)))
    const marks = ['#', '##', '#x', '"#"', '\\"#"', '\\', '\\"', 'sha256:', `"${sha256('a')}"`]
    const text = fc.oneof(digest, fc.string(), fc.constantFrom(...marks))
    const value = fc.letrec<{ value: JsonValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        text,
        fc.array(tie('value')),
        fc.dictionary(fc.oneof(text, fc.constant('__proto__')), tie('value')),
      ),
    })).value
    fc.assert(
      fc.property(value, (given) => {
        const before = JSON.stringify(given)
        const taker = new DigestTaker()
        taker.count(before)
        const without = taker.take(before)
        expect(new DigestReturner(taker.digests()).put(without)).toBe(before)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('the script of the page', () => {
  test('is what its modules compile to', { timeout: 60_000 }, () => {
    expect(script === compilePageScript()).toBe(true)
  })

  test('makes no markup out of text, and asks for nothing', () => {
    expect(script).not.toMatch(
      /innerHTML|outerHTML|insertAdjacent|document\.write|DOMParser|\beval\b|Function\(|fetch\(|XMLHttp|import\(|setAttributeNS/,
    )
    expect(Buffer.byteLength(script)).toBeLessThan(100_000)
  })
})

describe('the page in files', () => {
  const split = renderSplitHtml(report, 'incident-7')

  test('has style, script and data beside it, and none inside', () => {
    const elements = elementsOf(split.html)
    const sources = elements.flatMap((element) => attribute(element, 'src') ?? [])
    expect(sources).toEqual(['incident-7.data.js', 'incident-7.js'])
    expect(elements.filter(({ tagName }) => tagName === 'style')).toEqual([])
    const link = elements.find(({ tagName }) => tagName === 'link')!
    expect(attribute(link, 'href')).toBe('incident-7.css')
    expect(split.html).toContain("style-src 'self'; script-src 'self'")
    for (const element of elements.filter(({ tagName }) => tagName === 'script')) {
      expect(element.childNodes).toEqual([])
    }
  })

  test('has the same text, script and data as the page in one', () => {
    const html = renderHtml(report)
    const [, data] = /^globalThis\.sallyportReport = '([A-Za-z0-9+/=.]+)'\n$/.exec(split.data)!
    expect(unpack(data!)).toEqual(dataOf(html))
    expect(html).toContain(split.script)
    expect(body(split.html)).toBe(body(html))
  })

  test.each(['../x', 'a/b', '', '.x', 'a b', 'x"><script>', 'http://x'])(
    'refuses %j as the name of its files',
    (name) => {
      expect(() => renderSplitHtml(report, name)).toThrow(
        expect.objectContaining({ code: 'bad-option' }),
      )
    },
  )
})

describe('the command that explains a call', () => {
  test('names policy, journal and call', () => {
    expect(explainCommand('run_1-2-0', { journal: 'j.db', policyFile: '-p.yaml' })).toBe(
      'sallyport explain --policy ./-p.yaml --journal j.db --call run_1-2-0',
    )
  })

  test('gives a shell the words that are shown, whatever they hold', () => {
    const word = fc.string({ unit: 'binary', minLength: 1, maxLength: 30 })
    const words = fc.array(fc.oneof(word, fc.constantFrom("'; id; '", '$(id)', '`id`', '\n')), {
      minLength: 3,
      maxLength: 3,
    })
    fc.assert(
      fc.property(words, ([callId, journal, policyFile]) => {
        const command = explainCommand(callId!, { journal, policyFile })
        expect(command).not.toMatch(/\p{Cc}/u)
        const echo = command.replace('sallyport explain', `printf '%s\\n'`)
        const lines = execFileSync('sh', ['-c', echo], { encoding: 'utf8' }).split('\n')
        expect(lines).toHaveLength(7)
        expect([lines[0], lines[2], lines[4]]).toEqual(['--policy', '--journal', '--call'])
      }),
      { numRuns: 60 },
    )
  })
})
