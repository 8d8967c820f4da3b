import { compose, type Wrap } from '../base/compose.ts'
import { deepFreeze, type JsonObject } from '../base/json.ts'
import { childController } from '../base/signal.ts'
import type { Principal } from '../protocol/principal.ts'
import type { TraceHeaders } from '../protocol/request.ts'
import type { ToolContext } from './tool.ts'

/** A call that the gate has permitted; frozen through and through. */
export interface WrappedCall {
  readonly runId: string
  readonly callId: string
  readonly turn: number
  /** Counts from 1. */
  readonly attempt: number
  readonly tool: string
  /** As they were judged and as the tool gets them. */
  readonly args: JsonObject
  readonly principal: Principal | null
  /** Aborts when the call is stopped. */
  readonly signal: AbortSignal
  /** What wrappers further out have given. */
  readonly trace?: TraceHeaders
}

/** What a wrapper adds to the call. */
export interface CallAddition {
  /** Becomes `context.trace` of the tool. */
  readonly trace?: TraceHeaders
}

/**
 * Stands round the execution of a call, inside its time limit. `next` runs the tool with the
 * arguments that were judged and resolves with what it returned, or rejects with what it threw; a
 * second call of it rejects with `bad-plugin`, as does one after the wrapper has ended or the call
 * was stopped, and runs nothing. What the wrapper returns is the result of the call, held against
 * the output schema and cut and redacted like one of the tool; without `next` the tool does not run.
 * It has the labels of the tool where it is what the tool returned, or that without some members of
 * objects and last items of lists. Any other, and an error of the wrapper, is of nobody known: untrusted
 * as a whole, and as secret as any part of a result of the tool.
 */
export type ToolWrapper = (
  call: WrappedCall,
  next: (addition?: CallAddition) => Promise<unknown>,
) => unknown

/** Nothing in it leads to what the tool alone is given. */
export function wrappedCall(context: ToolContext, tool: string, args: JsonObject): WrappedCall {
  const { attempt, callId, principal, runId, turn } = context
  // that of the tool has to stay as it is: whoever carries the call out goes by it too
  const { signal } = childController(context.signal)
  const call = { runId, callId, turn, attempt, tool, args, signal }
  return Object.freeze({ ...call, principal: deepFreeze(structuredClone(principal)) })
}

/** Runs a tool with wrappers round it, the first outermost; the call is over when all have ended. */
export function wrapped(
  wrappers: readonly ToolWrapper[],
  call: WrappedCall,
  run: (call: WrappedCall) => Promise<unknown>,
): Promise<unknown> {
  const wraps = wrappers.map<Wrap<WrappedCall, Promise<unknown>>>(
    (wrapper) => async (subject, next) =>
      wrapper(subject, (addition) => {
        const carriedOn = new Promise((resolve) => resolve(next(extended(subject, addition))))
        // a wrapper that does not look at what came out must not end the process
        carriedOn.catch(() => undefined)
        return carriedOn
      }),
  )
  let running: Promise<unknown> | undefined
  const start = (subject: WrappedCall): Promise<unknown> => {
    running = run(subject)
    return running
  }
  return compose(wraps, start, async (work, over) => {
    try {
      return await work()
    } finally {
      over()
      // a wrapper may have started the tool without waiting for it
      await running?.catch(() => undefined)
    }
  })(call)
}

function extended(call: WrappedCall, { trace }: CallAddition = {}): WrappedCall {
  if (trace === undefined) return call
  return Object.freeze({ ...call, trace: Object.freeze({ ...call.trace, ...trace }) })
}
