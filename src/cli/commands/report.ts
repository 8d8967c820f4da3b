import { existingJournal } from '../existing-journal.ts'
import { SallyportError } from '../../base/errors.ts'
import { visibleJson } from '../../base/text.ts'
import { prettyJson } from '../../report/json.ts'
import { renderJson } from '../../report/render-json.ts'
import type { ReadRecords } from '../../report/long.ts'
import { parseReport } from '../../report/read.ts'
import type { Verification } from '../../report/verification.ts'
import { verifyChain } from '../../report/verify.ts'
import type { Redactor } from '../../report/redact.ts'
import type { Report } from '../../report/report.ts'
import type { TerminalOptions } from '../../report/terminal.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { readText, writePieces, writeText } from '../files.ts'
import { outPieces, printable, type Io } from '../io.ts'
import type { PageOptions } from '../page.ts'
import { redactorOf, withoutSecrets, type RedactionOptions } from '../redaction.ts'
import { useSmallHeap } from '../small-heap.ts'
import { broken } from '../verification-text.ts'

export interface ReportOptions extends PageOptions, RedactionOptions {
  readonly run?: string
  readonly format: 'json' | 'html' | 'terminal' | 'markdown' | 'sarif' | 'junit' | 'csv'
  readonly bom?: boolean
  readonly call?: string
  readonly index?: boolean
  readonly pages?: boolean
  readonly proof?: boolean
}

/**
 * Renders the report of one run of a journal: the named one, else the latest. The records are
 * verified too; a journal that was altered is still rendered, with a note and exit code 1. A
 * `report.json` (by its ending) is rendered as it is, since nothing in it can be verified.
 */
export async function report(path: string, options: ReportOptions, io: Io): Promise<ExitCode> {
  const overviews = await import('./overview.ts')
  if (options.index === true || (await overviews.isFolder(path))) {
    return overviews.overview(path, options, io)
  }
  if (options.pages === true) {
    throw new SallyportError('bad-option', '`--pages` is for overviews only', {
      help: 'add `--index`, or name a folder',
    })
  }
  if (options.bom === true && options.format !== 'csv') {
    throw new SallyportError('bad-option', '`--bom` is for CSV only', {
      help: 'add `--format csv`',
    })
  }
  if (options.proof === true || options.call !== undefined) return proof(path, options, io)
  const isForPage = options.split === true || options.policy !== undefined
  if (isForPage) (await import('../page.ts')).checkPageOptions(options)
  const redactor = await redactorOf(options, io)
  try {
    return await rendered(path, options, redactor, io)
  } catch (error) {
    throw withoutSecrets(error, redactor)
  }
}

async function rendered(
  path: string,
  options: ReportOptions,
  redactor: Redactor | undefined,
  io: Io,
): Promise<ExitCode> {
  if (path.endsWith('.json')) {
    const read = await openReport(path, options.run)
    const data = redactor?.report(read) ?? read
    await write(
      one(await render(data, { verification: undefined, journal: path, redactor }, options, io)),
      options,
      io,
    )
    io.note('a report proves nothing by itself: verify its journal, and compare the head\n')
    return exitCode.done
  }
  useSmallHeap()
  await using journal = await existingJournal(path, io)
  const runId = await findRun(journal.list(), options.run)
  if (runId === undefined) throw noRun(path, options.run)
  const { sameRecords } = await import('../../report/same-records.ts')
  const read = sameRecords(() => journal.read(runId))
  const verification = await verifyChain(read(), { runId })
  await write(renderRun(read, { verification, journal: path, redactor }, options, io), options, io)
  return exitOf(verification, io)
}

async function write(
  pieces: AsyncIterable<string>,
  { output }: ReportOptions,
  io: Io,
): Promise<void> {
  if (output === undefined) await outPieces(io, pieces)
  else await writePieces(output, pieces)
}

async function* one(text: string): AsyncGenerator<string> {
  yield text
}

