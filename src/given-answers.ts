import { parseJson } from './base/json.ts'
import { readAnswer } from './gate/answer.ts'
import type { ApprovalAnswer, ApprovalRequest, Approver } from './gate/verdict.ts'
import type { Journal } from './journal/journal.ts'
import type { Principal } from './protocol/principal.ts'
import type { ResumeDecision } from './resume-options.ts'

/**
 * The answers to requests of a run that are there already: the decision of whoever resumes it, then
 * what people have left in the journal, oldest first. Each is given once; what is no answer to the
 * request, and what somebody says who has agreed before, is passed over.
 */
export function givenAnswers(
  journal: Journal,
  decisions: readonly ResumeDecision[],
  answerer: Principal | undefined,
): (request: ApprovalRequest) => Promise<ApprovalAnswer | undefined> {
  const given = new Map(decisions.map((decision) => [decision.id, decision]))
  const by = approverOf(answerer)
  const heard = new Set<string>()
  const waiting = new Map<string, ApprovalAnswer[]>()
  const look = async ({ id, runId }: ApprovalRequest): Promise<ApprovalAnswer[]> => {
    const texts = (await journal.answers(runId)).filter((text) => !heard.has(text))
    const found = texts.flatMap((text) => {
      const answer = leftAnswer(text, id)
      if (answer === undefined) return []
      heard.add(text)
      return [answer]
    })
    waiting.set(id, found)
    return found
  }
  return async (request) => {
    const decision = given.get(request.id)
    if (decision !== undefined) {
      given.delete(request.id)
      const { id: _id, ...answer } = decision
      return { ...answer, ...by }
    }
    for (;;) {
      let left = waiting.get(request.id) ?? []
      if (left.length === 0) left = await look(request)
      const answer = left.shift()
      if (answer === undefined) return undefined
      if (!request.approvedBy.includes(answer.by?.subject ?? '')) return answer
    }
  }
}

function approverOf(answerer: Principal | undefined): { readonly by?: Approver } {
  return answerer === undefined ? {} : { by: { subject: answerer.subject, roles: answerer.roles } }
}

/** An answer from the journal, if it is one to this request. */
function leftAnswer(text: string, approvalId: string): ApprovalAnswer | undefined {
  const parsed = parseJson(text)
  if (!parsed.ok) return undefined
  const { id, ...rest } = parsed.value as { id?: unknown }
  if (id !== approvalId) return undefined
  const answer = readAnswer(rest)
  return 'code' in answer ? undefined : answer
}
