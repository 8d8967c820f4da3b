import type { KeyObject } from 'node:crypto'
import type { Clock } from './base/clock.ts'
import type { ErrorCode } from './base/codes.ts'
import { canonicalJson } from './base/digest.ts'
import { SallyportError } from './base/errors.ts'
import { isObject, parseJson } from './base/json.ts'
import { shorten } from './base/text.ts'
import { decodeBase64url, decodeUtf8 } from './gate/identity/base64url.ts'
import {
  checkOwnKey,
  checkPublicKeys,
  readOwnHeader,
  signCompact,
  type OwnKey,
} from './gate/identity/own-key.ts'
import { importPublicKey } from './gate/identity/signature.ts'
import type { Anchor } from './journal/checkpoint.ts'
import type { JournalRecord } from './journal/journal.ts'
import { malformedSnapshot, maxSnapshotLength } from './resume-options.ts'

/**
 * What snapshots and checkpoints of runs are signed with, and where checkpoints are kept besides the
 * journal. What is wrong with the keys themselves, runs tell.
 */
export interface SigningOptions {
  /** The private key: a JSON Web Key or a `KeyObject`, for Ed25519 (EdDSA) or P-256 (ES256). */
  readonly key: OwnKey | KeyObject
  /** What signatures name the key by. Default: its `kid`, else its thumbprint (RFC 7638). */
  readonly keyId?: string
  /** Public keys of earlier times, JSON Web Keys with a `kid`: what they signed still counts. */
  readonly keys?: readonly OwnKey[]
  /** How long a snapshot counts. Default 604,800,000 (7 days); from 1,000 to 31,536,000,000. */
  readonly ttlMs?: number
  /** Gets each signed checkpoint, to keep it where the journal is not. */
  readonly anchor?: Anchor
  /**
   * Whether a run fails with `anchor-failed` when a checkpoint could not be kept elsewhere. Default
   * true. Otherwise it goes on; the failure stands in its record and in `result.error`, and the
   * checkpoint is sent again with a later one.
   */
  readonly anchorRequired?: boolean
}

/**
 * A signed pointer to a run that rests, as `snapshot.schema.json` describes it. What was said and
 * done stands in the journal, which both sides share.
 */
export interface Snapshot {
  readonly version: 1
  readonly runId: string
  /** Digest of the last record of the run. */
  readonly head: string
  /** How many records the run has. */
  readonly length: number
  /** Digest of the policy in force when the run came to rest. */
  readonly policy: string
  /** RFC 3339, in UTC with milliseconds. */
  readonly expiresAt: string
}

/** Tells snapshots from anything else the same key may have signed. */
const type = 'sallyport-snapshot'

const week = 604_800_000

/** Makes snapshots, and tells those that count. */
export class Snapshots {
  readonly #key: OwnKey
  readonly #keys: readonly OwnKey[]
  readonly #ttlMs: number
  readonly #clock: Clock

