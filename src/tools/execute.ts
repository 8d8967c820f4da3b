import type { Clock } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import type { JsonValue } from '../base/json.ts'
import { copyPlain } from '../base/plain.ts'
import type { StopReason } from '../base/signal.ts'
import type { ToolResult } from '../protocol/call.ts'
import { CallContext } from './context.ts'
import { conclude, concludeResult, failed, quoting, type Course, type Finding } from './conclude.ts'
import {
  outputOf,
  runAttempt,
  type AttemptHooks,
  type LateOutcome,
  type Outcome,
} from './attempt.ts'
import { failureStack } from './failure.ts'
import { unfailing } from './log.ts'
import { copyOutput, isPartOf, type CopiedOutput, type OutputChange } from './output.ts'
import { redeemPermit, type Grant, type Permit } from './permit.ts'
import { Stop } from './stop.ts'
import {
  implementationOf,
  reconcilerOf,
  type Delegate,
  type Implementation,
  type ToolLog,
} from './tool.ts'
import { wrapped, wrappedCall, type ToolWrapper } from './wrap.ts'

/** A tool that was left behind ended after all; its call has its status already. */
export interface LateNote {
  readonly callId: string
  readonly tool: string
  readonly attempt: number
  readonly outcome: LateOutcome
}

export interface ExecuteContext {
  readonly runId: string
  /** Aborts when the run is stopped. */
  readonly signal: AbortSignal
  readonly idempotencyKey: string
  readonly deps: unknown
  readonly clock: Clock
  readonly log?: ToolLog | undefined
  /** Asked before each attempt but the first; where it says no, the last failure stands. Default: yes. */
  readonly mayRetry?: (() => boolean) | undefined
  readonly onProgress: (value: JsonValue) => void
  readonly onLate: (note: LateNote) => void
  /** Where the tool is an agent. */
  readonly delegate?: Delegate | undefined
  /** Stand round the tool, the first outermost. */
  readonly wrappers?: readonly ToolWrapper[] | undefined
}

/** How carrying out a call went. */
export interface Execution extends ToolResult {
  readonly status: 'success' | 'error-execution' | 'error-output' | 'timeout' | 'cancelled'
  /** How often the tool was started; none for a success where a wrapper answered in its place. */
  readonly attempts: number
  /** Whole milliseconds over all attempts. */
  readonly durationMs: number
  /** Digest and UTF-8 length of the canonical JSON of the result, before it was cut. */
  readonly resultDigest?: string
  readonly resultBytes?: number
  readonly truncated?: true
  /** Wrappers have made of it, in part, what the tool did not return or throw. */
  readonly foreign?: true
  /** What the policy took out of the result or the message; counted. */
  readonly changes?: readonly OutputChange[]
}

/**
 * The one place where a tool runs. Takes the permit (a second call with it fails), starts the tool
 * with the frozen arguments, waits until it ends, its time is over or the run is stopped, and
 * makes plain data of what came out. A tool that ignores its signal is left behind; its late end
 * goes to `onLate`. Rejects only with `bad-permit`; everything else is in the result.
 */
export async function execute(permit: Permit, context: ExecuteContext): Promise<Execution> {
  const grant = redeemPermit(permit)
  const started = context.clock.monotonic()
  const stop = new Stop(context.signal, grant.timeoutMs)
  try {
    const attempts = new Attempts(grant, context, stop, implementationOf(grant.tool))
    let outcome = await attempts.start()
    while (outcome.kind === 'threw') {
      logFailure(outcome.error, grant, context, attempts.made)
      if (attempts.left === 0) break
      const next = await attempts.again()
      if (next === undefined) break
      outcome = next
    }
    const found = conclude(outcome, grant, attempts)
    const finding = found instanceof Promise ? await found : found
    const durationMs = Math.round(context.clock.monotonic() - started)
    return { ...finding, attempts: attempts.started, durationMs }
  } finally {
    stop.dispose()
  }
}

/**
 * Asks a tool what became of a call that was started before, with a permit like any other use of
 * it. Undefined where it cannot tell, or the tool has no `reconcile`.
 */
export async function reconcile(
  permit: Permit,
  context: ExecuteContext,
): Promise<Execution | undefined> {
  const grant = redeemPermit(permit)
  const reconciler = reconcilerOf(grant.tool)
  if (reconciler === undefined) return undefined
  const started = context.clock.monotonic()
  const stop = new Stop(context.signal, grant.timeoutMs)
  try {
    const unwrapped = { ...context, wrappers: undefined }
    const outcome = await new Attempts(grant, unwrapped, stop, reconciler).start()
    if (outcome.kind === 'threw') logFailure(outcome.error, grant, context, 1)
    const finding = outcome.kind === 'returned' && (await reconciled(outcome.value, grant))
    if (!finding) return undefined
    return { ...finding, attempts: 1, durationMs: Math.round(context.clock.monotonic() - started) }
  } finally {
    stop.dispose()
  }
}

function reconciled(value: unknown, grant: Grant): Finding | Promise<Finding> | undefined {
  const { outcome, result } = answerOf(value)
  if (outcome === 'success') return concludeResult(result, grant)
  if (outcome !== 'failed') return undefined
  return failed('error-execution', 'tool-failed', 'the tool found that it did not do its work')
}

