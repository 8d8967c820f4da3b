import { constants as bufferConstants } from 'node:buffer'
import { constants, read } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { promisify } from 'node:util'
import { SallyportError } from '../base/errors.ts'
import { isMissing } from '../base/file-failure.ts'

interface Bytes {
  /** In bytes from the beginning of the file. */
  readonly offset: number
  /** Those of another part of the file as soon as the next one is asked for. */
  readonly bytes: Buffer
}

/**
 * The lines of a file that end in LF, without it. Only LF ends a line: JSON text may hold U+2028, at
 * which `node:readline` would break it. A missing file has none.
 */
export async function* linesOf(path: string): AsyncGenerator<Bytes> {
  await using file = await openIfThere(path)
  if (file === undefined) return
  for await (const { offset, bytes } of stretchesOf(file.fd, path)) {
    let from = 0
    for (let end = bytes.indexOf(lineEnd); end >= 0; end = bytes.indexOf(lineEnd, from)) {
      yield { offset: offset + from, bytes: bytes.subarray(from, end) }
      from = end + 1
    }
  }
}

export const lineEnd = 0x0a

/** A named pipe in the place of a file is not waited for. */
export const forReading: number = constants.O_RDONLY | constants.O_NONBLOCK

/** Bytes of the longest line: a longer one could not be a text. */
const longestLine: number = bufferConstants.MAX_STRING_LENGTH

/** Undefined for a file that is missing. */
export async function openIfThere(
  path: string,
  flags: string | number = forReading,
): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Bytes that are read at a time: each time takes a turn through the thread pool. */
const usualRoom = 256 * 1024

const readInto = promisify(read)

/**
 * The file of a descriptor, at `path`, in stretches of whole lines, each of as many as have been
 * read at once, and with their line ends. Throws `bad-journal` at a line that is longer than the
 * longest. The descriptor is left open: a stream that is given up closes its own some time later and
 * whatever it is told, and the number may then be that of another file.
 */
export async function* stretchesOf(
  file: number,
  path: string,
  longest: number = longestLine,
): AsyncGenerator<Bytes> {
  let room = Buffer.allocUnsafe(usualRoom)
  /** Bytes of a line that has not ended, at the beginning of the room. */
  let kept = 0
  for (let offset = 0; ;) {
    if (kept > longest) throw tooLong(path, longest)
    if (kept === room.length) room = Buffer.concat([room], Math.min(2 * kept, longest + 1))
    const { bytesRead } = await readInto(file, room, kept, room.length - kept, offset + kept)
    if (bytesRead === 0) return
    const filled = kept + bytesRead
    // what was kept has no line end, and a long line is not searched again with each part of it
    const last = room.subarray(kept, filled).lastIndexOf(lineEnd)
    const end = last < 0 ? 0 : kept + last + 1
    if (end > 0) yield { offset, bytes: room.subarray(0, end) }
    room.copyWithin(0, end, filled)
    offset += end
    kept = filled - end
  }
}

function tooLong(path: string, longest: number): SallyportError {
  const message = `\`${path}\` is damaged: a line is longer than ${longest} bytes`
  return new SallyportError('bad-journal', message, {
    help: 'restore the file from a copy; nothing in it has been changed',
  })
}

/** Cuts off what a crash left after the last line end, so that the next line stands alone. */
export async function cutTornLine(path: string): Promise<void> {
  await using file = await openIfThere(path, 'r+')
  if (file === undefined) return
  const { size } = await file.stat()
  const whole = await endOfLastLine(file, size)
  if (whole < size) await file.truncate(whole)
}

/** Offset after the last LF, looking from the end in blocks. */
async function endOfLastLine(file: FileHandle, size: number): Promise<number> {
  const block = Buffer.alloc(64 * 1024)
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - block.length)
    const { bytesRead } = await file.read(block, 0, end - start, start)
    const at = block.subarray(0, bytesRead).lastIndexOf(lineEnd)
    if (at >= 0) return start + at + 1
    end = start
  }
  return 0
}
