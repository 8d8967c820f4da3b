import type { ErrorCode } from '../base/codes.ts'
import { errorData } from '../base/errors.ts'
import { redacted } from '../base/redact.ts'
import type { StopReason } from '../base/signal.ts'
import { whenKnown } from '../base/when-known.ts'
import type { Outcome } from './attempt.ts'
import type { Execution } from './execute.ts'
import { failureMessage, hideSensitive } from './failure.ts'
import { copyOutput, describeError, presentOutput, type CopiedOutput } from './output.ts'
import type { Grant } from './permit.ts'
import { checkOutput } from './schema.ts'
import type { SchemaProblem } from './compile.ts'

/** An execution without what is counted over its attempts. */
export type Finding = Omit<Execution, 'attempts' | 'durationMs'>

/** What is known of the attempts of a call. */
export interface Course {
  /** How often the tool itself has begun. */
  readonly started: number
  /** Whether this came from around the tool, not from the tool. */
  isForeign(error: unknown): boolean
  /** Whether there is something in it that the tool did not return. */
  adds(output: CopiedOutput | string): boolean
}

/** What the last attempt of a call means for it. */
export function conclude(
  outcome: Outcome,
  grant: Grant,
  course: Course,
): Finding | Promise<Finding> {
  const { tool, args } = grant
  switch (outcome.kind) {
    case 'returned': {
      const output = copyOutput(outcome.value)
      const found = concludeOutput(output, grant)
      return course.adds(output) ? whenKnown(found, foreign) : found
    }
    case 'threw': {
      const refine = (text: string): string => refineText(text, grant)
      const message = failureMessage(outcome.error, args, tool.sensitive, refine)
      if (!course.isForeign(outcome.error)) return failed('error-execution', 'tool-failed', message)
      const when = course.started > 0 ? 'the tool ran, but a' : 'the tool did not run: a'
      const found = failed(
        'error-execution',
        'wrapper-failed',
        `${when} wrapper failed: ${message}`,
      )
      return foreign(found)
    }
    case 'stopped':
      return stopped(outcome.reason, grant.timeoutMs, course.started > 0)
  }
}

/** A message of a tool is as little to be trusted with secrets as its result. */
function refineText(text: string, { refine }: Grant): string {
  const refined = refine?.(text).value ?? text
  return typeof refined === 'string' ? refined : redacted
}

function foreign(finding: Finding): Finding {
  return { ...finding, foreign: true }
}

/** What a tool returned, held against its schema, refined and cut. */
export function concludeResult(value: unknown, grant: Grant): Finding | Promise<Finding> {
  return concludeOutput(copyOutput(value), grant)
}

function concludeOutput(output: CopiedOutput | string, grant: Grant): Finding | Promise<Finding> {
  const { tool } = grant
  if (typeof output === 'string') return badOutput(`its result cannot be used: ${output}`, grant)
  const problem = checkOutput(tool, output.value)
  return problem instanceof Promise
    ? problem.then((late) => concludeChecked(output, late, grant))
    : concludeChecked(output, problem, grant)
}

function concludeChecked(
  output: CopiedOutput,
  problem: SchemaProblem | undefined,
  grant: Grant,
): Finding {
  if (problem === undefined) {
    const { tool, refine } = grant
    return { status: 'success', ...presentOutput(output, tool.maxResultBytes, refine) }
  }
  const place = problem.pointer === '' ? 'its result' : `\`${problem.pointer}\` of its result`
  return badOutput(`${place} ${problem.message}`, grant)
}

function badOutput(what: string, grant: Grant): Finding {
  const message = quoting(what, grant) ?? 'its result cannot be used, and why must not be shown'
  return failed('error-output', 'bad-output', `the tool ran, but ${message}`)
}

/** Texts that were cut, escaped or made into pointers. */
const altered = /… \([0-9]+ more characters\)|\\u\{|~[01]/

/**
 * What is wrong with a value of the tool, without what is to be hidden: names of members and what
 * getters throw are words of the tool. Undefined where they were altered, so that nothing would be
 * found in them.
 */
export function quoting(what: string, grant: Grant): string | undefined {
  const { args, refine, tool } = grant
  const isHiding = refine !== undefined || tool.sensitive.length > 0
  if (isHiding && altered.test(what)) return undefined
  return refineText(hideSensitive(what, args, tool.sensitive), grant)
}

function stopped(reason: StopReason, timeoutMs: number, started: boolean): Finding {
  const effect = started ? 'finished; it may still take effect' : 'started'
  if (reason === 'tool-timeout') {
    const message = `the time of the tool, ${timeoutMs} ms, was over before it ${effect}`
    return failed('timeout', 'tool-timeout', message)
  }
  const code = reason === 'run-timeout' || reason === 'stopped' ? reason : 'cancelled'
  return failed('cancelled', code, `the run was stopped before the tool ${effect}`)
}

export function failed(status: Execution['status'], code: ErrorCode, message: string): Finding {
  const error = errorData(code, message)
  return { status, error, content: describeError(error) }
}
