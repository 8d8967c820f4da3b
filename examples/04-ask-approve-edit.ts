// What a policy asks is answered by a person, who may approve, deny, or change what may be changed.
import assert from 'node:assert/strict'
import {
  createRuntime,
  defineTool,
  parsePolicy,
  type ApprovalAnswer,
  type RunResult,
} from 'sallyport'
import { scripted } from 'sallyport/testing'

const paid: number[] = []

const refund = defineTool<{ order: string; amount: number }>({
  name: 'refund',
  description: 'Pays an order back.',
  input: {
    type: 'object',
    properties: { order: { type: 'string' }, amount: { type: 'number' } },
    required: ['order', 'amount'],
  },
  editable: ['/amount'],
  execute: ({ amount }) => paid.push(amount),
})

const policy = await parsePolicy(`sallyport: 1
name: desk
identity: { anonymous: role, anonymousRole: support }
roles: { support: {}, lead: {} }
rules:
  - id: refund-large
    ask: [refund]
    args: { amount: { type: number, exclusiveMinimum: 0, maximum: 500 } }
    approvers: { roles: [lead] }
    reason: Every refund needs a lead.
`)

async function refundAnsweredBy(answer: ApprovalAnswer | undefined): Promise<RunResult> {
  const call = { tool: 'refund', args: { order: 'O-7', amount: 120 } }
  const runtime = createRuntime({
    model: scripted([{ calls: [call] }, { text: 'done' }]),
    tools: [refund],
    policy,
    approve: () => answer,
  })
  return runtime.run({ input: 'refund O-7' }).result()
}

const by = { subject: 'lena', roles: ['lead'] }

const approved = await refundAnsweredBy({ action: 'approve', by })
assert.equal(approved.report.rows[0]?.status, 'success')
assert.deepEqual(paid, [120])
console.log('approved: 120')

const edited = await refundAnsweredBy({ action: 'edit', by, args: { order: 'O-7', amount: 80 } })
assert.equal(edited.report.rows[0]?.status, 'success')
assert.deepEqual(paid, [120, 80])
console.log('edited: 80')

const denied = await refundAnsweredBy({ action: 'deny', by, reason: 'too late' })
assert.equal(denied.report.rows[0]?.status, 'denied-by-human')
console.log(`denied: ${denied.report.rows[0].error?.message}`)

// answers that do not count leave the question open: another order, no lead, nobody there
for (const answer of [
  { action: 'edit', by, args: { order: 'O-8', amount: 80 } },
  { action: 'approve', by: { subject: 'uma', roles: ['support'] } },
  undefined,
] as const) {
  const open = await refundAnsweredBy(answer)
  assert.equal(open.status, 'needs-approval')
  assert.equal(open.approvals[0]?.tool, 'refund')
}
assert.deepEqual(paid, [120, 80])
console.log('unanswered: nothing was paid')
