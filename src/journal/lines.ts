import { createReadStream, read } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { promisify } from 'node:util'

interface Line {
  /** In bytes from the beginning of the file. */
  readonly offset: number
  readonly bytes: Buffer
}

/**
 * The lines of a file that end in LF, without it. Only LF ends a line: JSON text may hold U+2028, at which
 * `node:readline` would break it. A missing file has none. One that is open, given by its
 * descriptor, is left open; the bytes of each of its lines are those of another one afterwards.
 */
export async function* linesOf(source: string | number): AsyncGenerator<Line> {
  // pieces of a line are joined once: a long one comes in many chunks
  let pieces: Buffer[] = []
  let offset = 0
  try {
    for await (const chunk of chunksOf(source)) {
      let from = 0
      for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, from)) {
        pieces.push(chunk.subarray(from, end))
        const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
        yield { offset, bytes }
        offset += bytes.length + 1
        pieces = []
        from = end + 1
      }
      pieces.push(Buffer.from(chunk.subarray(from)))
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** Bytes that are read at a time: each time takes a turn through the thread pool. */
const highWaterMark = 256 * 1024

const readInto = promisify(read)

function chunksOf(source: string | number): AsyncIterable<Buffer> {
  return typeof source === 'string'
    ? createReadStream(source, { highWaterMark })
    : chunksOfOpen(source)
}

/**
 * A stream that is given up closes its descriptor, some time later and whatever it is told; the number
 * may then be that of another file.
 */
async function* chunksOfOpen(file: number): AsyncGenerator<Buffer> {
  const chunk = Buffer.allocUnsafe(highWaterMark)
  for (let position = 0; ;) {
    const { bytesRead } = await readInto(file, chunk, 0, chunk.length, position)
    if (bytesRead === 0) return
    yield chunk.subarray(0, bytesRead)
    position += bytesRead
  }
}

/** Cuts off what a crash left after the last line end, so that the next line stands alone. */
export async function cutTornLine(path: string): Promise<void> {
  const file = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (file === undefined) return
  try {
    const { size } = await file.stat()
    const whole = await endOfLastLine(file, size)
    if (whole < size) await file.truncate(whole)
  } finally {
    await file.close()
  }
}

/** Offset after the last LF, looking from the end in blocks. */
async function endOfLastLine(file: FileHandle, size: number): Promise<number> {
  const block = Buffer.alloc(64 * 1024)
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - block.length)
    const { bytesRead } = await file.read(block, 0, end - start, start)
    const at = block.subarray(0, bytesRead).lastIndexOf(0x0a)
    if (at >= 0) return start + at + 1
    end = start
  }
  return 0
}
