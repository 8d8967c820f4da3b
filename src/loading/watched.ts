import { checkOptions } from '../base/options.ts'
import { checkGiven, isFunction } from '../protocol/option-checks.ts'
import { checkPath, loadChecks, type LoadedPolicy, type LoadOptions } from './file.ts'
import type { PolicyChange } from './live.ts'

export interface WatchOptions extends LoadOptions {
  /**
   * Hears when another policy is in force, and when what is on the disk cannot be used and the
   * last good one stays. Default: warnings of the process for the latter.
   */
  readonly onChange?: (change: PolicyChange) => void
}

/** A policy that follows its files; a runtime or a gate takes it like any other. */
export interface WatchedPolicy extends LoadedPolicy {
  readonly follow: NonNullable<LoadedPolicy['follow']>
  /**
   * Looks now rather than at the next change, for file systems that do not tell of changes.
   * Resolves with what came of it, undefined when nothing is new; never rejects.
   */
  reload(): Promise<PolicyChange | undefined>
  /** Ends watching; the policy in force stays. */
  close(): void
}

/**
 * Like `loadPolicy`, and goes on watching the file, everything it extends and its signature. A
 * change is in force for the next call of every run, once it was read, checked like the first
 * time, held against the tools of everybody who uses the policy, and has passed the tests inside
 * the files. Otherwise the last good policy stays, and `onChange` tells why. Open approvals are
 * judged again when they are answered, and the stricter of both policies counts.
 *
 * Rejects as `loadPolicy` does.
 */
export async function watchPolicy(
  path: string,
  options: WatchOptions = {},
): Promise<WatchedPolicy> {
  const checks = { ...loadChecks, onChange: isFunction }
  checkOptions('watchPolicy', options, Object.keys(checks))
  checkGiven(options, checks)
  checkPath(path)
  const { startWatch } = await import('./watch.ts')
  return startWatch(path, options)
}
