import { isDeepStrictEqual } from 'node:util'
import { escapeToken, isObject, type JsonValue } from '../base/json.ts'
import { redactPointers } from '../base/redact.ts'
import { counted, shorten } from '../base/text.ts'
import { badCassette, type Exchange, type Tape } from './cassette-file.ts'

/** A request as it is looked up, without secrets. */
export type Asked = Pick<Exchange, 'method' | 'path' | 'request'>

/** Answers each request by the first recorded one that is the same and was not used yet. */
export class Player {
  readonly #file: string
  readonly #ignore: readonly string[]
  readonly #left: Exchange[]
  readonly #missing: string[] = []

  constructor(file: string, { exchanges }: Tape, ignore: readonly string[]) {
    this.#file = file
    this.#ignore = ignore
    this.#left = [...exchanges]
  }

  /** What was recorded, or what is wrong as the answer of an endpoint that refuses. */
  answer(asked: Asked): Exchange {
    const at = this.#left.findIndex((exchange) => this.#same(exchange, asked))
    if (at >= 0) return this.#left.splice(at, 1)[0]!
    const problem = this.#problem(asked)
    this.#missing.push(problem)
    return {
      ...asked,
      status: 400,
      headers: { 'content-type': 'application/json' },
      response: JSON.stringify({ error: { message: problem } }),
    }
  }

  /** Throws `bad-cassette` when something was asked that was not recorded, or the other way round. */
  finish(): void {
    const [first] = this.#missing
    const help = 'record it again, and look at what has changed'
    if (first !== undefined) throw badCassette(this.#file, `does not fit: ${first}`, help)
    const left = this.#left.length
    if (left === 0) return
    throw badCassette(this.#file, `holds ${counted(left, 'answer')} that nobody asked for`, help)
  }

  #same(exchange: Exchange, asked: Asked): boolean {
    return (
      exchange.method === asked.method &&
      exchange.path === asked.path &&
      isDeepStrictEqual(this.#compared(exchange.request), this.#compared(asked.request))
    )
  }

  #compared(request: unknown): unknown {
    return redactPointers(request as JsonValue, this.#ignore)
  }

  #problem(asked: Asked): string {
    const what = `${asked.method} ${shorten(asked.path, 200)}`
    const next = this.#left.find(
      ({ method, path }) => method === asked.method && path === asked.path,
    )
    if (next === undefined) return `it holds no more answers to ${what}`
    const place = difference(this.#compared(next.request), this.#compared(asked.request), '')
    return `it holds no answer to this ${what}; the next one was recorded for a request that differs at \`${shorten(place, 200)}\``
  }
}

/** The first place at which two values differ, as a JSON Pointer. */
function difference(one: unknown, other: unknown, place: string): string {
  const containers = [one, other].every((value) => Array.isArray(value) || isObject(value))
  if (!containers || Array.isArray(one) !== Array.isArray(other)) return place
  const [a, b] = [one, other] as [Record<string, unknown>, Record<string, unknown>]
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (!isDeepStrictEqual(a[key], b[key]))
      return difference(a[key], b[key], `${place}/${escapeToken(key)}`)
  }
  return place
}
