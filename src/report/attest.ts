import { sha256 } from '../base/digest.ts'
import { isObject, parseJson } from '../base/json.ts'
import { decodeUtf8 } from '../gate/identity/base64url.ts'
import { checkPublicKeys, type OwnKey } from '../gate/identity/own-key.ts'
import { checkpointType, type Checkpoint } from '../journal/checkpoint.ts'
import { RecordTree } from '../journal/tree.ts'
import { forged, readSignedPayload } from './signed-payload.ts'
import type { Fault } from './verification.ts'

/** UTF-16 code units of a checkpoint at most; one has about 700. */
const maxLength = 8192

/** A checkpoint whose signature is right, and the id of the key that made it. */
export interface SignedCheckpoint extends Checkpoint {
  readonly keyId: string
}

/** Reads a checkpoint with keys that are trusted; never with what it says of keys itself. */
export async function readCheckpoint(
  text: string,
  keys: readonly OwnKey[],
): Promise<SignedCheckpoint | Fault> {
  if (text.length > maxLength) return forged('a checkpoint is damaged')
  const signed = await readSignedPayload(text, keys, {
    type: checkpointType,
    what: 'a checkpoint',
  })
  if ('verdict' in signed) return signed
  const checkpoint = readPayload(signed.payload)
  return checkpoint === undefined
    ? forged('a checkpoint has members that are not known')
    : { ...checkpoint, keyId: signed.keyId }
}

function readPayload(bytes: Uint8Array): Checkpoint | undefined {
  const parsed = parseJson(decodeUtf8(bytes) ?? '')
  if (!parsed.ok || !isObject(parsed.value)) return undefined
  const { v, runId, size, head, root, previous, final, at, ...others } = parsed.value
  const isFit =
    v === 1 &&
    typeof runId === 'string' &&
    Number.isSafeInteger(size) &&
    (size as number) > 0 &&
    isDigest(head) &&
    isDigest(root) &&
    (previous === null || isDigest(previous)) &&
    typeof final === 'boolean' &&
    typeof at === 'string' &&
    Object.keys(others).length === 0
  return isFit ? (parsed.value as unknown as Checkpoint) : undefined
}

function isDigest(value: unknown): boolean {
  return typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value)
}

/** Checkpoints that were kept elsewhere: one file of them has those of all runs. */
export interface Anchors {
  readonly byRun: ReadonlyMap<string, readonly SignedCheckpoint[]>
  /** What is wrong with the first that cannot be read, and so may be of any run. */
  readonly fault: Fault | undefined
}

/** Reads each once. Throws `bad-option` for keys that cannot be used. */
export async function readAnchors(
  texts: readonly string[],
  keys: readonly OwnKey[],
): Promise<Anchors> {
  checkPublicKeys(keys)
  const byRun = new Map<string, SignedCheckpoint[]>()
  let fault: Fault | undefined
  for (const text of texts) {
    const read = await readCheckpoint(text, keys)
    if ('verdict' in read) fault ??= read
    else {
      const known = byRun.get(read.runId)
      if (known === undefined) byRun.set(read.runId, [read])
      else known.push(read)
    }
  }
  return { byRun, fault }
}

export interface SignedOptions {
  /** The run that is meant. */
  readonly runId: string
  /** Public keys that are trusted: JSON Web Keys for Ed25519 or P-256 with a `kid`. */
  readonly keys: readonly OwnKey[]
  /** As `checkpoints` of the journal gives them. Default: none. */
  readonly checkpoints?: readonly string[]
  /** Checkpoints that were kept elsewhere; those of other runs are left aside. Default: none. */
  readonly anchors?: readonly string[]
  /** Accepts records without any checkpoint. Default false. */
  readonly allowUnsigned?: boolean
  /** Demands that the last record was signed as the end of the run. Default false. */
  readonly expectFinal?: boolean
}

