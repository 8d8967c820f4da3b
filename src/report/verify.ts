import { canonicalJson, sha256 } from '../base/digest.ts'
import { isObject } from '../base/json.ts'
import { parseExact } from '../base/json-source.ts'
import { genesis, hashLine } from '../journal/chain.ts'
import type { JournalRecord } from '../journal/journal.ts'
import { Course } from './course.ts'
import type { OpenCall } from './report.ts'

export type Verdict =
  /** Nothing is wrong; `proved` and `notProved` say how far that reaches. */
  | 'CONSISTENT'
  /** There are no records. */
  | 'EMPTY'
  /** A record is not a journal line, or its events cannot follow each other in any run. */
  | 'MALFORMED'
  /** A record was altered, removed, added or moved, or a payload was altered. */
  | 'TAMPERED'
  /** The chain does not reach the head that was expected: records were cut off or replaced. */
  | 'TRUNCATED'
  /** More records follow the expected head than are accepted. */
  | 'UNATTESTED_TAIL'
  /** A tool was started without a decision or answer that permits it. */
  | 'UNPERMITTED'
  /** Calls have no outcome although the run has ended. */
  | 'OPEN_CALLS'
  /** The run has no end: it is going on, or its process died. */
  | 'INCOMPLETE'

/** What was found about one run of a journal; plain data. */
export interface Verification {
  readonly verdict: Verdict
  /** One sentence, lower case, without a final dot. */
  readonly message: string
  /** The number of the record at fault, from 0. */
  readonly record?: number
  /** Records that were read. */
  readonly records: number
  /** Digest of the last record; null when there is none or the chain is broken. */
  readonly head: string | null
  /** Payloads that are no longer there. */
  readonly erased: number
  readonly openCalls: readonly OpenCall[]
  readonly proved: readonly string[]
  readonly notProved: readonly string[]
}

export interface VerifyOptions {
  /**
   * Digest of the last record as known from elsewhere, such as `head` of a report kept apart.
   * Without it a chain that was recomputed from end to end is not noticed, nor a change of the last
   * record.
   */
  readonly head?: string
  /** Records accepted after `head`. Default 0. */
  readonly maxTail?: number
}

interface Fault {
  readonly verdict: Verdict
  readonly message: string
  readonly record?: number
}

type Line = Readonly<Record<string, unknown>>

type Records = Iterable<JournalRecord> | AsyncIterable<JournalRecord>

/**
 * Checks the records of one run, in their order: each line is canonical JSON and hashes to its
 * digest, names its predecessor and its place, belongs to the same run; each payload that is there
 * has its digest; no tool was started without a permitting decision or answer; every started call
 * has an outcome; the run has an end. Reads one record at a time and stops at the first fault.
 *
 * Journals carry no signatures: see `notProved` of the result. Never throws for what it reads.
 */
export async function verifyChain(
  records: Records,
  options: VerifyOptions = {},
): Promise<Verification> {
  const chain = new ChainCheck(options.head)
  for await (const record of records) {
    const fault = chain.add(record)
    if (fault !== undefined) return conclude(fault, chain, options)
  }
  return conclude(chain.end(options) ?? consistent, chain, options)
}

const consistent: Fault = { verdict: 'CONSISTENT', message: 'the records form one unbroken chain' }

class ChainCheck {
  readonly #expected: string | undefined
  readonly course = new Course()
  count = 0
  erased = 0
  head: string = genesis
  /** Records up to and including the expected head. */
  attested: number | undefined
  #runId: unknown

  constructor(expected: string | undefined) {
    this.#expected = expected
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
    if (record.hash !== hash) return tampered('does not have its digest')
    if (line['prev'] !== this.head) return tampered('does not follow the one before it')
    if (line['seq'] !== number || record.seq !== number) return tampered('is not in its place')
    this.#runId ??= line['runId']
    if (typeof this.#runId !== 'string' || line['runId'] !== this.#runId) {
      return tampered('belongs to another run')
    }
    if (line['type'] === 'end' && line['head'] !== this.head) {
      return tampered('names another head than the chain has')
    }
    const payload = this.#checkPayload(record.payload, line)
    if (payload !== undefined) return payload
    this.head = hash
    if (hash === this.#expected) this.attested = this.count
    return this.course.add(line)
  }

  #checkPayload(payload: string | undefined, line: Line): Fault | undefined {
    if (payload === undefined) {
      if (line['payload'] !== undefined) this.erased++
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
    return this.#anchor(options) ?? this.course.end()
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

function tampered(message: string): Fault {
  return { verdict: 'TAMPERED', message: `the record ${message}` }
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

function conclude(fault: Fault, chain: ChainCheck, options: VerifyOptions): Verification {
  const unbroken = !stoppedEarly.has(fault.verdict)
  return {
    ...fault,
    records: chain.count,
    head: unbroken ? chain.head : null,
    erased: chain.erased,
    openCalls: chain.course.openCalls(),
    ...claims(unbroken, chain, options),
  }
}

const stoppedEarly: ReadonlySet<Verdict> = new Set([
  'EMPTY',
  'MALFORMED',
  'TAMPERED',
  'UNPERMITTED',
])

/** What follows from the checks, and what people may think follows but does not. */
function claims(
  unbroken: boolean,
  chain: ChainCheck,
  options: VerifyOptions,
): Pick<Verification, 'proved' | 'notProved'> {
  const tail = chain.count - (chain.attested ?? 0)
  const anchored = unbroken && chain.attested !== undefined
  return {
    proved: [
      ...(unbroken
        ? [
            `the ${chain.count} records follow each other without gap, insertion or reordering`,
            chain.course.shadowMode
              ? 'every tool that was started had been permitted by a recorded decision or answer, or let through by shadow mode'
              : 'every tool that was started had been permitted by a recorded decision or answer',
            'every payload that is still there is the one that was recorded',
          ]
        : []),
      ...(anchored
        ? [`the first ${chain.attested} records are those behind the head you named`]
        : []),
    ],
    notProved: [
      ...(anchored
        ? tail > 0
          ? [`the last ${tail} records stand after the head you named`]
          : []
        : [
            'that nobody who can write the journal computed the whole chain anew: records are not signed, and no head kept elsewhere vouches for them',
            'that the last record is unchanged: nothing follows it',
          ]),
      ...(chain.erased > 0 ? [`what the ${chain.erased} erased payloads said`] : []),
      ...(options.head === undefined ? [] : ['that the head you named was itself kept safe']),
      'that the agent had no way around the gate: only calls that passed it are recorded',
      'that clocks were right and people who answered are who they say',
    ],
  }
}
