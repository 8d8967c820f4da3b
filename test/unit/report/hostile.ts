import { readdirSync, readFileSync } from 'node:fs'
import { foldReport } from '../../../src/report/fold.ts'
import type { Report } from '../../../src/report/report.ts'
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

/** Texts that have broken programs which show text. */
export const payloads: readonly string[] = [...new Set([...naughty, ...injections, ...own])]

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
export function fill(value: unknown, text: string, member = ''): unknown {
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
export const report: Report = {
  ...whole,
  rows: whole.rows.filter((_row, at) => [1, 3, 4, 6].includes(at)),
}
