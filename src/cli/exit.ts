import type { ErrorCode } from '../base/codes.ts'
import type { Effect } from '../protocol/decision.ts'
import type { EndStatus } from '../protocol/run-event.ts'
import type { ErrorData } from '../base/errors.ts'

/** The one table of exit codes; "the answer is no" and "there is no answer" never share one. */
export const exitCode = {
  done: 0,
  negative: 1,
  usage: 2,
  needsHuman: 3,
  undetermined: 4,
  upstream: 5,
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

const thrown: Partial<Record<ErrorCode, ExitCode>> = {
  'bad-option': exitCode.usage,
  'bad-file': exitCode.usage,
  'bad-tool': exitCode.usage,
  'bad-schema': exitCode.usage,
  'bad-policy': exitCode.negative,
  'policy-unsigned': exitCode.negative,
  'policy-signature': exitCode.negative,
  'policy-key-unknown': exitCode.negative,
  'run-not-resumable': exitCode.negative,
  'tool-drift': exitCode.negative,
  'approval-invalid': exitCode.negative,
  'approval-unknown': exitCode.negative,
  'approval-own': exitCode.negative,
  'approval-not-entitled': exitCode.negative,
  'approval-edit': exitCode.negative,
  'approval-expired': exitCode.negative,
  'login-refused': exitCode.negative,
  cancelled: exitCode.interrupted,
}

/** The exit code of a command that threw. */
export function exitOfError(code: ErrorCode): ExitCode {
  if (code.startsWith('model-')) return exitCode.upstream
  if (code.startsWith('token-') || code.startsWith('api-key-')) return exitCode.negative
  return thrown[code] ?? exitCode.undetermined
}

/** The exit code of so many decisions: one denial counts for more than any questions. */
export function exitOfDecisions({ ask = 0, deny = 0 }: Partial<Record<Effect, number>>): ExitCode {
  if (deny > 0) return exitCode.negative
  return ask > 0 ? exitCode.needsHuman : exitCode.done
}

/** The exit code of `run`. A failure of the model endpoint is told apart from our own. */
export function exitOfRun(status: EndStatus, error: ErrorData | undefined): ExitCode {
  switch (status) {
    case 'completed':
      return exitCode.done
    case 'denied':
    case 'limit':
      return exitCode.negative
    case 'needs-approval':
      return exitCode.needsHuman
    case 'cancelled':
      return exitCode.interrupted
    case 'timeout':
      return exitCode.undetermined
    case 'error':
      return error?.code.startsWith('model-') === true ? exitCode.upstream : exitCode.undetermined
  }
}
