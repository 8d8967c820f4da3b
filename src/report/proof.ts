import { SallyportError } from '../base/errors.ts'
import { isObject, parseJson, type JsonObject } from '../base/json.ts'
import { shorten } from '../base/text.ts'
import { decodeBase64url, decodeUtf8 } from '../gate/identity/base64url.ts'
import { checkPublicKeys, type OwnKey } from '../gate/identity/own-key.ts'
import { hashLine } from '../journal/chain.ts'
import type { JournalRecord } from '../journal/journal.ts'
import { inclusionPath, rootOfPath } from '../journal/tree.ts'
import { readCheckpoint } from './attest.ts'
import type { Verdict } from './verification.ts'
import { checkOptions, checkText } from '../base/options.ts'
import { checkList, checkRecords } from './given.ts'

/**
 * The records of one call with what proves that a signed checkpoint covers them (RFC 9162, section
 * 2.1.3), for somebody who must not see the rest of the run. What was said is not in it, only its
 * digests.
 */
export interface CallProof {
  readonly version: 1
  readonly runId: string
  readonly callId: string
  /** The last checkpoint of the run, a compact JWS. */
  readonly checkpoint: string
  readonly records: readonly {
    readonly seq: number
    /** The record as it stands in the journal. */
    readonly line: string
    readonly path: readonly string[]
  }[]
}

/**
 * Proves the records of a call, named by its id or by its turn and place such as `2.0`. Throws
 * `bad-option` for a call the run does not have, and one that no checkpoint covers; `bad-journal` for
 * a line that is none of a journal.
 */
export async function proveCall(
  records: AsyncIterable<JournalRecord> | Iterable<JournalRecord>,
  options: { readonly call: string; readonly checkpoints: readonly string[] },
): Promise<CallProof> {
  checkOptions('proveCall', options, ['call', 'checkpoints'])
  const { call, checkpoints } = options
  checkText('call', call)
  checkList('checkpoints', checkpoints, 'pass what `journal.checkpoints(runId)` gives')
  const checkpoint = checkpoints.at(-1)
  const size = checkpoint === undefined ? 0 : sizeOf(checkpoint)
  const digests: string[] = []
  const found: { readonly seq: number; readonly line: string }[] = []
  let callId = call
  let runId = ''
  for await (const { seq, line, hash } of checkRecords(records)) {
    if (digests.length < size) digests.push(hash)
    const event = eventIn(line, seq)
    if (event['type'] === 'tool-call' && `${event['turn']}.${event['index']}` === call) {
      callId = event['callId'] as string
    }
    if (event['callId'] !== callId) continue
    runId = event['runId'] as string
    found.push({ seq, line })
  }
  if (found.length === 0) {
    throw new SallyportError('bad-option', `the run has no call \`${shorten(call, 100)}\``, {
      help: 'name a call by its id, or by its number in the report such as `2.0`',
    })
  }
  if (checkpoint === undefined || found.at(-1)!.seq >= digests.length) {
    throw new SallyportError('bad-option', 'no signed checkpoint covers the whole call', {
      help: 'only runs with `signing` can be proved, up to their last checkpoint',
    })
  }
  const proved = found.map((each) => ({ ...each, path: inclusionPath(digests, each.seq) }))
  return { version: 1, runId, callId, checkpoint, records: proved }
}

function eventIn(line: string, seq: number): JsonObject {
  let event: unknown
  try {
    event = JSON.parse(line)
  } catch {
    // told below, like all that is no object
  }
  if (isObject(event)) return event as JsonObject
  throw new SallyportError('bad-journal', `record ${seq} is not a line of a journal`, {
    help: 'the journal is damaged or was altered: restore it from a copy',
  })
}

/** As the checkpoint says itself; whoever is shown the proof checks its signature. */
function sizeOf(checkpoint: string): number {
  const bytes = decodeBase64url(checkpoint.split('.')[1] ?? '')
  const parsed = parseJson((bytes && decodeUtf8(bytes)) ?? '')
  const size = parsed.ok && isObject(parsed.value) ? parsed.value['size'] : undefined
  return typeof size === 'number' ? size : 0
}

