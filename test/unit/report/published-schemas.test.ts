import { readFileSync } from 'node:fs'
import { validator, type Schema } from '@exodus/schemasafe'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memoryJournal } from '../../../src/journal/memory.ts'
import { foldReport } from '../../../src/report/fold.ts'
import { renderJson } from '../../../src/report/json.ts'
import { agentOf, collect, finish } from '../../support/agent.ts'
import { publishedSchemas } from '../../support/published-schemas.ts'
import { payPolicy, payTool } from '../../support/snapshots.ts'
import { randomRun } from './random-run.ts'
import { sampleEvents } from './sample.ts'
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