  private constructor(key: OwnKey, { keys = [], ttlMs = week }: SigningOptions, clock: Clock) {
    const { d: _d, ...open } = key
    this.#key = key
    this.#keys = [open, ...keys]
    this.#ttlMs = ttlMs
    this.#clock = clock
    checkPublicKeys(this.#keys)
  }

  /** Rejects with `bad-option` for keys that cannot be used. */
  static async open(options: SigningOptions, clock: Clock): Promise<Snapshots> {
    const key = await signingKey(options)
    // tells at once whether it can sign
    await signCompact(new Uint8Array(), { key, type })
    return new Snapshots(key, options, clock)
  }

  /** A compact JWS over the canonical JSON of the snapshot. */
  sign(point: Pick<Snapshot, 'runId' | 'head' | 'length' | 'policy'>): Promise<string> {
    const expiresAt = new Date(this.#clock.now() + this.#ttlMs).toISOString()
    const snapshot: Snapshot = { version: 1, ...point, expiresAt }
    const payload = new TextEncoder().encode(canonicalJson(snapshot))
    return signCompact(payload, { key: this.#key, type })
  }

  /** What a snapshot says; throws the code of what is wrong with it. */
  async read(text: string): Promise<Snapshot> {
    const parts = text.split('.')
    const [encodedHeader = '', encodedPayload = '', encodedSignature = ''] = parts
    const header = readOwnHeader(encodedHeader, type)
    const signature = decodeBase64url(encodedSignature)
    const payload = decodeBase64url(encodedPayload)
    const isWhole = parts.length === 3 && text.length <= maxSnapshotLength
    if (!isWhole || !header || !signature || !payload) throw malformedSnapshot()
    const key = this.#keys.find(({ kid }) => kid === header.kid)
    if (key === undefined) throw unknownKey(header.kid)
    const { alg } = checkOwnKey(key, 'the key')
    if (header.alg !== alg) throw wrongAlgorithm()
    const isSigned = await importPublicKey(key, alg)
    if (!isSigned(Buffer.from(`${encodedHeader}.${encodedPayload}`), signature)) throw forged()
    const snapshot = readPayload(payload)
    if (!(this.#clock.now() < Date.parse(snapshot.expiresAt))) throw expired(snapshot)
    return snapshot
  }
}

/** A JSON Web Key with its id. */
export async function signingKey({ key, keyId }: SigningOptions): Promise<OwnKey> {
  const jwk = toJwk(key)
  const kid = keyId ?? jwk['kid']
  if (kid !== undefined) return { ...jwk, kid }
  checkOwnKey({ ...jwk, kid: 'none' }, '`signing.key`')
  const { calculateJwkThumbprint } = await import('jose/jwk/thumbprint')
  return { ...jwk, kid: await calculateJwkThumbprint(jwk as { kty: string }) }
}

function toJwk(key: SigningOptions['key']): OwnKey {
  const { export: exportKey } = key as { export?: unknown }
  if (typeof exportKey !== 'function') return { ...key }
  try {
    return exportKey.call(key, { format: 'jwk' }) as OwnKey
  } catch {
    throw new SallyportError('bad-option', '`signing.key` is no key that can be used', {
      help: 'pass a private key for Ed25519 or P-256, as a JSON Web Key or a `KeyObject`',
    })
  }
}

const members = ['version', 'runId', 'head', 'length', 'policy', 'expiresAt']
const digest = /^sha256:[0-9a-f]{64}$/
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** Hostile until it is read: whoever holds an old key may have signed anything. */
function readPayload(bytes: Uint8Array): Snapshot {
  const parsed = parseJson(decodeUtf8(bytes) ?? '')
  if (!parsed.ok || !isObject(parsed.value)) throw malformedSnapshot()
  const { version, runId, head, length, policy, expiresAt } = parsed.value
  if (version !== 1) throw malformedSnapshot('of a version that is not known here')
  const isFit =
    Object.keys(parsed.value).every((name) => members.includes(name)) &&
    typeof runId === 'string' &&
    runId !== '' &&
    isMatch(head, digest) &&
    isMatch(policy, digest) &&
    isMatch(expiresAt, instant) &&
    Number.isSafeInteger(length) &&
    (length as number) > 0
  if (!isFit) throw malformedSnapshot()
  return parsed.value as unknown as Snapshot
}

function isMatch(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value)
}

/**
 * Holds a snapshot against the record of its run. It counts while its head is the last record: once
 * the run has gone on, it is used up, also where whoever went on with it has died. Throws
 * `snapshot-used`, and `snapshot-mismatch` where the journal has never held that head.
 */
export async function checkPoint(
  { head, length, runId }: Snapshot,
  past: { readonly length: number },
  records: (from: number) => AsyncIterable<JournalRecord>,
): Promise<void> {
  let found: string | undefined
  for await (const { hash } of records(length - 1)) {
    found = hash
    break
  }
  if (found !== head) {
    throw refused('snapshot-mismatch', `the journal holds no such state of run \`${runId}\``, {
      help: 'use the journal the snapshot was made with; a copy of earlier times lacks what came later',
    })
  }
  if (past.length === length) return
  throw refused('snapshot-used', `run \`${runId}\` has gone on since the snapshot was made`, {
    help: 'use the snapshot of its last result, or have an operator resume the run by its id',
  })
}

function unknownKey(kid: string): SallyportError {
  const id = shorten(kid, 64)
  return refused('snapshot-key-unknown', `the snapshot is signed with the unknown key \`${id}\``, {
    help: 'add the public key to `signing.keys` if what it signed is still to count',
  })
}

function wrongAlgorithm(): SallyportError {
  return refused(
    'snapshot-algorithm',
    'the snapshot names another algorithm than that of its key',
    { help: 'it was altered, or signed with another key of the same id: do not use it' },
  )
}

function forged(): SallyportError {
  return refused('snapshot-signature', 'the signature of the snapshot is wrong', {
    help: 'it was altered, or signed with another key of the same id: do not use it',
  })
}

function expired({ expiresAt, runId }: Snapshot): SallyportError {
  return refused('snapshot-expired', `the snapshot of run \`${runId}\` expired at ${expiresAt}`, {
    help: 'have an operator resume the run by its id',
  })
}

function refused(code: ErrorCode, message: string, help: { help: string }): SallyportError {
  return new SallyportError(code, message, help)
}
