import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import type { Slice, SliceCommand, WorkerMessage } from './worker.ts'

/** Longer than any slice on a slow machine; a process that passes it is stopped. */
const answerTimeoutMs = 60_000

function start(
  file: string,
  args: readonly string[],
  nodeOptions: readonly string[],
): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url))
  return fork(path, args, { execArgv: ['--conditions=sallyport-source', ...nodeOptions] })
}

/** The next message; rejects when the process ends, or takes too long and is stopped. */
async function nextMessage(child: ChildProcess, capMs = answerTimeoutMs): Promise<unknown> {
  const waiting = new AbortController()
  let late = false
  const timer = setTimeout(() => {
    late = true
    child.kill('SIGKILL')
  }, capMs)
  const { signal } = waiting
  try {
    const ended = once(child, 'exit', { signal }).then(([code, killed]) => {
      throw new Error(late ? `> ${capMs / 1000} s` : `the process ended with ${code ?? killed}`)
    })
    const [message] = (await Promise.race([once(child, 'message', { signal }), ended])) as unknown[]
    return message
  } finally {
    clearTimeout(timer)
    waiting.abort()
  }
}

/** Starts a process, waits for its only message and ends it. */
export async function runProcess(
  file: string,
  args: readonly string[],
  nodeOptions: readonly string[],
  capMs?: number,
): Promise<unknown> {
  const child = start(file, args, nodeOptions)
  try {
    return await nextMessage(child, capMs)
  } finally {
    child.kill()
  }
}

export interface Server extends Disposable {
  readonly baseUrl: string
}

export async function startServer(file = 'server.ts'): Promise<Server> {
  const child = start(file, [], [])
  const { port } = (await nextMessage(child)) as { port: number }
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    [Symbol.dispose]: () => void child.kill(),
  }
}

export interface Worker extends Disposable {
  readonly name: string
  /**
   * Rejects when a run of the slice was wrong, or when the slice took longer than the cap: then the
   * process is stopped, and the next slice begins with a new one.
   */
  slice(command: SliceCommand, capMs?: number): Promise<Slice>
  /** Ends the process in its own way, so that a profile is written. */
  end(): Promise<void>
}

export async function startWorker(
  name: string,
  nodeOptions: readonly string[] = [],
): Promise<Worker> {
  const begin = async (): Promise<ChildProcess> => {
    const begun = start('worker.ts', [name], nodeOptions)
    await nextMessage(begun)
    return begun
  }
  let child = await begin()
  return {
    name,
    slice: async (command, capMs) => {
      if (child.exitCode !== null || child.signalCode !== null) child = await begin()
      child.send(command)
      const message = (await nextMessage(child, capMs)) as WorkerMessage
      if (message.type === 'slice') return message.slice
      throw new Error(message.type === 'failed' ? message.message : 'a message was lost')
    },
    end: async () => {
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
    [Symbol.dispose]: () => void child.kill(),
  }
}
