import type { SharedCounters } from './shared-counters.ts'
import type { PruneOptions, Pruned } from './retention.ts'

/**
 * One sealed line of a journal. `line` is the canonical JSON that was hashed; nothing may be
 * written in its place. `payload` is kept apart and named by its salted digest inside the line,
 * so that it can be erased later without breaking the chain.
 */
export interface JournalRecord {
  /** Counts the records of the run from 0. */
  readonly seq: number
  readonly line: string
  /** `sha256:` digest of the line: the link that the next record names as `prev`. */
  readonly hash: string
  /** JSON text `{"salt":hex,"value":{...}}`, kept byte for byte; its digest stands in the line. */
  readonly payload?: string
  /** Id of the key that encrypts the payload, where it was read without it; `payload` is missing. */
  readonly encryptedWith?: string
  /** True when what follows must not happen before this record is on disk. */
  readonly durable: boolean
}

/** A run as the runs after it name it. */
export interface LatestRun {
  readonly runId: string
  /** The line of its first record, where it is at hand. */
  readonly first: string | undefined
  /** The line of its last record. */
  readonly last: string
}

/** Where runs are written down. Every driver passes the suite in `testing/journal-suite.ts`. */
export interface Journal {
  /**
   * Appends records in order, all or none. `expectedSeq` is the number of records the run has so
   * far; if it has another number, nothing is written and `journal-conflict` is thrown, so two
   * writers cannot both carry a run. Returns when the records are as durable as the driver makes
   * them; a driver that needs no waiting returns undefined.
   */
  append(
    runId: string,
    expectedSeq: number,
    records: readonly JournalRecord[],
  ): Promise<void> | undefined
  /** The records of a run from `from` on; none for an unknown run. */
  read(runId: string, from?: number): AsyncIterable<JournalRecord>
  /** The ids of all runs, oldest first. */
  list(): AsyncIterable<string>
  /**
   * Up to `count` of the runs that were begun or written last, in any order. Runs of a journal
   * without it do not name those before them.
   */
  latestRuns?(count: number): Promise<readonly LatestRun[]>
  /**
   * Leaves an answer of a person where whoever carries the run finds it; it is no record until
   * then. Any process may do so while another one writes. Resolves when it is on disk.
   */
  leaveAnswer(runId: string, answer: string): Promise<void>
  /** The answers that were left for a run, oldest first, as they were left. */
  answers(runId: string): Promise<readonly string[]>
  /**
   * Erases what was said in a run, its payloads and the answers left for it, whatever its state.
   * Lines stay, so that the chain is whole and `openRecord` says `erased`; the run cannot go on.
   * Resolves with the number of payloads erased. What a process that still carries the run appends
   * later is kept: stop it before.
   */
  erase(runId: string): Promise<number>
  /**
   * Removes a run with everything that belongs to it, whatever its state; false for an unknown one.
   * A process that still carries it fails at its next append with `journal-conflict`.
   */
  remove(runId: string): Promise<boolean>
  /**
   * Erases or removes runs that have ended and are old enough, and tells which. A run has ended when
   * its last record is an `end` that does not wait for people. Throws `bad-option`.
   */
  prune(options: PruneOptions): Promise<Pruned>
  /**
   * What limits of policies are counted with that outlive a run. A driver without it leaves them to
   * each process.
   */
  counters?(): Promise<SharedCounters>
  /**
   * Keeps a signed checkpoint of a run, after the records it covers are on disk. Resolves when it
   * is on disk itself. A journal without these two cannot be used with `signing`.
   */
  addCheckpoint?(runId: string, checkpoint: string): Promise<void>
  /** The checkpoints of a run, oldest first, as they were given; `erase` keeps them. */
  checkpoints?(runId: string): Promise<readonly string[]>
  close(): Promise<void>
}
