import { canonicalJson, sha256 } from '../base/digest.ts'
import { isObject } from '../base/json.ts'
import { shorten } from '../base/text.ts'
import { parseExact } from '../base/json-source.ts'
import { genesis, hashLine } from '../journal/chain.ts'
import type { JournalRecord } from '../journal/journal.ts'
import { childNamedIn } from '../journal/named-runs.ts'
import type { RunPoint } from '../protocol/run-event.ts'
import { Attestation, type Anchors, type SignedOptions } from './attest.ts'
import { claimsOf } from './claims.ts'
import { Course } from './course.ts'
import { faultOf } from './read-fault.ts'
import type { Fault, Property, Verdict, Verification } from './verification.ts'
import { checkRecords } from './given.ts'
import { checkChainOptions } from './verify-options.ts'

export interface VerifyOptions {
  /** The run that is meant. Default: that of `signed`, else the one that the first record names. */
  readonly runId?: string
  /**
   * Digest of the last record as known from elsewhere, such as `head` of a report kept apart.
   * Without it a chain that was recomputed from end to end is not noticed, nor a change of the last
   * record.
   */
  readonly head?: string
  /** Records accepted after `head`, and after the last checkpoint. Default 0. */
  readonly maxTail?: number
  /** What the signer of the run has left, which the records are held against. */
  readonly signed?: SignedOptions
  /**
   * Digests of records that runs which began later name as heads of this one; each has to be there.
   * Left out where no other run was looked at.
   */
  readonly named?: readonly string[]
}

type Line = Readonly<Record<string, unknown>>
type Records = Iterable<JournalRecord> | AsyncIterable<JournalRecord>

/**
 * Checks the records of one run, in their order: each line is canonical JSON and hashes to its
 * digest, names its predecessor and its place, belongs to the same run; each payload that is there
 * has its digest; no tool was started without a permitting decision or answer; every started call
 * has an outcome; the run has an end. Reads one record at a time and stops at the first fault.
 *
 * With `signed`, the records are held against the checkpoints too: strictly, so that what is not
 * attested is not consistent. Throws `bad-option` for options that are not as above, and for keys
 * that cannot be used, never for what it reads.
 */
export async function verifyChain(
  records: Records,
  options: VerifyOptions = {},
): Promise<Verification> {
  checkChainOptions(options)
  return verifyBeside(checkRecords(records), options, {})
}

/** The same for one of the runs of a journal. */
export async function verifyBeside(
  records: Records,
  options: VerifyOptions,
  beside: Beside,
): Promise<Verification> {
  const { signed } = options
  const attestation = signed && (await Attestation.of(signed, beside.anchors))
  const chain = new ChainCheck(options, attestation, beside.noteChild)
  try {
    for await (const record of records) {
      const fault = chain.add(record)
      if (fault !== undefined) return conclude(fault, chain)
    }
  } catch (error) {
    return conclude(faultOf(error), chain)
  }
  return conclude(chain.end(options) ?? consistent, chain)
}

/** What runs of one journal share. */
export interface Beside {
  /** Is told of the runs of agents that sound records name. */
  readonly noteChild?: (child: RunPoint) => void
  /** Those of `signed`, where they were read before. */
  readonly anchors?: Anchors | undefined
}

const consistent: Fault = { verdict: 'CONSISTENT', message: 'the records form one unbroken chain' }

class ChainCheck {
  readonly #expected: string | undefined
  readonly course = new Course()
  count = 0
  erased = 0
  encrypted = 0
  head: string = genesis
  /** Records up to and including the expected head. */
  attested: number | undefined
  readonly attestation: Attestation | undefined
  readonly named: number | undefined
  /** Those of the named heads that were not met yet. */
  readonly #unmet: Set<string>
  /** Keys that sign the records, by what they say themselves. */
  readonly signers = new Set<string>()
  readonly #noteChild: ((child: RunPoint) => void) | undefined
  #runId: unknown

  constructor(
    { head, named, runId, signed }: VerifyOptions,
    attestation: Attestation | undefined,
    noteChild: ((child: RunPoint) => void) | undefined,
  ) {
    this.#expected = head
    this.#runId = runId ?? signed?.runId
    this.#unmet = new Set(named)
    this.named = named && this.#unmet.size
    this.attestation = attestation
    this.#noteChild = noteChild
  }

  add(record: JournalRecord): Fault | undefined {
    const number = this.count++
    const fault = this.#check(record, number)
    return fault === undefined ? undefined : { ...fault, record: number }
  }

  #check(record: JournalRecord, number: number): Fault | undefined {
    const line = readLine(record.line)
    if (line === undefined) return malformed('is not canonical JSON')
    if (line['v'] !== 1) return malformed('has an unknown version')
    const hash = hashLine(record.line)
    if (record.hash !== hash) return tampered('does not have its digest', hash, record.hash)
    if (line['prev'] !== this.head) {
      return tampered('does not follow the one before it', this.head, line['prev'])
    }
    if (line['seq'] !== number || record.seq !== number) {
      const found = line['seq'] === number ? record.seq : line['seq']
      return tampered('is not in its place', number, found)
    }
    this.#runId ??= line['runId']
    if (typeof this.#runId !== 'string' || line['runId'] !== this.#runId) {
      return tampered('belongs to another run')
    }
    if (line['type'] === 'end' && line['head'] !== this.head) {
      return tampered('names another head than the chain has', this.head, line['head'])
    }
    const payload = this.#checkPayload(record, line)
    if (payload !== undefined) return payload
    this.head = hash
    this.attestation?.add(hash)
    this.#unmet.delete(hash)
    if (line['type'] === 'run-start') this.#noteSigner(line['signer'])
    if (hash === this.#expected) this.attested = this.count
    const child = childNamedIn(line)
    if (child !== undefined) this.#noteChild?.(child)
    return this.course.add(line)
  }

