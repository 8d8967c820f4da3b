import { SallyportError } from './base/errors.ts'
import type { Journal, JournalRecord } from './journal/journal.ts'
import { verifyChain } from './report/verify.ts'
import { isFinal } from './rested-runs.ts'
import { readPast, type Past } from './run/past.ts'
import { anotherProgram } from './run/start.ts'
import type { ToolRegistry } from './tools/registry.ts'

/** The record of a run, which has to be as it was written. */
export async function readWhole(journal: Pick<Journal, 'read'>, runId: string): Promise<Past> {
  // read once: a carrier elsewhere may go on meanwhile, and what is proved is what is used
  const records: JournalRecord[] = []
  for await (const record of journal.read(runId)) records.push(record)
  return checkWhole(runId, records)
}

/** The run that records tell of. Rejects with `bad-journal` for records that were altered. */
export async function checkWhole(runId: string, records: readonly JournalRecord[]): Promise<Past> {
  const past = await readPast(runId, records)
  const { message, verdict } = await verifyChain(records, { head: past.head, runId })
  if (verdict !== 'CONSISTENT' && verdict !== 'INCOMPLETE' && verdict !== 'OPEN_CALLS') {
    throw new SallyportError('bad-journal', `the record of run \`${runId}\`: ${message}`, {
      help: 'a record that was altered is not carried on; restore the journal from a copy',
    })
  }
  return past
}

/** Throws `run-not-resumable` for a run that nobody can carry on, or not by itself. */
export function checkResumable({ start, status }: Past): void {
  const { model, parent, principal, runId } = start
  if (model.id === anotherProgram.id && model.provider === anotherProgram.provider) {
    const message = `run \`${runId}\` is that of a program with its own loop`
    throw new SallyportError('run-not-resumable', message, {
      help: 'go on in that program; the report of the run names the calls of which nobody knows how they ended',
    })
  }
  if (parent !== undefined) {
    const message = `run \`${runId}\` is that of an agent of run \`${parent.runId}\``
    throw new SallyportError('run-not-resumable', message, {
      help: `resume run \`${parent.runId}\`, which goes on with this one`,
    })
  }
  if (principal === null) {
    throw new SallyportError('run-not-resumable', `run \`${runId}\` acts for nobody who is known`, {
      help: 'start another run, as a caller the policy knows',
    })
  }
  if (!isFinal(status)) return
  throw new SallyportError('run-not-resumable', `run \`${runId}\` has ended: ${status}`, {
    help: 'start another run, with its `messages` if it is to know of this one',
  })
}

/** A tool by the same name may do something else by now. */
export function checkTools(
  { definitions }: Pick<ToolRegistry, 'definitions'>,
  { start }: Past,
  accepted: readonly string[] = [],
): void {
  const changed = Object.entries(start.definitions ?? {})
    .filter(([name, digest]) => (definitions[name] ?? digest) !== digest)
    .map(([name]) => name)
    .filter((name) => !accepted.includes(name))
  if (changed.length === 0) return
  throw new SallyportError(
    'tool-drift',
    `changed since the run began: ${changed.map((name) => `\`${name}\``).join(', ')}`,
    { help: 'look at what has changed, then name them in `acceptTools`' },
  )
}
