// Carries one run with agents two deep until it is killed:
// node tree-agent.ts FOLDER BASE_URL KIND [--last-append N]
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { agentTool, createRuntime, parsePolicy } from 'sallyport'
import { openaiCompatible } from 'sallyport/models'
import { dying } from './dying.ts'
import { noting } from './noting.ts'
import { open as openIn, type FileKind } from './journals.ts'
import { calls, turns } from './tree-turns.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { 'last-append': { type: 'string' } },
})
const [folder = '.', baseUrl = '', kind = 'sqlite'] = positionals

const policy = await parsePolicy(`sallyport: 1
name: tree
identity: { anonymous: role, anonymousRole: user }
roles: { user: {} }
rules: [{ id: all, allow: ['**'], who: { roles: [user] } }]
`)

const [read, append] = [noting(folder, 'read', true), noting(folder, 'append', false)]
const worker = agentTool({
  name: 'worker',
  description: 'Works.',
  instructions: 'worker',
  tools: [read, append],
})
const lead = agentTool({
  name: 'lead',
  description: 'Has others work.',
  instructions: 'lead',
  tools: [worker, append],
})
const resolutions = join(folder, 'resolutions.json')
const resolve = existsSync(resolutions) ? JSON.parse(readFileSync(resolutions, 'utf8')) : {}
const journal = dying(openIn(folder, kind as FileKind), Number(values['last-append']))
const runtime = createRuntime({
  model: openaiCompatible({ baseUrl, model: 'fake', provider: 'fake' }),
  tools: [lead, append],
  policy,
  journal,
  // not one more than an undisturbed run takes
  limits: { maxToolCalls: calls, maxTurns: turns },
})
// the first run is the one without a run above it, which has the first record of all
let root: string | undefined
for await (const runId of journal.list()) {
  for await (const { line } of journal.read(runId)) {
    if (!('parent' in JSON.parse(line))) root = runId
    break
  }
}
const result = await (
  root === undefined ? runtime.run({ input: 'go' }) : runtime.resume(root, { resolve })
).result()
process.stdout.write(`\n${JSON.stringify({ status: result.status, error: result.error })}\n`)
await journal.close()
