import { existingJournal } from '../existing-journal.ts'
import { SallyportError } from '../../base/errors.ts'
import { isObject, parseJson } from '../../base/json.ts'
import { counted } from '../../base/text.ts'
import type { Journal } from '../../journal/journal.ts'
import { isFinal } from '../../rested-runs.ts'
import { unknownRun } from '../../run/past.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { outJson, type Io } from '../io.ts'

export interface LogEraseOptions {
  readonly journal: string
  readonly whole?: boolean
  readonly unfinished?: boolean
  readonly json?: boolean
}

/**
 * Erases what was said in a run and in those of its agents, or removes them. Refuses runs that could
 * go on, unless told to take them too. Throws `bad-option` for a run the journal does not hold.
 */
export async function logErase(
  runId: string,
  { journal: path, json, unfinished, whole = false }: LogEraseOptions,
  io: Io,
): Promise<ExitCode> {
  await using journal = await existingJournal(path, io)
  const status = await statusOf(journal, runId)
  if (!isFinal(status) && unfinished !== true) throw mayGoOn(runId, status)
  const runs = await withRunsOfAgents(journal, runId)
  let payloads = 0
  // those below first: as long as the run itself is there, they are found again
  for (const each of runs.toReversed()) {
    payloads += await journal.erase(each)
    if (whole) await journal.remove(each)
  }
  const agentRuns = runs.slice(1)
  if (json === true) outJson(io, { runId, status, payloads, removed: whole, agentRuns })
  io.note(
    whole
      ? `removed ${named(runs)} as a whole; runs that name it miss it, and \`verify\` says so\n`
      : `erased ${counted(payloads, 'payload')} of ${named(runs)}; its records stay, and \`verify\` tells what is missing\n`,
  )
  return exitCode.done
}

function named([runId, ...below]: readonly string[]): string {
  return `run ${runId}${below.length === 0 ? '' : ` and ${counted(below.length, 'run')} of its agents`}`
}

/** The run and those of its agents, at any depth: what it was told they were told on. */
async function withRunsOfAgents(journal: Journal, runId: string): Promise<readonly string[]> {
  const runs = [runId]
  for (const above of runs) {
    for await (const { line } of journal.read(above)) {
      const { child, type } = membersOf(line)
      if (type !== 'execution-start' || typeof child !== 'string' || runs.includes(child)) continue
      if (await isBelow(journal, child, above)) runs.push(child)
    }
  }
  return runs
}

/** Whether the run itself says so, too: a record that was altered must not name any run at all. */
async function isBelow(journal: Journal, runId: string, above: string): Promise<boolean> {
  for await (const { line } of journal.read(runId)) {
    const { parent } = membersOf(line)
    return isObject(parent) && parent['runId'] === above
  }
  return false
}

function membersOf(line: string): Readonly<Record<string, unknown>> {
  const parsed = parseJson(line)
  return parsed.ok && isObject(parsed.value) ? parsed.value : {}
}

/** How a run has ended, read without what was said in it, of which keys may be missing. */
async function statusOf(journal: Journal, runId: string): Promise<string> {
  let last: string | undefined
  for await (const { line } of journal.read(runId)) last = line
  if (last === undefined) throw unknownRun(runId)
  const { status, type } = membersOf(last)
  return type === 'end' && typeof status === 'string' ? status : 'open'
}

function mayGoOn(runId: string, status: string): SallyportError {
  const state = status === 'open' ? 'has no end' : `has ended as ${status}`
  return new SallyportError('bad-option', `run \`${runId}\` ${state} and could go on`, {
    help: 'finish it with `resume`, or give `--unfinished` where it never will be',
  })
}
