import { createReadStream } from 'node:fs'
import { readFile as readBytes, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { SallyportError } from '../base/errors.ts'
import { fileFailure } from '../base/file-failure.ts'

export interface TextLine {
  /** Counts from 1. */
  readonly number: number
  readonly text: string
}

/** Longest line, and longest file that is read as one text, in UTF-16 code units. */
const maxLength = 64 * 1024 * 1024

/**
 * The lines of a text file, without their ends (LF or CRLF), also of one packed with gzip (`.gz`);
 * the last one needs no end. Invalid UTF-8 becomes U+FFFD. Memory stays that of one line.
 *
 * Throws `bad-file` when the file cannot be read, or at a line of more than 64 Mi characters.
 */
export async function* readTextLines(path: string): AsyncGenerator<TextLine> {
  let number = 0
  // pieces of a line are joined once: appending each chunk would copy a long line over and over
  let pieces: string[] = []
  let length = 0
  try {
    for await (const chunk of decoded(path)) {
      let from = 0
      for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', from)) {
        pieces.push(chunk.slice(from, end))
        yield { number: ++number, text: withoutReturn(pieces.join('')) }
        pieces = []
        length = 0
        from = end + 1
      }
      pieces.push(chunk.slice(from))
      length += chunk.length - from
      if (length > maxLength) throw tooLong(path, `line ${number + 1}`)
    }
  } catch (error) {
    throw unreadable(path, error)
  }
  const rest = pieces.join('')
  if (rest !== '') yield { number: number + 1, text: withoutReturn(rest) }
}

/**
 * Throws `bad-file` for a pipe or a device: whoever reads it in several goes sees nothing in the
 * second, and would take it for empty.
 */
export async function checkRereadable(path: string): Promise<void> {
  const status = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause)
  })
  // reading a folder fails by itself
  if (status.isFile() || status.isDirectory()) return
  throw new SallyportError('bad-file', `\`${path}\` cannot be read: it is not a file`, {
    help: 'write what comes through a pipe to a file first',
  })
}

/** A whole file, decoded as UTF-8. Throws `bad-file` beyond 64 Mi bytes or when it cannot be read. */
export async function readWholeText(path: string): Promise<string> {
  try {
    if ((await stat(path)).size > maxLength) throw tooLong(path, 'the file')
    return await readBytes(path, 'utf8')
  } catch (error) {
    throw unreadable(path, error)
  }
}

async function* decoded(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  for await (const chunk of bytesOf(path)) yield decoder.decode(chunk, { stream: true })
  yield decoder.decode()
}

function bytesOf(path: string): AsyncIterable<Uint8Array> {
  const file = createReadStream(path)
  if (!path.endsWith('.gz')) return file
  // whoever reads the unpacked end sees every failure there
  return pipeline(file, createGunzip(), () => undefined)
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

function tooLong(path: string, what: string): SallyportError {
  return new SallyportError(
    'bad-file',
    `${what} of \`${path}\` is longer than ${maxLength} characters`,
    { help: 'split it' },
  )
}

function unreadable(path: string, cause: unknown): unknown {
  if (cause instanceof SallyportError) return cause
  return fileFailure(`\`${path}\``, 'read', cause)
}
