import { digestJson } from './base/digest.ts'
import { isObject, parseJson, type JsonObject } from './base/json.ts'
import { EventReader, type DelegatedRun } from './history/events.ts'
import { maxBelow } from './history/read.ts'
import type { Journal } from './journal/journal.ts'
import type { CallBelow } from './protocol/child-run.ts'
import { readPast, type Past, type PastCall } from './run/past.ts'

/** Longest arguments that are kept, in UTF-16 code units of their JSON. */
const maxArguments = 2_048

/**
 * What agents have started in a run and in all runs below it, as the journal tells, like calls once.
 * Null where it cannot tell, or over 1,000 calls are unlike.
 */
export async function callsBelow(
  journal: Pick<Journal, 'read'>,
  run: DelegatedRun,
): Promise<readonly CallBelow[] | null> {
  const calls = new Map<string, CallBelow>()
  const seen = new Set<string>()
  const visit = async ({ hasEnded, runId }: DelegatedRun): Promise<void> => {
    if (seen.has(runId)) return
    seen.add(runId)
    const past = await pastOf(journal, runId)
    // what was never begun has called nothing: intents are on disk before tools start
    if (past === undefined && !hasEnded) return
    if (past === undefined) throw new Error('the run is not on record')
    for (const call of past.turns.flatMap((turn) => turn.calls)) {
      if (!call.started) continue
      const told = callOf(call)
      calls.set(JSON.stringify(told), told)
    }
    if (calls.size > maxBelow) throw new Error('too many calls')
    const reader = new EventReader()
    for (const event of past.events) reader.add(event)
    for (const below of reader.delegated.values()) await visit(below)
  }
  try {
    await visit(run)
    return [...calls.values()]
  } catch {
    return null
  }
}

async function pastOf(journal: Pick<Journal, 'read'>, runId: string): Promise<Past | undefined> {
  for await (const _first of journal.read(runId)) return readPast(runId, journal.read(runId))
  return undefined
}

function callOf(past: PastCall): CallBelow {
  const { call, result } = past
  const args = argumentsOf(past)
  return {
    tool: call.tool,
    ...(args === undefined ? {} : { args }),
    ...(result === undefined ? {} : { status: result.status }),
  }
}

/** Undefined where the record holds other arguments than those that were decided about. */
function argumentsOf({ argsDigest, proposed, rawArgs }: PastCall): JsonObject | undefined {
  const parsed = parseJson(rawArgs)
  const recorded = [proposed?.args, parsed.ok ? parsed.value : undefined]
  const args = recorded.find((each) => isObject(each) && digestJson(each) === argsDigest)
  return args === undefined || JSON.stringify(args).length > maxArguments
    ? undefined
    : (args as JsonObject)
}
