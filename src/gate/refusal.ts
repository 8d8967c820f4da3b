import type { ErrorData } from '../base/errors.ts'
import type { Decision, Effect, Position } from '../protocol/decision.ts'
import type { ApplicableLimit } from './limits.ts'

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

/**
 * The decision after limits: a full limit makes it stricter. Of several that are full the strictest
 * names itself first, ties by id; an ask of a limit outranks an ask of a rule.
 */
export function overLimits(
  decision: Decision,
  full: readonly (ApplicableLimit & { readonly position: Position })[],
): Decision {
  if (full.length === 0) return decision
  const ordered = full.toSorted((a, b) =>
    a.over === b.over ? (a.id < b.id ? -1 : 1) : a.over === 'deny' ? -1 : 1,
  )
  const effect: Effect = ordered[0]!.over
  const references = ordered.map((limit) => ({
    column: limit.position.column,
    effect: limit.over,
    file: limit.position.file,
    id: `limits.${limit.id}`,
    line: limit.position.line,
  }))
  const reasons = ordered.map((limit) => `limit \`${limit.id}\` of ${limit.max} calls is used up`)
  return {
    ...decision,
    effect,
    rule: references[0]!.id,
    rules: [...references, ...decision.rules],
    reasons: [...reasons, ...decision.reasons],
    obligations:
      effect === 'deny'
        ? []
        : [...decision.obligations, { kind: 'approval', approvers: { count: 1 } }],
  }
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
