import pLimit from 'p-limit'
import { isSallyportError, messageOf, SallyportError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import type { FetchInit } from '../access/fetch.ts'
import type { OpenedFile, OpenFlags } from '../access/open.ts'
import type { ToolContext } from '../tool.ts'
import type { Frame } from './frames.ts'

/** Largest file that is read over the channel, in bytes. */
const largestFile = 16 * 1024 * 1024

/** Files of one call that may be open at a time. */
const mostOpen = 64

/** Questions that are answered at a time: each may hold 32 MiB. Others wait, so many at most. */
const mostAnswers = 4
const mostWaiting = 1000

type Question = Readonly<Record<string, unknown>>

/**
 * Answers what an isolated tool asks for, by the context of its call and so by the guards of the
 * policy. Nothing in a question is trusted.
 */
export class Desk {
  readonly #context: ToolContext
  readonly #send: (frame: Frame) => Promise<void>
  readonly #limit = pLimit(mostAnswers)
  readonly #files = new Map<number, OpenedFile>()
  /** Of the questions that are waited for, by their ids. */
  readonly #asked = new Map<unknown, AbortController>()
  #opened = 0
  #closed = false

  constructor(context: ToolContext, send: (frame: Frame) => Promise<void>) {
    this.#context = context
    this.#send = send
  }

  /** Never rejects. */
  async answer(question: Question): Promise<void> {
    const { id } = question
    if (this.#limit.pendingCount >= mostWaiting) {
      const error = plainError(new Error(`more than ${mostWaiting} questions at a time`))
      return this.#send({ type: 'answer', id, error })
    }
    const asked = new AbortController()
    this.#asked.set(id, asked)
    // a tool that asks and does not listen gets no further answer ready
    await this.#limit(async () => {
      if (asked.signal.aborted) return
      const found = await this.#found(question, asked.signal)
      this.#asked.delete(id)
      if (!asked.signal.aborted) await this.#send({ type: 'answer', id, ...found })
    })
  }

  /** Nobody waits for the answer any more. */
  leave({ id }: Question): void {
    this.#asked.get(id)?.abort()
    this.#asked.delete(id)
  }

  async #found(
    question: Question,
    signal: AbortSignal,
  ): Promise<{ readonly value: unknown } | { readonly error: object }> {
    try {
      return { value: await this.#find(question, signal) }
    } catch (error) {
      return { error: plainError(error) }
    }
  }

  /** Files that the call left open end with it. */
  async close(): Promise<void> {
    this.#closed = true
    this.#limit.clearQueue()
    await Promise.allSettled([...this.#files.values()].map((file) => file.close()))
    this.#files.clear()
  }

  #find(question: Question, signal: AbortSignal): Promise<unknown> {
    switch (question['what']) {
      case 'fetch':
        return this.#fetch(question, signal)
      case 'open':
        return this.#open(question)
      case 'read':
        return readWhole(this.#file(question))
      case 'write':
        return this.#file(question).writeFile(bytesOf(question['data']))
      case 'append':
        return this.#file(question).appendFile(bytesOf(question['data']))
      case 'stat':
        return sizeOf(this.#file(question))
      case 'close':
        return this.#close(question)
      default:
        throw new Error('an unknown question')
    }
  }

  async #fetch({ url, init }: Question, signal: AbortSignal): Promise<unknown> {
    const response = await this.#context.fetch(textOf(url), {
      ...initOf(init),
      signal: AbortSignal.any([this.#context.signal, signal]),
    })
    const body = Buffer.from(await response.arrayBuffer()).toString('base64')
    const { status, statusText, redirected } = response
    return {
      status,
      statusText,
      redirected,
      url: response.url,
      headers: [...response.headers],
      body,
    }
  }

  async #open({ path, flags }: Question): Promise<number> {
    if (this.#files.size >= mostOpen) throw new Error(`more than ${mostOpen} open files`)
    const file = await this.#context.open(textOf(path), flags as OpenFlags)
    if (this.#closed) {
      await file.close()
      throw new SallyportError('access-denied', 'the call is over')
    }
    const number = ++this.#opened
    this.#files.set(number, file)
    return number
  }

  async #close(question: Question): Promise<void> {
    const file = this.#file(question)
    this.#files.delete(question['file'] as number)
    await file.close()
  }

  #file({ file }: Question): OpenedFile {
    const found = this.#files.get(file as number)
    if (found === undefined) throw new Error('the file is not open')
    return found
  }
}

function initOf(init: unknown): FetchInit {
  const { method, headers, body } = isObject(init) ? init : {}
  return {
    ...(method === undefined ? {} : { method: textOf(method) }),
    ...(isObject(headers) ? { headers: headers as Readonly<Record<string, string>> } : {}),
    ...(body === undefined ? {} : { body: bytesOf(body) }),
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  throw new Error('a question without its text')
}

function bytesOf(value: unknown): Buffer {
  return Buffer.from(textOf(value), 'base64')
}

/** Looks at one byte more than may be read, since a file may grow after its size was asked. */
async function readWhole(file: OpenedFile): Promise<string> {
  const parts: Buffer[] = []
  for (let size = 0; size <= largestFile;) {
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(65_536) })
    if (bytesRead === 0) return Buffer.concat(parts).toString('base64')
    parts.push(buffer.subarray(0, bytesRead))
    size += bytesRead
  }
  throw new SallyportError('access-too-large', `the file is larger than ${largestFile} bytes`)
}

async function sizeOf(file: OpenedFile): Promise<object> {
  const { size, mtimeMs } = await file.stat()
  return { size, mtimeMs }
}

function plainError(error: unknown): object {
  const code: unknown = isSallyportError(error)
    ? error.code
    : (error as NodeJS.ErrnoException)?.code
  const help = isSallyportError(error) ? error.help : undefined
  return {
    message: messageOf(error),
    ...(typeof code === 'string' ? { code } : {}),
    ...(help === undefined ? {} : { help }),
  }
}
