// A tool opens only what its guards allow, and what it says is cleaned before anybody reads it.
import assert from 'node:assert/strict'
import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRuntime, defineTool, loadPolicy } from 'sallyport'
import { scripted } from 'sallyport/testing'

const folder = await mkdtemp(join(tmpdir(), 'sallyport-'))
await mkdir(join(folder, 'notes'))
await writeFile(join(folder, 'notes/plan.txt'), 'ask ann@mail.example\u{e0041} for the key')
await writeFile(join(folder, 'private.txt'), 'not for the agent')
await symlink('../private.txt', join(folder, 'notes/link.txt'))
await writeFile(
  join(folder, 'policy.yaml'),
  `sallyport: 1
name: notes
identity: { anonymous: role, anonymousRole: reader }
roles: { reader: {} }
tools: { read: { kind: read } }
rules: [{ id: read, allow: [read] }]
guards:
  paths: [{ tools: [read], arg: /path, root: ./notes }]
output: [{ tools: ['**'], strip: [tags], redact: [{ what: email }] }]
`,
)

const read = defineTool<{ path: string }>({
  name: 'read',
  description: 'Reads a note.',
  input: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
  annotations: { readOnly: true },
  async execute({ path }, { open }) {
    await using handle = await open(path)
    return handle.readFile('utf8')
  },
})

const paths = ['plan.txt', '../private.txt', 'link.txt', 'PLAN%2etxt']
const calls = paths.map((path) => ({ tool: 'read', args: { path } }))
const runtime = createRuntime({
  model: scripted([{ calls }, { text: 'done' }]),
  tools: [read],
  policy: await loadPolicy(join(folder, 'policy.yaml')),
})
const { messages, report } = await runtime.run({ input: 'read my notes' }).result()

for (const [index, { status, decision }] of report.rows.entries()) {
  console.log(paths[index], status, decision?.rule, decision?.reasons[0])
}
assert.deepEqual(
  report.rows.map(({ decision }) => decision?.rule),
  ['read', 'guards.paths', 'guards.paths', 'guards.paths'],
)
const [plan] = messages.filter(({ role }) => role === 'tool')
assert.equal(plan?.content, 'ask [redacted] for the key')
console.log(plan.content)
await rm(folder, { recursive: true })
