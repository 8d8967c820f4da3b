import { SallyportError } from './base/errors.ts'
import { isAlive, ownProcess, type ProcessName } from './base/process.ts'
import type { Journal } from './journal/journal.ts'
import type { Past } from './run/past.ts'

/** How many carriers a run of a journal has in this process; runtimes may share a journal. */
const carried = new WeakMap<Journal, Map<string, number>>()

/** Does the work of carrying a run, which others in this process know of meanwhile. */
export async function whileCarried<Value>(
  journal: Journal,
  runId: string,
  work: () => Promise<Value>,
): Promise<Value> {
  const runs = carried.get(journal) ?? new Map<string, number>()
  carried.set(journal, runs.set(runId, (runs.get(runId) ?? 0) + 1))
  try {
    return await work()
  } finally {
    const left = runs.get(runId)! - 1
    if (left === 0) runs.delete(runId)
    else runs.set(runId, left)
  }
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

function isCarried(runId: string, { host, pid }: ProcessName, does: string): SallyportError {
  const message = `run \`${runId}\` has a carrier: process ${pid} on \`${host}\` ${does}`
  return new SallyportError('run-carried', message, {
    help: 'let it finish, or end it; if it is gone for sure, resume with `takeOver` (`--take-over`)',
  })
}
