import { SallyportError } from './base/errors.ts'
import { isObject } from './base/json.ts'
import { checkCarrier } from './carried-runs.ts'
import type { JournalRecord } from './journal/journal.ts'
import { checkTools, checkWhole } from './past-runs.ts'
import type { StructuralEvent } from './protocol/run-event.ts'
import type { ResumeOptions } from './resume-options.ts'
import { childRunId } from './run/child-id.ts'
import type { Past } from './run/past.ts'
import type { RuntimeParts } from './started-run.ts'

/** The runs of agents below a run of the journal. */
export interface ChildRuns {
  readonly byId: ReadonlyMap<string, Past>
  /** Those that go on with the run: their calls have no result. */
  readonly open: readonly Past[]
}

/** The run of an agent, as the run above tells of it. */
interface Named {
  readonly callId: string
  readonly runId: string
  /** Heads its record has to have. */
  readonly heads: readonly string[]
  /** The one it has to end with. */
  readonly last?: string
  readonly isFinished: boolean
}

/**
 * Reads the runs of agents at any depth, which have to be as the runs above have left them. Rejects
 * with `bad-journal`, and with `run-not-resumable` where one is not on record any more: what it has
 * read is not known then. Those that go on pass the same checks as the run itself.
 */
export async function readChildRuns(
  parts: Pick<RuntimeParts, 'journal' | 'toolbox'>,
  past: Past,
  options: Pick<ResumeOptions, 'acceptTools' | 'takeOver'>,
): Promise<ChildRuns> {
  const byId = new Map<string, Past>()
  const open: Past[] = []
  const visit = async (above: Past, isOpen: boolean): Promise<void> => {
    for (const named of namedIn(above.events)) {
      const records = await recordsOf(parts, named)
      if (records === undefined) continue
      const child = await checkWhole(named.runId, records)
      checkNamed(above, named, child, records)
      const goesOn = isOpen && !named.isFinished
      if (goesOn) {
        if (options.takeOver !== true) checkCarrier(parts.journal, child)
        checkTools(parts.toolbox, child, options.acceptTools)
        open.push(child)
      }
      byId.set(named.runId, child)
      await visit(child, goesOn)
    }
  }
  await visit(past, true)
  return { byId, open }
}

/** Whether a run, or one below it, has left a call that was started and has no result. */
export function leavesDoubt({ byId }: Pick<ChildRuns, 'byId'>, runId: string): boolean {
  const calls = byId.get(runId)?.turns.flatMap((turn) => turn.calls) ?? []
  const left = calls.filter(({ result, started }) => started && result === undefined)
  return left.some(({ call }) => {
    const below = childRunId(call.callId)
    return !byId.has(below) || leavesDoubt({ byId }, below)
  })
}

/** Undefined where the call was started and its run was never begun. */
async function recordsOf(
  { journal }: Pick<RuntimeParts, 'journal'>,
  { heads, runId }: Named,
): Promise<readonly JournalRecord[] | undefined> {
  const records: JournalRecord[] = []
  for await (const record of journal.read(runId)) records.push(record)
  if (records.length > 0) return records
  if (heads.length === 0) return undefined
  throw new SallyportError('run-not-resumable', `run \`${runId}\` of an agent is not on record`, {
    help: 'without it nobody knows what the agent has read; start another run',
  })
}

function checkNamed(
  above: Past,
  { callId, heads, last, runId }: Named,
  child: Past,
  records: readonly JournalRecord[],
): void {
  const { parent } = child.start
  const isChild = parent?.runId === above.start.runId && parent.callId === callId
  const known = new Set(records.map(({ hash }) => hash))
  const isWhole = heads.every((head) => known.has(head))
  const isEnded = last === undefined || last === child.head
  if (isChild && isWhole && isEnded) return
  throw new SallyportError('bad-journal', `run \`${runId}\` is not what its agent has left`, {
    help: 'a record that was altered is not carried on; restore the journal from a copy',
  })
}

/** The runs of agents that events tell of, by the last word about each. */
function namedIn(events: readonly StructuralEvent[]): readonly Named[] {
  const named = new Map<string, Named>()
  for (const event of events) {
    if (event.type === 'execution-start' && event.child !== undefined) {
      const heads = named.get(event.callId)?.heads ?? []
      named.set(event.callId, {
        callId: event.callId,
        runId: event.child,
        heads,
        isFinished: false,
      })
    } else if (event.type === 'execution-progress') {
      const known = named.get(event.callId)
      const { rests } = isObject(event.value) ? event.value : {}
      if (known === undefined || !isObject(rests)) continue
      const heads = [...known.heads, String(rests['head'])]
      named.set(event.callId, { ...known, heads })
    } else if (event.type === 'tool-result') {
      const known = named.get(event.callId)
      if (known === undefined) continue
      const last = event.child?.head
      const ending = last === undefined ? {} : { last, heads: [...known.heads, last] }
      named.set(event.callId, { ...known, ...ending, isFinished: true })
    }
  }
  return [...named.values()]
}
