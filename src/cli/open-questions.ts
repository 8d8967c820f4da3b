import { isSallyportError, SallyportError } from '../base/errors.ts'
import type { ApprovalRequest } from '../gate/verdict.ts'
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

/** What waits for people in one run. */
export interface Waiting {
  /** Those that have no final answer. */
  readonly questions: readonly ApprovalRequest[]
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
    yield {
      questions: openQuestions(past),
      doubtful: callsInDoubt(past).map(({ callId, tool }) => ({ runId, callId, tool })),
    }
  }
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
    const found = questions.find((request) => request.id === id)
    if (found !== undefined) return found
  }
  throw new SallyportError('bad-option', `no open request has the id \`${id}\``, {
    help: 'list them with `sallyport approvals`; each is answered once',
  })
}
