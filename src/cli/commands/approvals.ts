import { shorten, visible } from '../../base/text.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { outJson, type Io } from '../io.ts'
import { neededText } from '../terminal-questions.ts'
import { waitingIn, withJournal, type DoubtfulCall, type OpenQuestion } from '../open-questions.ts'

export interface ApprovalsOptions {
  readonly journal: string
  readonly run?: string
  readonly json?: boolean
}

/** Lists what waits for people in a journal. */
export async function approvals(options: ApprovalsOptions, io: Io): Promise<ExitCode> {
  let count = 0
  await withJournal(options.journal, io, async (journal) => {
    for await (const { doubtful, questions } of waitingIn(journal, options.run)) {
      for (const question of questions) showQuestion(question, options, io)
      for (const call of doubtful) showDoubtful(call, options, io)
      count += questions.length + doubtful.length
    }
  })
  if (count === 0) io.note('nothing waits for people\n')
  return exitCode.done
}

function showQuestion({ askedBy, request }: OpenQuestion, options: ApprovalsOptions, io: Io): void {
  const { approvalId, approvers, args, argsDigest, callId, editable } = request
  const { expiresAt, reasons, rules, runId, tool } = request
  if (options.json === true) {
    const id = approvalId
    const kind = 'approval'
    outJson(io, {
      kind,
      id,
      runId,
      callId,
      tool,
      args,
      argsDigest,
      askedBy,
      rules,
      reasons,
      approvers,
      editable,
      expiresAt,
    })
    return
  }
  io.out(
    [
      `${approvalId}  ${visible(tool)} ${shorten(visible(JSON.stringify(args)), 500)}`,
      `  run ${runId}, call ${callId}, asked by ${visible(askedBy?.subject ?? 'somebody unknown')}`,
      ...reasons.map((reason) => `  because ${visible(reason)}`),
      `  needs ${approvers.map(neededText).join(' and ')}, until ${expiresAt}`,
      '',
    ].join('\n'),
  )
}

function showDoubtful(call: DoubtfulCall, options: ApprovalsOptions, io: Io): void {
  if (options.json === true) {
    outJson(io, { kind: 'in-doubt', ...call })
    return
  }
  const { callId, runId, tool } = call
  io.out(
    `${callId}  ${visible(tool)} was started, and nobody knows how it ended\n` +
      `  find out, then: sallyport resume ${runId} --resolve ${callId}=success (or failed, or retry)\n`,
  )
}
