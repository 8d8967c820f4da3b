import { isObject, parseJson } from './base/json.ts'
import { approverOf, readAnswer } from './gate/answer.ts'
import type { ApprovalAnswer, ApprovalRequest } from './gate/verdict.ts'
import type { Journal } from './journal/journal.ts'
import type { Principal } from './protocol/principal.ts'
import type { ResumeDecision } from './resume-options.ts'

/**
 * The answers to requests of a run that are there already: every no that people have left in the
 * journal, the decision of whoever resumes it, then each yes that was left, oldest first. Each is
 * given once; what is no answer to the request, and a second yes that one person has left, is passed
 * over.
 */
export function givenAnswers(
  journal: Journal,
  decisions: readonly ResumeDecision[],
  answerer: Principal | undefined,
): (request: ApprovalRequest) => Promise<ApprovalAnswer | undefined> {
  const by = answerer === undefined ? {} : { by: approverOf(answerer) }
  const decided = new Map(decisions.map(({ id, ...answer }) => [id, { ...answer, ...by }]))
  const own = new Set<ApprovalAnswer>(decided.values())
  const heard = new Set<string>()
  const waiting = new Map<string, ApprovalAnswer[]>()
  const look = async ({ id, runId }: ApprovalRequest): Promise<ApprovalAnswer[]> => {
    const texts = (await journal.answers(runId)).filter((text) => !heard.has(text))
    const left = texts.flatMap((text) => {
      const answer = leftAnswer(text, id)
      if (answer === undefined) return []
      heard.add(text)
      return [answer]
    })
    const decision = decided.get(id)
    decided.delete(id)
    const yes = left.filter((answer) => !isNo(answer))
    // second thoughts about a yes that nobody has used are not too late
    const found = [...left.filter(isNo), ...(decision === undefined ? [] : [decision]), ...yes]
    waiting.set(id, found)
    return found
  }
  return async (request) => {
    for (;;) {
      let left = waiting.get(request.id) ?? []
      if (left.length === 0) left = await look(request)
      const answer = left.shift()
      if (answer === undefined) return undefined
      const isSecond = request.approvedBy.includes(answer.by?.subject ?? '') && !isNo(answer)
      if (!isSecond || own.has(answer)) return answer
    }
  }
}

function isNo({ action }: ApprovalAnswer): boolean {
  return action === 'deny'
}

/** An answer from the journal, if it is one to this request. */
function leftAnswer(text: string, approvalId: string): ApprovalAnswer | undefined {
  const parsed = parseJson(text)
  if (!parsed.ok || !isObject(parsed.value)) return undefined
  const { id, ...rest } = parsed.value
  if (id !== approvalId) return undefined
  const answer = readAnswer(rest)
  return 'code' in answer ? undefined : answer
}
