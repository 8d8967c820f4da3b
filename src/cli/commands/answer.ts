import { existingJournal } from '../existing-journal.ts'
import type { ErrorCode } from '../../base/codes.ts'
import { SallyportError } from '../../base/errors.ts'
import { parseJson } from '../../base/json.ts'
import { shellWord } from '../../base/shell-word.ts'
import { visible } from '../../base/text.ts'
import { readAnswer } from '../../gate/answer.ts'
import { checkAnswerer } from '../../gate/check-answer.ts'
import type { ApprovalAnswer, ApprovalRequest, Approver } from '../../gate/verdict.ts'
import { answererOf, type Answerer } from '../answerer.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { outJson, type Io } from '../io.ts'
import { findQuestion } from '../open-questions.ts'
import type { KeyOptions } from '../policy.ts'
import { checkShownEdit } from '../shown-edit.ts'
import { neededText } from '../terminal-questions.ts'

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
  await using journal = await existingJournal(options.journal, io)
  const request = await findQuestion(journal, id)
  const answerer = await answererOf(options, io)
  checkOpen(request)
  checkNamed(request, answerer)
  const given = toAnswer(action, options, answerer?.by)
  checkGiven(request, given, answerer)
  const { expiresAt, runId } = request
  await journal.leaveAnswer(runId, JSON.stringify({ id, ...given }))
  if (options.json === true) outJson(io, { id, runId, ...given })
  io.note(`left for run ${visible(runId)}, where it counts until ${visible(expiresAt)}\n`)
  const command = `sallyport resume ${shellWord(runId)} --policy F --tools M --model NAME`
  io.note(`  go on with the policy, tools and model of the run: ${command}\n`)
  return exitCode.done
}

const argsHelp = 'give all arguments of the call as one JSON object'

function toAnswer(
  action: Given['action'],
  { args, reason, remember }: AnswerOptions,
  by: Approver | undefined,
): ApprovalAnswer {
  const edited = args === undefined ? undefined : parseJson(args)
  if (edited?.ok === false) {
    throw new SallyportError('bad-option', `\`--args\`: ${edited.message}`, { help: argsHelp })
  }
  const read = readAnswer({
    action: edited === undefined ? action : 'edit',
    ...(by === undefined ? {} : { by }),
    ...(reason === undefined ? {} : { reason }),
    ...(remember === true ? { remember } : {}),
    ...(edited === undefined ? {} : { args: edited.value }),
  })
  if ('code' in read) throw wrongAnswer(read.message, argsHelp)
  return read
}

function checkOpen(request: ApprovalRequest): void {
  if (Date.parse(request.expiresAt) > Date.now()) return
  throw new SallyportError('approval-expired', 'nobody can answer this request any more', {
    help: 'resume the run; the call is denied then',
  })
}

function checkNamed(request: ApprovalRequest, answerer: Answerer | undefined): void {
  const isForAnybody = request.approvers.every(
    ({ count, roles }) => count === 1 && roles === undefined,
  )
  if (answerer !== undefined || isForAnybody) return
  throw wrongAnswer('this request wants to know who answers', 'give `--policy` and `--token`')
}

/** What the gate would refuse anyway is told while somebody is there to read it. */
function checkGiven(
  request: ApprovalRequest,
  given: ApprovalAnswer,
  answerer: Answerer | undefined,
): void {
  const rules = answerer?.policy.approvals ?? { selfApproval: false }
  const rolesOf = ({ roles = [] }: Approver): ReadonlySet<string> =>
    answerer?.policy.effective({ roles, scopes: [] }).roles ?? new Set(roles)
  const yes = request.approvedBy.map((subject) => ({ subject }))
  const problem =
    checkAnswerer({ ...request, yes }, given, rules, rolesOf) ??
    (given.action === 'edit' ? checkShownEdit(request, given.args) : undefined)
  if (problem === undefined) return
  const { code, message } = problem
  throw new SallyportError(code, message, { help: helpFor(code, request) })
}

function helpFor(code: ErrorCode, { approvers, editable }: ApprovalRequest): string | undefined {
  switch (code) {
    case 'approval-own':
      return 'have somebody else answer, or say `selfApproval: true` under `approvals` of the policy'
    case 'approval-not-entitled':
      return `it needs ${approvers.map(neededText).join(' and ')}`
    case 'approval-edit':
      return editable.length === 0
        ? 'leave `--args` out, or name what may be edited as `editable` of the tool'
        : 'give all other arguments as `sallyport approvals` shows them'
    default:
      return undefined
  }
}

function wrongAnswer(message: string, help: string): SallyportError {
  return new SallyportError('approval-invalid', message, { help })
}
