import type { ApprovalAnswer, ApprovalRequest } from '../gate/verdict.ts'
import type { ApprovalDecided, ApprovalRequested, StructuralEvent } from '../protocol/run-event.ts'

/** An answer to an earlier request about the same call, given again. */
export class RepeatedAnswer {
  readonly given: ApprovalAnswer
  /** The request it was first given to. */
  readonly remembered: string

  constructor(given: ApprovalAnswer, remembered: string) {
    this.given = given
    this.remembered = remembered
  }
}

type Bound = Pick<ApprovalRequested, 'tool' | 'argsDigest'>

/**
 * What people have said in one run that counts for equal calls too, the same tool with the same
 * arguments: every no, and a yes that is to be remembered where the rules permit it. The gate weighs
 * an answer that is repeated like any other.
 */
export class RememberedAnswers {
  readonly #answers = new Map<string, RepeatedAnswer[]>()
  readonly #listeners = new Map<string, Set<(no: RepeatedAnswer) => void>>()

  /** Those of an earlier carrier of the run. */
  static from(events: readonly StructuralEvent[]): RememberedAnswers {
    const remembered = new RememberedAnswers()
    const requests = new Map<string, ApprovalRequested>()
    for (const event of events) {
      if (event.type === 'approval-request') requests.set(event.approvalId, event)
      if (event.type !== 'approval-decision') continue
      const request = requests.get(event.approvalId)
      if (request !== undefined) remembered.note(request, event)
    }
    return remembered
  }

  /** Takes an answer as it goes on record. */
  note(
    request: Bound,
    decided: Pick<
      ApprovalDecided,
      'action' | 'approvalId' | 'argsDigest' | 'by' | 'reason' | 'remember' | 'remembered'
    >,
  ): void {
    const { action, approvalId, argsDigest = request.argsDigest, by, reason } = decided
    if (action === 'revoke') this.revoke(approvalId)
    // what was itself repeated stands under the request it was first given to
    if (decided.remembered !== undefined) return
    const isYes = (action === 'approve' || action === 'edit') && decided.remember === true
    if (!isYes && action !== 'deny') return
    const key = keyOf({ tool: request.tool, argsDigest })
    const answer: ApprovalAnswer = {
      action: isYes ? 'approve' : 'deny',
      ...(by === null ? {} : { by }),
      ...(reason === undefined ? {} : { reason }),
    }
    const earlier = this.#answers.get(key) ?? []
    const repeated = new RepeatedAnswer(answer, approvalId)
    this.#answers.set(key, [...earlier, repeated])
    if (!isYes) for (const listener of this.#listeners.get(key) ?? []) listener(repeated)
  }

  /** Tells of each no to an equal call from now on, until the returned function is called. */
  onNo(request: Bound, listener: (no: RepeatedAnswer) => void): () => void {
    const key = keyOf(request)
    const listeners = this.#listeners.get(key) ?? new Set()
    this.#listeners.set(key, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#listeners.delete(key)
    }
  }

  /** Every no to the call: who has said it may count for one request and not for another. */
  noesTo(call: Bound): readonly RepeatedAnswer[] {
    return (this.#answers.get(keyOf(call)) ?? []).filter(({ given }) => given.action === 'deny')
  }

  /** Where somebody has said no, nothing else matters. */
  answersTo(request: ApprovalRequest): readonly RepeatedAnswer[] {
    const noes = this.noesTo(request)
    if (noes.length > 0) return noes
    const isPermitted = request.approvers.every(({ remember }) => remember === true)
    return isPermitted ? (this.#answers.get(keyOf(request)) ?? []) : []
  }

  /** Forgets what was said to a request. */
  revoke(approvalId: string): void {
    for (const [key, answers] of this.#answers) {
      const left = answers.filter(({ remembered }) => remembered !== approvalId)
      this.#answers.set(key, left)
    }
  }
}

function keyOf({ argsDigest, tool }: Bound): string {
  return `${argsDigest} ${tool}`
}
