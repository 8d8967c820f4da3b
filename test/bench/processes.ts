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

/** The next message; rejects when the process ends or takes too long. */
async function nextMessage(child: ChildProcess): Promise<unknown> {
  const waiting = new AbortController()
  const timer = setTimeout(() => child.kill(), answerTimeoutMs)
  const { signal } = waiting
  try {
    const ended = once(child, 'exit', { signal }).then(([code, killed]) => {
      throw new Error(`the process ended with ${code ?? killed}`)
    })
    const [message] = (await Promise.race([once(child, 'message', { signal }), ended])) as unknown[]
    return message
  } finally {
    clearTimeout(timer)
    waiting.abort()
  }
}

export interface Server extends Disposable {
  readonly baseUrl: string
}

export async function startServer(): Promise<Server> {
  const child = start('server.ts', [], [])
  const { port } = (await nextMessage(child)) as { port: number }
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    [Symbol.dispose]: () => void child.kill(),
  }
}

export interface Worker extends Disposable {
  readonly name: string
  /** Rejects when a run of the slice was wrong. */
  slice(command: SliceCommand): Promise<Slice>
  /** Ends the process in its own way, so that a profile is written. */
  end(): Promise<void>
}

export async function startWorker(
  name: string,
  nodeOptions: readonly string[] = [],
): Promise<Worker> {
  const child = start('worker.ts', [name], nodeOptions)
  await nextMessage(child)
  return {
    name,
    slice: async (command) => {
      child.send(command)
      const message = (await nextMessage(child)) as WorkerMessage
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
