import { spawn, type ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { after } from '../../base/signal.ts'
import { shorten } from '../../base/text.ts'
import { Covers } from './descriptors.ts'
import { encodeFrame, FrameProblem, readFrames, type Frame } from './frames.ts'
import type { Isolation } from './options.ts'
import type { Launch } from './walls.ts'

/** How long the end of a process is waited for before it is brought about. */
const closeMs = 1000

/** How much of what the process wrote last is told when it ends without an answer. */
const lastWords = 400

/** One process for one question, and the frames that it sends. It is killed with its whole group. */
export class IsolatedProcess {
  readonly #child: ChildProcess
  readonly #isolation: Isolation
  readonly #ended: Promise<string>
  readonly #output: Buffer[] = []
  #kept = 0
  #dropped = 0
  #killed = false

  constructor(launch: Launch, isolation: Isolation) {
    this.#isolation = isolation
    this.#child = start(launch)
    this.#ended = endOf(this.#child)
    // what its group still holds goes with it, while the number of the group cannot be another's
    this.#child.once('exit', () => this.kill())
    for (const pipe of [this.#child.stdout!, this.#child.stderr!]) {
      pipe.on('data', (chunk: Buffer) => this.#keep(chunk))
      pipe.on('error', ignore)
    }
    this.#channel.on('error', ignore)
    this.#child.stdin!.on('error', ignore)
  }

  /** Resolves when the process has taken it; says nothing to one that has ended. */
  send(frame: Frame): Promise<void> {
    const stdin = this.#child.stdin as Writable
    return new Promise((resolve) => {
      if (stdin.writable) stdin.write(encodeFrame(frame), () => resolve())
      else resolve()
    })
  }

  /** Ends without an error when the process ends; throws `FrameProblem`. */
  frames(): AsyncGenerator<Frame> {
    return readFrames(this.#channel, this.#isolation.maxOutputBytes)
  }

  /** What it wrote to its standard output and errors, as text, cut at the bound. */
  get log(): { readonly text: string; readonly dropped: number } {
    return { text: Buffer.concat(this.#output).toString(), dropped: this.#dropped }
  }

  kill(): void {
    const { pid } = this.#child
    if (this.#killed || pid === undefined) return
    this.#killed = true
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // the group is gone
    }
  }

  /** Kills the process and waits until it is gone and its pipes with it. */
  async close(): Promise<void> {
    this.kill()
    // who else may hold a pipe open is nobody to wait for
    const cancel = after(closeMs, () => this.#destroy())
    await this.#ended
    cancel()
    this.#destroy()
  }

  /** Waits for the end of a process that can no longer answer, and says how it came. */
  async lastWords(): Promise<string> {
    const cancel = after(closeMs, () => this.kill())
    const how = await this.#ended
    cancel()
    const { text } = this.log
    if (/out of memory|Allocation failed/.test(text)) {
      return `it used up its memory of ${this.#isolation.memoryMb} MiB`
    }
    const end = text.trim().slice(-lastWords)
    return end === '' ? how : `${how}; it wrote \`${shorten(end, lastWords)}\``
  }

  #destroy(): void {
    for (const pipe of this.#child.stdio) pipe?.destroy()
  }

  get #channel(): Readable {
    return this.#child.stdio[3] as Readable
  }

  #keep(chunk: Buffer): void {
    const room = this.#isolation.maxLogBytes - this.#kept
    const kept = chunk.subarray(0, Math.max(0, room))
    this.#kept += kept.length
    this.#dropped += chunk.length - kept.length
    if (kept.length > 0) this.#output.push(Buffer.from(kept))
  }
}

/** A group of its own, and nothing of this process but four pipes. */
function start({ command, args }: Launch): ChildProcess {
  const pipes = ['pipe', 'pipe', 'pipe', 'pipe'] as const
  const covers = new Covers(pipes.length)
  try {
    return spawn(command, args, {
      detached: true,
      env: {},
      cwd: '/',
      stdio: [...pipes, ...covers.from(pipes.length)],
    })
  } finally {
    covers.close()
  }
}

function ignore(): void {}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`it could not be started: ${error.message}`))
    child.once('close', (code, signal) => {
      resolve(signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`)
    })
  })
}

/** Whether a problem is one of what the process sent. */
export function isFrameProblem(error: unknown): error is FrameProblem {
  return error instanceof FrameProblem
}
