// Conversations that are kept from run to run: shared by processes, shown in part, added up, and a
// store of one's own that shows that it behaves.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRuntime, parsePolicy, type Principal } from 'sallyport'
import {
  analyseHistory,
  compacted,
  costOverTime,
  diskHistory,
  historyKey,
  historyManager,
  type HistoryEntry,
  type HistoryStore,
} from 'sallyport/history'
import { historySuite, scripted } from 'sallyport/testing'

const policy = await parsePolicy(`
sallyport: 1
name: talk
identity: { anonymous: deny }
roles: { user: {} }
rules: []
`)
const folder = mkdtempSync(join(tmpdir(), 'sallyport-history-'))

/** The host knows who speaks. */
function authenticator(): Principal {
  return { subject: 'ann', roles: ['user'], scopes: [] }
}

/** One process of several: it knows nothing of the others but the folder. */
async function say(input: string, answer: string): Promise<readonly string[]> {
  const model = scripted([{ text: answer, usage: { inputTokens: 20, outputTokens: 5, cost: 0.1 } }])
  const history = {
    store: historyManager(diskHistory(folder), { ttlMs: 30 * 86_400_000 }),
    view: compacted({
      maxMessages: 4,
      // with a model of yours, which is asked for a summary
      summarise: (messages) => `Summary of ${messages.length} earlier messages.`,
    }),
  }
  const runtime = createRuntime({ model, policy, history, authenticator })
  const result = await runtime.run({ input, session: 's1', auth: { custom: {} } }).result()
  assert.equal(result.status, 'completed')
  await history.store.close()
  return model.requests[0]!.messages.map(({ role }) => role)
}

assert.deepEqual(await say('I am Ann.', 'Hello, Ann.'), ['user'])
assert.deepEqual(await say('Who am I?', 'Ann.'), ['user', 'assistant', 'user'])
await say('Thanks.', 'You are welcome.')
const shown = await say('Bye.', 'Bye.')
console.log(`the model was shown: ${shown.join(', ')}`)

const entries = await diskHistory(folder).read(historyKey('s1', { subject: 'ann' }))
const { calls, cost, messages } = analyseHistory(entries, { models: ['scripted'] })
assert.deepEqual([calls, cost?.amount, messages], [4, 0.4, 4])
const [today] = costOverTime(entries, 'day')
console.log(
  `${calls} answers have cost ${cost?.amount} dollars, ${today?.usage.outputTokens} tokens`,
)

/** Conversations in any database with an atomic "set if unchanged": here a map. */
function ownHistory(): HistoryStore {
  const texts = new Map<string, string>()
  const leases = new Map<string, { readonly holder: string; readonly until: number }>()
  const read = (key: string): HistoryEntry[] => JSON.parse(texts.get(key) ?? '[]') as HistoryEntry[]
  return {
    read: async (key) => read(key),
    async append(key, expectedLength, added) {
      const kept = read(key)
      if (kept.length !== expectedLength) {
        throw Object.assign(new Error('somebody was faster'), { code: 'history-conflict' })
      }
      if (added.length > 0) texts.set(key, JSON.stringify([...kept, ...added]))
    },
    async remove(key, expectedLength) {
      return read(key).length === (expectedLength ?? read(key).length) && texts.delete(key)
    },
    async *list() {
      for (const key of texts.keys()) {
        yield { key, length: read(key).length, lastAt: read(key).at(-1)!.at }
      }
    },
    async lease(key, holder, ms) {
      const held = leases.get(key)
      if (held !== undefined && held.holder !== holder && held.until > Date.now()) return false
      leases.set(key, { holder, until: Date.now() + ms })
      return true
    },
    async release(key, holder) {
      if (leases.get(key)?.holder === holder) leases.delete(key)
    },
    async close() {},
  }
}

const suite = historySuite(() => ({ open: ownHistory, isFleeting: true }))
for (const { run } of suite) await run()
console.log(`a store of one's own shows ${suite.length} behaviours`)
rmSync(folder, { recursive: true })
