import { codes, type ErrorCode } from './codes.ts'
import type { JsonValue } from './json.ts'

const brand = Symbol.for('sallyport.error')

export interface ErrorOptions {
  /** One sentence that names the repair, e.g. "add `audience` to the issuer". */
  readonly help?: string | undefined
  /** Plain data for programs: positions, limits, allowed values. */
  readonly details?: JsonValue | undefined
  readonly cause?: unknown
}

/** The shape of an error inside events, results and reports. */
export interface ErrorData {
  readonly code: ErrorCode
  readonly message: string
  readonly retryable: boolean
  readonly help?: string
  readonly details?: JsonValue
}

/**
 * Every error this library throws. Test it by `code`; the codes are listed in `codes.ts`.
 * Messages are lower case, without a final dot, with user input in backticks.
 *
 * @example
 * ```ts
 * try { await loadPolicy('desk.yaml') } catch (error) {
 *   if (isSallyportError(error) && error.code === 'bad-policy') console.error(error.message, error.help)
 * }
 * ```
 */
export class SallyportError extends Error {
  override readonly name = 'SallyportError'
  readonly code: ErrorCode
  readonly help: string | undefined
  readonly details: JsonValue | undefined
  readonly [brand]: true = true

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.help = options.help
    this.details = options.details
  }

  get retryable(): boolean {
    return codes[this.code].retryable
  }

  toJSON(): ErrorData {
    return errorData(this.code, this.message, this)
  }
}

/** True for errors of this library, also those of another installed copy of it. */
export function isSallyportError(value: unknown): value is SallyportError {
  return typeof value === 'object' && value !== null && brand in value
}

/** Builds the plain form of an error without creating an `Error` (no stack is captured). */
export function errorData(
  code: ErrorCode,
  message: string,
  extra: Pick<ErrorOptions, 'help' | 'details'> = {},
): ErrorData {
  return {
    code,
    message,
    retryable: codes[code].retryable,
    ...(extra.help === undefined ? {} : { help: extra.help }),
    ...(extra.details === undefined ? {} : { details: extra.details }),
  }
}

/** The message of anything that was thrown; never throws itself. */
export function messageOf(thrown: unknown): string {
  try {
    if (!(thrown instanceof Error)) return String(thrown)
    if (thrown.message !== '') return String(thrown.message)
    // a connection that failed at each of several addresses has no words of its own
    const [first] = thrown instanceof AggregateError ? thrown.errors : []
    return first === undefined ? String(thrown.constructor.name) : messageOf(first)
  } catch {
    return 'unprintable error'
  }
}

/** The error that its plain form stands for, to be thrown. */
export function errorFrom({ code, message, help, details }: ErrorData): SallyportError {
  return new SallyportError(code, message, { help, details })
}

/** The plain form of anything that was thrown; what is not ours counts as a defect. */
export function errorDataOf(thrown: unknown): ErrorData {
  return isSallyportError(thrown) ? thrown.toJSON() : errorData('internal', messageOf(thrown))
}
