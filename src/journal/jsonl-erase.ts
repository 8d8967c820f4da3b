import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { JsonlIndex, runOfLine } from './jsonl-index.ts'
import { linesOf } from './lines.ts'
import type { RunState } from './retention.ts'
import { membersOf } from './line-members.ts'

/** Bytes that gather before they are written. */
const blockSize = 1024 * 1024

/**
 * Writes the file anew without the lines of some runs, and puts it in the place of the old one when
 * it is on disk: a crash leaves the one or the other. Returns the number of lines left out.
 */
export async function rewriteWithout(path: string, runs: ReadonlySet<string>): Promise<number> {
  const table = await new JsonlIndex(path).table()
  const left = [...runs].reduce((sum, runId) => sum + table.count(runId), 0)
  if (left === 0) return 0
  const beside = `${path}.new`
  try {
    await copyWithout(path, beside, runs)
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
  return left
}

async function copyWithout(path: string, target: string, runs: ReadonlySet<string>): Promise<void> {
  await rm(target, { force: true })
  await using file = await open(target, 'wx', 0o600)
  let gathered: Buffer[] = []
  let length = 0
  const write = async (): Promise<void> => {
    await file.appendFile(Buffer.concat(gathered))
    gathered = []
    length = 0
  }
  for await (const { bytes } of linesOf(path)) {
    const runId = runOfLine(bytes)
    if (runId !== undefined && runs.has(runId)) continue
    gathered.push(Buffer.from(bytes), lineFeed)
    length += bytes.length + 1
    if (length >= blockSize) await write()
  }
  await write()
  await file.datasync()
}

const lineFeed = Buffer.from('\n')

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r')
  await handle.sync()
}

/**
 * Overwrites the answers that were left for some runs with spaces. Any process may append answers at
 * any time, so that another file in the place of this one could lose some.
 */
export async function blankAnswers(path: string, runs: ReadonlySet<string>): Promise<void> {
  const found = await answerLines(path)
  const blanked = found.filter(({ runId }) => runs.has(runId))
  if (blanked.length === 0) return
  await using file = await open(path, 'r+')
  for (const { offset, length } of blanked) {
    await file.write(Buffer.alloc(length, ' '), 0, length, offset)
  }
  await file.datasync()
}

interface AnswerLine {
  readonly runId: string
  readonly offset: number
  readonly length: number
}

async function answerLines(path: string): Promise<readonly AnswerLine[]> {
  const found: AnswerLine[] = []
  for await (const { bytes, offset } of linesOf(path)) {
    const runId = runOf(bytes.toString())
    if (runId !== undefined) found.push({ runId, offset, length: bytes.length })
  }
  return found
}

/** Undefined for a line that a crash has torn, and for one that was overwritten. */
function runOf(line: string): string | undefined {
  const { runId } = membersOf(line)
  return typeof runId === 'string' ? runId : undefined
}

/** What is known of each run of a journal of lines without reading it. */
export async function runStates(path: string): Promise<readonly RunState[]> {
  const payloads = await new JsonlIndex(path, '.payloads').table()
  const answered = new Set((await answerLines(`${path}.answers`)).map(({ runId }) => runId))
  using lines = await new JsonlIndex(path).open()
  const states: RunState[] = []
  for (const runId of lines.table.runIds()) {
    const [first] = lines.read(runId, 0)
    const [last] = lines.read(runId, lines.table.count(runId) - 1)
    const hasSaid = payloads.has(runId) || answered.has(runId)
    states.push({ runId, firstLine: first?.[1], lastLine: last?.[1], hasSaid })
  }
  return states
}
