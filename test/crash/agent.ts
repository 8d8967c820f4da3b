// Carries runs of a journal until it is killed:
// node agent.ts FOLDER BASE_URL KIND RUNS [--last-append N] [--take-over] [--unguarded]
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createRuntime, isSallyportError, parsePolicy } from 'sallyport'
import type { RunResult } from 'sallyport'
import { openaiCompatible } from 'sallyport/models'
import { dying } from './dying.ts'
import { open as openIn, type FileKind } from './journals.ts'
import { noting } from './noting.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    'last-append': { type: 'string' },
    'take-over': { type: 'boolean', default: false },
    /** The control: records reach the disk some time later, so that intents come too late. */
    unguarded: { type: 'boolean', default: false },
  },
})
const [folder = '.', baseUrl = '', kind = 'sqlite', wanted = '1'] = positionals
const lastAppend = values['last-append']

const policy = await parsePolicy(`sallyport: 1
name: crash
identity: { anonymous: role, anonymousRole: user }
roles: { user: {}, lead: {} }
rules:
  - { id: free, allow: [read, append, flaky], who: { roles: [user] } }
  - { id: paying, ask: [pay], who: { roles: [user] }, approvers: { roles: [lead] } }
limits: [{ id: few, tools: ['**'], per: session, max: 12, over: deny }]
`)

const resolutions = join(folder, 'resolutions.json')
const resolve = existsSync(resolutions) ? JSON.parse(readFileSync(resolutions, 'utf8')) : {}
const journal = dying(
  openIn(folder, kind as FileKind),
  Number(lastAppend),
  values.unguarded ? 30 : undefined,
)
const runtime = createRuntime({
  model: openaiCompatible({ baseUrl, model: 'fake', provider: 'fake' }),
  tools: [
    noting(folder, 'read', true),
    noting(folder, 'append', false),
    noting(folder, 'pay', false),
    noting(folder, 'flaky', true, 1),
  ],
  policy,
  journal,
})

/** The run is over, or another process carries it. */
const isFine: ReadonlySet<string> = new Set([
  'run-not-resumable',
  'run-carried',
  'journal-conflict',
])

const known: string[] = []
for await (const runId of journal.list()) known.push(runId)
const fresh = Math.max(0, Number(wanted) - known.length)
await Promise.all([
  ...known.map((runId) =>
    told(runtime.resume(runId, { resolve: ownOf(runId), takeOver: values['take-over'] }).result()),
  ),
  ...Array.from({ length: fresh }, () => told(runtime.run({ input: 'go' }).result())),
])
await journal.close()

function ownOf(runId: string): Record<string, 'success' | 'failed'> {
  const own = Object.entries(resolve).filter(([callId]) => callId.startsWith(`${runId}-`))
  return Object.fromEntries(own) as Record<string, 'success' | 'failed'>
}

async function told(result: Promise<RunResult>): Promise<void> {
  try {
    const { runId, status, inDoubt, approvals } = await result
    const open = approvals.map(({ id }) => id)
    process.stdout.write(`\n${JSON.stringify({ runId, status, inDoubt, open })}\n`)
  } catch (error) {
    if (isSallyportError(error) && isFine.has(error.code)) return
    throw error
  }
}
