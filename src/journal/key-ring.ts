import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  randomBytes,
  type KeyObject,
} from 'node:crypto'
import { SallyportError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'

/** Where a text belongs; what is moved elsewhere cannot be decrypted. An answer has no number. */
export interface Place {
  readonly runId: string
  readonly seq?: number
}

/** What is encrypted as it stands in the journal: `{"alg":"dir","enc":"A256GCM",...`. */
const beginning = 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIi'

/** Whether a text of the journal is encrypted; JSON texts never look like that. */
export function isEncrypted(text: string): boolean {
  return text.startsWith(beginning)
}

/** The id of the key that encrypts a text. Throws `bad-journal`. */
export function keyIdOf(text: string, place: Place): string {
  return partsOf(text, place).keyId
}

/**
 * Encrypts texts with the first of its keys and decrypts with all of them. The form is a JSON Web
 * Encryption in compact serialization (RFC 7516) with direct encryption by AES-256-GCM, whose
 * header also names the place. Nonces are random, so that a key should write no more than 2^32
 * texts (NIST SP 800-38D, section 8.3).
 */
export class KeyRing {
  readonly #writing: { readonly id: string; readonly key: KeyObject }
  readonly #keys: ReadonlyMap<string, KeyObject>

  /** Takes keys of 32 bytes, at least one. */
  constructor(keys: readonly (readonly [id: string, bytes: Uint8Array])[]) {
    const made = keys.map(([id, bytes]) => [id, createSecretKey(bytes)] as const)
    const [id, key] = made[0]!
    this.#writing = { id, key }
    this.#keys = new Map(made)
  }

  encrypt(text: string, place: Place): string {
    const { id, key } = this.#writing
    const header = base64url(headerText(id, place))
    const nonce = randomBytes(nonceLength)
    const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagLength })
    cipher.setAAD(Buffer.from(header))
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    const parts = [nonce, sealed, cipher.getAuthTag()].map((part) => part.toString('base64url'))
    return `${header}..${parts.join('.')}`
  }

  /** Throws `bad-journal` for a key that is missing or another one, and for what was altered. */
  decrypt(text: string, place: Place): string {
    const { header, keyId, nonce, sealed, tag } = partsOf(text, place)
    const key = this.#keys.get(keyId)
    if (key === undefined) throw keyMissing(keyId, place)
    if (header !== base64url(headerText(keyId, place))) throw damaged(place)
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagLength })
      decipher.setAAD(Buffer.from(header))
      decipher.setAuthTag(tag)
      return Buffer.concat([decipher.update(sealed), decipher.final()]).toString()
    } catch (cause) {
      throw new SallyportError(
        'bad-journal',
        `${nameOf(place)} cannot be decrypted with key \`${keyId}\``,
        {
          help: 'give the key that has written it by this id; if it is the one, it was altered',
          cause,
        },
      )
    }
  }
}

const nonceLength = 12
const tagLength = 16

function headerText(keyId: string, { runId, seq }: Place): string {
  return JSON.stringify({ alg: 'dir', enc: 'A256GCM', kid: keyId, run: runId, seq })
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}

interface Parts {
  readonly header: string
  readonly keyId: string
  readonly nonce: Buffer
  readonly sealed: Buffer
  readonly tag: Buffer
}

function partsOf(text: string, place: Place): Parts {
  const [header = '', wrapped, nonceText = '', sealed = '', tagText = '', ...more] = text.split('.')
  const nonce = Buffer.from(nonceText, 'base64url')
  const tag = Buffer.from(tagText, 'base64url')
  const keyId = keyIdIn(header)
  const fits = wrapped === '' && more.length === 0 && nonce.length === nonceLength
  // a shorter tag is a weaker one
  if (!fits || tag.length !== tagLength || keyId === undefined) throw damaged(place)
  return { header, keyId, nonce, sealed: Buffer.from(sealed, 'base64url'), tag }
}

function keyIdIn(header: string): string | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(header, 'base64url').toString())
    const id = isObject(value) ? value['kid'] : undefined
    return typeof id === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(id) ? id : undefined
  } catch {
    return undefined
  }
}

function nameOf({ runId, seq }: Place): string {
  return seq === undefined
    ? `an answer left for run \`${runId}\``
    : `what was said in record ${seq} of run \`${runId}\``
}

function damaged(place: Place): SallyportError {
  return new SallyportError('bad-journal', `${nameOf(place)} is damaged or belongs elsewhere`, {
    help: 'restore the journal from a copy; nothing in it has been changed',
    details: place.seq === undefined ? undefined : { record: place.seq },
  })
}

/** The error of what is encrypted with a key that was not given. */
export function keyMissing(keyId: string, place: Place): SallyportError {
  return new SallyportError(
    'bad-journal',
    `${nameOf(place)} is encrypted with key \`${keyId}\`, which was not given`,
    {
      help: 'add the key to `encryption.keys`, on the command line to `SALLYPORT_JOURNAL_KEYS`; the first one writes, all of them read',
    },
  )
}
