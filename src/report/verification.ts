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

/** One thing that people want to know of a journal, and whether it was proved. */
export interface Property {
  /**
   * `chain`: records follow each other. `permits`: no tool was started without permission.
   * `payloads`: what was said is what was recorded. `head`: the chain leads to a head that was kept
   * elsewhere. `end`: the run has an end and every call an outcome. `authorship`: nobody computed
   * the chain anew. `passage`: nothing happened past the gate. `truth`: clocks and names are right.
   */
  readonly name:
    | 'chain'
    | 'permits'
    | 'payloads'
    | 'head'
    | 'end'
    | 'authorship'
    | 'passage'
    | 'truth'
  readonly proved: boolean
  /** One sentence, lower case, without a final dot: what is proved, or what is not. */
  readonly statement: string
}

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
  /** Payloads that were read without their key, and so not checked. */
  readonly encrypted: number
  readonly openCalls: readonly OpenCall[]
  /** Every property once or more, each part of the records for itself. */
  readonly properties: readonly Property[]
  /** The statements of what is proved. */
  readonly proved: readonly string[]
  /** The statements of what is not. */
  readonly notProved: readonly string[]
}
