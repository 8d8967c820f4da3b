import { isObject } from '../base/json.ts'
import { redacted } from '../base/redact.ts'
import { createSecretDetector } from '../gate/detect/secrets.ts'
import { replaceFound } from '../gate/detect/span.ts'

/** Names of headers and of parts of a query whose values prove who sends. */
const secretName = /auth|key|token|secret|cookie|password|credential|signature/i

/** The same for members of bodies, where many an innocent thing is called a key or a token. */
const secretMember =
  /^(?:x-)?(?:api_?key|access_?token|refresh_?token|id_?token|client_?secret|secret|password|authorization)$/i

/** Shorter values occur by chance. */
export const shortestSecret = 6

const schemes = /^(?:bearer|basic|digest|dpop|token)$/i

/** Headers that tell how a body is read; all others may say who sends or who answers. */
const keptHeaders = ['content-type', 'retry-after']

export type Headers = Readonly<Record<string, string>>

/** Only what is needed to read the body again. */
export function plainHeaders(headers: Headers): Headers {
  return Object.fromEntries(
    keptHeaders.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  )
}

/** Values that a request proves itself with: in headers, in its query, and in members of its body. */
export function secretsOf(headers: Headers, path: string, body: unknown): readonly string[] {
  const query = [...new URL(path, 'http://cassette').searchParams]
  const found = [...Object.entries(headers), ...query]
    .filter(([name]) => secretName.test(name))
    .flatMap(([, value]) => [value, ...value.split(/[\s,;]+/), ...cookieValues(value)])
  return [...found, ...membersOf(body)].filter(
    (value) => value.length >= shortestSecret && !schemes.test(value),
  )
}

function cookieValues(value: string): readonly string[] {
  return value.split(';').map((pair) => pair.slice(pair.indexOf('=') + 1).trim())
}

function membersOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(membersOf)
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([name, member]) =>
    typeof member === 'string' && secretMember.test(name) ? [member] : membersOf(member),
  )
}

/**
 * Takes secrets out of traffic: those it has learned, as they are, in base64, hex and
 * percent-encoding, and whatever has the form of a well-known secret. Inside JSON the texts are
 * looked at, however they are escaped.
 */
export class Cleaner {
  readonly #known = new Set<string>()
  #detect = createSecretDetector()

  learn(secrets: readonly string[]): void {
    const { size } = this.#known
    for (const secret of secrets) {
      this.#known.add(secret)
      // arguments of calls are JSON in JSON
      this.#known.add(JSON.stringify(secret).slice(1, -1))
    }
    if (this.#known.size > size) this.#detect = createSecretDetector([...this.#known])
  }

  /** What is found is known from then on, in its other forms too. */
  text(text: string): string {
    const found = this.#detect(text)
    if (found.length === 0) return text
    this.learn(found.map(({ start, end }) => text.slice(start, end)))
    return replaceFound(text, this.#detect(text), () => redacted).text
  }

  holds(text: string): boolean {
    return this.#detect(text).length > 0
  }

  /** A body: JSON, a stream of events, or any text. */
  body(body: string): string {
    const value = parsed(body)
    if (value !== undefined) return this.#json(body, value)
    const lines = body.split('\n').map((line) => {
      const data = /^data: ?/.exec(line)?.[0]
      const message = data === undefined ? undefined : parsed(line.slice(data.length))
      return message === undefined
        ? line
        : `${data}${this.#json(line.slice(data!.length), message)}`
    })
    return this.text(lines.join('\n'))
  }

  /** The text as it was, unless it holds a secret. */
  #json(text: string, value: unknown): string {
    const before = JSON.stringify(value)
    const after = JSON.stringify(this.value(value))
    return this.text(before === after ? text : after)
  }

  /** Plain data: texts and names in it. */
  value(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value)
    if (Array.isArray(value)) return value.map((item) => this.value(item))
    if (!isObject(value)) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [this.text(name), this.value(member)]),
    )
  }
}

/**
 * What a stream of events says at each place of its messages, put together: a secret may come in
 * parts, none of which is one.
 */
export function spokenIn(body: string): readonly string[] {
  const spoken = new Map<string, string>()
  for (const line of body.split('\n')) {
    const message = line.startsWith('data:') ? parsed(line.slice(5)) : undefined
    collect(message, '', spoken)
  }
  return [...spoken.values()]
}

/** Undefined for what is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function collect(value: unknown, place: string, spoken: Map<string, string>): void {
  if (typeof value === 'string') spoken.set(place, (spoken.get(place) ?? '') + value)
  if (typeof value !== 'object' || value === null) return
  for (const [key, member] of Object.entries(value)) collect(member, `${place}/${key}`, spoken)
}
