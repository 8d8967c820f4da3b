import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { ApprovalAnswer, RunResult } from 'sallyport'
import { policySuite, scripted, type ScriptedCall } from 'sallyport/testing'

const notes = await mkdtemp(join(tmpdir(), 'notes-'))
process.env['NOTES'] = notes
await writeFile(join(notes, 'plan.md'), 'buy milk')
after(() => rm(notes, { recursive: true }))

// after the folder is known
const { createAgent, policyFile } = await import('./agent.ts')
const { default: tools } = await import('./tools.ts')

for (const { name, run } of await policySuite(policyFile, { tools })) test(`policy: ${name}`, run)

/** A run in which the model makes one call, and a person answers what is asked. */
async function runWith(
  call: ScriptedCall,
  { input = 'go', answer }: { readonly input?: string; readonly answer?: ApprovalAnswer } = {},
): Promise<RunResult> {
  const model = scripted([{ calls: [call] }, { text: 'done' }])
  const agent = await createAgent({ model, approve: () => answer })
  return agent.run({ input }).result()
}

test('a note is read', async () => {
  const { report, messages } = await runWith({ tool: 'read_note', args: { file: 'plan.md' } })
  assert.equal(report.rows[0]?.status, 'success')
  assert.equal(messages.find(({ role }) => role === 'tool')?.content, 'buy milk')
})

test('a note that is there is not added again', async () => {
  const args = { file: 'plan.md', text: 'buy nothing' }
  const { report } = await runWith({ tool: 'add_note', args })
  assert.equal(report.rows[0]?.status, 'error-execution')
  assert.equal(await readFile(join(notes, 'plan.md'), 'utf8'), 'buy milk')
})

test('a note is replaced when a person agrees, and not before', async () => {
  const call = { tool: 'replace_note', args: { file: 'plan.md', text: 'buy bread' } }
  const input = 'replace plan.md'
  const by = { subject: 'terminal' }
  assert.equal((await runWith(call, { input })).status, 'needs-approval')
  const { report } = await runWith(call, { input, answer: { action: 'deny', by } })
  assert.equal(report.rows[0]?.status, 'denied-by-human')
  assert.equal(await readFile(join(notes, 'plan.md'), 'utf8'), 'buy milk')
  await runWith(call, { input, answer: { action: 'approve', by } })
  assert.equal(await readFile(join(notes, 'plan.md'), 'utf8'), 'buy bread')
})

test('nothing outside of the folder is read', async () => {
  const { report } = await runWith({ tool: 'read_note', args: { file: '../../etc/passwd' } })
  assert.equal(report.rows[0]?.decision?.rule, 'guards.paths')
})
