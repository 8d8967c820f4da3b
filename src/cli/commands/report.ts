import { SallyportError } from '../../base/errors.ts'
import { visibleJson } from '../../base/text.ts'
import { openJournal } from '../../journal/open.ts'
import { prettyJson, renderJson } from '../../report/json.ts'
import { parseReport, readReport } from '../../report/read.ts'
import type { Verification } from '../../report/verification.ts'
import { verifyChain } from '../../report/verify.ts'
import type { Report } from '../../report/report.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { checkReadable, readText, writeText } from '../files.ts'
import { printable, type Io } from '../io.ts'
import type { PageOptions } from '../page.ts'

export interface ReportOptions extends PageOptions {
  readonly run?: string
  readonly format: 'json' | 'html' | 'terminal' | 'markdown' | 'sarif' | 'junit' | 'csv'
  readonly bom?: boolean
  readonly call?: string
  readonly proof?: boolean
}

/** Verdicts that say a record is not what was written. */
const tampered: ReadonlySet<Verification['verdict']> = new Set([
  'MALFORMED',
  'TAMPERED',
  'UNPERMITTED',
])

/**
 * Renders the report of one run of a journal: the named one, else the latest. The records are
 * verified too; a journal that was altered is still rendered, with a note and exit code 1. A
 * `report.json` (by its ending) is rendered as it is, since nothing in it can be verified.
 */
export async function report(path: string, options: ReportOptions, io: Io): Promise<ExitCode> {
  if (options.proof === true || options.call !== undefined) return proof(path, options, io)
  const isForPage = options.split === true || options.policy !== undefined
  if (isForPage) (await import('../page.ts')).checkPageOptions(options)
  const { data, verification } = path.endsWith('.json')
    ? await openReport(path, options.run)
    : await reportOf(path, options.run, io)
  const text = await render(data, { verification, journal: path }, options, io)
  if (options.output === undefined) io.out(text)
  else await writeText(options.output, text)
  if (verification === undefined || verification.verdict === 'CONSISTENT') return exitCode.done
  io.note(`${verification.verdict}: ${printable(verification.message)}\n`)
  return tampered.has(verification.verdict) ? exitCode.negative : exitCode.done
}

/** Prints the records of one call with what proves them. */
async function proof(path: string, options: ReportOptions, io: Io): Promise<ExitCode> {
  const { call, output } = options
  if (call === undefined || options.proof !== true) {
    throw new SallyportError('bad-option', '`--call` and `--proof` need each other', {
      help: 'name the call to be proved, such as `--call 2.0 --proof`',
    })
  }
  await checkReadable(path)
  const journal = await openJournal(path, io.environment)
  try {
    const runId = await findRun(journal.list(), options.run)
    if (runId === undefined) throw noRun(path, options.run)
    const checkpoints = (await journal.checkpoints?.(runId)) ?? []
    const { proveCall } = await import('../../report/proof.ts')
    const text = prettyJson(await proveCall(journal.read(runId), { call, checkpoints }))
    if (output === undefined) io.out(`${visibleJson(text)}\n`)
    else await writeText(output, `${text}\n`)
    return exitCode.done
  } finally {
    await journal.close()
  }
}

interface Opened {
  readonly data: Report
  readonly verification: Verification | undefined
}

async function openReport(path: string, run: string | undefined): Promise<Opened> {
  const data = await parseReport(await readText(path))
  if (run === undefined || data.header.runId === run) return { data, verification: undefined }
  throw new SallyportError('bad-option', `\`${path}\` is of another run than \`${run}\``)
}

async function reportOf(path: string, run: string | undefined, io: Io): Promise<Opened> {
  await checkReadable(path)
  const journal = await openJournal(path, io.environment)
  try {
    const runId = await findRun(journal.list(), run)
    if (runId !== undefined) {
      const verification = await verifyChain(journal.read(runId))
      return { data: await readReport(journal.read(runId)), verification }
    }
  } finally {
    await journal.close()
  }
  throw noRun(path, run)
}

function noRun(path: string, run: string | undefined): SallyportError {
  return new SallyportError(
    'bad-option',
    run === undefined ? `\`${path}\` holds no run` : `\`${path}\` holds no run \`${run}\``,
  )
}

/** The named run if the journal has it; without a name the latest. */
async function findRun(
  runs: AsyncIterable<string>,
  wanted: string | undefined,
): Promise<string | undefined> {
  let found: string | undefined
  for await (const run of runs) if (wanted === undefined || run === wanted) found = run
  return found
}

/** Each form loads its own code only. */
async function render(
  data: Report,
  origin: { verification: Verification | undefined; journal: string },
  options: ReportOptions,
  io: Io,
): Promise<string> {
  const { format, bom = false } = options
  const { verification } = origin
  const verified = verification === undefined ? {} : { verification }
  switch (format) {
    case 'json':
      return renderJson(data)
    case 'html':
      return (await import('../page.ts')).makePage(data, origin, options, io)
    case 'markdown':
      return (await import('../../report/markdown.ts')).renderMarkdown(data, verified)
    case 'sarif':
      return (await import('../../report/sarif.ts')).renderSarif(data)
    case 'junit':
      return (await import('../../report/junit.ts')).renderJunit(data)
    case 'csv':
      return (await import('../../report/csv.ts')).renderCsv(data, { bom })
    case 'terminal': {
      const { renderTerminal } = await import('../../report/terminal.ts')
      return renderTerminal(data, { color: io.color && io.outIsTerminal, width: io.columns })
    }
  }
}
