import { isSallyportError, SallyportError } from '../base/errors.ts'
import type { ApprovalAnswer, ApprovalRequest } from '../gate/verdict.ts'
import { leftAnswer } from '../given-answers.ts'
import type { Journal, JournalRecord } from '../journal/journal.ts'
import { eventsOf } from '../report/read.ts'
import { isFinal } from '../rested-runs.ts'
import { callsInDoubt, readPast, type Past } from '../run/past.ts'
import { openQuestions } from '../run/past-questions.ts'

/** A call that was started, and of which nobody knows how it ended. */
export interface DoubtfulCall {
  readonly runId: string
  readonly callId: string
  readonly tool: string
}

/** A request without its final answer. */
export interface OpenQuestion {
  readonly request: ApprovalRequest
  /** What people have left for whoever carries the run on, and nobody has taken up. */
  readonly left: readonly ApprovalAnswer[]
}

/** What waits for people in one run. */
export interface Waiting {
  readonly questions: readonly OpenQuestion[]
  readonly doubtful: readonly DoubtfulCall[]
}

/** What waits for people, run by run; runs that nobody can carry on wait for nobody. */
export async function* waitingIn(
  journal: Journal,
  wanted: string | undefined,
): AsyncGenerator<Waiting> {
  for await (const runId of wanted === undefined ? journal.list() : [wanted]) {
    const past = await pastOf(journal, runId)
    if (past === undefined || isFinal(past.status)) continue
    const open = openQuestions(past)
    const doubtful = callsInDoubt(past).map(({ callId, tool }) => ({ runId, callId, tool }))
    if (open.length + doubtful.length === 0 || !(await goesOn(journal, past))) continue
    yield { questions: await withLeft(journal, runId, open), doubtful }
  }
}

/** The run of an agent goes on with the run above, until its call there has a result. */
async function goesOn(journal: Journal, { start, status }: Past): Promise<boolean> {
  if (isFinal(status)) return false
  if (start.parent === undefined) return true
  const { callId, runId } = start.parent
  const above = await pastOf(journal, runId).catch(unlessMissing)
  const calls = above?.turns.flatMap((turn) => turn.calls) ?? []
  const waits = calls.some(({ call, result }) => call.callId === callId && result === undefined)
  return waits && goesOn(journal, above!)
}

function unlessMissing(error: unknown): undefined {
  if (!isSallyportError(error) || error.code !== 'bad-option') throw error
}

async function withLeft(
  journal: Journal,
  runId: string,
  open: readonly ApprovalRequest[],
): Promise<readonly OpenQuestion[]> {
  if (open.length === 0) return []
  const left = (await journal.answers(runId)).flatMap((text) => leftAnswer(text) ?? [])
  const byRequest = Map.groupBy(left, ({ id }) => id)
  return open.map((request) => ({
    request,
    left: (byRequest.get(request.id) ?? [])
      .map(({ answer }) => answer)
      .filter((answer) => !isCounted(answer, request)),
  }))
}

function isCounted({ action, by }: ApprovalAnswer, { approvedBy }: ApprovalRequest): boolean {
  return action !== 'deny' && by !== undefined && approvedBy.includes(by.subject)
}

async function pastOf(journal: Journal, runId: string): Promise<Past | undefined> {
  try {
    return await readPast(runId, shaped(journal.read(runId)))
  } catch (error) {
    if (isSallyportError(error) && error.code === 'run-not-resumable') return undefined
    throw error
  }
}

/** What is asked of people is read from a file that anybody may have written. */
async function* shaped(records: AsyncIterable<JournalRecord>): AsyncGenerator<JournalRecord> {
  for await (const { record } of eventsOf(records)) yield record
}

/** The open question of that id. Throws `bad-option` when there is none. */
export async function findQuestion(journal: Journal, id: string): Promise<ApprovalRequest> {
  for await (const { questions } of waitingIn(journal, undefined)) {
    const found = questions.find(({ request }) => request.id === id)
    if (found !== undefined) return found.request
  }
  throw new SallyportError('bad-option', `no open request has the id \`${id}\``, {
    help: 'list them with `sallyport approvals`; each is answered once',
  })
}
