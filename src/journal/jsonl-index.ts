import { open, type FileHandle } from 'node:fs/promises'
import { SallyportError } from '../base/errors.ts'
import { linesOf } from './lines.ts'

/** Lines of one run in a file, in its order; offsets and lengths in bytes, without line ends. */
interface Lines {
  readonly seqs: number[]
  readonly offsets: number[]
  readonly lengths: number[]
}

/** Bytes that are read at once where lines of a run stand together. */
const blockSize = 1024 * 1024

/**
 * Where the lines of each run stand, so that a run is read without the others. Made anew when the
 * file is another than before; what a crash left after the last line end is not in it.
 */
export class JsonlIndex {
  readonly #path: string
  #stamp: string | undefined
  #runs: Map<string, Lines> = new Map()

  constructor(path: string) {
    this.#path = path
  }

  /** The runs of the file as it is now, those that begin first first. Throws `bad-journal`. */
  async runs(): Promise<ReadonlyMap<string, { readonly seqs: readonly number[] }>> {
    await using file = await openExisting(this.#path)
    if (file === undefined) return new Map()
    await this.#refresh(file)
    return this.#runs
  }

  /** The lines of a run from the `from`-th on, with the number that stands in each. */
  async *read(runId: string, from = 0): AsyncGenerator<readonly [seq: number, line: string]> {
    // another file may take the place of this one meanwhile: what is indexed is what is read
    await using file = await openExisting(this.#path)
    if (file === undefined) return
    await this.#refresh(file)
    const lines = this.#runs.get(runId)
    if (lines === undefined) return
    for (let at = from; at < lines.seqs.length;) {
      const end = endOfBlock(lines, at)
      yield* block(this.#path, file, lines, at, end)
      at = end
    }
  }

  async #refresh(file: FileHandle): Promise<void> {
    const { ino, size, mtimeNs } = await file.stat({ bigint: true })
    const stamp = [ino, size, mtimeNs].join(':')
    if (stamp === this.#stamp) return
    this.#runs = await scan(this.#path, file)
    this.#stamp = stamp
  }
}

/** A missing file is one without lines: it may come. */
async function openExisting(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function endOfBlock({ offsets, lengths }: Lines, start: number): number {
  let end = start + 1
  while (
    end < offsets.length &&
    offsets[end] === offsets[end - 1]! + lengths[end - 1]! + 1 &&
    offsets[end]! + lengths[end]! - offsets[start]! <= blockSize
  ) {
    end++
  }
  return end
}

async function* block(
  path: string,
  file: FileHandle,
  { seqs, offsets, lengths }: Lines,
  start: number,
  end: number,
): AsyncGenerator<readonly [seq: number, line: string]> {
  const first = offsets[start]!
  const bytes = Buffer.alloc(offsets[end - 1]! + lengths[end - 1]! - first)
  const { bytesRead } = await file.read(bytes, 0, bytes.length, first)
  if (bytesRead < bytes.length) throw shortened(path)
  for (let at = start; at < end; at++) {
    const offset = offsets[at]! - first
    yield [seqs[at]!, bytes.toString('utf8', offset, offset + lengths[at]!)]
  }
}

async function scan(path: string, file: FileHandle): Promise<Map<string, Lines>> {
  const runs = new Map<string, Lines>()
  let number = 0
  for await (const { offset, bytes } of linesOf(file)) {
    number++
    const head = beginningOf(bytes) ?? parseHead(bytes.toString())
    if (head === undefined) {
      throw number > 1 || bytes.includes('"runId":') ? damaged(path, number) : noJournal(path)
    }
    let lines = runs.get(head.runId)
    if (lines === undefined) {
      lines = { seqs: [], offsets: [], lengths: [] }
      runs.set(head.runId, lines)
    }
    lines.seqs.push(head.seq)
    lines.offsets.push(offset)
    lines.lengths.push(bytes.length)
  }
  return runs
}

/** Bytes that are looked at before the whole line is. */
const beginningLength = 192

/**
 * What the beginning of a payload says, as it is written: the rest of it, most of the file, is held
 * against its digest by whoever verifies it.
 */
function beginningOf(bytes: Buffer): { runId: string; seq: number } | undefined {
  if (bytes.at(-1) !== closing) return undefined
  const text = bytes.toString('latin1', 0, beginningLength)
  const [, runId, seq] =
    /^\{"runId":"([ !#-[\]-~]*)","seq":([0-9]{1,15}),"payload":/.exec(text) ?? []
  return runId === undefined ? undefined : { runId, seq: Number(seq) }
}

const closing = 0x7d

function parseHead(line: string): { runId: string; seq: number } | undefined {
  try {
    const { runId, seq } = JSON.parse(line) as { runId?: unknown; seq?: unknown }
    return typeof runId === 'string' && typeof seq === 'number' ? { runId, seq } : undefined
  } catch {
    return undefined
  }
}

export function noJournal(path: string): SallyportError {
  return new SallyportError('bad-journal', `\`${path}\` is no journal: line 1 is not a record`, {
    help: 'name the file a run was recorded in, such as `.sallyport/journal.jsonl`; if this was one, restore it from a copy',
  })
}

function damaged(path: string, line: number): SallyportError {
  return new SallyportError('bad-journal', `\`${path}\` is damaged at line ${line}`, {
    help: 'restore the file from a copy; nothing in it has been changed',
    details: { line },
  })
}

function shortened(path: string): SallyportError {
  return new SallyportError('bad-journal', `\`${path}\` was cut while it was read`, {
    help: 'read it again when nobody changes it',
  })
}
