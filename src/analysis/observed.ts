import { isObject, pointerTokens, type JsonObject } from '../base/json.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Trace, TraceCall } from './trace.ts'

/** What became of a recorded call, as far as it teaches a policy something. */
export type Outcome = 'ran' | 'ran-after-ask' | 'refused' | 'failed'

/** One recorded call whose arguments are known. */
export interface ObservedCall {
  readonly tool: string
  readonly args: JsonObject
  /** Null when the caller was not known, or the record does not say. */
  readonly principal: Principal | null
  readonly outcome: Outcome
  readonly trace: string
}

export interface Observations {
  readonly traces: number
  readonly calls: readonly ObservedCall[]
  /** Calls that teach nothing: their arguments are not known, or they never got to a decision. */
  readonly skipped: number
}

/** Reads all calls of some traces. */
export async function observe(traces: AsyncIterable<Trace>): Promise<Observations> {
  const calls: ObservedCall[] = []
  let count = 0
  let skipped = 0
  for await (const { id, principal = null, calls: recorded } of traces) {
    count++
    for (const call of recorded) {
      const outcome = outcomeOf(call)
      if (call.args === null || outcome === undefined || hidesSomething(call)) skipped++
      else calls.push({ tool: call.name, args: call.args, principal, outcome, trace: id })
    }
  }
  return { traces: count, calls, skipped }
}

/** A value that is blacked out would be taken for the mark that stands in its place. */
function hidesSomething({ args, hidden = [] }: TraceCall): boolean {
  return hidden.some((pointer) => {
    const [first] = pointerTokens(pointer) ?? []
    return first === undefined || first === '*' || (isObject(args) && Object.hasOwn(args, first))
  })
}

const refusals = new Set(['error-security', 'denied-by-human', 'approval-expired'])
const failures = new Set([
  'error-execution',
  'error-output',
  'timeout',
  'abandoned',
  'unknown-outcome',
])

function outcomeOf({ status, error, decision }: TraceCall): Outcome | undefined {
  if (status === undefined) {
    if (decision?.effect === 'deny') return 'refused'
    // the record does not tell a refusal from a failure: neither makes a rule
    if (error !== undefined) return 'failed'
  } else {
    if (refusals.has(status)) return 'refused'
    if (failures.has(status)) return 'failed'
    if (status !== 'success') return undefined
    // in shadow mode what ran may have been meant to be refused
    if (decision?.effect === 'deny') return 'refused'
  }
  return decision?.effect === 'ask' ? 'ran-after-ask' : 'ran'
}
