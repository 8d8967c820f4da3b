import type { ExecuteContext } from '../tools/execute.ts'
import type { Permit } from '../tools/permit.ts'
import type { Delegate } from '../tools/tool.ts'
import type { CallEnvironment } from './environment.ts'

/** What the execution of one call is told of its run. */
export function executionContext(
  { clock, deps, gate, log, recorder, runId, wrappers }: CallEnvironment,
  permit: Permit,
  signal: AbortSignal,
  delegate?: Delegate,
): ExecuteContext {
  const { callId } = permit
  return {
    runId,
    idempotencyKey: callId,
    signal,
    clock,
    deps,
    log,
    wrappers,
    delegate,
    mayRetry: () => gate.isInForce(permit, true),
    onProgress(value) {
      recorder.emit({ type: 'execution-progress', callId, value })
    },
    // the call has its result by now; that the tool went on is news of its progress
    onLate({ attempt, outcome }) {
      // of an agent the end of its own run tells
      if (delegate !== undefined) return
      recorder.emit({ type: 'execution-progress', callId, value: { late: { attempt, outcome } } })
    },
  }
}
