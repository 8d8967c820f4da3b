import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { getPointer } from '../../../src/base/json-path.ts'
import type { JsonValue } from '../../../src/base/json.ts'
import { foldReport } from '../../../src/report/fold.ts'
import { renderJson } from '../../../src/report/render-json.ts'
import { parseReport, readReport } from '../../../src/report/read.ts'
import { randomRun } from './random-run.ts'
import { sampleEvents } from './sample.ts'
import { seal } from './sealed.ts'

describe('reading a report from a journal', () => {
  test('gives the report of the run with the head of its chain', async () => {
    const records = seal(sampleEvents())
    const head = records.at(-1)!.hash
    expect(await readReport(records)).toEqual(foldReport(sampleEvents(), { head }))
  })

  test.each([
    ['no records', []],
    ['a line that is no JSON', ['{']],
    ['a line that is no event', ['null']],
    ['a run without its parts', ['{"type":"run-start"}']],
    ['a decision without a decision', ['{"type":"decision","callId":"c"}']],
    ['a type no run writes', ['{"type":"toString"}']],
    ['a type that is an address of none', ['{"type":"a:b%"}']],
    ['a type that is no text', ['{"type":{"toString":1}}']],
    ['a record of which nothing says the type', ['{}']],
  ])('refuses %s', async (_name, lines) => {
    const records = lines.map((line, seq) => ({ seq, line, hash: '', durable: false }))
    await expect(readReport(records)).rejects.toMatchObject({
      code: 'bad-journal',
      message: expect.not.stringMatching(/undefined|destructure|properties of/),
    })
  })

  test.each<readonly [string, string, unknown]>([
    ['run-start', '/policy/name', 7],
    ['run-start', '/principal/roles', 'x'],
    ['run-start', '/at', 'yesterday'],
    ['tool-call', '/callId', { toString: 1 }],
    ['tool-call', '/sensitive', '/card'],
    ['decision', '/decision/reasons', 'because'],
    ['decision', '/decision/effect', 'maybe'],
    ['decision', '/decision/rules/0/id', 1],
    ['tool-result', '/status', ['success']],
    ['turn-end', '/finishReason', 'stop'],
    ['usage', '/usage/inputTokens', '5'],
    ['end', '/status', {}],
  ])('names the record and the member of a wrong type: %s %s', async (type, pointer, value) => {
    const records = seal(sampleEvents())
    const lines = records.map(({ line }) => JSON.parse(line) as { type: string })
    const at = lines.findIndex((line) => line.type === type)
    const altered = records.map((record, seq) =>
      seq === at
        ? { ...record, line: JSON.stringify(withValue(lines[at], pointer, value)) }
        : record,
    )
    await expect(readReport(altered)).rejects.toMatchObject({
      code: 'bad-journal',
      message: expect.stringMatching(`^record ${at} \\(\`${type}\`\\): \`${pointer}`),
    })
  })

  test('a payload does not speak for what the chain covers', async () => {
    const records = seal(sampleEvents()).map((record) => {
      if (record.payload === undefined) return record
      const { salt, value } = JSON.parse(record.payload) as { salt: string; value: object }
      const claims = { ...value, status: 'skipped', tool: 'x', turn: 99 }
      return { ...record, payload: JSON.stringify({ salt, value: claims }) }
    })
    const expected = foldReport(sampleEvents(), { head: records.at(-1)!.hash })
    expect(await readReport(records)).toEqual(expected)
  })
})

/** A copy with another value at a pointer. */
function withValue(root: unknown, pointer: string, value: unknown): unknown {
  const copy = structuredClone(root)
  const tokens = pointer.slice(1).split('/')
  const last = tokens.pop()!
  const holder = getPointer(
    copy as JsonValue,
    tokens.map((token) => `/${token}`).join(''),
  ) as object
  Object.assign(holder, { [last]: value })
  return copy
}

describe('reading a report.json', () => {
  const sample = foldReport(sampleEvents(), { head: null })
  const changed = (pointer: string, value: unknown): string =>
    JSON.stringify(withValue(sample, pointer, value))

  test('gives the report that was written', async () => {
    expect(await parseReport(renderJson(sample))).toEqual(JSON.parse(renderJson(sample)))
  })

  test('gives what was written of any run', async () => {
    const runs = fc.asyncProperty(randomRun, async (events) => {
      const text = renderJson(foldReport(events, { head: null }))
      expect(await parseReport(text)).toEqual(JSON.parse(text))
    })
    await fc.assert(runs, { numRuns: 50 })
  })

  test('accepts what a report may quote, such as a name that is no Unicode', async () => {
    const quoting = {
      ...sample,
      end: { status: 'error', error: { code: 'x', message: '\ufffd', retryable: false } },
    }
    expect(await parseReport(JSON.stringify(quoting))).toEqual(quoting)
  })

  test.each<readonly [string, string]>([
    ['it is not JSON', '{'],
    ['it must be object', '[]'],
    ['`/version` must be equal to constant', changed('/version', 2)],
    ['`/rows` must be array', changed('/rows', 7)],
    ['`/rows/0/decision/reasons` must be array', changed('/rows/0/decision/reasons', 'x')],
    [
      '`/header` must NOT have additional properties: `\\u{202e}`',
      changed('/header', { ...sample.header, '\u202e': 1 }),
    ],
    [
      '`/totals/calls` is not the sum of its rows and model calls',
      changed('/totals/calls', sample.totals.calls - 1),
    ],
    [
      '`/totals/byEffect` is not the sum of its rows and model calls',
      changed('/totals/byEffect/deny', 0),
    ],
    [
      '`/totals/usage` is not the sum of its rows and model calls',
      changed('/totals/usage/outputTokens', 0),
    ],
    ['`/totals/turns` is not the sum of its rows and model calls', changed('/modelCalls', [])],
    ['the value is cyclic or nested deeper than 128 levels', '['.repeat(200) + ']'.repeat(200)],
  ])('refuses another shape: %s', async (problem, text) => {
    await expect(parseReport(text)).rejects.toMatchObject({
      code: 'bad-file',
      message: `this is no report: ${problem}`,
    })
  })
})