interface ReconcileAnswer {
  readonly outcome?: unknown
  readonly result?: unknown
}

/** Whoever answers what throws when it is read has told nothing. */
function answerOf(value: unknown): ReconcileAnswer {
  try {
    const { outcome, result } = (value ?? {}) as ReconcileAnswer
    return { outcome, result }
  } catch {
    return {}
  }
}

const progressBounds = { maxLength: 65_536, maxDepth: 32 }

/** More progress of a call is not reported, so an endless generator cannot fill a journal. */
const maxProgress = 1_000

/** The attempts of one call, one after the other. */
class Attempts implements AttemptHooks, Course {
  made = 0
  /** How often the tool itself has begun, which wrappers may prevent. */
  started = 0
  /** How many values of progress were reported. */
  #progress = 0
  #thrown: { readonly error: unknown; readonly message: string } | undefined
  /** What the tool returned, before wrappers got hold of it. */
  #returned: CopiedOutput | string | undefined
  readonly #grant: Grant
  readonly #context: ExecuteContext
  readonly #stop: Stop
  readonly #deadline: number
  readonly #implementation: Implementation

  constructor(grant: Grant, context: ExecuteContext, stop: Stop, implementation: Implementation) {
    this.#implementation = implementation
    this.#grant = grant
    this.#context = context
    this.#stop = stop
    this.#deadline = context.clock.now() + grant.timeoutMs
  }

  get left(): number {
    const { annotations, retry } = this.#grant.tool
    return (annotations.idempotent ? retry.attempts : 1) - this.made
  }

  start(): Outcome | Promise<Outcome> {
    const stop = this.#stop
    if (stop.reason !== undefined) return { kind: 'stopped', reason: stop.reason }
    this.made++
    this.#returned = undefined
    this.#thrown = undefined
    const { args } = this.#grant
    const given = new CallContext(this.#grant, this.#context, stop, this.made, this.#deadline)
    const { wrappers } = this.#context
    const run = (): unknown => {
      this.started++
      return this.#implementation(args, given)
    }
    const work = wrappers === undefined ? run : () => this.#surround(wrappers, given, run)
    return runAttempt(work, stop, this)
  }

  #surround(
    wrappers: readonly ToolWrapper[],
    given: CallContext,
    run: () => unknown,
  ): Promise<unknown> {
    const { args, tool } = this.#grant
    return wrapped(wrappers, wrappedCall(given, tool.name, args), async ({ trace }) => {
      // the tool must not begin when nobody waits for it any more
      this.#stop.signal.throwIfAborted()
      given.trace = trace
      try {
        const value = await outputOf(run, this.#stop, this)
        this.#returned = copyOutput(value)
        return value
      } catch (error) {
        // a wrapper may make another one of it in place
        this.#thrown = { error, message: messageOf(error) }
        throw error
      }
    })
  }

  /** Whether this came from around the tool, not from the tool. */
  isForeign(error: unknown): boolean {
    if (this.#context.wrappers === undefined) return false
    const thrown = this.#thrown
    if (thrown === undefined || thrown.error !== error) return true
    return thrown.message !== messageOf(error)
  }

  /** Whether there is something in an output that the tool did not return. */
  adds(output: CopiedOutput | string): boolean {
    if (this.#context.wrappers === undefined) return false
    const returned = this.#returned
    if (typeof returned === 'string' || typeof output === 'string') return output !== returned
    return returned === undefined || !isPartOf(output.value, returned.value)
  }

  /** Starts over after a pause that grows; undefined where it may not any more. */
  async again(): Promise<Outcome | undefined> {
    const reason = await pause(this.#grant.tool.retry.delayMs * 2 ** (this.made - 1), this.#stop)
    if (reason !== undefined) return { kind: 'stopped', reason }
    return this.#context.mayRetry?.() === false ? undefined : this.start()
  }

  onProgress(given: unknown): void {
    if (this.#progress === maxProgress) return
    this.#progress++
    const copy = copyPlain(given, progressBounds)
    const shown = copy.ok
      ? (this.#grant.refine?.(copy.value).value ?? copy.value)
      : (quoting(`[unreadable progress: ${copy.message}]`, this.#grant) ?? '[unreadable progress]')
    this.#tell(() => this.#context.onProgress(shown))
  }

  onLate(outcome: LateOutcome): void {
    const { call, tool } = this.#grant
    const attempt = this.made
    this.#tell(() =>
      this.#context.onLate({ callId: call.callId, tool: tool.name, attempt, outcome }),
    )
  }

  /** A failing listener of the host must not change how a call ends. */
  #tell(listener: () => void): void {
    try {
      listener()
    } catch (error) {
      const { log } = this.#context
      unfailing(log)('a listener threw', { stack: failureStack(error, {}, []) })
    }
  }
}

function logFailure(
  error: unknown,
  { call, tool, args }: Grant,
  { log }: ExecuteContext,
  attempt: number,
): void {
  if (log === undefined) return
  const stack = failureStack(error, args, tool.sensitive)
  unfailing(log)('the tool threw', { tool: tool.name, callId: call.callId, attempt, stack })
}

/** Waits; resolves early with the reason when the call is stopped. */
function pause(milliseconds: number, stop: Stop): Promise<StopReason | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds, undefined)
    stop.onStop((reason) => {
      clearTimeout(timer)
      resolve(reason)
    })
  })
}
