import type { PastCall, PastTurn } from './past.ts'

/** The turns without questions whose answers are revoked. */
export function withoutAnswered(
  turns: readonly PastTurn[],
  revoked: readonly string[] = [],
): readonly PastTurn[] {
  if (revoked.length === 0) return turns
  const kept = ({ question, ...call }: PastCall): PastCall => {
    const isRevoked = question !== undefined && revoked.includes(question.request.approvalId)
    return { ...call, question: isRevoked ? undefined : question }
  }
  return turns.map((turn) => ({ ...turn, calls: turn.calls.map(kept) }))
}
