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
  const heard = new Set<string>()
  const waiting = new Map<string, ApprovalAnswer[]>()
  const hear = async (runId: string): Promise<void> => {
    for (const text of await journal.answers(runId)) {
      if (heard.has(text)) continue
      heard.add(text)
      const read = leftAnswer(text)
      if (read === undefined) continue
      const left = waiting.get(read.id) ?? []
      left.push(read.answer)
      waiting.set(read.id, left)
    }
  }
  const planned = new Map<string, Promise<void>>()
  let last: Promise<unknown> = Promise.resolve()
  // a reading is for all who ask before it begins: there may be thousands of requests and of answers
  const look = (runId: string): Promise<void> => {
    const known = planned.get(runId)
    if (known !== undefined) return known
    const reading = last.then(() => {
      planned.delete(runId)
      return hear(runId)
    })
    planned.set(runId, reading)
    last = reading.catch(() => undefined)
    return reading
  }
  const looked = new Set<string>()
  return async ({ approvedBy, id, runId }) => {
    // second thoughts about a yes that counted are not too late
    const step = `${id} ${approvedBy.length}`
    if (!looked.has(step) || (waiting.get(id) ?? []).length === 0) await look(runId)
    looked.add(step)
    const left = waiting.get(id) ?? []
    const no = left.findIndex(isNo)
    if (no >= 0) return left.splice(no, 1)[0]
    const decision = decided.get(id)
    decided.delete(id)
    if (decision !== undefined) return decision
    const first = left.findIndex((answer) => !approvedBy.includes(answer.by?.subject ?? ''))
    return left.splice(0, first < 0 ? left.length : first + 1)[first]
  }
}

function isNo({ action }: ApprovalAnswer): boolean {
  return action === 'deny'
}

/** An answer from the journal and the request it is to. */
export interface LeftAnswer {
  readonly id: string
  readonly answer: ApprovalAnswer
}

/** The answer that is written there; undefined when there is none. */
export function leftAnswer(text: string): LeftAnswer | undefined {
  const parsed = parseJson(text)
  if (!parsed.ok || !isObject(parsed.value)) return undefined
  const { id, ...rest } = parsed.value
  const answer = readAnswer(rest)
  return typeof id !== 'string' || 'code' in answer ? undefined : { id, answer }
}
