import { mkdir, open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf, SallyportError } from '../base/errors.ts'
import { hashLine } from './chain.ts'
import type { JournalRecord } from './journal.ts'
import { addCheckpoint, checkpointIn } from './jsonl-checkpoints.ts'
import { blankAnswers, rewriteWithout, runStates } from './jsonl-erase.ts'
import { JsonlIndex, noJournal, type OpenLines } from './jsonl-index.ts'
import { rememberPlace } from './in-place.ts'
import { countNames } from './jsonl-path.ts'
import { cutTornLine, linesOf, openIfThere } from './lines.ts'
import { takeLock } from './lock.ts'
import { conflict } from './memory.ts'
import { checkOneName } from './one-name.ts'
import { planPrune, type PruneOptions, type Pruned } from './retention.ts'
import { membersOf } from './line-members.ts'

/** The writing side of a journal file. */
export interface Writer {
  append(runId: string, expectedSeq: number, records: readonly JournalRecord[]): Promise<void>
  erase(runId: string): Promise<number>
  remove(runId: string): Promise<boolean>
  prune(options: PruneOptions): Promise<Pruned>
  addCheckpoint(runId: string, checkpoint: string): Promise<void>
  close(): Promise<void>
}

/** Takes the lock, mends what a crash has left, and opens both files. */
export async function openWriter(path: string): Promise<Writer> {
  let unlock: () => Promise<void>
  try {
    await mkdir(dirname(path), { recursive: true })
    checkOneName(path, await countNames(path))
    unlock = await takeLock(`${path}.lock`)
  } catch (error) {
    throw unusable(path, error)
  }
  try {
    // before anything is cut off: the file may be no journal at all
    await checkBeginning(path)
    const counts = await countRecords(path)
    await cutTornLine(path)
    await cutTornLine(`${path}.payloads`)
    await cutTornLine(`${path}.checkpoints`)
    const lines = await openHeld(path)
    const payloads = await openHeld(`${path}.payloads`)
    return createWriter(path, counts, { lines, payloads, unlock })
  } catch (error) {
    await unlock()
    throw unusable(path, error)
  }
}

/** A file that is appended to. */
interface HeldFile {
  readonly handle: FileHandle
  /** Throws `bad-journal` once it is no longer at its path. */
  readonly checkPlace: () => void
}

async function openHeld(path: string): Promise<HeldFile> {
  const handle = await open(path, 'a', 0o600)
  return { handle, checkPlace: rememberPlace(path, await handle.stat({ bigint: true })) }
}

interface OpenFiles {
  lines: HeldFile
  payloads: HeldFile
  readonly unlock: () => Promise<void>
}

function createWriter(path: string, counts: Map<string, number>, files: OpenFiles): Writer {
  let broken: SallyportError | undefined
  /** What has failed in the middle leaves the files in a state that nobody knows. */
  const writing = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    if (broken !== undefined) throw broken
    try {
      files.lines.checkPlace()
      files.payloads.checkPlace()
      return await work()
    } catch (error) {
      broken = unusable(path, error)
      throw broken
    }
  }
  const erase = async (runs: ReadonlySet<string>): Promise<number> => {
    await blankAnswers(`${path}.answers`, runs)
    const erased = await rewriteWithout(`${path}.payloads`, runs)
    await files.payloads.handle.close()
    files.payloads = await openHeld(`${path}.payloads`)
    return erased
  }
  const remove = async (runs: ReadonlySet<string>): Promise<number> => {
    // payloads first, for a line may lack its payload but no payload its line
    await erase(runs)
    const removed = await rewriteWithout(path, runs)
    await rewriteWithout(`${path}.checkpoints`, runs)
    await files.lines.handle.close()
    files.lines = await openHeld(path)
    for (const runId of runs) counts.delete(runId)
    return removed
  }
  return {
    async append(runId, expectedSeq, records) {
      if (broken !== undefined) throw broken
      const count = counts.get(runId) ?? 0
      if (count !== expectedSeq) throw conflict(runId, expectedSeq, count)
      await writing(async () => {
        const durable = records.some((record) => record.durable)
        // payloads first: a line must never name a payload that a crash kept from the disk
        await files.payloads.handle.appendFile(
          records.map((each) => payloadLine(runId, each)).join(''),
        )
        if (durable) await files.payloads.handle.datasync()
        await files.lines.handle.appendFile(records.map((record) => `${record.line}\n`).join(''))
        if (durable) await files.lines.handle.datasync()
      })
      counts.set(runId, count + records.length)
    },
    addCheckpoint: (runId, checkpoint) =>
      writing(async () => {
        // nothing may be attested that a crash can take back
        await files.payloads.handle.datasync()
        await files.lines.handle.datasync()
        await addCheckpoint(path, runId, checkpoint)
      }),
    erase: (runId) => writing(() => erase(new Set([runId]))),
    remove: (runId) => writing(async () => (await remove(new Set([runId]))) > 0),
    async prune(options) {
      const plan = planPrune(options)
      return writing(async () => {
        const pruned = plan(await runStates(path))
        if (options.dryRun === true) return pruned
        if (pruned.erased.length > 0) await erase(new Set(pruned.erased))
        if (pruned.removed.length > 0) await remove(new Set(pruned.removed))
        return pruned
      })
    },
    async close() {
      await files.lines.handle.close()
      await files.payloads.handle.close()
      await files.unlock()
    },
  }
}

