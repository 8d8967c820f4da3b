import { isUtf8 } from 'node:buffer'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { isSallyportError, messageOf, SallyportError } from '../base/errors.ts'
import { LineTable } from './line-table.ts'
import { forReading, lineEnd, stretchesOf } from './lines.ts'
import { membersOf } from './line-members.ts'
import { isMissing } from '../base/file-failure.ts'

/**
 * Where the lines of each run stand, so that a run is read without the others. Made anew when the
 * file is another than before; what a crash left after the last line end is not in it.
 *
 * Apart from that, reading waits on the calling thread, as it does for SQLite: a run of a few
 * kilobytes is read in less than the eight turns through the thread pool that it would take.
 */
export class JsonlIndex {
  readonly #path: string
  readonly #beside: string
  #stamp: string | undefined
  #table = new LineTable()

  /** Of the journal at `path`, or of the file beside it whose name ends in `beside`. */
  constructor(path: string, beside = '') {
    this.#path = `${path}${beside}`
    this.#beside = beside
  }

  /** The runs of the file as it is now, and how many lines each has. Throws `bad-journal`. */
  async table(): Promise<LineTable> {
    using lines = await this.open()
    return lines.table
  }

  /**
   * The file as it is now, open: another one may take its place meanwhile, and what is indexed is
   * what is read. Throws `bad-journal`.
   */
  async open(): Promise<OpenLines> {
    const file = openExisting(this.#path)
    if (file === undefined) return new OpenLines(this.#path, undefined, new LineTable())
    try {
      const stat = fstatSync(file, { bigint: true })
      if (!stat.isFile()) throw new Error('it is not a file')
      const { ino, size, mtimeNs } = stat
      const stamp = [ino, size, mtimeNs].join(':')
      if (stamp !== this.#stamp) {
        this.#table = await scan(this.#path, this.#beside, file)
        this.#stamp = stamp
      }
      return new OpenLines(this.#path, file, this.#table)
    } catch (error) {
      closeSync(file)
      throw unreadable(this.#path, error)
    }
  }
}

/** A missing file is one without lines: it may come. */
function openExisting(path: string): number | undefined {
  try {
    return openSync(path, forReading)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw unreadable(path, error)
  }
}

/** A file whose lines are known; to be disposed of. */
export class OpenLines implements Disposable {
  readonly table: LineTable
  readonly #path: string
  #file: number | undefined

  constructor(path: string, file: number | undefined, table: LineTable) {
    this.#path = path
    this.#file = file
    this.table = table
  }

  /** The lines of a run from the `from`-th on, with the number that stands in each. */
  *read(runId: string, from = 0): Generator<readonly [seq: number, line: string], void, undefined> {
    if (this.#file === undefined) return
    // one room for all blocks: what is allocated outside the heap waits long for its collection
    let room = Buffer.alloc(0)
    for (const block of this.table.blocks(runId, from)) {
      const size = block.lengths.reduce((sum, length) => sum + length + 1, -1)
      if (room.length < size) room = Buffer.allocUnsafeSlow(size)
      const bytes = room.subarray(0, size)
      this.#fill(bytes, this.#file, block.offset)
      let start = 0
      for (const [at, length] of block.lengths.entries()) {
        yield [block.seqs[at]!, bytes.toString('utf8', start, start + length)]
        start += length + 1
      }
    }
  }

  #fill(bytes: Buffer, file: number, offset: number): void {
    for (let read = 0; read < bytes.length;) {
      const more = readSync(file, bytes, read, bytes.length - read, offset + read)
      if (more === 0) throw shortened(this.#path)
      read += more
    }
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }
}

async function scan(path: string, beside: string, file: number): Promise<LineTable> {
  const table = new LineTable()
  let number = 0
  for await (const { offset, bytes } of stretchesOf(file, path)) {
    // looked at as a whole: a call for each line would cost more than looking
    const isText = isUtf8(bytes)
    let from = 0
    for (let end = bytes.indexOf(lineEnd); end >= 0; end = bytes.indexOf(lineEnd, from)) {
      number++
      const head = isText ? headIn(bytes, from, end) : readHead(bytes.subarray(from, end))
      if (head === undefined) {
        // what was never a journal says nothing of a run in its first line
        const isNone = number === 1 && beside === '' && !bytes.includes('"runId":')
        throw isNone ? noJournal(path) : damaged(path, beside, number)
      }
      table.add(head.runId, { seq: head.seq, offset: offset + from, length: end - from })
      from = end + 1
    }
  }
  return table
}

interface Head {
  readonly runId: string
  readonly seq: number
}

/** Bytes that are no UTF-8 would be read as U+FFFD, and several of them as the same text. */
function readHead(line: Buffer): Head | undefined {
  return isUtf8(line) ? headIn(line, 0, line.length) : undefined
}

/** The run under which a line is found. Undefined for what is none. */
export function runOfLine(line: Buffer): string | undefined {
  return readHead(line)?.runId
}

/** Of the line between two places. */
function headIn(bytes: Buffer, from: number, end: number): Head | undefined {
  return writtenHead(bytes, from, end) ?? parseHead(bytes.toString('utf8', from, end))
}

/** Bytes at either end of a line that are looked at before the whole line is. */
const endLength = 320

/**
 * What the beginning of a payload or the end of a record says, as they are written: the rest, most
 * of the file, is held against its digest by whoever verifies it. Undefined for lines that are written
 * otherwise, which are parsed.
 */
function writtenHead(bytes: Buffer, from: number, end: number): Head | undefined {
  if (bytes[end - 1] !== closing) return undefined
  const atBeginning =
    bytes[from + 2] === firstOfRunId
      ? beginning.exec(bytes.toString('latin1', from, Math.min(from + endLength, end)))
      : null
  const [, runId, seq] =
    atBeginning ?? ending.exec(bytes.toString('latin1', Math.max(from, end - endLength), end)) ?? []
  return runId === undefined ? undefined : { runId, seq: Number(seq) }
}

const firstOfRunId = 0x72

const closing = 0x7d

const beginning = /^\{"runId":"([ !#-[\]-~]*)","seq":([0-9]{1,15}),"payload":/

/** No brace but those of `usage` stands in it, so that all members are those of the line itself. */
const ending =
  /"runId":"([ !#-[\]-~]*)","seq":([0-9]{1,15}),(?:"status":"[a-z-]*",)?(?:"tool":"[ !#-[\]-~]*",)?"turn":[0-9]{1,15},"type":"[a-z-]*",(?:"usage":\{(?:"[A-Za-z]+":[0-9]+,?)*\},)?"v":1\}$/

function parseHead(line: string): Head | undefined {
  const { runId, seq } = membersOf(line)
  return typeof runId === 'string' && typeof seq === 'number' ? { runId, seq } : undefined
}

export function noJournal(path: string): SallyportError {
  return new SallyportError('bad-journal', `\`${path}\` is no journal: line 1 is not a record`, {
    help: 'name the file a run was recorded in, such as `.sallyport/journal.jsonl`; if this was one, restore it from a copy',
  })
}

function damaged(path: string, beside: string, line: number): SallyportError {
  return new SallyportError('bad-journal', `\`${path}\` is damaged at line ${line}`, {
    help: 'restore the file from a copy; nothing in it has been changed',
    details: { line, beside },
  })
}

function unreadable(path: string, cause: unknown): SallyportError {
  if (isSallyportError(cause)) return cause
  return new SallyportError('bad-journal', `\`${path}\` cannot be read: ${messageOf(cause)}`, {
    help: 'see to it that it is a file, and may be read by the user who runs this',
    cause,
  })
}

function shortened(path: string): SallyportError {
  return new SallyportError('bad-journal', `\`${path}\` was cut while it was read`, {
    help: 'read it again when nobody changes it',
  })
}
