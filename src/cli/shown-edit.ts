import type { ErrorData } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import { redacted } from '../base/redact.ts'
import { checkEdit } from '../gate/check-answer.ts'
import type { ApprovalRequest } from '../gate/verdict.ts'

/** Why an edit will not count, as far as what is shown tells; what is hidden is the gate's to judge. */
export function checkShownEdit(
  request: ApprovalRequest,
  edited: JsonObject | undefined,
): ErrorData | undefined {
  const isShown = !JSON.stringify(request.args).includes(redacted)
  return isShown || request.editable.length === 0
    ? checkEdit(request, request.args, edited)
    : undefined
}
