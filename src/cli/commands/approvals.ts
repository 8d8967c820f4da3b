import { existingJournal } from '../existing-journal.ts'
import { shellWord } from '../../base/shell-word.ts'
import { shorten, visible } from '../../base/text.ts'
import type { ApprovalAnswer } from '../../gate/verdict.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { outJson, type Io } from '../io.ts'
import { neededText } from '../terminal-questions.ts'
import { waitingIn, type DoubtfulCall, type OpenQuestion } from '../open-questions.ts'

export interface ApprovalsOptions {
  readonly journal: string
  readonly run?: string
  readonly json?: boolean
}

/** Lists what waits for people in a journal. */
export async function approvals(options: ApprovalsOptions, io: Io): Promise<ExitCode> {
  let count = 0
  await using journal = await existingJournal(options.journal, io)
  for await (const { doubtful, questions } of waitingIn(journal, options.run)) {
    for (const question of questions) showQuestion(question, options, io)
    for (const call of doubtful) showDoubtful(call, options, io)
    count += questions.length + doubtful.length
  }
  if (count === 0) io.note('nothing waits for people\n')
  return exitCode.done
}

function showQuestion({ left, request }: OpenQuestion, options: ApprovalsOptions, io: Io): void {
  if (options.json === true) {
    outJson(io, { kind: 'approval', ...request, left })
    return
  }
  const { approvedBy, approvers, args, askedBy, callId, expiresAt } = request
  const { id, reasons, runId, tool } = request
  io.out(
    [
      `${visible(id)}  ${visible(tool)} ${shorten(visible(JSON.stringify(args)), 500)}`,
      `  run ${visible(runId)}, call ${visible(callId)}, asked by ${visible(askedBy?.subject ?? 'somebody unknown')}`,
      ...reasons.map((reason) => `  because ${visible(reason)}`),
      `  needs ${approvers.map(neededText).join(' and ')}, until ${visible(expiresAt)}`,
      ...(approvedBy.length === 0 ? [] : [`  yes from ${approvedBy.map(visible).join(', ')}`]),
      ...left.map((answer) => `  left, and not taken up: ${leftText(answer)}`),
      '',
    ].join('\n'),
  )
}

function leftText({ action, args, by, reason }: ApprovalAnswer): string {
  const from = by === undefined ? '' : ` from ${visible(by.subject)}`
  const edited = args === undefined ? '' : ` ${shorten(visible(JSON.stringify(args)), 500)}`
  const because = reason === undefined ? '' : `, because ${visible(reason)}`
  return `${action}${from}${edited}${because}`
}

function showDoubtful(call: DoubtfulCall, options: ApprovalsOptions, io: Io): void {
  if (options.json === true) {
    outJson(io, { kind: 'in-doubt', ...call })
    return
  }
  const { callId, runId, tool } = call
  const command = `sallyport resume ${shellWord(runId)} --resolve ${shellWord(callId)}=success`
  io.out(
    `${visible(callId)}  ${visible(tool)} was started, and nobody knows how it ended\n` +
      `  find out, then: ${command} (or failed, or retry)\n`,
  )
}
