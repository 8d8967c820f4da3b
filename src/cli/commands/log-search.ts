import { existingJournal } from '../existing-journal.ts'
import { SallyportError } from '../../base/errors.ts'
import { shorten } from '../../base/text.ts'
import type { Journal } from '../../journal/journal.ts'
import { compileGlob, globProblem } from '../../policy/glob.ts'
import { readTime } from '../../base/time-text.ts'
import { placeText } from '../../protocol/place.ts'
import { compactJson } from '../../report/json.ts'
import { LongReport } from '../../report/long.ts'
import type { Redactor } from '../../report/redact.ts'
import { callStatuses, type Report } from '../../report/report.ts'
import { callNumber, type CallSummary } from '../../report/summary.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { outJson, type Io } from '../io.ts'
import { redactorOf, withoutSecrets, type RedactionOptions } from '../redaction.ts'
import { useSmallHeap } from '../small-heap.ts'

export interface SearchOptions extends RedactionOptions {
  readonly journal: string
  readonly run?: string
  readonly tool?: string
  readonly rule?: string
  readonly principal?: string
  readonly status?: string
  readonly effect?: string
  readonly text?: string
  readonly since?: string
  readonly until?: string
  readonly limit: number
  readonly json?: boolean
}

/**
 * Lists the calls for which everything holds that is given, in the order of the journal. What is
 * redacted is not found by its text either. Exits with 1 when there is none.
 */
export async function searchLog(options: SearchOptions, io: Io): Promise<ExitCode> {
  const redactor = await redactorOf(options, io)
  try {
    return await listed(options, redactor, io)
  } catch (error) {
    throw withoutSecrets(error, redactor)
  }
}

async function listed(
  options: SearchOptions,
  redactor: Redactor | undefined,
  io: Io,
): Promise<ExitCode> {
  const { journal: path } = options
  const isWanted = testOf(options)
  useSmallHeap()
  await using journal = await existingJournal(path, io)
  let found = 0
  for await (const runId of runsOf(journal, path, options.run)) {
    const long = await LongReport.open(() => journal.read(runId), redactor)
    const { report } = await long.outline()
    const { principal } = report.header
    if (options.principal !== undefined && principal?.subject !== options.principal) continue
    for await (const call of long.calls()) {
      if (!isWanted(call)) continue
      if (found === options.limit) {
        io.note(`more than ${options.limit} calls; --limit lists more\n`)
        return exitCode.done
      }
      found++
      if (options.json === true) outJson(io, memberOf(call, report))
      else io.out(`${lineOf(call, report)}\n`)
      await io.drained()
      if (io.outIsClosed) return exitCode.done
    }
  }
  return found > 0 ? exitCode.done : exitCode.negative
}

/** All runs, or the one that is named. Throws `bad-option` for one that is not there. */
export async function* runsOf(
  journal: Journal,
  path: string,
  wanted: string | undefined,
): AsyncGenerator<string> {
  let found = false
  for await (const runId of journal.list()) {
    if (wanted !== undefined && runId !== wanted) continue
    found = true
    yield runId
  }
  if (wanted === undefined || found) return
  throw new SallyportError('bad-option', `\`${path}\` holds no run \`${wanted}\``, {
    help: 'leave `--run` out to see the calls of all runs',
  })
}

function testOf(options: SearchOptions): (call: CallSummary) => boolean {
  const { rule, status, effect } = options
  if (status !== undefined && !(callStatuses as readonly string[]).includes(status)) {
    throw new SallyportError('bad-option', `there is no status \`${status}\``, {
      help: `the statuses are ${callStatuses.join(', ')}`,
    })
  }
  const isTool = options.tool === undefined ? undefined : toolGlob(options.tool)
  const text = options.text?.toLowerCase()
  const since = timeOf('--since', options.since) ?? Number.NEGATIVE_INFINITY
  const until = timeOf('--until', options.until) ?? Number.POSITIVE_INFINITY
  return (call) => {
    const at = Date.parse(call.row.proposedAt)
    return (
      at >= since &&
      at < until &&
      (rule === undefined || call.rule === rule) &&
      (status === undefined || call.row.status === status) &&
      (effect === undefined || call.effect === effect) &&
      (isTool?.(call.row.tool) ?? true) &&
      (text === undefined || textOf(call).toLowerCase().includes(text))
    )
  }
}

function toolGlob(source: string): (tool: string) => boolean {
  const problem = globProblem(source)
  if (problem === undefined) return compileGlob(source)
  throw new SallyportError('bad-option', problem, {
    help: 'write it as in a policy, such as `refund` or `files.*`',
  })
}

/** Throws `bad-option` for a text that is no time. */
export function timeOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const time = readTime(text)
  if (time !== undefined) return time
  throw new SallyportError('bad-option', `\`${option}\` is no time`, {
    help: 'give a time such as `2026-11-21T08:00:00Z`, or a date',
  })
}

function textOf({ row, reasons }: CallSummary): string {
  const args = row.args == null ? '' : compactJson(row.args)
  return [row.tool, args, ...reasons, row.error?.message ?? ''].join('\n')
}

function memberOf(call: CallSummary, { header }: Report): object {
  const { row, effect, outcome, place, reasons, rule } = call
  return {
    runId: header.runId,
    call: callNumber(row),
    callId: row.callId,
    at: row.proposedAt,
    subject: header.principal?.subject ?? null,
    tool: row.tool,
    effect,
    rule,
    ...(place === undefined ? {} : { place: placeText(place) }),
    outcome,
    status: row.status,
    reasons,
    ...(row.args === undefined ? {} : { args: row.args }),
    ...(row.error === undefined ? {} : { error: row.error }),
  }
}

function lineOf(call: CallSummary, { header }: Report): string {
  const { row, effect, place, rule } = call
  return [
    row.proposedAt,
    header.runId,
    callNumber(row),
    header.principal?.subject ?? 'not authenticated',
    row.tool,
    effect,
    row.status,
    rule,
    place === undefined ? '' : placeText(place),
    row.args == null ? '' : compactJson(row.args),
  ]
    .map((part) => shorten(part, 200))
    .join('  ')
    .trimEnd()
}
