import type { ErrorCode } from '../base/codes.ts'
import type { ErrorData } from '../base/errors.ts'
import type { CallStatus } from '../protocol/call.ts'
import type { Decision } from '../protocol/decision.ts'

/** A decision that was made before or beside the rules: by a pipeline step or a person. */
export function denial(
  policy: { readonly name: string; readonly digest: string },
  rule: string,
  reason: string,
  at: string,
): Decision {
  return {
    at,
    effect: 'deny',
    labels: [],
    obligations: [],
    policy: { digest: policy.digest, name: policy.name },
    reasons: [reason],
    rule,
    rules: [],
  }
}

type End = readonly [status: CallStatus, code: ErrorCode]

const ends: Readonly<Record<string, End>> = {
  approval_denied: ['denied-by-human', 'approval-denied'],
  approval_expired: ['approval-expired', 'approval-expired'],
  approval_limit: ['error-security', 'limit-reached'],
  stopped: ['error-security', 'stopped'],
}

/** How a call ends that this step or rule has denied. */
export function endOf(rule: string): End {
  if (Object.hasOwn(ends, rule)) return ends[rule]!
  return ['error-security', rule.startsWith('hooks.') ? 'hook-denied' : 'denied']
}

/**
 * What the model is told about a call that did not run: what refused it, whether trying again can
 * help, and nothing the tool or the host would not say aloud.
 */
export function refusalContent(decision: Decision, error: ErrorData): string {
  const rule = decision.rules[0]
  switch (error.code) {
    case 'denied':
      return [
        `Denied by ${rule === undefined ? 'policy' : 'policy rule'} \`${decision.rule}\`: ${error.message}.`,
        'The same call will be denied again. Continue without it, or tell the user what is needed.',
      ].join(' ')
    case 'hook-denied':
      return `Denied by \`${decision.rule}\`: ${error.message}. Continue without this call, or tell the user what is needed.`
    case 'approval-denied':
      return `A person refused this call: ${error.message}. Do not propose it again.`
    case 'bad-json':
    case 'bad-args':
    case 'unknown-tool':
      return `Not executed: ${error.message}.${error.help === undefined ? '' : ` ${capital(error.help)}.`} Correct the call if it is still needed.`
    default:
      return `Not executed: ${error.message}.`
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