  #noteSigner(signer: unknown): void {
    const keyId = isObject(signer) ? signer['keyId'] : undefined
    if (typeof keyId === 'string') this.signers.add(shorten(keyId, 64))
  }

  #checkPayload({ encryptedWith, payload }: JournalRecord, line: Line): Fault | undefined {
    if (payload === undefined) {
      if (encryptedWith !== undefined) this.encrypted++
      else if (line['payload'] !== undefined) this.erased++
      return undefined
    }
    if (sha256(payload) !== line['payload']) return tampered('has another payload than its digest')
    const value = readObject(payload)?.['value']
    // a payload that repeats a member of the line would replace it when the event is read
    return isObject(value) && Object.keys(value).every((key) => !Object.hasOwn(line, key))
      ? undefined
      : malformed('has a payload that does not fit its line')
  }

  end(options: VerifyOptions): Fault | undefined {
    if (this.count === 0) return { verdict: 'EMPTY', message: 'there are no records' }
    return this.#signed(options) ?? this.#anchor(options) ?? this.#checkNamed() ?? this.course.end()
  }

  #checkNamed(): Fault | undefined {
    const [first] = this.#unmet
    if (first === undefined) return undefined
    const message = `a run that began later has seen ${first} in this one, which is not there`
    return { verdict: 'FORKED', message }
  }

  #signed({ maxTail = 0, signed = { runId: '', keys: [] } }: VerifyOptions): Fault | undefined {
    const { allowUnsigned = false, expectFinal = false } = signed
    const isSigned = this.signers.size > 0
    return this.attestation?.end(this.count, { allowUnsigned, expectFinal, isSigned, maxTail })
  }

  #anchor({ head, maxTail = 0 }: VerifyOptions): Fault | undefined {
    if (head === undefined) return undefined
    if (this.attested === undefined) {
      return { verdict: 'TRUNCATED', message: 'no record has the expected head' }
    }
    const tail = this.count - this.attested
    if (tail <= maxTail) return undefined
    return {
      verdict: 'UNATTESTED_TAIL',
      message: `${tail} records follow the expected head, at most ${maxTail} are accepted`,
      record: this.attested,
    }
  }
}

function malformed(message: string): Fault {
  return { verdict: 'MALFORMED', message: `the record ${message}` }
}

function tampered(message: string, expected?: string | number, found?: unknown): Fault {
  const difference =
    expected === undefined ? {} : { expected: String(expected), found: told(found) }
  return { verdict: 'TAMPERED', message: `the record ${message}`, ...difference }
}

function told(value: unknown): string {
  const isShort = typeof value === 'string' || typeof value === 'number'
  return isShort ? shorten(String(value), 100) : 'nothing of the kind'
}

/** The members of a line; undefined unless the text is the canonical form of one object. */
function readLine(text: string): Line | undefined {
  const line = readObject(text)
  try {
    // a repeated member does not survive parsing, so the canonical form differs
    return line !== undefined && canonicalJson(line) === text ? line : undefined
  } catch {
    return undefined
  }
}

function readObject(text: string): Line | undefined {
  try {
    const value: unknown = parseExact(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function conclude(fault: Fault, chain: ChainCheck): Verification {
  const unbroken = !stoppedEarly.has(fault.verdict)
  const attestation = chain.attestation && summaryOf(chain.attestation, chain.count)
  const properties = claimsOf({
    unbroken,
    records: chain.count,
    erased: chain.erased,
    encrypted: chain.encrypted,
    shadowMode: chain.course.shadowMode,
    whole: chain.course.end() === undefined,
    attested: chain.attested,
    signed: attestation && { ...attestation, anchored: chain.attestation?.anchored ?? 0 },
    doubt: doubtful.has(fault.verdict),
    signers: [...chain.signers],
    named: chain.named,
  })
  return {
    ...fault,
    records: chain.count,
    head: unbroken ? chain.head : null,
    erased: chain.erased,
    encrypted: chain.encrypted,
    openCalls: chain.course.openCalls(),
    ...(attestation === undefined ? {} : { attestation }),
    properties,
    proved: statements(properties, true),
    notProved: statements(properties, false),
  }
}

const stoppedEarly: ReadonlySet<Verdict> = new Set([
  'EMPTY',
  'MALFORMED',
  'TAMPERED',
  'UNPERMITTED',
  'COUNT_MISMATCH',
])

/** Signatures prove nothing then. */
const doubtful: ReadonlySet<Verdict> = new Set([
  'BAD_SIGNATURE',
  'UNKNOWN_KEY',
  'FORKED',
  'TRUNCATED',
  'NO_CHECKPOINTS',
])

function summaryOf(
  { attested, kept, signers }: Attestation,
  records: number,
): NonNullable<Verification['attestation']> {
  return { checkpoints: kept, attested, tail: Math.max(0, records - attested), signers }
}

function statements(properties: readonly Property[], proved: boolean): readonly string[] {
  return properties.filter((each) => each.proved === proved).map(({ statement }) => statement)
}