/** What a proof shows; plain data. */
export interface ProofVerification {
  readonly verdict: Extract<
    Verdict,
    'CONSISTENT' | 'MALFORMED' | 'TAMPERED' | 'BAD_SIGNATURE' | 'UNKNOWN_KEY'
  >
  readonly message: string
  /** Null unless the proof holds, as all below. */
  readonly runId: string | null
  readonly callId: string | null
  /** Id of the key that signed. */
  readonly signer: string | null
  /** When it signed, by its own clock. */
  readonly signedAt: string | null
  /** The records that are proved, as the journal has them. */
  readonly events: readonly JsonObject[]
  readonly proved: readonly string[]
  readonly notProved: readonly string[]
}

/** Checks the text of a `CallProof`. Throws `bad-option` for keys that cannot be used, only. */
export async function verifyCallProof(
  text: string,
  keys: readonly OwnKey[],
): Promise<ProofVerification> {
  checkPublicKeys(keys)
  const proof = readProof(text)
  if (proof === undefined) return refused('MALFORMED', 'this is no proof of a call')
  const point = await readCheckpoint(proof.checkpoint, keys)
  if ('verdict' in point) {
    return refused(point.verdict as ProofVerification['verdict'], point.message)
  }
  if (point.runId !== proof.runId) return refused('TAMPERED', 'the checkpoint is of another run')
  const events: JsonObject[] = []
  let last = -1
  for (const { seq, line, path } of proof.records) {
    // one that stands here twice would tell of something that happened once
    if (seq <= last) return refused('TAMPERED', `record ${seq} stands behind record ${last}`)
    last = seq
    const root = rootOfPath(hashLine(line), { index: seq, size: point.size }, path)
    const event = lineOf(line)
    if (root !== point.root || event === undefined) {
      return refused('TAMPERED', `record ${seq} is not one that the checkpoint covers`)
    }
    if (
      event['runId'] !== proof.runId ||
      event['callId'] !== proof.callId ||
      event['seq'] !== seq
    ) {
      return refused('TAMPERED', `record ${seq} is not one of the call`)
    }
    events.push(event)
  }
  return {
    verdict: 'CONSISTENT',
    message: `the ${events.length} records of the call are covered by the checkpoint`,
    runId: proof.runId,
    callId: proof.callId,
    signer: point.keyId,
    signedAt: point.at,
    events,
    proved: [
      `the signer has seen these ${events.length} records as they are, in these places of the run`,
    ],
    notProved: ['that the call has no other records', ...never],
  }
}

const never: readonly string[] = [
  'what was said: only digests of it are here',
  'that clocks were right and people who answered are who they say',
]

function refused(verdict: ProofVerification['verdict'], message: string): ProofVerification {
  const nothing = {
    runId: null,
    callId: null,
    signer: null,
    signedAt: null,
    events: [],
    proved: [],
  }
  return { verdict, message, ...nothing, notProved: ['that this call was recorded', ...never] }
}

/** What it does not name nothing covers: beside what is proved, it would seem to be. */
function readProof(text: string): CallProof | undefined {
  const parsed = parseJson(text)
  if (!parsed.ok || !isObject(parsed.value)) return undefined
  const { version, runId, callId, checkpoint, records, ...others } = parsed.value
  const isFit =
    version === 1 &&
    [runId, callId, checkpoint].every((value) => typeof value === 'string') &&
    Array.isArray(records) &&
    records.length > 0 &&
    records.every(isProofRecord) &&
    Object.keys(others).length === 0
  return isFit ? (parsed.value as unknown as CallProof) : undefined
}

function isProofRecord(value: unknown): boolean {
  if (!isObject(value)) return false
  const { seq, line, path, ...others } = value
  const isPath =
    Array.isArray(path) &&
    path.every((digest) => typeof digest === 'string' && /^sha256:[0-9a-f]{64}$/.test(digest))
  const isWhole = isPath && Number.isSafeInteger(seq) && typeof line === 'string'
  return isWhole && Object.keys(others).length === 0
}

function lineOf(line: string): JsonObject | undefined {
  const parsed = parseJson(line)
  return parsed.ok && isObject(parsed.value) ? parsed.value : undefined
}
