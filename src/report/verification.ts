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
  /** More records follow the expected head, or the last checkpoint, than are accepted. */
  | 'UNATTESTED_TAIL'
  /** Keys were given, and neither do the records name one, nor are there checkpoints. */
  | 'UNSIGNED'
  /**
   * The records name a key that signs them, and there are no checkpoints: none was reached, or they
   * were removed.
   */
  | 'NO_CHECKPOINTS'
  /** A checkpoint is damaged, or its signature wrong. */
  | 'BAD_SIGNATURE'
  /** A checkpoint is signed with a key that is not among those given. */
  | 'UNKNOWN_KEY'
  /** A checkpoint, or a later run, attests other records than are there: there are two histories. */
  | 'FORKED'
  /** Later runs, or checkpoints kept elsewhere, name a run that is not in the journal. */
  | 'MISSING_RUN'
  /** A tool was started without a decision or answer that permits it. */
  | 'UNPERMITTED'
  /** The end of the run counts other calls than are there. */
  | 'COUNT_MISMATCH'
  /** Calls have no outcome although the run has ended. */
  | 'OPEN_CALLS'
  /** The run has no end: it is going on, or its process died. */
  | 'INCOMPLETE'

/** One thing that people want to know of a journal, and whether it was proved. */
export interface Property {
  /**
   * `chain`: records follow each other. `permits`: no tool was started without permission.
   * `payloads`: what was said is what was recorded. `head`: the chain leads to a head that was kept
   * elsewhere. `signatures`: they are those that the signer has seen. `anchor`: they lead on from a
   * checkpoint that was kept elsewhere. `end`: the run has an end and every call an outcome, as
   * many as it counted. `runs`: no later run knows it otherwise. `authorship`: nobody computed the
   * chain anew. `passage`: nothing happened past the gate. `truth`: clocks and names are right.
   */
  readonly name:
    | 'chain'
    | 'permits'
    | 'payloads'
    | 'head'
    | 'signatures'
    | 'anchor'
    | 'end'
    | 'runs'
    | 'authorship'
    | 'passage'
    | 'truth'
  readonly proved: boolean
  /** One sentence, lower case, without a final dot: what is proved, or what is not. */
  readonly statement: string
}

/** What is wrong, with the number of the record where it shows. */
export interface Fault {
  readonly verdict: Verdict
  readonly message: string
  readonly record?: number
  /** What should stand there, and what does, where both are known. */
  readonly expected?: string
  readonly found?: string
}

/** What was found about one run of a journal; plain data. */
export interface Verification {
  readonly verdict: Verdict
  /** One sentence, lower case, without a final dot. */
  readonly message: string
  /** The number of the record at fault, from 0. */
  readonly record?: number
  /** What should stand there by the chain, and what does; of 100 characters at most. */
  readonly expected?: string
  readonly found?: string
  /** Records that were read. */
  readonly records: number
  /** Digest of the last record; null when there is none or the chain is broken. */
  readonly head: string | null
  /** Payloads that are no longer there. */
  readonly erased: number
  /** Payloads that were read without their key, and so not checked. */
  readonly encrypted: number
  readonly openCalls: readonly OpenCall[]
  /** What signed checkpoints say; there where keys were given. */
  readonly attestation?: {
    /** Checkpoints of the journal whose signature is right. */
    readonly checkpoints: number
    /** Records up to the last of them, or of those kept elsewhere. */
    readonly attested: number
    /** Records after that. */
    readonly tail: number
    /** Ids of the keys that signed. */
    readonly signers: readonly string[]
  }
  /** Every property once or more, each part of the records for itself. */
  readonly properties: readonly Property[]
  /** The statements of what is proved. */
  readonly proved: readonly string[]
  /** The statements of what is not. */
  readonly notProved: readonly string[]
}
