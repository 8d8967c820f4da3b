import type { ResumeOptions } from './resume-options.ts'
import type { OutputOf, OutputSchema } from './run/output.ts'
import type { Run } from './run/run.ts'
import type { StopRequest } from './run/stops.ts'
import type { RunOptions, RunResult } from './runtime-options.ts'

export interface Runtime {
  /** Rejects with the mistakes that only show when tools are compiled; runs do this by themselves. */
  ready(): Promise<void>
  run<Schema extends OutputSchema = OutputSchema>(
    options: RunOptions<Schema>,
  ): Run<RunResult<OutputOf<Schema>>>
  /**
   * Carries a run of the journal on: one that waits for people, was stopped or failed, or whose
   * process died. Calls that have a result are not run again, and the model is not asked again for
   * calls it has made. The policy of now is asked anew, and of two decisions the stricter one
   * holds. A call that was started without a result is run again only if its tool is idempotent
   * and it is still permitted; else it waits for an operator (`resolve`), and the run ends as
   * `needs-approval`.
   *
   * A snapshot counts only as long as the run has not gone on since. Throws `snapshot-malformed`;
   * `result()` rejects with the other `snapshot-` codes before anything is read or done.
   *
   * `result()` rejects with `bad-option` for a run the journal does not hold, `run-not-resumable`
   * for one that is complete or partly erased, `bad-journal` for one that was altered,
   * `tool-drift` where a tool has changed, `run-carried` where another process may be carrying it,
   * `journal-conflict` where one was faster,
   * `approval-unknown` and `unauthenticated` for decisions that fit no open question.
   */
  resume<Schema extends OutputSchema = OutputSchema>(
    snapshotOrRunId: string,
    options?: ResumeOptions<Schema>,
  ): Run<RunResult<OutputOf<Schema>>>
  /**
   * Stops model, tools and questions of what fits, at once; without members, all that is at work.
   * Runs that are stopped end as `cancelled` with `stopped` on record and can be resumed. A stop of a
   * principal or a tool stands: their runs and calls are refused until the function it resolves with
   * is called. It holds in this runtime only; a policy is what holds everywhere.
   */
  stop(request?: StopRequest): Promise<() => void>
  /**
   * How often parts of plugins have failed without ending a run, by plugin: observers and disposals,
   * and gate hooks, whose failure is a refusal. Of each plugin the first is told to `log`.
   */
  pluginFaults(): Readonly<Record<string, number>>
  /**
   * Takes no more runs (`runtime-closed`) and lets those at work come to rest: no turn begins any
   * more, questions to people stay open, tools have `graceMs` (default 10,000) to finish before they
   * are cancelled. Resolves when the last run has its result, which can be resumed, and plugins have
   * been disposed of, the last one first, with 5 s for each. The journal stays open.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
