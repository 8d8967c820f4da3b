import { SallyportError } from '../../base/errors.ts'
import type { ResumeDecision, ResumeOptions } from '../../resume-options.ts'
import { authOf } from '../auth.ts'
import { carryRun, type CarryingOptions } from '../carried.ts'
import type { ExitCode } from '../exit.ts'
import { checkReadable } from '../files.ts'
import type { Io } from '../io.ts'

export interface ResumeCommandOptions extends CarryingOptions {
  readonly approve?: readonly string[]
  readonly deny?: readonly string[]
  readonly resolve?: readonly string[]
  readonly revoke?: readonly string[]
  readonly takeOver?: boolean
  readonly acceptTool?: readonly string[]
}

/** Carries a run of the journal on, with answers given here and those that were left for it. */
export async function resume(
  runId: string,
  options: ResumeCommandOptions,
  io: Io,
): Promise<ExitCode> {
  const { acceptTool: acceptTools } = options
  // a journal that is not there would be made, and not hold the run
  await checkReadable(options.journal)
  const decisions = decisionsOf(options)
  const resolve = resolutionsOf(options.resolve ?? [])
  const speaks = decisions.length > 0 || Object.keys(resolve).length > 0
  const answeredBy = speaks || options.token !== undefined ? authOf(options.token, io) : undefined
  const given: ResumeOptions = {
    decisions,
    resolve,
    ...(answeredBy === undefined ? {} : { answeredBy }),
    ...(options.revoke === undefined ? {} : { revoke: options.revoke }),
    ...(options.takeOver === true ? { takeOver: true } : {}),
    ...(acceptTools === undefined ? {} : { acceptTools }),
  }
  return carryRun(
    (runtime) => runtime.resume(runId, given),
    { ...options, isAnonymous: answeredBy === undefined },
    io,
  )
}

function decisionsOf({ approve = [], deny = [] }: ResumeCommandOptions): readonly ResumeDecision[] {
  return [
    ...approve.map((id) => ({ id, action: 'approve' as const })),
    ...deny.map((id) => ({ id, action: 'deny' as const })),
  ]
}

const outcomes = ['success', 'failed', 'retry'] as const

function resolutionsOf(given: readonly string[]): NonNullable<ResumeOptions['resolve']> {
  return Object.fromEntries(given.map(resolutionOf))
}

function resolutionOf(text: string): [string, (typeof outcomes)[number]] {
  const at = text.lastIndexOf('=')
  const outcome = outcomes.find((each) => each === text.slice(at + 1))
  if (at > 0 && outcome !== undefined) return [text.slice(0, at), outcome]
  throw new SallyportError('bad-option', `\`--resolve ${text}\` does not say how a call ended`, {
    help: `write CALL=${outcomes.join(', CALL=')}`,
  })
}
