import type { ErrorCode } from '../../base/codes.ts'
import { errorData, type ErrorData } from '../../base/errors.ts'
import { deepFreeze } from '../../base/json.ts'

/** Why a credential, a key or a key set is not accepted. Never holds text of the credential. */
export interface Refusal {
  readonly ok: false
  readonly error: ErrorData
}

export function refuse(code: ErrorCode, message: string, help?: string): Refusal {
  return deepFreeze({ ok: false, error: errorData(code, message, { help }) })
}
