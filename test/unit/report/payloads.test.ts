import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { visible } from '../../../src/base/text.ts'
import { columnsOf } from '../../../src/report/columns.ts'
import { foldReport } from '../../../src/report/fold.ts'
import { renderHtml } from '../../../src/report/html/page.ts'
import type { Report } from '../../../src/report/report.ts'
import { renderTerminal } from '../../../src/report/terminal.ts'
import { attribute, elementsOf, textOf, type Element } from './parsed.ts'
import { sampleEvents } from './sample.ts'

const folder = new URL('../../conformance/payloads/', import.meta.url)

const naughty = JSON.parse(readFileSync(new URL('blns/blns.json', folder), 'utf8')) as string[]

const injections = readdirSync(new URL('xss/', folder))
  .filter((name) => name.endsWith('.txt') && name !== 'SOURCE.txt')
  .flatMap((name) => readFileSync(new URL(`xss/${name}`, folder), 'utf8').split('\n'))
  .filter((line) => line !== '')

const own = [
  '</style><script>alert(1)</script>',
  '</title><script>alert(1)</script>',
  '"><svg/onload=alert(1)>',
  "' onfocus=alert(1) autofocus='",
  '<!--',
  ']]>',
  '&lt;script&gt;',
  '\u0000<b>\u0000',
  '\ud800<img src=x onerror=alert(1)>',
  'javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
]

const payloads = [...new Set([...naughty, ...injections, ...own])]

/** Words of the report's own vocabulary: they choose what is drawn, and come from a closed list. */
const closed = new Set([
  'status',
  'effect',
  'mode',
  'missing',
  'unified',
  'source',
  'currency',
  'action',
])

/** The report with every text replaced, member names of arguments included. */
function fill(value: unknown, text: string, member = ''): unknown {
  if (typeof value === 'string') return closed.has(member) ? value : text
  if (Array.isArray(value)) return value.map((item) => fill(item, text, member))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => [
    member === 'args' ? text : key,
    key === 'byStatus' ? inner : fill(inner, text, key),
  ])
  return Object.fromEntries(entries)
}

const whole = foldReport(sampleEvents('shadow'), { head: `sha256:${'ab'.repeat(32)}` })

// one row of each kind is enough, and four rows parse faster than seven
const report: Report = {
  ...whole,
  rows: whole.rows.filter((_row, at) => [1, 3, 4, 6].includes(at)),
}

interface Shape {
  readonly tags: readonly string[]
  readonly attributes: readonly string[]
}

function shapeOf(elements: readonly Element[]): Shape {
  return {
    tags: elements.map((element) => element.tagName),
    attributes: elements.flatMap((element) => element.attrs.map(({ name }) => name)),
  }
}

function pageOf(text: string): readonly Element[] {
  const details = new Map([[text, { rawArgs: text, result: [text] }]])
  return elementsOf(renderHtml(fill(report, text) as Report, { details }))
}

function reasonsOf(elements: readonly Element[]): readonly string[] {
  return elements
    .filter((element) => attribute(element, 'class') === 'why')
    .map((element) => textOf(element))
}

describe('a report full of hostile text', () => {
  const pages = payloads.map((payload) => ({ payload, elements: pageOf(payload) }))
  const neutral = shapeOf(pageOf('x'))

  test('is tried with enough payloads', () => {
    expect(payloads.length).toBeGreaterThan(600)
    expect(neutral.tags.length).toBeGreaterThan(300)
  })

  test('has the same elements and attributes as with neutral text, and none that runs', () => {
    expect(neutral.attributes.filter((name) => name.startsWith('on'))).toEqual([])
    for (const { payload, elements } of pages) expect(shapeOf(elements), payload).toEqual(neutral)
  })

  test('has no link or source made of it', () => {
    for (const { elements } of pages) {
      const links = elements.flatMap((element) => attribute(element, 'href') ?? [])
      expect(links.filter((link) => !/^#[a-z0-9-]+$/.test(link))).toEqual([])
    }
    for (const name of ['src', 'srcset', 'action', 'formaction', 'style']) {
      expect(neutral.attributes).not.toContain(name)
    }
  })

  test('shows it as it is, with what is invisible made visible', () => {
    for (const { payload, elements } of pages) {
      if (payload.length < 1000) expect(reasonsOf(elements)).toContain(visible(payload))
    }
  })

  test('keeps to its lines in a terminal', () => {
    for (const { payload } of pages) {
      for (const line of renderTerminal(fill(report, payload) as Report).split('\n')) {
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        expect(columnsOf(line)).toBeLessThanOrEqual(80)
      }
    }
  })
})
