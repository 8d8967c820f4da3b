// Tests of an agent: its policy, single decisions, and runs over traffic that was recorded once.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createRuntime, defineTool, loadPolicy, openaiCompatible, type Model } from 'sallyport'
import { cassette, expectDecision, fakeProvider, policySuite } from 'sallyport/testing'

const folder = await mkdtemp(join(tmpdir(), 'sallyport-'))
const policyFile = join(folder, 'desk.yaml')
await writeFile(
  policyFile,
  `sallyport: 1
name: desk
identity: { anonymous: role, anonymousRole: clerk }
roles: { clerk: {} }
rules: [{ id: small, allow: [refund], args: { amount: { type: number, maximum: 100 } } }]
tests:
  - { name: small refunds, call: { tool: refund, args: { amount: 7 } }, expect: allow, by: small }
  - { name: large refunds, call: { tool: refund, args: { amount: 700 } }, expect: deny }
`,
)

const refund = defineTool<{ amount: number }>({
  name: 'refund',
  description: 'Pays money back.',
  input: { type: 'object', properties: { amount: { type: 'number' } }, required: ['amount'] },
  execute: ({ amount }) => `paid ${amount}`,
})
const policy = await loadPolicy(policyFile)

for (const { name, run } of await policySuite(policyFile, { tools: [refund] })) test(name, run)

test('no refund goes without an amount', async () => {
  await expectDecision(policy, { call: { tool: 'refund' }, expect: 'deny' })
})

test('a recorded run is the same run', async () => {
  const file = join(folder, 'refund.json')
  const key = 'key-that-nobody-may-see'
  // in place of a provider; with a real one, record by hand and keep the file
  await using provider = await fakeProvider({
    turns: [
      { calls: [{ tool: 'refund', args: { amount: 7 } }] },
      { text: `paid, not with ${key}` },
    ],
  })
  const upstream = provider.baseUrl
  const first = await runOver({ file, mode: 'record', upstream }, key)
  const again = await runOver({ file }, 'no key at all')
  assert.deepEqual(again.statuses, first.statuses)
  assert.equal(again.text, 'paid, not with [redacted]')
  assert.equal((await readFile(file, 'utf8')).includes(key), false)
})

test.after(() => rm(folder, { recursive: true }))

async function runOver(
  options: Parameters<typeof cassette>[0],
  apiKey: string,
): Promise<{ readonly text: string; readonly statuses: readonly string[] }> {
  await using tape = await cassette(options)
  const model: Model = openaiCompatible({ baseUrl: tape.baseUrl, model: 'fake', apiKey })
  const runtime = createRuntime({ model, tools: [refund], policy })
  const { text, report } = await runtime.run({ input: 'refund 7' }).result()
  return { text, statuses: report.rows.map(({ status }) => status) }
}
