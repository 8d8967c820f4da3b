import { visible } from '../../base/text.ts'
import type { ModelErrorData } from '../../protocol/event.ts'
import type { FinishReason } from '../../protocol/usage.ts'
import { meaningOf } from '../chat/finish.ts'
import { hasError, objectAt, textAt } from '../read.ts'
import { envelopeError, modelError } from '../status.ts'

/** Longest finish word kept, in characters. */
const maxWord = 256

/**
 * The error a response tells of, by its `error` or by the status it ended with. OpenRouter puts the
 * precise kind of error beside the error, whose own code then says less.
 */
export function errorIn(
  response: Record<string, unknown>,
  event: string | undefined,
): ModelErrorData | undefined {
  const status = statusOf(response, event)
  const isFailed = status === 'failed' || status === 'error'
  if (!hasError(response) && !isFailed) {
    if (status !== 'cancelled') return undefined
    const message = 'the model endpoint cancelled the answer'
    return modelError('model-error', message, { retryable: true, providerCode: status })
  }
  const kind = textAt(response, 'error_type')
  const body = objectAt(response, 'error')
  if (kind === undefined || body === undefined) {
    return envelopeError(
      hasError(response) ? { error: response['error'] } : { message: 'the answer failed' },
    )
  }
  return envelopeError({ error: { ...body, code: kind, error_type: kind } })
}

/**
 * Why a response ended; undefined for one that has not. A reason for not being complete that is not
 * known counts as `length`: calls of such a response never run.
 */
export function finishOf(
  response: Record<string, unknown>,
  event: string | undefined,
): FinishReason | undefined {
  const status = statusOf(response, event)
  switch (status) {
    case 'completed':
      return { raw: status, unified: 'stop' }
    case 'incomplete': {
      const reason = textAt(objectAt(response, 'incomplete_details') ?? {}, 'reason')
      const filtered = reason !== undefined && meaningOf(reason) === 'content-filter'
      return {
        raw: visible(reason ?? status).slice(0, maxWord),
        unified: filtered ? 'content-filter' : 'length',
      }
    }
    case 'queued':
    case 'in_progress':
      return undefined
  }
  return { raw: status === undefined ? null : visible(status).slice(0, maxWord), unified: 'other' }
}

/** What the response says of itself counts; the event that ended it says what that leaves open. */
function statusOf(
  response: Record<string, unknown>,
  event: string | undefined,
): string | undefined {
  const own = textAt(response, 'status')
  const isEnd = own !== undefined && own !== 'queued' && own !== 'in_progress'
  if (event === undefined) return own
  if (event === 'done') return own
  // of two different words the worse one counts
  return isEnd && event === 'completed' ? own : event
}
