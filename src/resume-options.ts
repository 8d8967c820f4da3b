import { SallyportError } from './base/errors.ts'
import { isObject, parseJson } from './base/json.ts'
import { checkOptions } from './base/options.ts'
import type { Auth } from './gate/authenticate.ts'
import type { ApprovalAnswer } from './gate/verdict.ts'
import {
  anything,
  areSettings,
  checkGiven,
  isArrayOf,
  isFlag,
  isFunction,
  isOutput,
  isSignal,
  isText,
  isToolChoice,
  type OptionCheck,
} from './protocol/option-checks.ts'
import type { OutputSchema } from './run/output.ts'
import { areLimits, type RunOptions } from './runtime-options.ts'

/** An answer to an open question of a resumed run. */
export interface ResumeDecision extends Omit<ApprovalAnswer, 'by'> {
  /** The id of the approval request. */
  readonly id: string
}

export interface ResumeOptions<Schema extends OutputSchema = OutputSchema> extends Pick<
  RunOptions<Schema>,
  'output' | 'deps' | 'signal' | 'approve' | 'settings' | 'toolChoice' | 'finalAnswer' | 'limits'
> {
  /** Who gives `decisions`, `resolve` and `revoke`; it does not change on whose behalf the run acts. */
  readonly answeredBy?: Auth
  /** Answers to open questions, any of them, in any order. */
  readonly decisions?: readonly ResumeDecision[]
  /** What an operator has found out about calls in doubt, by call id. */
  readonly resolve?: Readonly<Record<string, 'success' | 'failed' | 'retry'>>
  /** Ids of requests: what was to be remembered of the answers to them does not count any more. */
  readonly revoke?: readonly string[]
  /** Names of tools whose definitions may have changed since the run began. */
  readonly acceptTools?: readonly string[]
  /**
   * Carries the run on also where its carrier may be at work, which stops at its next record; what
   * it was doing then is in doubt. For operators who know that it is gone. Default false.
   */
  readonly takeOver?: boolean
}

const resumeChecks: Readonly<Record<keyof ResumeOptions, OptionCheck>> = {
  deps: anything,
  signal: isSignal,
  approve: isFunction,
  settings: areSettings,
  toolChoice: isToolChoice,
  finalAnswer: isFlag,
  limits: areLimits,
  output: isOutput,
  answeredBy: anything,
  decisions: isArrayOf('decisions', isDecision),
  resolve: isResolution,
  revoke: isArrayOf('ids of requests', isText),
  acceptTools: isArrayOf('names of tools', isText),
  takeOver: isFlag,
}

/** Throws `bad-option` for options that are unknown or of another type. */
export function checkResumeOptions(named: string, options: ResumeOptions): void {
  isText('snapshot or run id', named)
  checkOptions('resume', options, Object.keys(resumeChecks))
  checkGiven(options, resumeChecks)
}

/** Longest snapshot in UTF-16 code units; one has about 550. */
export const maxSnapshotLength = 4096

/** The id of a run has no dot, a compact JWS has two. */
export function isSnapshot(text: string): boolean {
  return text.includes('.')
}

/** The run that a snapshot claims to be of; nothing of it has been verified. */
export function claimedRun(snapshot: string): string {
  const [, payload = ''] = snapshot.length > maxSnapshotLength ? [] : snapshot.split('.')
  const parsed = parseJson(Buffer.from(payload, 'base64url').toString())
  const runId = parsed.ok && isObject(parsed.value) ? parsed.value['runId'] : undefined
  if (typeof runId === 'string') return runId
  throw malformedSnapshot()
}

export function malformedSnapshot(why = 'not a signed snapshot of a run'): SallyportError {
  return new SallyportError('snapshot-malformed', `the text is ${why}`, {
    help: 'pass `result.snapshot` as it was given, or the id of a run',
  })
}

function isDecision(name: string, value: unknown): void {
  if (isObject(value)) return isText(`${name}.id`, value['id'])
  throw new SallyportError('bad-option', `\`${name}\` is no decision`, {
    help: 'pass an object with `id` and `action`',
  })
}

const outcomes: readonly unknown[] = ['success', 'failed', 'retry']

function isResolution(name: string, value: unknown): void {
  const isFit = isObject(value) && Object.values(value).every((each) => outcomes.includes(each))
  if (isFit) return
  throw new SallyportError('bad-option', `\`${name}\` does not say how calls ended`, {
    help: 'pass an object from call ids to `success`, `failed` or `retry`',
  })
}
