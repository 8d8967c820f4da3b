import { expect, test } from 'vitest'
import { hashApiKey } from '../../src/gate/index.ts'
import { redisHistory } from '../../src/history/redis.ts'
import { jsonlJournal } from '../../src/journal/jsonl.ts'
import { sqliteJournal } from '../../src/journal/sqlite.ts'
import { parsePolicy } from '../../src/loading/file.ts'
import { readPolicy } from '../../src/policy/read.ts'
import { createRuntime } from '../../src/runtime.ts'
import { scripted } from '../../src/testing/scripted.ts'

const nothing = undefined as never
const policyObject = { sallyport: 1, name: 'p', rules: [] } as never

test.each<[string, () => unknown, string]>([
  ['a policy as an object', () => parsePolicy(policyObject), '`policyText` is not a text'],
  ['no policy', () => parsePolicy(nothing), '`policyText` is not a text'],
  ['bytes', () => parsePolicy(Buffer.from('sallyport: 1') as never), '`policyText` is not a text'],
  ['a name that is none', () => parsePolicy('', 5 as never), '`file` is not a text'],
  ['no text to read', () => readPolicy(nothing, { file: 'p' }), '`policyText` is not a text'],
  ['no name to show', () => readPolicy('', { file: nothing }), '`file` is not a text'],
  ['no database', () => sqliteJournal(nothing), '`path` is not a text'],
  ['no file', () => jsonlJournal(nothing), '`path` is not a text'],
  ['no API key', () => hashApiKey(nothing), 'an API key has 1 to 4096 characters'],
  ['no client', () => redisHistory(nothing), 'this is no client of Redis'],
  [
    'no signing key',
    () => createRuntime({ model: scripted([]), signing: {} as never }),
    '`signing.key` is not an object',
  ],
])('%s is refused with what was expected', async (_, make, message) => {
  const made = new Promise((resolve) => resolve(make()))
  await expect(made).rejects.toMatchObject({ code: 'bad-option', message })
})
