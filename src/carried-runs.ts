import { SallyportError } from './base/errors.ts'
import { isAlive, ownProcess, type ProcessName } from './base/process.ts'
import type { Gate } from './gate/gate.ts'
import type { Journal } from './journal/journal.ts'
import type { Past } from './run/past.ts'

/** What carriers of runs share: a journal, also with other runtimes, or the gate of a runtime. */
type Shared = Journal | Gate

/** How many carriers a run has in this process. */
const carried = new WeakMap<Shared, Map<string, number>>()

/** Does the work of carrying a run, which others in this process know of meanwhile. */
export async function whileCarried<Value>(
  { gate, journal }: { readonly gate: Gate; readonly journal: Journal },
  runId: string,
  work: () => Promise<Value>,
): Promise<Value> {
  for (const shared of [gate, journal]) count(shared, runId, 1)
  try {
    return await work()
  } finally {
    for (const shared of [gate, journal]) count(shared, runId, -1)
  }
}

function count(shared: Shared, runId: string, change: 1 | -1): void {
  const runs = carried.get(shared) ?? new Map<string, number>()
  const carriers = (runs.get(runId) ?? 0) + change
  if (carriers === 0) runs.delete(runId)
  else runs.set(runId, carriers)
  carried.set(shared, runs)
}

/**
 * Throws `run-carried` for a run without an end in its record whose carrier may be at work: a live
 * process of this machine, or any process of another one, of which nobody here can tell. A process
 * id that was used again counts as alive; only a person can know better (`takeOver`).
 */
export function checkCarrier(journal: Journal, { carrier, start, status }: Past): void {
  if (status !== 'open' || carrier === undefined) return
  const { runId } = start
  const own = ownProcess()
  if (carrier.host !== own.host) throw isCarried(runId, carrier, 'may still carry it')
  const isOwn = carrier.pid === own.pid
  // the same id with another start is a process of the past, as in a container that was restarted
  const isAtWork = isOwn
    ? carrier.since === own.since && carried.get(journal)?.has(runId) === true
    : isAlive(carrier.pid)
  if (isAtWork) throw isCarried(runId, carrier, 'carries it')
}

/**
 * Throws `run-carried` for a run that a runtime itself carries, whoever wants it: its gate knows one
 * carrier of a run, with whose end it forgets what the run has read.
 */
export function checkOwnCarrier(gate: Gate, runId: string): void {
  if (carried.get(gate)?.has(runId) !== true) return
  throw new SallyportError('run-carried', `this runtime carries run \`${runId}\` itself`, {
    help: 'let it finish, or cancel it first',
  })
}

function isCarried(runId: string, { host, pid }: ProcessName, does: string): SallyportError {
  const message = `run \`${runId}\` has a carrier: process ${pid} on \`${host}\` ${does}`
  return new SallyportError('run-carried', message, {
    help: 'let it finish, or end it; if it is gone for sure, resume with `takeOver` (`--take-over`)',
  })
}
