// Tools of a module that is not trusted run in processes of their own, and see what they are given.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRuntime, isSallyportError, parsePolicy } from 'sallyport'
import { isolate, isolationOf } from 'sallyport/isolate'
import { scripted } from 'sallyport/testing'

const folder = await mkdtemp(join(tmpdir(), 'sallyport-'))
const inbox = join(folder, 'inbox')
await mkdir(inbox)
await writeFile(join(inbox, 'letter.txt'), 'four words and more')
await writeFile(join(folder, 'private.txt'), 'not for tools')
await symlink('../private.txt', join(inbox, 'link.txt'))

const isolated = isolate(new URL('./isolated/tools.ts', import.meta.url), {
  read: [inbox],
  environment: { INBOX: inbox },
  memoryMb: 128,
})
const tools = await isolated.catch(nothing)

if (tools === undefined) console.log('this machine cannot isolate tools')
else {
  console.log(isolationOf(tools[0]!))
  const files = ['letter.txt', '../private.txt', 'link.txt']
  const calls = [...files.map((file) => ({ tool: 'count', args: { file } })), { tool: 'spin' }]
  const runtime = createRuntime({
    model: scripted([{ calls }, { text: 'done' }]),
    tools,
    policy: await parsePolicy(`
      sallyport: 1
      name: inbox
      identity: { anonymous: role, anonymousRole: reader }
      roles: { reader: {} }
      rules: [{ id: words, allow: [count, spin] }]
    `),
  })
  const { report } = await runtime.run({ input: 'count my words' }).result()
  for (const { status, error } of report.rows) console.log(status, error?.message ?? '')
  assert.deepEqual(
    report.rows.map(({ status }) => status),
    ['success', 'error-execution', 'error-execution', 'timeout'],
  )
}
await rm(folder, { recursive: true })

/** Walls need a system that lets its users make namespaces; without them nothing is loaded. */
function nothing(error: unknown): undefined {
  if (!isSallyportError(error) || error.code !== 'isolation-unavailable') throw error
}