/** What signed checkpoints say of the records of one run, compared with them one after another. */
export class Attestation {
  /** Those of the journal, then those kept elsewhere, as far as they could be read. */
  readonly #points: readonly SignedCheckpoint[]
  readonly #bySize = new Map<number, SignedCheckpoint[]>()
  readonly #tree = new RecordTree()
  readonly kept: number
  readonly anchored: number
  #fault: Fault | undefined

  private constructor(
    kept: readonly SignedCheckpoint[],
    anchors: readonly SignedCheckpoint[],
    fault: Fault | undefined,
  ) {
    this.kept = kept.length
    this.anchored = Math.max(0, ...anchors.map(({ size }) => size))
    this.#points = [...kept, ...anchors]
    this.#fault = fault
    for (const point of this.#points) {
      this.#bySize.set(point.size, [...(this.#bySize.get(point.size) ?? []), point])
    }
  }

  /** `anchors` are those of the options, where they were read before. Throws as `readAnchors` does. */
  static async of(
    { runId, keys, checkpoints = [], anchors: texts = [] }: SignedOptions,
    anchors?: Anchors,
  ): Promise<Attestation> {
    const { byRun, fault: unread } = anchors ?? (await readAnchors(texts, keys))
    let fault: Fault | undefined
    const kept: SignedCheckpoint[] = []
    let previous: string | null = null
    for (const text of checkpoints) {
      const read = await readCheckpoint(text, keys)
      if ('verdict' in read) fault ??= read
      else {
        if (read.runId !== runId) fault ??= tampered('a checkpoint is of another run')
        if (read.previous !== previous)
          fault ??= tampered('a checkpoint does not name the one before it')
        if (read.size <= (kept.at(-1)?.size ?? 0))
          fault ??= tampered('checkpoints are out of order')
        kept.push(read)
      }
      previous = sha256(text)
    }
    return new Attestation(kept, byRun.get(runId) ?? [], fault ?? unread)
  }

  /** Takes the digest of the next record. */
  add(digest: string): void {
    if (this.#points.length === 0) return
    this.#tree.add(digest)
    const points = this.#bySize.get(this.#tree.size)
    if (points === undefined || this.#fault !== undefined) return
    const root = this.#tree.root()
    if (points.some((point) => point.head !== digest || point.root !== root)) {
      const message = 'the signer has attested another history than this one'
      this.#fault = { verdict: 'FORKED', message, record: this.#tree.size - 1 }
    }
  }

  /** Records that are attested: all up to the last checkpoint. */
  get attested(): number {
    return Math.max(0, ...this.#points.map(({ size }) => size))
  }

  /** Ids of the keys that signed. */
  get signers(): readonly string[] {
    return [...new Set(this.#points.map(({ keyId }) => keyId))]
  }

  /** What is wrong after the last of `records` records. */
  end(
    records: number,
    options: {
      readonly allowUnsigned: boolean
      readonly maxTail: number
      readonly expectFinal: boolean
      /** The records name a key that signs them. */
      readonly isSigned: boolean
    },
  ): Fault | undefined {
    if (this.#fault !== undefined) return this.#fault
    const { attested } = this
    if (attested > records) {
      const message = `a checkpoint covers ${attested} records, and there are ${records}`
      return { verdict: 'TRUNCATED', message }
    }
    if (attested === 0 && options.isSigned) {
      const message =
        'the records name a key that signs them, and there is no checkpoint: none was reached, or it was removed'
      return { verdict: 'NO_CHECKPOINTS', message }
    }
    if (attested === 0) {
      return options.allowUnsigned
        ? undefined
        : { verdict: 'UNSIGNED', message: 'there is no signed checkpoint of these records' }
    }
    const tail = records - attested
    if (tail > options.maxTail) {
      const message = `${tail} records follow the last checkpoint, at most ${options.maxTail} are accepted`
      return { verdict: 'UNATTESTED_TAIL', message, record: attested }
    }
    const isFinal = this.#points.some(({ final, size }) => final && size === records)
    return options.expectFinal && !isFinal
      ? { verdict: 'INCOMPLETE', message: 'the last record is not one that was signed as the end' }
      : undefined
  }
}

function tampered(message: string): Fault {
  return { verdict: 'TAMPERED', message }
}
