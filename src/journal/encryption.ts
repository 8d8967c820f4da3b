import { SallyportError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { checkOptions } from '../base/options.ts'

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
  const { encryption } = options
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
export function keyBytes(id: string, material: unknown): Uint8Array {
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

/** Where the command line looks for keys. */
const variable = 'SALLYPORT_JOURNAL_KEYS'

/** The keys of `SALLYPORT_JOURNAL_KEYS`, as `id:key`, with commas between them. Throws `bad-option`. */
export function encryptionIn(
  environment: Readonly<Record<string, string | undefined>>,
): EncryptionOptions | undefined {
  const text = environment[variable]
  if (text === undefined || text === '') return undefined
  const keys = text.split(',').map((entry) => {
    const [, id, key] = /^\s*([^:]*):(.*?)\s*$/.exec(entry) ?? []
    return { id: id ?? '', key: key ?? '' }
  })
  const encryption: EncryptionOptions = { keys: keys as [JournalKey, ...JournalKey[]] }
  try {
    checkFileOptions('the journal', { encryption })
  } catch (error) {
    const { message, help } = error as SallyportError
    throw new SallyportError('bad-option', `\`${variable}\`: ${message}`, {
      help: `write \`id:key\`, with commas between several; ${help}`,
    })
  }
  return encryption
}
