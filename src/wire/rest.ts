import { SallyportError } from '../base/errors.ts'
import { isObject, type JsonValue } from '../base/json.ts'
import { sleep } from '../base/signal.ts'
import type { ModelErrorData } from '../protocol/event.ts'
import type { ResponseBody } from './body.ts'
import type { HttpClient, HttpOutcome } from './http.ts'
import { isShallow } from './read.ts'
import { delayAfter } from './retry.ts'
import { withoutSecrets, type Secret } from './secrets.ts'
import type { RetryOptions, Timeouts } from './settings.ts'
import { envelopeError, modelError } from './status.ts'
import { Watch } from './watch.ts'

/** A question to an endpoint that answers with one JSON value. */
export interface RestQuestion {
  readonly url: URL
  /** From `checkHeaders`. */
  readonly headers: Readonly<Record<string, string>>
  /** Sent by POST; without it the question is a GET. */
  readonly body?: string
  /**
   * Texts that must appear neither in the answer nor in an error. Patterns go for errors only: the
   * answer may be meant to hold what they match.
   */
  readonly secrets: readonly Secret[]
  /** Whether a GET that failed in this way is asked again although it would not be by itself. */
  readonly mayPass?: (error: ModelErrorData) => boolean
}

export interface RestSettings {
  readonly client: HttpClient
  readonly timeouts: Timeouts
  readonly retry: RetryOptions
  /** Bytes of an answer at most; a longer one is `model-too-large`. */
  readonly maxBytes: number
  readonly random: () => number
  readonly signal: AbortSignal
}

/**
 * Asks and returns the answer. A GET is asked again when it failed before its answer began; a POST
 * never is, since it may have been carried out. Throws errors of the `model-` family and
 * `cancelled`; `details` of an error hold the status and what else is known of it.
 */
export async function askJson(question: RestQuestion, settings: RestSettings): Promise<JsonValue> {
  const { retry, random, signal } = settings
  const texts = question.secrets.filter((secret) => typeof secret === 'string')
  for (let made = 1; ; made++) {
    const outcome = await askOnce(question, settings)
    if ('value' in outcome) return withoutSecrets(outcome.value, texts)
    const error = shownOf(outcome.error, question.secrets)
    const delayMs = outcome.begun ? undefined : delayOf(error, made, question, { retry, random })
    if (delayMs === undefined) throw thrownOf(error)
    // an aborted wait ends here, and the next attempt reports the abort
    await sleep(delayMs, signal).catch(() => {})
  }
}

/** The error without secrets; its own words stay, whatever a secret may happen to be. */
function shownOf(error: ModelErrorData, secrets: readonly Secret[]): ModelErrorData {
  const { code, message, help, details, providerCode, ...rest } = error
  const clean = <T>(value: T): T => withoutSecrets(value, secrets)
  return {
    ...rest,
    code,
    message: clean(message),
    ...(help === undefined ? {} : { help: clean(help) }),
    ...(details === undefined ? {} : { details: clean(details) }),
    ...(providerCode === undefined ? {} : { providerCode: clean(providerCode) }),
  }
}

function delayOf(
  error: ModelErrorData,
  made: number,
  { body, mayPass }: RestQuestion,
  { retry, random }: Pick<RestSettings, 'retry' | 'random'>,
): number | undefined {
  if (body !== undefined) return undefined
  const retryable = error.retryable || mayPass?.(error) === true
  return delayAfter({ ...error, retryable }, made, retry, random)
}

type Outcome =
  | { readonly value: JsonValue }
  /** `begun` once the answer itself had begun to arrive. */
  | { readonly error: ModelErrorData; readonly begun: boolean }

async function askOnce(question: RestQuestion, settings: RestSettings): Promise<Outcome> {
  const watch = new Watch(settings.timeouts, settings.signal)
  try {
    const outcome = await send(question, settings.client, watch)
    if ('error' in outcome) return { error: outcome.error, begun: false }
    const read = await readBody(outcome.response.body, watch, settings.maxBytes)
    return 'error' in read ? { error: read.error, begun: true } : valueOf(read.text)
  } finally {
    watch.dispose()
  }
}

function send(question: RestQuestion, client: HttpClient, watch: Watch): Promise<HttpOutcome> {
  const { body } = question
  return body === undefined
    ? client.get(question, watch)
    : client.post({ ...question, body, stream: false }, watch)
}

async function readBody(
  body: ResponseBody,
  watch: Watch,
  maxBytes: number,
): Promise<{ readonly text: string } | { readonly error: ModelErrorData }> {
  const parts: Uint8Array[] = []
  let size = 0
  try {
    for (;;) {
      watch.waiting()
      const part = await body.next()
      watch.arrived()
      if (part === undefined) break
      watch.begun()
      parts.push(part)
      size += part.length
      if (size <= maxBytes) continue
      body.destroy()
      return { error: modelError('model-too-large', `the answer is longer than ${maxBytes} bytes`) }
    }
  } catch {
    body.destroy()
    const broken = modelError('model-incomplete', 'the connection broke within the answer')
    return { error: watch.cut ?? broken }
  }
  // also an answer that arrived whole does not count once the caller has given up
  return watch.cut === undefined ? { text: Buffer.concat(parts).toString() } : { error: watch.cut }
}

/** An answer may be an error although its status is 200. */
function valueOf(text: string): Outcome {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { error: modelError('model-protocol', 'the answer is not JSON'), begun: true }
  }
  if (!isShallow(value)) {
    return { error: modelError('model-protocol', 'the answer is nested too deeply'), begun: true }
  }
  const error = isObject(value) ? value['error'] : undefined
  if (error === undefined || error === null || error === '') return { value }
  return { error: envelopeError(value), begun: true }
}

function thrownOf(error: ModelErrorData): SallyportError {
  const { code, message, help, details, ...known } = error
  return new SallyportError(code, message, {
    help,
    details: { ...known, ...(details === undefined ? {} : { said: details }) },
  })
}
