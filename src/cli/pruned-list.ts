import { constants } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import { canonicalJson, sha256 } from '../base/digest.ts'
import { isSallyportError, SallyportError } from '../base/errors.ts'
import { fileFailure, isMissing } from '../base/file-failure.ts'
import { isObject, isTexts, parseJson } from '../base/json.ts'
import { signCompact, type OwnKey } from '../gate/identity/own-key.ts'
import { genesis } from '../journal/chain.ts'
import { appendDurably } from '../journal/jsonl-checkpoints.ts'
import { realFile } from '../journal/jsonl-path.ts'
import { cutTornLine } from '../journal/lines.ts'
import { takeLock } from '../journal/lock.ts'
import type { Pruned } from '../journal/retention.ts'
import { readSignedPayload } from '../report/signed-payload.ts'
import type { Fault } from '../report/verification.ts'
import { counted, visible } from '../base/text.ts'

/** What the list beside a journal says of pruning. */
export interface PrunedList {
  readonly entries: number
  readonly removed: readonly string[]
  readonly erased: readonly string[]
  /** When something was pruned last. */
  readonly last: string | null
  /** Each entry names the one before it. */
  readonly isWhole: boolean
  /** Entries signed with a key that is trusted; null where no keys were given. */
  readonly signed: number | null
  /** What is wrong with the first signature that is not right. */
  readonly fault?: Fault
}

/** Tells the signatures of entries from anything else the same key may have signed. */
const type = 'sallyport-pruned'

/** Others hold the list for one entry each. */
const busyMs = 10_000

/**
 * Adds an entry to the list beside a journal, which names the one before it, and is signed where
 * there is a key: detached, as RFC 7515 appendix F says. On disk when it resolves. Waits up to 10 s
 * for others who add to the list. Throws `bad-file`, and `bad-option` for a key that cannot sign.
 */
export async function notePruned(
  path: string,
  { erased, removed }: Pruned,
  key: OwnKey | undefined,
): Promise<void> {
  const list = await listOf(path)
  try {
    // two that come after one entry would both name it
    const unlock = await lock(list)
    try {
      await cutTornLine(list)
      const before = (await linesOf(list)).at(-1)
      const prev = before === undefined ? genesis : sha256(before)
      const entry = { at: new Date().toISOString(), erased, prev, removed }
      const signature = key && (await signatureOf(entry, key))
      const line = canonicalJson(signature === undefined ? entry : { ...entry, signature })
      await appendDurably(list, `${line}\n`)
    } finally {
      await unlock()
    }
  } catch (cause) {
    if (isSallyportError(cause)) throw cause
    throw fileFailure(`\`${list}\``, 'written', cause)
  }
}

async function lock(list: string): Promise<() => Promise<void>> {
  try {
    return await takeLock(`${list}.lock`, busyMs)
  } catch (cause) {
    if (!isSallyportError(cause)) throw cause
    throw new SallyportError('bad-file', `\`${list}\` is in use by another process`, {
      help: `wait, then prune again; if no process prunes, remove \`${list}.lock\``,
      cause,
    })
  }
}

async function signatureOf(entry: object, key: OwnKey): Promise<string> {
  const payload = new TextEncoder().encode(canonicalJson(entry))
  const [header, , signature] = (await signCompact(payload, { key, type })).split('.')
  return `${header}..${signature}`
}

/**
 * The list of a journal; undefined where nothing was ever pruned. With keys, signatures are checked.
 * Throws `bad-file`.
 */
