import { expect, test } from 'vitest'
import { runSuite } from '../../src/analysis/suite.ts'
import { ask } from '../../src/ask.ts'
import { createAuthenticator, hashApiKey } from '../../src/gate/index.ts'
import { diskHistory } from '../../src/history/disk.ts'
import { redisHistory } from '../../src/history/redis.ts'
import { sqliteHistory } from '../../src/history/sqlite.ts'
import { fileAnchor, jsonlJournal } from '../../src/journal/jsonl.ts'
import { sqliteJournal } from '../../src/journal/sqlite.ts'
import { parsePolicy } from '../../src/loading/file.ts'
import { signPolicy } from '../../src/loading/sign.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import { readPolicy } from '../../src/policy/read.ts'
import { createRuntime } from '../../src/runtime.ts'
import { expectDecision } from '../../src/testing/policy-suite.ts'
import { scripted } from '../../src/testing/scripted.ts'

const nothing = undefined as never
const ofMemory = '`path` is `:memory:`, which names no file'
const loaded = (await parsePolicy('{ sallyport: 1, name: p, rules: [] }')) as never
const policyObject = { sallyport: 1, name: 'p', rules: [] } as never

test.each<[string, () => unknown, string]>([
  ['a policy as an object', () => parsePolicy(policyObject), '`policyText` is not a text'],
  ['no policy', () => parsePolicy(nothing), '`policyText` is not a text'],
  ['bytes', () => parsePolicy(Buffer.from('sallyport: 1') as never), '`policyText` is not a text'],
  ['a name that is none', () => parsePolicy('', 5 as never), '`file` is not a text'],
  ['no text to read', () => readPolicy(nothing, { file: 'p' }), '`policyText` is not a text'],
  ['no name to show', () => readPolicy('', { file: nothing }), '`file` is not a text'],
  ['no database', () => sqliteJournal(nothing), '`path` is not a text'],
  ['a journal in memory', () => sqliteJournal(':memory:'), ofMemory],
  ['conversations in memory', () => sqliteHistory(':memory:'), ofMemory],
  ['no file', () => jsonlJournal(nothing), '`path` is not a text'],
  ['no API key', () => hashApiKey(nothing), 'an API key has 1 to 4096 characters'],
  ['a loaded policy to compile', () => compilePolicy(loaded), '`file` is not a policy file'],
  ['nothing to compile', () => compilePolicy(nothing), '`file` is not a policy file'],
  ['a loaded policy to test', () => runSuite(loaded), '`policy` is not a compiled policy'],
  ['no policy to test', () => runSuite(nothing), '`policy` is not a compiled policy'],
  ['a path', () => expectDecision('p.yaml' as never, nothing), '`policy` is not a loaded policy'],
  ['no policy to sign', () => signPolicy(nothing, nothing), '`path` is not a text'],
  ['no runtime', () => ask(nothing, { prompt: 'hi' }), '`runtime` is not a runtime'],
  [
    'no question',
    () => ask(createRuntime({ model: scripted([]) }), nothing),
    '`options` is not an object',
  ],
  ['no file to anchor in', () => fileAnchor(nothing), '`path` is not a text'],
  ['no folder', () => diskHistory(nothing), '`folder` is not a text'],
  ['no file of conversations', () => sqliteHistory(nothing), '`path` is not a text'],
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

test('callers are authenticated by the clock of the system where no other is given', async () => {
  const { file } = await parsePolicy(`
    sallyport: 1
    name: p
    identity: { anonymous: role, anonymousRole: guest }
    roles: { guest: {} }
    rules: []`)
  const caller = await createAuthenticator(file.identity).authenticate(nothing)
  expect(caller).toMatchObject({ ok: true, principal: { roles: ['guest'] } })
})

test('a policy in the place of its identity is refused with what to pass', () => {
  expect(() => createAuthenticator(loaded, {})).toThrow(
    expect.objectContaining({ help: expect.stringContaining('the `identity` of a policy') }),
  )
})
