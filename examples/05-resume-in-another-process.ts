// A run waits for a person, its process ends, and another process carries it on from the journal.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRuntime, defineTool, parsePolicy, sqliteJournal } from 'sallyport'
import { scripted } from 'sallyport/testing'

const [file = join(mkdtempSync(join(tmpdir(), 'sallyport-')), 'journal.db'), runId] =
  process.argv.slice(2)

const refund = defineTool<{ order: string; amount: number }>({
  name: 'refund',
  description: 'Pays an order back.',
  input: {
    type: 'object',
    properties: { order: { type: 'string' }, amount: { type: 'number' } },
    required: ['order', 'amount'],
  },
  execute: ({ order, amount }) => ({ paid: amount, order }),
})

const policy = await parsePolicy(`sallyport: 1
name: desk
identity: { anonymous: role, anonymousRole: support }
roles: { support: {}, lead: {} }
rules:
  - { id: refunds, ask: [refund], approvers: { roles: [lead] } }
`)

const journal = sqliteJournal(file)
const asksForRefund = { calls: [{ tool: 'refund', args: { order: 'O-7', amount: 120 } }] }
const runtime = createRuntime({
  // a real model is told the whole conversation; this one has to know which turn it is
  model: scripted(runId === undefined ? [asksForRefund] : [{ text: 'paid back' }]),
  tools: [refund],
  policy,
  journal,
  authenticator: (given) => ({ subject: String(given), roles: ['lead'], scopes: [] }),
})

if (runId === undefined) {
  const result = await runtime.run({ input: 'refund O-7' }).result()
  await journal.close()
  assert.equal(result.status, 'needs-approval')
  console.log(`${result.runId} waits for a lead`)
  const again = [...process.execArgv, import.meta.filename, file, result.runId]
  process.stdout.write(execFileSync(process.execPath, again))
  rmSync(join(file, '..'), { recursive: true })
} else {
  const waiting = await runtime.resume(runId).result()
  assert.equal(waiting.status, 'needs-approval')
  const [request] = waiting.approvals
  const decisions = [{ id: request!.id, action: 'approve' as const }]
  const run = runtime.resume(runId, { answeredBy: { custom: 'lena' }, decisions })
  const { status, text, report } = await run.result()
  await journal.close()
  assert.deepEqual([status, text], ['completed', 'paid back'])
  assert.equal(report.rows[0]?.status, 'success')
  console.log(`approved by ${report.rows[0]?.approvals[0]?.answers[0]?.by?.subject}: ${text}`)
}