export async function readPruned(
  path: string,
  keys?: readonly OwnKey[],
): Promise<PrunedList | undefined> {
  const lines = await linesOf(await listOf(path))
  if (lines.length === 0) return undefined
  const [removed, erased]: [string[], string[]] = [[], []]
  let isWhole = true
  let prev = genesis
  let last: string | null = null
  let signed = 0
  let fault: Fault | undefined
  for (const line of lines) {
    const parsed = parseJson(line, { maxLength: Number.POSITIVE_INFINITY })
    const { signature, ...entry } = parsed.ok && isObject(parsed.value) ? parsed.value : {}
    isWhole &&= entry['prev'] === prev && isTexts(entry['removed']) && isTexts(entry['erased'])
    prev = sha256(line)
    if (isTexts(entry['removed'])) removed.push(...entry['removed'])
    if (isTexts(entry['erased'])) erased.push(...entry['erased'])
    if (typeof entry['at'] === 'string') last = entry['at']
    if (keys === undefined || signature === undefined) continue
    const found = await faultOf(entry, signature, keys)
    if (found === undefined) signed++
    else fault ??= found
  }
  return {
    entries: lines.length,
    removed,
    erased,
    last,
    isWhole,
    signed: keys === undefined ? null : signed,
    ...(fault && { fault }),
  }
}

async function faultOf(
  entry: object,
  signature: unknown,
  keys: readonly OwnKey[],
): Promise<Fault | undefined> {
  const [header, between, bytes, ...more] =
    typeof signature === 'string' ? signature.split('.') : []
  const isDetached = between === '' && more.length === 0
  const payload = isDetached ? Buffer.from(canonicalJson(entry)).toString('base64url') : ''
  const what = 'an entry of the list of what was pruned'
  const read = await readSignedPayload(`${header}.${payload}.${bytes}`, keys, { type, what })
  return 'verdict' in read ? read : undefined
}

/** What the list says, for people; `stillThere` are runs that the journal has all the same. */
export function prunedText(list: PrunedList, stillThere: readonly string[]): string {
  const { entries, erased, fault, isWhole, last, removed, signed } = list
  const whole = isWhole
    ? 'each entry names the one before it'
    : 'ALTERED: an entry does not name the one before it'
  return [
    `PRUNED  ${counted(removed.length, 'run')} removed, ${counted(erased.length, 'run')} erased, last at ${visible(last ?? 'an unknown time')}`,
    `  its list, of length ${entries}: ${whole}`,
    ...(stillThere.length === 0
      ? []
      : [
          `  still there: ${counted(stillThere.length, 'run')}, since pruning was interrupted or somebody has carried them on`,
        ]),
    ...(fault === undefined ? [] : [`  ${fault.verdict}: ${visible(fault.message)}`]),
    signed === entries
      ? '  proved      that whoever holds the key has pruned these'
      : `  not proved  that nothing else was removed: ${signed === null ? 'no key was given' : `${entries - signed} of its entries are not signed`}`,
    '',
  ].join('\n')
}

/** One list for a journal, by whatever links it is reached; throws `bad-file` for one beside a link. */
async function listOf(path: string): Promise<string> {
  const list = `${await realFile(path)}.pruned`
  const beside = await placeOf(`${path}.pruned`)
  if (beside === undefined || beside === (await placeOf(list))) return list
  throw new SallyportError(
    'bad-file',
    `\`${path}.pruned\` stands beside a link to the journal and not beside the journal`,
    {
      help: `move it to \`${list}\`; where that is there already, keep it under another name`,
    },
  )
}

/** Undefined for what is not there. */
async function placeOf(list: string): Promise<string | undefined> {
  try {
    return await realpath(list)
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw fileFailure(`\`${list}\``, 'read', cause)
  }
}

/** Those that end in LF: of the last one a crash may have left a part. */
async function linesOf(list: string): Promise<readonly string[]> {
  try {
    // a named pipe would be waited for
    await using file = await open(list, constants.O_RDONLY | constants.O_NONBLOCK)
    if (!(await file.stat()).isFile()) throw new Error('it is not a file')
    const lines = (await file.readFile('utf8')).split('\n').slice(0, -1)
    return lines.filter((line) => line !== '')
  } catch (cause) {
    if (isMissing(cause)) return []
    throw fileFailure(`\`${list}\``, 'read', cause)
  }
}
