import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../../src/base/json.ts'
import {
  createRuntime,
  defineTool,
  memoryJournal,
  parsePolicy,
  type ApprovalAnswer,
  type RunResult,
} from '../../../src/index.ts'
import type { JournalRecord } from '../../../src/journal/journal.ts'
import { renderHtml } from '../../../src/report/html/page.ts'
import { renderJson } from '../../../src/report/render-json.ts'
import { readReport } from '../../../src/report/read.ts'
import { verifyChain } from '../../../src/report/verify.ts'
import { scripted, type ScriptedCall } from '../../../src/testing/index.ts'

const policy = `sallyport: 1
name: desk
identity: { anonymous: role, anonymousRole: guest }
roles: { guest: { scopes: [] } }
rules:
  - { id: reads, allow: [read] }
  - { id: breaks, allow: [break] }
  - { id: pays, ask: [pay] }
  - { id: never, deny: ['admin.**'] }
`

const amount = {
  type: 'object',
  properties: { amount: { type: 'number' }, card: { type: 'string' } },
  additionalProperties: false,
}

const tools = [
  defineTool({ name: 'read', description: 'r', input: { type: 'object' }, execute: () => 'read' }),
  defineTool({
    name: 'pay',
    description: 'p',
    input: amount,
    sensitive: ['/card'],
    execute: () => ({ paid: true }),
  }),
  defineTool({
    name: 'break',
    description: 'b',
    input: { type: 'object' },
    execute: (): never => {
      throw new Error('broken')
    },
  }),
  defineTool({
    name: 'admin.wipe',
    description: 'w',
    input: { type: 'object' },
    execute: () => null,
  }),
]

interface Finished {
  readonly result: RunResult
  readonly records: readonly JournalRecord[]
}

async function runWith(calls: readonly ScriptedCall[], answer?: ApprovalAnswer): Promise<Finished> {
  const journal = memoryJournal()
  const runtime = createRuntime({
    model: scripted([{ calls }, { text: 'done' }]),
    tools,
    policy: await parsePolicy(policy),
    journal,
    ...(answer === undefined ? {} : { approve: () => answer }),
  })
  const result = await runtime.run({ input: 'go' }).result()
  const records: JournalRecord[] = []
  for await (const record of journal.read(result.runId)) records.push(record)
  return { result, records }
}

const pay: ScriptedCall = { tool: 'pay', args: { amount: 5, card: '4111' } }

const everything: readonly ScriptedCall[] = [
  { tool: 'read' },
  { tool: 'break' },
  { tool: 'admin.wipe' },
  { tool: 'nobody' },
  { tool: 'pay', args: { amount: 'much' } },
  { tool: 'pay', rawArgs: '{"amount": ' },
  pay,
]

const lead = { subject: 'lena', roles: ['lead'] }

const answers: readonly (readonly [string, ApprovalAnswer | undefined, JsonValue])[] = [
  ['a yes', { action: 'approve', by: lead }, 'success'],
  ['a no', { action: 'deny', by: lead, reason: 'not today' }, 'denied-by-human'],
  ['nobody answering', undefined, 'skipped'],
]

describe.each(answers)('a run of the runtime with %s', (_name, answer, status) => {
  test('leaves a journal that verifies, against the head of its report', async () => {
    const { result, records } = await runWith(everything, answer)
    const head = result.report.head!
    expect(await verifyChain(records, { head })).toMatchObject({
      verdict: 'CONSISTENT',
      records: records.length,
    })
    expect(result.report.rows.at(-1)?.status).toBe(status)
  })

  test('has the same report, to the byte, as its journal gives', async () => {
    const { result, records } = await runWith(everything, answer)
    const again = await readReport(records)
    expect(renderJson(again)).toBe(renderJson(result.report))
    expect(renderHtml(again)).toBe(renderHtml(result.report))
    expect(renderHtml(again)).not.toMatch(/(?<![0-9a-f])4111(?![0-9a-f])/)
    expect(renderJson(again)).not.toMatch(/(?<![0-9a-f])4111(?![0-9a-f])/)
  })
})