function exitOf(verification: Verification, io: Io): ExitCode {
  if (verification.verdict === 'CONSISTENT') return exitCode.done
  io.note(`${verification.verdict}: ${printable(verification.message)}\n`)
  return broken.has(verification.verdict) ? exitCode.negative : exitCode.done
}

/** Prints the records of one call with what proves them. */
async function proof(path: string, options: ReportOptions, io: Io): Promise<ExitCode> {
  const { call, output } = options
  if (options.redact !== undefined || options.secretsFromEnv !== undefined) {
    throw new SallyportError('bad-option', 'a proof shows records as they are', {
      help: 'leave out `--redact` and `--secrets-from-env`; what was said is in no proof',
    })
  }
  if (call === undefined || options.proof !== true) {
    throw new SallyportError('bad-option', '`--call` and `--proof` need each other', {
      help: 'name the call to be proved, such as `--call 2.0 --proof`',
    })
  }
  await using journal = await existingJournal(path, io)
  const runId = await findRun(journal.list(), options.run)
  if (runId === undefined) throw noRun(path, options.run)
  const checkpoints = (await journal.checkpoints?.(runId)) ?? []
  const { proveCall } = await import('../../report/proof.ts')
  const text = prettyJson(await proveCall(journal.read(runId), { call, checkpoints }))
  if (output === undefined) io.out(`${visibleJson(text)}\n`)
  else await writeText(output, `${text}\n`)
  return exitCode.done
}

async function openReport(path: string, run: string | undefined): Promise<Report> {
  const data = await parseReport(await readText(path))
  if (run === undefined || data.header.runId === run) return data
  throw new SallyportError('bad-option', `\`${path}\` is of another run than \`${run}\``, {
    help: 'leave `--run` out: a report is of one run',
  })
}

function noRun(path: string, run: string | undefined): SallyportError {
  return run === undefined
    ? new SallyportError('bad-option', `\`${path}\` holds no run`, {
        help: 'name a journal that runs have written, such as `.sallyport/journal.db`',
      })
    : new SallyportError('bad-option', `\`${path}\` holds no run \`${run}\``, {
        help: 'leave `--run` out for the latest run; `--index` lists all of them',
      })
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

interface Origin {
  readonly verification: Verification | undefined
  readonly journal: string
  readonly redactor: Redactor | undefined
}

/** Each form loads its own code only. The run is read in pieces, however long it is. */
async function* renderRun(
  read: ReadRecords,
  origin: Origin,
  options: ReportOptions,
  io: Io,
): AsyncGenerator<string> {
  const { LongReport } = await import('../../report/long.ts')
  const long = await LongReport.open(read, origin.redactor)
  const views = await import('../../report/long-render.ts')
  const { verification } = origin
  switch (options.format) {
    case 'json':
      return yield* views.longJson(long)
    case 'html':
      return yield (await import('../page.ts')).makePage(long, origin, options, io)
    case 'markdown':
      return yield* views.longMarkdown(long, verification === undefined ? {} : { verification })
    case 'sarif':
      return yield* views.longSarif(long)
    case 'junit':
      return yield* views.longJunit(long)
    case 'csv':
      return yield* views.longCsv(long, options)
    case 'terminal':
      return yield* views.longTerminal(long, terminalOf(io))
  }
}

function terminalOf(io: Io): TerminalOptions {
  return { color: io.color && io.outIsTerminal, width: io.columns }
}

async function render(
  data: Report,
  origin: Origin,
  options: ReportOptions,
  io: Io,
): Promise<string> {
  const { format, bom = false } = options
  switch (format) {
    case 'json':
      return renderJson(data)
    case 'html':
      return (await import('../page.ts')).makePage(data, origin, options, io)
    case 'markdown':
      return (await import('../../report/markdown.ts')).renderMarkdown(data)
    case 'sarif':
      return (await import('../../report/sarif.ts')).renderSarif(data)
    case 'junit':
      return (await import('../../report/junit.ts')).renderJunit(data)
    case 'csv':
      return (await import('../../report/csv.ts')).renderCsv(data, { bom })
    case 'terminal':
      return (await import('../../report/terminal.ts')).renderTerminal(data, terminalOf(io))
  }
}
