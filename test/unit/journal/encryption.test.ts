import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { compactDecrypt } from 'jose'
import { describe, expect, test } from 'vitest'
import { openRecord } from '../../../src/journal/chain.ts'
import { openRing, type JournalKey } from '../../../src/journal/encryption.ts'
import { encryptionIn } from '../../../src/journal/environment-keys.ts'
import type { Journal, JournalRecord } from '../../../src/journal/journal.ts'
import { jsonlJournal } from '../../../src/journal/jsonl.ts'
import { openJournal } from '../../../src/journal/open.ts'
import { sqliteJournal } from '../../../src/journal/sqlite.ts'
import { verifyChain } from '../../../src/report/verify.ts'
import { readPast } from '../../../src/run/past.ts'
import { conversation } from '../../../src/testing/journal-records.ts'
import { journalSuite } from '../../../src/testing/journal-suite.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { jsonlStore, sqliteStore } from '../../support/journal-stores.ts'

const newKey = (id: string): JournalKey => ({ id, key: randomBytes(32) })
const [old, current, other] = [newKey('old'), newKey('new'), newKey('new')]

async function all(journal: Journal, runId: string): Promise<readonly JournalRecord[]> {
  const found: JournalRecord[] = []
  for await (const record of journal.read(runId)) found.push(record)
  return found
}

const drivers = [
  [
    'SQLite',
    sqliteStore,
    (folder: string, options: object) => sqliteJournal(`${folder}/j.db`, options),
  ],
  [
    'file',
    jsonlStore,
    (folder: string, options: object) => jsonlJournal(`${folder}/j.jsonl`, options),
  ],
] as const

