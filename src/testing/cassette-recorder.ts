import type { ServerResponse } from 'node:http'
import { messageOf } from '../base/errors.ts'
import { shorten } from '../base/text.ts'
import { badCassette, writeTape, type Exchange } from './cassette-file.ts'
import type { Asked } from './cassette-player.ts'
import { plainHeaders, spokenIn, type Cleaner, type Headers } from './cassette-secrets.ts'

/** A request as it came. */
export interface RawRequest {
  readonly method: string
  readonly path: string
  readonly headers: Headers
  readonly body: Buffer
}

/** Headers of one connection, and what would make the answer unreadable. */
const ownHeaders =
  /^(?:host|connection|content-length|transfer-encoding|accept-encoding|te|upgrade|keep-alive|proxy-.*|expect)$/

/** Passes requests on to the endpoint, and keeps them with their answers. */
export class Recorder {
  readonly #file: string
  readonly #upstream: URL
  readonly #cleaner: Cleaner
  /** In the order in which they were asked. */
  readonly #exchanges: (Exchange | undefined)[] = []
  readonly #problems: string[] = []

  constructor(file: string, upstream: URL, cleaner: Cleaner) {
    this.#file = file
    this.#upstream = upstream
    this.#cleaner = cleaner
  }

  /** Answers as the endpoint does, as it does. Never rejects. */
  async pass(raw: RawRequest, asked: Asked, response: ServerResponse): Promise<void> {
    const at = this.#exchanges.push(undefined) - 1
    try {
      const { request } = await import('undici')
      const url = new URL(raw.path, this.#upstream)
      if (url.origin !== this.#upstream.origin) throw new Error('the path leads to another host')
      const answer = await request(url, {
        method: raw.method as 'POST',
        headers: { ...forwarded(raw.headers), 'accept-encoding': 'identity' },
        ...(raw.body.length === 0 ? {} : { body: raw.body }),
      })
      const headers = textHeaders(answer.headers)
      response.writeHead(answer.statusCode, headers)
      const parts: Buffer[] = []
      for await (const part of answer.body as AsyncIterable<Buffer>) {
        parts.push(part)
        response.write(part)
      }
      response.end()
      this.#exchanges[at] = this.#keep(asked, answer.statusCode, headers, Buffer.concat(parts))
    } catch (error) {
      this.#problems.push(`the endpoint failed: ${this.#cleaner.text(messageOf(error))}`)
      if (!response.headersSent) response.writeHead(502)
      response.end()
    }
  }

  /** Writes the tape. Throws `bad-cassette` and writes nothing where something is missing or leaks. */
  async finish(): Promise<void> {
    const kept = this.#exchanges.filter((exchange) => exchange !== undefined)
    if (kept.length < this.#exchanges.length) this.#problems.push('an answer is not complete')
    // what was learned later may have been said before
    const exchanges = kept.map((exchange) => this.#cleaned(exchange))
    if (exchanges.some((exchange) => this.#leaks(exchange))) {
      this.#problems.push('a secret comes in several parts of an answer')
    }
    const [problem] = this.#problems
    const upstream = this.#cleaner.text(this.#upstream.href)
    if (problem === undefined) return writeTape(this.#file, { cassette: 1, upstream, exchanges })
    const help = 'nothing was written; mend that and record again'
    throw badCassette(this.#file, `cannot be kept: ${shorten(problem, 300)}`, help)
  }

  #cleaned(exchange: Exchange): Exchange {
    const { path, request, response } = exchange
    const cleaner = this.#cleaner
    return {
      ...exchange,
      path: cleaner.text(path),
      request: cleaner.value(request),
      response: cleaner.body(response),
    }
  }

  #leaks({ path, request, response }: Exchange): boolean {
    const texts = [path, JSON.stringify(request), response, ...spokenIn(response)]
    return texts.some((text) => this.#cleaner.holds(text))
  }

  #keep(asked: Asked, status: number, headers: Headers, bytes: Buffer): Exchange {
    const response = bytes.toString()
    if (!Buffer.from(response).equals(bytes) || headers['content-encoding'] !== undefined) {
      this.#problems.push('an answer is no plain text')
    }
    return { ...asked, status, headers: plainHeaders(headers), response }
  }
}

function forwarded(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ownHeaders.test(name)))
}

function textHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Headers {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name, value]) => value !== undefined && !ownHeaders.test(name))
      .map(([name, value]) => [name, String(value)]),
  )
}
