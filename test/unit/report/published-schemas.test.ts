import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { validator, type Schema } from '@exodus/schemasafe'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import { Chain } from '../../../src/journal/chain.ts'
import { memoryJournal } from '../../../src/journal/memory.ts'
import { openJournal } from '../../../src/journal/open.ts'
import { foldReport } from '../../../src/report/fold.ts'
import { renderJson } from '../../../src/report/render-json.ts'
import { overviewJson } from '../../../src/report/overview-text.ts'
import type { Verdict } from '../../../src/report/verification.ts'
import { agentOf, collect, finish } from '../../support/agent.ts'
import { completeEvents } from '../../support/complete-events.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { inProcess } from '../../support/in-process.ts'
import { publishedSchemas } from '../../support/published-schemas.ts'
import { payPolicy, payTool } from '../../support/snapshots.ts'
import { overviewOf } from './many-runs.ts'
import { randomRun } from './random-run.ts'
import { runId, sampleEvents } from './sample.ts'
import { seal } from './sealed.ts'

function textOf(name: string): string {
  return readFileSync(new URL(`../../../src/report/${name}.schema.json`, import.meta.url), 'utf8')
}

/** By another validator than the library has. */
function checkOf(name: string): (value: unknown) => unknown {
  const validate = validator(JSON.parse(textOf(name)) as Schema, {
    mode: 'spec',
    includeErrors: true,
    formatAssertion: false,
  })
  return (value) => validate(value as never) || validate.errors
}

const event = checkOf('event')
const record = checkOf('record')

describe('the published schemas', () => {
  test.each(['event', 'record'] as const)('of an %s say what the library reads by', (name) => {
    expect(textOf(name)).toBe(publishedSchemas[name])
  })

  test.each(Object.values(completeEvents))('name every member of $type', (told) => {
    for (const name of ['event', 'record'] as const) {
      const { $defs } = JSON.parse(textOf(name)) as { $defs: JsonObject }
      const { properties } = $defs[`${told.type}-${name}`] as { properties: object }
      const { line } = new Chain().seal(told)
      const members = name === 'event' ? told : (JSON.parse(line) as object)
      expect(Object.keys(properties)).toEqual(expect.arrayContaining(Object.keys(members)))
    }
  })

  test('accept the records of any run, and its report', () => {
    const report = checkOf('report')
    fc.assert(
      fc.property(randomRun, (events) => {
        for (const { line } of seal(events)) expect(record(JSON.parse(line))).toBe(true)
        expect(report(JSON.parse(renderJson(foldReport(events, { head: null }))))).toBe(true)
      }),
    )
  })

  test('accept the events and records of a run with a question, as others see them', async () => {
    const journal = memoryJournal()
    const calls = [{ tool: 'pay', args: { order: 'O-7', amount: 5 } }, { tool: 'none' }]
    const agent = agentOf([{ text: 'first', reasoning: 'why', calls }, { text: 'done' }], {
      journal,
      tools: [payTool().tool],
      policy: payPolicy,
      approve: () => ({ action: 'approve', by: { subject: 'lena' }, reason: 'fine' }),
    })
    const run = agent.start()
    const { events } = await finish(run)
    const types = new Set(events.map(({ type }) => type))
    expect(types).toContain('text-delta')
    expect(types).toContain('approval-decision')
    for (const each of events) expect(event(JSON.parse(JSON.stringify(each)))).toBe(true)
    const records = await collect(journal.read(run.id))
    expect(records.length).toBeGreaterThan(10)
    for (const { line } of records) expect(record(JSON.parse(line))).toBe(true)
  })

  test.each([
    ['another version', { v: 2 }],
    ['a link that is no digest', { prev: 'abc' }],
    ['a type nobody knows', { type: 'other' }],
    ['a status nobody knows', { type: 'tool-result', status: 'fine' }],
    ['no place', { seq: undefined }],
  ])('refuse a record of %s', (_name, change) => {
    const records = seal(sampleEvents())
    const line = records.find((each) => each.line.includes('"type":"tool-result"'))!
    const changed = { ...JSON.parse(line.line), ...change } as object
    expect(record(JSON.parse(JSON.stringify(changed)))).not.toBe(true)
  })
})