describe.each(drivers)('%s journal with encryption', (_, store, open) => {
  const make = () => store({ encryption: { keys: [current, old] } })
  for (const { name, run } of journalSuite(make)) test(name, run)

  async function write(folder: string, key: JournalKey, runId = 'run_a') {
    const journal = open(folder, { encryption: { keys: [key] } })
    const records = conversation(runId, { end: 'completed' })
    await journal.append(runId, 0, records)
    await journal.leaveAnswer(runId, '{"reason":"words of a person"}')
    await journal.close()
    return records
  }

  const reading = (folder: string, ...keys: JournalKey[]): Journal =>
    open(folder, keys.length === 0 ? {} : { encryption: { keys } })

  test('has no words in its files, and gives them back with the key', async () => {
    const folder = temporaryFolder()
    const written = await write(folder, current)
    for (const name of readdirSync(folder)) {
      const bytes = readFileSync(join(folder, name))
      expect(bytes.includes(Buffer.from('words of')), name).toBe(false)
    }
    const journal = reading(folder, current)
    const records = await all(journal, 'run_a')
    expect(records.map(({ line, payload }) => [line, payload])).toEqual(
      written.map(({ line, payload }) => [line, payload]),
    )
    expect(await journal.answers('run_a')).toEqual(['{"reason":"words of a person"}'])
    expect(await verifyChain(records)).toMatchObject({ verdict: 'CONSISTENT', encrypted: 0 })
    await journal.close()
  })

  test('writes with the first key and reads what any of them has written', async () => {
    const folder = temporaryFolder()
    await write(folder, old, 'run_a')
    const plain = open(folder, {})
    await plain.append('run_b', 0, conversation('run_b', { end: 'completed' }))
    await plain.close()
    const journal = reading(folder, current, old)
    await journal.append('run_c', 0, conversation('run_c', { end: 'completed' }))
    for (const runId of ['run_a', 'run_b', 'run_c']) {
      expect(await verifyChain(journal.read(runId))).toMatchObject({
        verdict: 'CONSISTENT',
        erased: 0,
        encrypted: 0,
      })
    }
    await journal.close()
    const rotated = reading(folder, current)
    expect(await all(rotated, 'run_c')).toHaveLength(3)
    await expect(all(rotated, 'run_a')).rejects.toMatchObject({
      code: 'bad-journal',
      message:
        'what was said in record 0 of run `run_a` is encrypted with key `old`, which was not given',
    })
    await rotated.close()
  })

  test('proves the chain without a key, and says what it cannot check', async () => {
    const folder = temporaryFolder()
    await write(folder, current)
    const journal = reading(folder)
    const records = await all(journal, 'run_a')
    expect(records.map((record) => openRecord(record)).map((each) => each.encryptedWith)).toEqual([
      'new',
      'new',
      undefined,
    ])
    expect(records.every((record) => !openRecord(record).erased)).toBe(true)
    const found = await verifyChain(records)
    expect(found).toMatchObject({ verdict: 'CONSISTENT', erased: 0, encrypted: 2 })
    const payloads = found.properties.filter(({ name }) => name === 'payloads')
    expect(payloads).toMatchObject([
      { proved: false, statement: expect.stringContaining('2 encr') },
    ])
    await expect(readPast('run_a', journal.read('run_a'))).rejects.toMatchObject({
      code: 'bad-journal',
      message: expect.stringContaining('key `new`'),
    })
    await expect(journal.answers('run_a')).rejects.toMatchObject({ code: 'bad-journal' })
    await journal.close()
  })

  test('refuses another key of the same id', async () => {
    const folder = temporaryFolder()
    await write(folder, current)
    const journal = reading(folder, other)
    const refused = {
      code: 'bad-journal',
      message: expect.stringContaining('cannot be decrypted with key `new`'),
    }
    await expect(all(journal, 'run_a')).rejects.toMatchObject(refused)
    await expect(journal.answers('run_a')).rejects.toMatchObject(refused)
    await journal.close()
  })

  test('writes nothing when a key cannot be fetched, and tries again', async () => {
    let fails = true
    const journal = open(temporaryFolder(), {
      encryption: {
        keys: [
          {
            id: 'kms',
            key: async () => {
              if (fails) throw new Error('no route to the key store')
              return current.key
            },
          },
        ],
      },
    })
    const append = async () => journal.append('run_a', 0, conversation('run_a'))
    await expect(append()).rejects.toThrow('no route')
    expect(await all(journal, 'run_a')).toEqual([])
    fails = false
    await append()
    expect(await all(journal, 'run_a')).toHaveLength(2)
    await journal.close()
  })
})

test('what is moved to another record or run cannot be decrypted', async () => {
  const folder = temporaryFolder()
  const path = join(folder, 'j.db')
  const journal = sqliteJournal(path, { encryption: { keys: [current] } })
  await journal.append('run_a', 0, conversation('run_a'))
  await journal.append('run_b', 0, conversation('run_b'))
  const damaged = { code: 'bad-journal', message: expect.stringContaining('belongs elsewhere') }
  for (const [from, to, runId] of [
    ['place = 1 << 32', 'place = (1 << 32) + 1', 'run_a'],
    ['place = 1 << 32', 'place = 2 << 32', 'run_b'],
  ] as const) {
    using database = new DatabaseSync(path)
    database.exec(
      `UPDATE records SET payload = (SELECT payload FROM records WHERE ${from}) WHERE ${to}`,
    )
    await expect(all(journal, runId)).rejects.toMatchObject(damaged)
  }
  await journal.close()
})

function bytesOf(text: string): readonly string[] {
  return text.split('.').map((part) => Buffer.from(part, 'base64url').toString('hex'))
}

