import { isObject } from '../base/json.ts'
import type { ModelErrorData } from '../protocol/event.ts'
import { listAt, textAt } from './read.ts'
import { envelopeError } from './status.ts'

/**
 * What an object tells of that is nothing the wire knows, but says something: proxies send errors
 * without an envelope. Only one with a status is an error for certain.
 */
export function bareError(told: Record<string, unknown>): ModelErrorData | undefined {
  const isTelling = ['message', 'msg', 'detail'].some((key) => textAt(told, key) !== undefined)
  return isTelling || listAt(told, 'errors').length > 0 ? envelopeError(told) : undefined
}

/** The error that an object is for certain. */
export function certainError(told: unknown): ModelErrorData | undefined {
  const error = isObject(told) ? bareError(told) : undefined
  return error?.status === undefined ? undefined : error
}
