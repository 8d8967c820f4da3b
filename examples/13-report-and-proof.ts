// What a run leaves to people who were not there: a page, and proof that nobody changed what it says.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRuntime, defineTool, fileAnchor, jsonlJournal, parsePolicy } from 'sallyport'
import { proveCall, renderHtml, verifyCallProof, verifyJournal } from 'sallyport/report'
import { scripted } from 'sallyport/testing'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-proof-'))
const anchored = join(folder, 'anchors.jws')
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const key = { ...publicKey.export({ format: 'jwk' }), kid: 'ops' }

const refund = defineTool({
  name: 'refund',
  description: 'Pays money back.',
  input: { type: 'object', properties: { order: { type: 'string' }, amount: { type: 'number' } } },
  execute: ({ amount }: { amount: number }) => `${amount} paid back`,
})
const policy = await parsePolicy(`
  sallyport: 1
  name: desk
  identity: { anonymous: role, anonymousRole: guest }
  roles: { guest: {} }
  rules:
    - { id: small, allow: [refund], args: { amount: { type: number, maximum: 100 }, order: { type: string } } }
`)
const calls = [20, 900].map((amount) => ({ tool: 'refund', args: { order: 'O-7', amount } }))
const journal = jsonlJournal(join(folder, 'journal.jsonl'))
const runtime = createRuntime({
  model: scripted([{ calls }, { text: 'Done.' }, { text: 'Nothing to do.' }]),
  tools: [refund],
  policy,
  journal,
  signing: { key: privateKey, keyId: 'ops', anchor: fileAnchor(anchored) },
})
const { report, runId } = await runtime.run({ input: 'pay order O-7 back' }).result()
await runtime.run({ input: 'anything else?' }).result()

// for people: one page that stands alone
writeFileSync(join(folder, 'report.html'), renderHtml(report))

// for auditors: every run is there and as it was, by the key and by what was kept elsewhere
const anchors = readFileSync(anchored, 'utf8').trim().split('\n')
for await (const found of verifyJournal(journal, { keys: [key], anchors, expectFinal: true })) {
  console.log(
    `${found.verdict}: ${found.proved.length} things proved, ${found.notProved.length} not`,
  )
  assert.equal(found.verdict, 'CONSISTENT')
}

// for an outsider: one call, without the rest of the run and what was said in it
const proof = await proveCall(journal.read(runId), {
  call: '1.1',
  checkpoints: await journal.checkpoints!(runId),
})
const shown = await verifyCallProof(JSON.stringify(proof), [key])
console.log(`${shown.verdict}: ${shown.events.map(({ type }) => type).join(', ')}`)
assert.equal(shown.verdict, 'CONSISTENT')

// somebody who can write the file removes the first run
await journal.remove(runId)
for await (const found of verifyJournal(journal, { keys: [key] })) {
  if (found.verdict !== 'CONSISTENT') console.log(`${found.verdict}: ${found.message}`)
}
await journal.close()