describe('the form of what is encrypted', () => {
  const place = { runId: 'run_a', seq: 3 }

  test('is a JSON Web Encryption that other programs open', async () => {
    const ring = await openRing({ keys: [current] })
    const text = ring.encrypt('{"words":"ü\u2028😀"}', place)
    const { plaintext, protectedHeader } = await compactDecrypt(text, current.key as Uint8Array)
    expect(new TextDecoder().decode(plaintext)).toBe('{"words":"ü\u2028😀"}')
    expect(protectedHeader).toEqual({
      alg: 'dir',
      enc: 'A256GCM',
      kid: 'new',
      run: 'run_a',
      seq: 3,
    })
    expect(ring.encrypt('same', place)).not.toBe(ring.encrypt('same', place))
  })

  test('is refused whatever byte of it was altered or cut off', async () => {
    const ring = await openRing({ keys: [current] })
    const text = ring.encrypt('{"words":1}', place)
    for (let at = 0; at < text.length; at++) {
      for (const changed of [
        `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`,
        text.slice(0, at),
      ]) {
        // the last digits of base64url may differ in bits that belong to no byte
        if (bytesOf(changed).join() === bytesOf(text).join()) continue
        expect(() => ring.decrypt(changed, place), `${at}`).toThrow()
      }
    }
  })
})

describe('keys', () => {
  const bytes = randomBytes(32)

  test.each([
    bytes,
    bytes.toString('hex'),
    bytes.toString('base64'),
    bytes.toString('base64url'),
    () => bytes.toString('base64'),
    async () => bytes,
  ])('are taken as %s', async (key) => {
    const text = (await openRing({ keys: [{ id: 'k', key: bytes }] })).encrypt('x', {
      runId: 'r',
    })
    expect((await openRing({ keys: [{ id: 'k', key }] })).decrypt(text, { runId: 'r' })).toBe('x')
  })

  test.each([
    [{ keys: [] }, 'no keys'],
    [{ keys: [{ id: 'k', key: 'a password' }] }, 'key `k` of the journal is not one of 32 bytes'],
    [{ keys: [{ id: 'k', key: randomBytes(16) }] }, 'not one of 32 bytes'],
    [{ keys: [{ id: 'k', key: undefined }] }, 'not one of 32 bytes'],
    [{ keys: [{ id: 'a b', key: bytes }] }, 'no usable id'],
    [{ keys: [newKey('k'), newKey('k')] }, 'the same id'],
    [{ keys: [newKey('k')], cipher: 'none' }, 'no option `cipher`'],
  ])('are refused: %#', (encryption, message) => {
    for (const open of [sqliteJournal, jsonlJournal]) {
      const attempt = () => open('unused', { encryption } as never)
      expect(attempt).toThrow(message)
      expect(attempt).not.toThrow('a password')
    }
  })

  test('of the environment open journals of the command line, whatever their form', async () => {
    const environment = { SALLYPORT_JOURNAL_KEYS: `k:${bytes.toString('base64')}` }
    for (const name of ['j.db', 'j.jsonl']) {
      const path = join(temporaryFolder(), name)
      const journal = await openJournal(path, environment)
      await journal.append('run_a', 0, conversation('run_a'))
      await journal.close()
      const [locked] = await all(await openJournal(path, {}), 'run_a')
      expect(locked).toMatchObject({ encryptedWith: 'k' })
      const [open] = await all(await openJournal(path, environment), 'run_a')
      expect(open!.payload).toContain('words of the user')
    }
  })

  test('come from the environment, the writing one first', () => {
    const text = `k2:${bytes.toString('base64')}, k1:${bytes.toString('hex')}`
    expect(encryptionIn({ SALLYPORT_JOURNAL_KEYS: text })).toEqual({
      keys: [
        { id: 'k2', key: bytes.toString('base64') },
        { id: 'k1', key: bytes.toString('hex') },
      ],
    })
    expect(encryptionIn({})).toBeUndefined()
    for (const wrong of ['k1', 'k1:', ':abc', 'k1:secretsecret', `${text},`]) {
      const attempt = () => encryptionIn({ SALLYPORT_JOURNAL_KEYS: wrong })
      expect(attempt).toThrow('`SALLYPORT_JOURNAL_KEYS`')
      expect(attempt).not.toThrow('secretsecret')
    }
  })
})
