import { isObject } from '../base/json.ts'
import type { ModelErrorData } from '../protocol/event.ts'
import { envelopeError } from '../wire/status.ts'

/**
 * What an error says about the key it came with: nothing, that it needs a pause, or that it is
 * refused.
 */
export type KeyFault = 'none' | 'rest' | 'quarantine'

const byCode: Readonly<Record<string, KeyFault>> = {
  'model-unauthorized': 'quarantine',
  'model-rate-limit': 'rest',
  'model-quota': 'rest',
  'model-low-funds': 'rest',
  'model-overloaded': 'rest',
  'model-timeout': 'rest',
  'model-connect': 'rest',
  'model-incomplete': 'rest',
}

/** Errors of sockets and of undici, by their `code`. */
const network = /^(E[A-Z]{3,}|EAI_[A-Z]+|UND_ERR_[A-Z_]+)$/

/** What moderation and guardrails say with a status of 403; the request is at fault, not the key. */
const contentMarks = ['reasons', 'patterns', 'flagged_input']
const contentWords = /^(content_filter|content_policy_violation|moderation.*|safety.*|guardrail.*)$/

/**
 * Judges an error of an endpoint, of ours or not: only what concerns access, limits, the server or
 * the network counts. A request that is wrong, and one that was cancelled, burn no key.
 */
export function keyFault(thrown: unknown): KeyFault {
  if (!isObject(thrown)) return 'none'
  const { code, status, cause } = thrown as Readonly<Record<string, unknown>>
  if (typeof code === 'string' && Object.hasOwn(byCode, code)) return byCode[code]!
  if (typeof code === 'string' && code.startsWith('model-')) return ofModelError(thrown)
  if (typeof status === 'number') return ofStatus(status)
  if (typeof code === 'string' && network.test(code)) return 'rest'
  return isObject(cause) && typeof cause['code'] === 'string' ? keyFault(cause) : 'none'
}

function ofStatus(status: number): KeyFault {
  if (!Number.isInteger(status) || status < 400 || status > 599) return 'none'
  const error = envelopeError({}, { status })
  return byCode[error.code] ?? ofModelError(error)
}

function ofModelError(error: object): KeyFault {
  const { status = 0, providerCode = '', details } = error as Partial<ModelErrorData>
  if (status >= 500) return 'rest'
  if (status !== 403 || contentWords.test(providerCode)) return 'none'
  const metadata = isObject(details) && isObject(details['metadata']) ? details['metadata'] : {}
  return contentMarks.some((mark) => Object.hasOwn(metadata, mark)) ? 'none' : 'quarantine'
}
