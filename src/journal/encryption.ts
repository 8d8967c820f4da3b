import { SallyportError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { Lazy } from '../base/lazy.ts'
import { checkOptions } from '../base/options.ts'
import type { Journal, JournalRecord } from './journal.ts'
import type { KeyRing } from './key-ring.ts'

/** 32 bytes; as text in hexadecimal digits, base64 or base64url. */
export type KeyMaterial = Uint8Array | string

/** A key of a journal. */
export interface JournalKey {
  /** Stands beside what the key encrypts: up to 64 letters, digits, `.`, `_` and `-`. */
  readonly id: string
  /** The key, or a function that fetches it, called once when the journal is first used. */
  readonly key: KeyMaterial | (() => KeyMaterial | Promise<KeyMaterial>)
}

/** What people, models and tools said is encrypted with the first key and read with all of them. */
export interface EncryptionOptions {
  readonly keys: readonly [JournalKey, ...JournalKey[]]
}

/** What a journal in a file may be told. */
export interface FileJournalOptions {
  /** Without it what is written is not encrypted, and what is encrypted cannot be read. */
  readonly encryption?: EncryptionOptions
}

/** Throws `bad-option` for what is no list of keys with ids of their own. */
export function checkFileOptions(owner: string, options: FileJournalOptions): void {
  checkOptions(owner, options, ['encryption'])
  checkEncryption(owner, options.encryption)
}

/** Throws `bad-option` as `checkFileOptions`. */
export function checkEncryption(owner: string, encryption: EncryptionOptions | undefined): void {
  if (encryption === undefined) return
  checkOptions(`encryption of ${owner}`, encryption, ['keys'])
  const keys: unknown = encryption.keys
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new SallyportError('bad-option', `encryption of ${owner} has no keys`, {
      help: 'give `keys: [{ id, key }]`; the first one writes, all of them read',
    })
  }
  const ids = new Set<string>()
  for (const key of keys as unknown[]) ids.add(checkKey(key))
  if (ids.size === keys.length) return
  throw new SallyportError('bad-option', `two keys of ${owner} have the same id`, {
    help: 'give each key an id of its own, and never one that another key had before',
  })
}

/** Returns the id. */
function checkKey(key: unknown): string {
  const { id, key: material } = isObject(key) ? (key as Record<string, unknown>) : {}
  if (typeof id !== 'string' || !/^[A-Za-z0-9._-]{1,64}$/.test(id)) {
    throw new SallyportError('bad-option', 'a key of a journal has no usable id', {
      help: 'use 1 to 64 letters, digits, `.`, `_` and `-`',
    })
  }
  if (typeof material !== 'function') keyBytes(id, material)
  return id
}

const keyLength = 32

/** The bytes of a key, copied. Throws `bad-option`, without any of the key in the message. */
function keyBytes(id: string, material: unknown): Uint8Array {
  const bytes = material instanceof Uint8Array ? Uint8Array.from(material) : decoded(material)
  if (bytes?.length === keyLength) return bytes
  throw new SallyportError('bad-option', `key \`${id}\` of the journal is not one of 32 bytes`, {
    help: 'make one by `openssl rand -base64 32`; a password is no key',
  })
}

function decoded(text: unknown): Uint8Array | undefined {
  if (typeof text !== 'string') return undefined
  if (/^[0-9A-Fa-f]{64}$/.test(text)) return Buffer.from(text, 'hex')
  // 32 bytes are 43 digits, of which the last has two bits to spare
  if (/^[A-Za-z0-9+/]{43}=$/.test(text)) return Buffer.from(text, 'base64')
  return /^[A-Za-z0-9_-]{43}$/.test(text) ? Buffer.from(text, 'base64url') : undefined
}

/** Whoever keeps a journal unencrypted does not pay for the code of ciphers before reading. */
const load = () => import('./key-ring.ts')

/**
 * The journal with payloads and answers encrypted on the way in and decrypted on the way out; lines
 * stay as they are, and digests of payloads are those of what was said. Without keys it reads what
 * is not encrypted, and says of the rest which key it needs.
 */
export function encrypted(journal: Journal, encryption: EncryptionOptions | undefined): Journal {
  if (encryption === undefined) return locked(journal)
  const ring = new Lazy(() => openRing(encryption))
  return {
    ...journal,
    append(runId, expectedSeq, records) {
      const append = (keys: KeyRing): Promise<void> | undefined =>
        journal.append(
          runId,
          expectedSeq,
          records.map((record) => seal(keys, runId, record)),
        )
      return ring.value === undefined ? ring.load().then(append) : append(ring.value)
    },
    async *read(runId, from) {
      const { isEncrypted } = await load()
      for await (const record of journal.read(runId, from)) {
        const text = storedText(record)
        if (text === undefined || !isEncrypted(text)) yield record
        else {
          const place = { runId, seq: record.seq }
          yield { ...record, payload: (await ring.load()).decrypt(text, place) }
        }
      }
    },
    async leaveAnswer(runId, answer) {
      await journal.leaveAnswer(runId, (await ring.load()).encrypt(answer, { runId }))
    },
    async answers(runId) {
      const { isEncrypted } = await load()
      const left = await journal.answers(runId)
      if (!left.some(isEncrypted)) return left
      const keys = await ring.load()
      return left.map((text) => (isEncrypted(text) ? keys.decrypt(text, { runId }) : text))
    },
  }
}

/** Fetches all keys. Throws `bad-option` for what is none. */
export async function openRing({ keys }: EncryptionOptions): Promise<KeyRing> {
  const { KeyRing: Ring } = await load()
  const fetched = keys.map(async ({ id, key }) => {
    return [id, keyBytes(id, typeof key === 'function' ? await key() : key)] as const
  })
  return new Ring(await Promise.all(fetched))
}

/** Kept as a JSON text, as payloads are. */
function seal(keys: KeyRing, runId: string, record: JournalRecord): JournalRecord {
  const { payload, seq } = record
  if (payload === undefined) return record
  return { ...record, payload: `"${keys.encrypt(payload, { runId, seq })}"` }
}

/** The text inside a payload that is a JSON string; undefined for one that is not encrypted. */
function storedText({ payload }: JournalRecord): string | undefined {
  return payload?.startsWith('"') === true ? payload.slice(1, -1) : undefined
}

function locked(journal: Journal): Journal {
  return {
    ...journal,
    async *read(runId, from) {
      for await (const record of journal.read(runId, from)) {
        const text = storedText(record)
        if (text === undefined) yield record
        else {
          const { payload: _payload, ...rest } = record
          const { keyIdOf } = await load()
          yield { ...rest, encryptedWith: keyIdOf(text, { runId, seq: record.seq }) }
        }
      }
    },
    async answers(runId) {
      const left = await journal.answers(runId)
      const { isEncrypted, keyIdOf, keyMissing } = await load()
      const sealed = left.find(isEncrypted)
      if (sealed !== undefined) throw keyMissing(keyIdOf(sealed, { runId }), { runId })
      return left
    },
  }
}