const overview = checkOf('overview')
const foundCall = checkOf('found-call')

/** Every word that a verdict can be. */
const verdicts: Readonly<Record<Verdict, true>> = {
  BAD_SIGNATURE: true,
  CONSISTENT: true,
  COUNT_MISMATCH: true,
  EMPTY: true,
  FORKED: true,
  INCOMPLETE: true,
  MALFORMED: true,
  MISSING_RUN: true,
  NO_CHECKPOINTS: true,
  OPEN_CALLS: true,
  TAMPERED: true,
  TRUNCATED: true,
  UNATTESTED_TAIL: true,
  UNKNOWN_KEY: true,
  UNPERMITTED: true,
  UNSIGNED: true,
}

/** A journal of the sample and of runs of any kind. */
async function journalFile(): Promise<string> {
  const path = join(temporaryFolder(), 'j.db')
  const journal = await openJournal(path)
  const runs = fc.sample(randomRun, { numRuns: 20, seed: 7 })
  for (const [at, events] of [sampleEvents(), ...runs].entries()) {
    const id = `run_${at}`
    const renamed = JSON.parse(JSON.stringify(events).replaceAll(runId, id)) as typeof events
    await journal.append(id, 0, seal(renamed))
  }
  await journal.close()
  return path
}

const redaction = ['--redact', '/amount', 'card', 're:O-[0-9]+']

describe('the schema of many runs', () => {
  const sample = JSON.parse(
    overviewJson(overviewOf([foldReport(sampleEvents(), { head: null })])),
  ) as { readonly runs: readonly object[] }

  test('accepts the overview of any runs', () => {
    fc.assert(
      fc.property(fc.array(randomRun, { maxLength: 4 }), (runs) => {
        const reports = runs.map((events) => foldReport(events, { head: null }))
        expect(overview(JSON.parse(overviewJson(overviewOf(reports))))).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  test.each([[[]], [redaction]])('accepts what is printed, also with %j', async (options) => {
    const path = await journalFile()
    const { out } = await inProcess(['report', path, '--index', '--format', 'json', ...options])
    const printed = JSON.parse(out) as { runs: readonly object[]; redaction?: object }
    expect(printed.runs.length).toBe(21)
    expect(printed.redaction === undefined).toBe(options.length === 0)
    expect(overview(printed)).toBe(true)
  })

  test.each(Object.keys(verdicts))('knows the verdict %s', (verdict) => {
    expect(overview({ ...sample, runs: [{ ...sample.runs[0], verdict }] })).toBe(true)
  })

  test.each([
    ['of another version', { version: 2 }],
    ['with a member nobody knows', { extra: 1 }],
    ['without totals', { totals: undefined }],
    ['with a verdict nobody knows', { runs: [{ ...sample.runs[0], verdict: 'FINE' }] }],
    ['with a time that is none', { runs: [{ ...sample.runs[0], startedAt: 'today' }] }],
  ])('refuses one %s', (_name, change) => {
    expect(overview(sample)).toBe(true)
    expect(overview(JSON.parse(JSON.stringify({ ...sample, ...change })))).not.toBe(true)
  })
})

async function search(...options: readonly string[]): Promise<readonly object[]> {
  const path = await journalFile()
  const { out } = await inProcess(['log', 'search', '--journal', path, '--json', ...options])
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as object)
}

describe('the schema of found calls', () => {
  test.each([[[]], [redaction]])('accepts every line, also with %j', async (options) => {
    const lines = await search(...options)
    expect(lines.length).toBeGreaterThan(20)
    for (const line of lines) expect(foundCall(line)).toBe(true)
  })

  test.each([
    ['a member nobody knows', { extra: 1 }],
    ['a status nobody knows', { status: 'fine' }],
    ['an effect nobody knows', { effect: 'maybe' }],
    ['no rule', { rule: undefined }],
    ['a number that is none', { call: 'first' }],
  ])('refuses a line with %s', async (_name, change) => {
    const [line] = await search('--run', 'run_0', '--limit', '1')
    expect(foundCall(line)).toBe(true)
    expect(foundCall(JSON.parse(JSON.stringify({ ...line, ...change })))).not.toBe(true)
  })
})