const payloadMark = ',"payload":'

/** The text itself: its digest stands in the chain. */
function payloadIn(line: string): string {
  return line.slice(line.indexOf(payloadMark) + payloadMark.length, -1)
}

function payloadLine(runId: string, record: JournalRecord): string {
  if (record.payload === undefined) return ''
  return `{"runId":${JSON.stringify(runId)},"seq":${record.seq}${payloadMark}${record.payload}}\n`
}

/** Records of each run in the file. */
async function countRecords(path: string): Promise<Map<string, number>> {
  const table = await new JsonlIndex(path).table()
  return new Map(Array.from(table.runIds(), (runId) => [runId, table.count(runId)]))
}

/** The reading side: looks up where a run stands, and reads the others only once. */
export class Reader {
  readonly #lines: JsonlIndex
  readonly #payloads: JsonlIndex
  readonly #checkpoints: JsonlIndex

  constructor(path: string) {
    this.#checkpoints = new JsonlIndex(path, '.checkpoints')
    this.#lines = new JsonlIndex(path)
    this.#payloads = new JsonlIndex(path, '.payloads')
  }

  /**
   * The records of a run from the `from`-th on; payloads are read along with the lines. The files
   * are open until all is read, or reading is given up.
   */
  async read(runId: string, from: number): Promise<Iterable<JournalRecord>> {
    // lines first: payloads are written before them, so that the payload of each of these is there
    const lines = await this.#lines.open()
    try {
      return recordsIn({ lines, payloads: await this.#payloads.open() }, runId, from)
    } catch (error) {
      lines[Symbol.dispose]()
      throw error
    }
  }

  /** The checkpoints of a run, oldest first. */
  async checkpoints(runId: string): Promise<readonly string[]> {
    using lines = await this.#checkpoints.open()
    return Array.from(lines.read(runId), ([, line]) => checkpointIn(line))
  }

  /** The ids of all runs, oldest first. */
  async *list(): AsyncGenerator<string> {
    const table = await this.#lines.table()
    for (const runId of table.runIds()) yield runId
  }
}

interface OpenJournal {
  readonly lines: OpenLines
  readonly payloads: OpenLines
}

function* recordsIn(
  files: OpenJournal,
  runId: string,
  from: number,
): Generator<JournalRecord, void, undefined> {
  using lines = files.lines
  using payloads = files.payloads
  const said = freshPayloads(payloads, runId)
  let next = said.next()
  for (const [seq, line] of lines.read(runId, from)) {
    while (next.done !== true && next.value[0] < seq) next = said.next()
    const payload = next.done !== true && next.value[0] === seq ? next.value[1] : undefined
    yield {
      seq,
      line,
      hash: hashLine(line),
      durable: false,
      ...(payload === undefined ? {} : { payload: payloadIn(payload) }),
    }
  }
}

/** Without what an append has left that was done again after a crash. */
function* freshPayloads(
  payloads: OpenLines,
  runId: string,
): Generator<readonly [seq: number, line: string], void, undefined> {
  const seqs = payloads.table.seqs(runId)
  const isStale = new Uint8Array(seqs.length)
  let least = Infinity
  for (let at = seqs.length - 1; at >= 0; at--) {
    isStale[at] = seqs[at]! >= least ? 1 : 0
    least = Math.min(least, seqs[at]!)
  }
  let at = 0
  for (const entry of payloads.read(runId)) if (isStale[at++] === 0) yield entry
}

/** Appended in one write, so that it stands whole beside those of other processes. */
export async function leaveAnswer(path: string, runId: string, answer: string): Promise<void> {
  try {
    checkOneName(path, await countNames(path))
    await using file = await open(`${path}.answers`, 'a', 0o600)
    // a line that a crash has torn ends here
    await file.appendFile(`\n${JSON.stringify({ answer, runId })}\n`)
    await file.datasync()
  } catch (error) {
    throw unusable(path, error)
  }
}

export async function readAnswers(path: string, runId: string): Promise<readonly string[]> {
  const answers: string[] = []
  for await (const { bytes } of linesOf(`${path}.answers`)) {
    const left = parseAnswer(bytes.toString())
    if (left?.runId === runId) answers.push(left.answer)
  }
  return answers
}

function parseAnswer(line: string): { runId: string; answer: string } | undefined {
  const { answer, runId } = membersOf(line)
  return typeof runId === 'string' && typeof answer === 'string' ? { runId, answer } : undefined
}

/** Members are in the order of their names, and every record has `at`. */
const beginning = '{"a'

/** Throws `bad-journal` for a file that does not begin as a journal does; an empty one may be one. */
async function checkBeginning(path: string): Promise<void> {
  await using file = await openIfThere(path)
  if (file === undefined) return
  const { buffer, bytesRead } = await file.read(Buffer.alloc(beginning.length), 0)
  if (!beginning.startsWith(buffer.toString('latin1', 0, bytesRead))) throw noJournal(path)
}

function unusable(path: string, cause: unknown): SallyportError {
  if (cause instanceof SallyportError) return cause
  return new SallyportError(
    'bad-journal',
    `journal \`${path}\` cannot be written: ${messageOf(cause)}`,
    {
      help: 'check that the folder exists, is writable and has space',
      cause,
    },
  )
}
