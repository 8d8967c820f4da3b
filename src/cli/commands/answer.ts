import { SallyportError } from '../../base/errors.ts'
import { parseJson } from '../../base/json.ts'
import { readAnswer } from '../../gate/answer.ts'
import type { ApprovalAnswer, ApprovalRequest, Approver } from '../../gate/verdict.ts'
import { answererOf } from '../answerer.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { outJson, type Io } from '../io.ts'
import { findQuestion, withJournal } from '../open-questions.ts'
import type { KeyOptions } from '../policy.ts'

export interface AnswerOptions extends KeyOptions {
  readonly journal: string
  readonly policy?: string
  readonly token?: string
  readonly reason?: string
  readonly args?: string
  readonly remember?: boolean
  readonly json?: boolean
}

interface Given {
  readonly id: string
  readonly action: 'approve' | 'deny'
}

/** Leaves an answer to an open question in the journal, for whoever carries the run on. */
export async function answer(
  { action, id }: Given,
  options: AnswerOptions,
  io: Io,
): Promise<ExitCode> {
  return withJournal(options.journal, io, async (journal) => {
    const request = await findQuestion(journal, id)
    const by = await answererOf(options, io)
    checkAnswerer(request, by)
    const { runId } = request
    const given = toAnswer(action, options, by)
    await journal.leaveAnswer(runId, JSON.stringify({ id, ...given }))
    if (options.json === true) outJson(io, { id, runId, ...given })
    io.note(`left for run ${runId}; go on with: sallyport resume ${runId}\n`)
    return exitCode.done
  })
}

function toAnswer(
  action: Given['action'],
  { args, reason, remember }: AnswerOptions,
  by: Approver | undefined,
): ApprovalAnswer {
  const edited = args === undefined ? undefined : parseJson(args)
  if (edited?.ok === false) throw wrongAnswer(`\`--args\`: ${edited.message}`)
  const read = readAnswer({
    action: edited === undefined ? action : 'edit',
    ...(by === undefined ? {} : { by }),
    ...(reason === undefined ? {} : { reason }),
    ...(remember === true ? { remember } : {}),
    ...(edited === undefined ? {} : { args: edited.value }),
  })
  if ('code' in read) throw wrongAnswer(read.message)
  return read
}

/** What the gate would refuse anyway is told while somebody is there to read it. */
function checkAnswerer(request: ApprovalRequest, by: Approver | undefined): void {
  if (!(Date.parse(request.expiresAt) > Date.now())) {
    throw new SallyportError('approval-expired', 'nobody can answer this request any more', {
      help: 'resume the run; the call is denied then',
    })
  }
  const isForAnybody = request.approvers.every(
    ({ count, roles }) => count === 1 && roles === undefined,
  )
  if (by === undefined && !isForAnybody) {
    throw wrongAnswer('this request wants to know who answers', 'give `--policy` and `--token`')
  }
}

function wrongAnswer(message: string, help?: string): SallyportError {
  return new SallyportError('approval-invalid', message, help === undefined ? {} : { help })
}
