import { strictnessOf } from '../policy/layers.ts'
import type { RehearsedCall, Rehearsal } from '../gate/rehearsal.ts'
import { denial } from '../gate/refusal.ts'
import type { Policy } from '../policy/policy.ts'
import { neverStarted, type CallStatus } from '../protocol/call.ts'
import type { Decision, Effect } from '../protocol/decision.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Begin } from './scenario.ts'
import type { Heard, Trace, TraceCall } from './trace.ts'

/** One recorded call and what is decided about it now. */
export interface ReplayedCall {
  readonly call: TraceCall
  readonly decision: Decision
}

export interface Replayed {
  readonly trace: Trace
  readonly calls: readonly ReplayedCall[]
  /** How many calls came to each effect. */
  readonly counts: Readonly<Record<Effect, number>>
}

/** Decides about recorded calls again; made once for a policy, used for every trace. */
export interface Replay {
  readonly policy: Policy
  readonly begin: Begin
  /** Of traces that do not name theirs. */
  readonly caller: Principal | null
}

/**
 * Decides every call of a trace again, in order; nothing runs. Messages are heard before the first
 * call, what was said or put in later before the calls of its turn. The calls of one turn are
 * decided before any of their results is seen; without turns each call is one; what the run was
 * narrowed to holds again. Of a call that is denied, later calls see nothing. A call that is asked
 * about counts as approved, unless the record says that it did not run: its result is seen with its
 * label, and the approval makes nothing trusted. A call that was cut short, or whose arguments were
 * not kept, is denied.
 */
export async function replayTrace(replay: Replay, trace: Trace): Promise<Replayed> {
  const { calls } = await rehearseUntil(replay, trace, trace.calls.length)
  return { trace, calls, counts: countsOf(calls) }
}

/** The session of a trace at the moment before its call with this index, and the calls before. */
export async function rehearseUntil(
  { policy, begin, caller }: Replay,
  { principal = caller, messages, heard = [], calls: all, scope }: Trace,
  end: number,
): Promise<{ readonly rehearsal: Rehearsal; readonly calls: readonly ReplayedCall[] }> {
  const rehearsal = begin({ principal, messages, ...(scope === undefined ? {} : { scope }) })
  const calls: ReplayedCall[] = []
  let said = 0
  for (const turn of turnsOf(all)) {
    const decided: ReplayedCall[] = []
    while (isBefore(heard[said], turn[0]?.turn)) {
      const { messages: others, trust } = heard[said++]!
      rehearsal.heard(others, trust)
    }
    for (const call of turn) {
      if (calls.length + decided.length === end) return { rehearsal, calls: [...calls, ...decided] }
      decided.push({ call, decision: await decideAgain(rehearsal, call, policy) })
    }
    for (const entry of decided) await conclude(rehearsal, entry)
    calls.push(...decided)
  }
  return { rehearsal, calls }
}

function isBefore(heard: Heard | undefined, turn = Number.POSITIVE_INFINITY): boolean {
  return heard !== undefined && heard.turn <= turn
}

/** Calls that stand together and name the same turn. */
function turnsOf(calls: readonly TraceCall[]): readonly (readonly TraceCall[])[] {
  const turns: TraceCall[][] = []
  for (const call of calls) {
    const last = turns.at(-1)
    if (call.turn !== undefined && last?.[0]?.turn === call.turn) last.push(call)
    else turns.push([call])
  }
  return turns
}

async function decideAgain(
  rehearsal: Rehearsal,
  call: TraceCall,
  policy: Policy,
): Promise<Decision> {
  const at = new Date().toISOString()
  if (call.status === 'truncated') {
    return denial(policy, 'truncated', 'the call was cut short before it was complete', at)
  }
  if (call.args === null && call.rawArgs === undefined) {
    return denial(policy, 'bad_json', 'the record does not hold the arguments of this call', at)
  }
  return rehearsal.decide(rehearsed(call))
}

function rehearsed({ id, name, args, rawArgs }: TraceCall): RehearsedCall {
  return {
    tool: name,
    args: args ?? {},
    ...(id === undefined ? {} : { id }),
    ...(rawArgs === undefined ? {} : { rawArgs }),
  }
}

/** Tells later calls what became of a call that is not denied. */
async function conclude(rehearsal: Rehearsal, { call, decision }: ReplayedCall): Promise<void> {
  if (decision.effect === 'deny' || call.args === null) return
  const { error, result } = call
  if (call.status === undefined || !neverRan.has(call.status)) {
    const [succeeded, isForeign] = [error === undefined, call.foreign === true]
    await rehearsal.happened(rehearsed(call), result ?? error, succeeded, isForeign)
  } else if (call.decision !== undefined && strictnessOf(decision) < strictnessOf(call.decision)) {
    // what it would have returned is not known
    await rehearsal.happened(rehearsed(call))
  } else rehearsal.withdraw(rehearsed(call))
}

const neverRan: ReadonlySet<CallStatus> = new Set([...neverStarted, 'cancelled'])

function countsOf(calls: readonly ReplayedCall[]): Record<Effect, number> {
  const counts = { allow: 0, ask: 0, deny: 0 }
  for (const { decision } of calls) counts[decision.effect]++
  return counts
}
