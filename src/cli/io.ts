import { closeSync, constants, openSync, readSync } from 'node:fs'
import { SallyportError, type ErrorData } from '../base/errors.ts'
import { fileFailure } from '../base/file-failure.ts'
import { visible, visibleJson } from '../base/text.ts'
import { exitCode } from './exit.ts'

/** What a command may touch of the process; tests bring their own. */
export interface Io {
  /** Data. */
  out(text: string): void
  /** Resolves when little of what was written to standard output is still waiting in memory. */
  drained(): Promise<void>
  /** Everything else. */
  note(text: string): void
  readonly input: AsyncIterable<string | Uint8Array> & { readonly isTTY?: boolean | undefined }
  /** Takes out of the terminal the lines that were typed and not read, where the system lets it. */
  dropTyped(): void
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly outIsTerminal: boolean
  readonly errorIsTerminal: boolean
  /** True once nobody reads standard output any more; what is written then is lost. */
  readonly outIsClosed: boolean
  readonly color: boolean
  readonly columns: number
  /** Calls `action` when the user interrupts; returns what undoes that. */
  onInterrupt(action: () => void): () => void
  /** The same for a system that wants the process to come to an end. */
  onTerminate(action: () => void): () => void
}

export function processIo(): Io {
  const { env, stdin, stdout, stderr } = process
  const isClosed = { out: false, note: false }
  // a reader that closes the pipe has seen enough: that is no failure, and a run goes on to its end
  const listen = (stream: NodeJS.WriteStream, name: 'out' | 'note'): void => {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      isClosed[name] = true
      if (error.code === 'EPIPE') return
      process.exitCode = exitCode.undetermined
      if (name === 'out') noteError(io, fileFailure('standard output', 'written', error).toJSON())
    })
  }
  listen(stdout, 'out')
  listen(stderr, 'note')
  const io: Io = {
    out: (text) => void (isClosed.out || stdout.write(text)),
    async drained() {
      if (!isClosed.out && stdout.writableNeedDrain) await roomIn(stdout)
    },
    note: (text) => void (isClosed.note || stderr.write(text)),
    get outIsClosed() {
      return isClosed.out
    },
    input: stdin,
    dropTyped,
    environment: env,
    outIsTerminal: stdout.isTTY === true,
    errorIsTerminal: stderr.isTTY === true,
    color: wantsColor(env, stderr.isTTY === true),
    columns: Math.max(40, stderr.columns ?? 80),
    onInterrupt(action) {
      process.once('SIGINT', action)
      return () => process.off('SIGINT', action)
    },
    onTerminate(action) {
      process.once('SIGTERM', action)
      return () => process.off('SIGTERM', action)
    },
  }
  return io
}

/** A description of its own, so that not to wait here changes nothing for who reads standard input. */
function dropTyped(): void {
  let terminal: number | undefined
  try {
    terminal = openSync('/dev/tty', constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
    const line = Buffer.alloc(4096)
    while (readSync(terminal, line) > 0);
  } catch {
    // nothing more is there, or no terminal to take it from
  } finally {
    if (terminal !== undefined) closeSync(terminal)
  }
}

/** A reader that closes the pipe takes nothing more, so that nothing is waited for. */
function roomIn(stream: NodeJS.WriteStream): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const done = (): void => {
    for (const name of ['drain', 'close', 'error']) stream.off(name, done)
    resolve()
  }
  for (const name of ['drain', 'close', 'error']) stream.on(name, done)
  return promise
}

/** Prints a text that comes in pieces; ends early when nobody reads it any more. */
export async function outPieces(io: Io, pieces: AsyncIterable<string>): Promise<void> {
  for await (const block of blocksOf(pieces)) {
    io.out(block)
    if (io.outIsClosed) return
    await io.drained()
  }
}

/** UTF-16 code units that are gathered before they are written. */
const blockLength = 65_536

/** Pieces of a text, put together to fewer. */
export async function* blocksOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let gathered: string[] = []
  let length = 0
  for await (const piece of pieces) {
    gathered.push(piece)
    length += piece.length
    if (length < blockLength) continue
    yield gathered.join('')
    gathered = []
    length = 0
  }
  yield gathered.join('')
}

/** The NO_COLOR and FORCE_COLOR conventions. */
function wantsColor(env: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false
  return (env['FORCE_COLOR'] ?? '') !== '' || isTerminal
}

/** Prints an error as two lines: what is wrong, and how to mend it. */
export function noteError(io: Io, error: Pick<ErrorData, 'code' | 'message' | 'help'>): void {
  io.note(`error[${error.code}]: ${printable(error.message)}\n`)
  if (error.help !== undefined) io.note(`  help: ${printable(error.help)}\n`)
}

/** Prints a value as JSON on one line, or indented by two spaces. */
export function outJson(io: Io, value: unknown, indent?: 2): void {
  io.out(`${visibleJson(JSON.stringify(value, undefined, indent))}\n`)
}

/** Text for a terminal: line ends stay, everything else that moves the cursor becomes visible. */
export function printable(text: string): string {
  return text.split('\n').map(visible).join('\n')
}

/** Characters of standard input that are kept at a time. */
const longestInput = 64 * 1024 * 1024

/** Everything on standard input. Throws `bad-option` beyond 64 Mi characters. */
export async function readInput(io: Io): Promise<string> {
  let text = ''
  for await (const line of inputLines(io)) {
    text += `${line}\n`
    checkLength(text, 'standard input')
  }
  return text
}

function checkLength({ length }: string, what: string): void {
  if (length <= longestInput) return
  throw new SallyportError('bad-option', `${what} is longer than ${longestInput} characters`, {
    help: 'split it',
  })
}

/**
 * The lines of standard input, decoded as UTF-8, without their ends. Throws `bad-option` at a line
 * of more than 64 Mi characters.
 */
export async function* inputLines(io: Io): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of io.input) {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    checkLength(rest, 'a line of standard input')
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line
  }
  rest += decoder.decode()
  if (rest !== '') yield rest
}
