import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { jsonlJournal } from '../../../src/journal/jsonl.ts'
import { sqliteJournal } from '../../../src/journal/sqlite.ts'
import type { Journal } from '../../../src/journal/journal.ts'
import { verifyChain } from '../../../src/report/verify.ts'
import type { JournalStore } from '../../../src/testing/journal-suite.ts'
import type { ScriptedTurn } from '../../../src/testing/turn.ts'
import { agentOf, noting, policyOf } from '../../support/agent.ts'
import { jsonlStore, sqliteStore } from '../../support/journal-stores.ts'
import { runScript } from '../../support/script.ts'
import { temporaryFolder } from '../../support/folder.ts'

const who = { roles: ['user'] }
const policy = policyOf({
  rules: [{ id: 'paying', ask: ['pay'], who, approvers: { roles: ['lead'] } }],
})
const paying: ScriptedTurn = { calls: [{ tool: 'pay', args: { sum: 5 } }] }
const by = { subject: 'lena', roles: ['lead'] }

/** A run that waits for a yes, and what carries it on with one; each over a journal of its own. */
async function waiting(store: JournalStore) {
  const pay = noting('pay')
  const over = async <Value>(work: (journal: Journal) => Promise<Value>): Promise<Value> => {
    const journal = await store.open()
    try {
      return await work(journal)
    } finally {
      await journal.close().catch(() => undefined)
    }
  }
  const { runId } = await over((journal) =>
    agentOf([paying], { journal, policy, tools: [pay.tool] })
      .start()
      .result(),
  )
  const resume = () =>
    over(async (journal) => {
      const options = { journal, policy, tools: [pay.tool] }
      const { runtime } = agentOf([{ text: 'paid' }], options)
      try {
        const approve = () => ({ action: 'approve' as const, by })
        const { error, status } = await runtime.resume(runId, { approve }).result()
        return error?.code ?? status
      } catch (error) {
        return (error as { code: string }).code
      }
    })
  return { ...pay, over, resume, runId }
}

test.each<[string, () => JournalStore, (store: JournalStore) => Promise<() => unknown>]>([
  ['SQLite has no space', () => sqliteStore(), (store) => store.fillUp!()],
  ['SQLite may not be written', () => sqliteStore(), (store) => store.protect!()],
  ['JSONL may not be written', () => jsonlStore(), (store) => store.protect!()],
])('where %s, no tool runs, and the run goes on when it may', async (_, storeOf, fail) => {
  const store = storeOf()
  const { calls, over, resume, runId } = await waiting(store)
  const mend = await fail(store)
  try {
    expect(await resume()).toBe('bad-journal')
    expect(await resume()).toBe('bad-journal')
  } finally {
    await mend()
  }
  expect(calls).toEqual([])
  expect(await resume()).toBe('completed')
  expect(calls).toEqual([{ sum: 5 }])
  const { verdict } = await over((journal) => verifyChain(journal.read(runId)))
  expect(verdict).toBe('CONSISTENT')
})

/** Carries a run that fills the disk: each turn runs a tool whose result is kept. */
const filling = (source: string): string => `
import { appendFileSync } from 'node:fs'
import { createRuntime, defineTool, jsonlJournal, parsePolicy, sqliteJournal } from ${JSON.stringify(source)}
import { scripted } from ${JSON.stringify(source.replace('index.ts', 'testing/index.ts'))}
const [path, effects, runId] = process.argv.slice(2)
const say = ({ messages }) => {
  const turn = messages.filter(({ role }) => role === 'assistant').length
  return turn < 12 ? { calls: [{ tool: 'note', args: { turn } }] } : { text: 'over' }
}
const policy = await parsePolicy(\`sallyport: 1
name: full
identity: { anonymous: role, anonymousRole: user }
roles: { user: {} }
rules: [{ id: noting, allow: [note], who: { roles: [user] } }]
\`)
const note = defineTool({
  name: 'note', description: 'Notes.', input: { type: 'object', properties: { turn: { type: 'number' } } },
  execute: (_, { idempotencyKey }) => {
    appendFileSync(effects, idempotencyKey + '\\n')
    return 'x'.repeat(40_000)
  },
})
const journal = path.endsWith('.db') ? sqliteJournal(path) : jsonlJournal(path)
const runtime = createRuntime({ model: scripted(Array(20).fill(say)), tools: [note], policy, journal })
const run = runId === undefined
  ? runtime.run({ input: 'go' })
  : runtime.resume(runId, { resolve: JSON.parse(process.argv[5]) })
const { runId: id, status, error, inDoubt } = await run.result().catch((e) => ({ error: e }))
console.log(JSON.stringify({ runId: id, status, code: error?.code, inDoubt }))
await journal.close().catch(() => undefined)
`

test.each(['journal.db', 'journal.jsonl'])(
  'a run whose disk is full in the middle of it runs no tool without an intent: %s',
  async (name) => {
    const folder = temporaryFolder()
    const [path, effects] = [`${folder}/${name}`, `${folder}/effects.txt`]
    const script = filling(new URL('../../../src/index.ts', import.meta.url).pathname)
    const full = await runScript(script, [path, effects], { fileBlocks: 600 })
    const { code, runId, status } = JSON.parse(full.stdout) as Record<string, string>
    expect([status, code]).toEqual(['error', 'bad-journal'])
    const done = linesOf(effects)
    expect(done.length).toBeGreaterThan(1)
    expect(done.length).toBeLessThan(12)
    const journal = name.endsWith('.db') ? sqliteJournal(path) : jsonlJournal(path)
    const intents: string[] = []
    for await (const { line } of journal.read(runId!)) {
      const { callId, type } = JSON.parse(line) as { type: string; callId: string }
      if (type === 'execution-start') intents.push(callId)
    }
    await journal.close()
    expect(done.filter((callId) => !intents.includes(callId))).toEqual([])

    const resolve = Object.fromEntries(done.map((callId) => [callId, 'success']))
    const later = await runScript(script, [path, effects, runId!, JSON.stringify(resolve)])
    expect(JSON.parse(later.stdout)).toMatchObject({ runId, status: 'completed' })
    expect(new Set(linesOf(effects)).size).toBe(12)
    expect(linesOf(effects)).toHaveLength(12)
  },
  60_000,
)

function linesOf(path: string): readonly string[] {
  return readFileSync(path, 'utf8').split('\n').filter(Boolean)
}
