import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** A process that is still at work after this time hangs. */
const hangsMs = 60_000

/** Processes take a third of the CPU to start where one before them has read the same files. */
const compiled = join(import.meta.dirname, '../../node_modules/.cache/crash')

/** A program of this folder, in a process that is watched and may be killed. */
export class Child {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #closed: Promise<unknown>
  readonly #told: Promise<string>
  #dots = 0

  constructor(program: string, args: readonly string[]) {
    this.#process = spawn(
      process.execPath,
      ['--conditions=sallyport-source', join(import.meta.dirname, program), ...args],
      { env: { PATH: '', NODE_COMPILE_CACHE: compiled } },
    )
    this.#closed = once(this.#process, 'close')
    this.#told = textOf(this.#process.stderr)
    this.#process.stdout.setEncoding('utf8')
    this.#process.stdout.on('data', (text: string) => (this.#dots += text.split('.').length - 1))
  }

  /** Killed by somebody, or by itself. */
  get wasKilled(): boolean {
    return this.#process.signalCode !== null
  }

  /** Resolves when the program has done so many things, or has nothing more to do. */
  async works(things: number): Promise<void> {
    await new Promise<void>((done) => {
      const look = (): void => {
        if (this.#dots > things) done()
      }
      void this.#closed.then(() => done())
      this.#process.stdout.on('data', look)
      look()
    })
  }

  /** Sends a signal to a program that is still there. */
  signal(name: NodeJS.Signals): void {
    if (this.#process.exitCode === null && !this.wasKilled) this.#process.kill(name)
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.#closed
  }

  /** Waits for the end of the program; returns what should not be. */
  async ended(): Promise<readonly string[]> {
    const timer = AbortSignal.timeout(hangsMs)
    timer.addEventListener('abort', () => this.#process.kill('SIGKILL'))
    await this.#closed
    if (timer.aborted) return ['a process did not end']
    if (this.wasKilled || this.#process.exitCode === 0) return []
    return [`a process failed: ${await this.#told}`]
  }
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}
