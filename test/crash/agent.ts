// Carries runs of a journal until it is killed:
// node agent.ts FOLDER BASE_URL KIND RUNS [--last-append N] [--take-over] [--unguarded]
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createRuntime, defineTool, isSallyportError, parsePolicy } from 'sallyport'
import type { Journal, RunResult, Tool } from 'sallyport'
import { openaiCompatible } from 'sallyport/models'
import { open as openIn, type FileKind } from './journals.ts'

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

const input = { type: 'object', properties: { sum: { type: 'number' } }, required: ['sum'] }
const effects = join(folder, 'effects.txt')

/** Does something in the world that everybody can see, once for each start. */
function tool(name: string, isIdempotent: boolean, fails = 0): Tool {
  return defineTool<{ sum: number }>({
    name,
    description: 'Notes that it ran.',
    input,
    annotations: { idempotent: isIdempotent },
    retry: { attempts: isIdempotent ? 3 : 1, delayMs: 1 },
    async execute({ sum }, { attempt, idempotencyKey }) {
      await setTimeout(Math.random() * 4)
      if (attempt <= fails) throw new Error('not yet')
      process.stdout.write('.')
      appendFileSync(effects, `${name} ${idempotencyKey}\n`)
      await setTimeout(Math.random() * 4)
      return { noted: sum }
    },
  })
}

const resolutions = join(folder, 'resolutions.json')
const resolve = existsSync(resolutions) ? JSON.parse(readFileSync(resolutions, 'utf8')) : {}
const journal = crashing(openIn(folder, kind as FileKind))
const runtime = createRuntime({
  model: openaiCompatible({ baseUrl, model: 'fake', provider: 'fake' }),
  tools: [tool('read', true), tool('append', false), tool('pay', false), tool('flaky', true, 1)],
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

/** The journal, in a process that dies before or after one of its appends. */
function crashing(inner: Journal): Journal {
  let appends = 0
  const count = (): void => {
    appends += 0.5
    if (appends === Number(lastAppend)) process.kill(process.pid, 'SIGKILL')
  }
  return {
    ...inner,
    async append(runId, expectedSeq, records) {
      count()
      const written = values.unguarded
        ? void setTimeout(30).then(() => inner.append(runId, expectedSeq, records))
        : inner.append(runId, expectedSeq, records)
      await written
      count()
    },
  }
}
