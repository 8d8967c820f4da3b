import { isSallyportError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import type { Fault } from './verification.ts'

/**
 * What a journal refuses to give of a record, as a fault: an encrypted payload that was altered or
 * moved says so before its digest is looked at. Throws every other error.
 */
export function faultOf(error: unknown): Fault {
  const details = isSallyportError(error) ? error.details : undefined
  const record = isObject(details) ? details['record'] : undefined
  if (typeof record !== 'number') throw error
  const message = 'the record has a payload that is damaged or belongs elsewhere'
  return { verdict: 'TAMPERED', message, record }
}
