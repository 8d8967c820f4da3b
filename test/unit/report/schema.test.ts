import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import { foldReport } from '../../../src/report/fold.ts'
import { renderJson } from '../../../src/report/render-json.ts'
import { callStatuses, type Report } from '../../../src/report/report.ts'
import { randomRun } from './random-run.ts'
import { sampleEvents } from './sample.ts'

const file = new URL('../../../src/report/report.schema.json', import.meta.url)
const schema = JSON.parse(readFileSync(file, 'utf8')) as JsonObject
const validate = new Ajv2020({ strict: true, allErrors: true }).compile(schema)

function problems(report: unknown): readonly unknown[] {
  return validate(report) ? [] : (validate.errors ?? [])
}

function sample(): Report {
  return JSON.parse(renderJson(foldReport(sampleEvents(), { head: null }))) as Report
}

describe('the schema of report.json', () => {
  test('accepts the report of any run', () => {
    expect(problems(sample())).toEqual([])
    fc.assert(
      fc.property(randomRun, (events) => {
        const report = foldReport(events, { head: `sha256:${'0'.repeat(64)}` })
        expect(problems(JSON.parse(renderJson(report)))).toEqual([])
      }),
    )
  })

  test('knows what was taken out of a result', () => {
    const changes = [{ what: 'iban', count: 2 }]
    const events = sampleEvents().map((event) =>
      event.type === 'tool-result' ? { ...event, changes } : event,
    )
    const report = foldReport(events, { head: null })
    expect(report.rows.map((row) => row.changes)).toEqual(report.rows.map(() => changes))
    expect(problems(JSON.parse(renderJson(report)))).toEqual([])
  })

  test('lists the call statuses of this library', () => {
    const row = (schema['$defs'] as JsonObject)['row'] as JsonObject
    const status = (row['properties'] as JsonObject)['status'] as JsonObject
    expect(status['enum']).toEqual(callStatuses)
  })

  test.each([
    ['another version', { ...sample(), version: 2 }],
    ['a member nobody knows', { ...sample(), extra: 1 }],
    ['a head that is no digest', { ...sample(), head: 'abc' }],
    ['an unknown end', { ...sample(), end: { status: 'fine' } }],
    [
      'a row without arguments digest',
      { ...sample(), rows: [{ ...sample().rows[0], argsDigest: undefined }] },
    ],
  ])('refuses %s', (_name, report) => {
    expect(problems(JSON.parse(JSON.stringify(report)))).not.toEqual([])
  })
})

test('report.json holds no invisible character, and still what was said', () => {
  const session = '\u009b2J\u202e'
  const report = { ...sample(), header: { ...sample().header, session } }
  const text = renderJson(report)
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
  expect(JSON.parse(text)).toEqual(report)
})
