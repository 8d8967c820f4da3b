import { existingJournal } from '../existing-journal.ts'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { sha256 } from '../../base/digest.ts'
import { isSallyportError, SallyportError } from '../../base/errors.ts'
import { fileFailure } from '../../base/file-failure.ts'
import { LongReport } from '../../report/long.ts'
import { OverviewFold, type Overview, type RunLine } from '../../report/overview.ts'
import { parseReport } from '../../report/read.ts'
import type { Redactor } from '../../report/redact.ts'
import type { Report } from '../../report/report.ts'
import { sameRecords } from '../../report/same-records.ts'
import { summarize } from '../../report/summary.ts'
import { verifyChain } from '../../report/verify.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { checkReadable, readText, writeText } from '../files.ts'
import type { Io } from '../io.ts'
import { redactorOf, type RedactionOptions } from '../redaction.ts'
import { useSmallHeap } from '../small-heap.ts'
import { broken } from '../verification-text.ts'

export interface OverviewOptions extends RedactionOptions {
  readonly format: string
  readonly output?: string
  /** Writes the page of each run beside that of all of them. */
  readonly pages?: boolean
  readonly run?: string
  readonly call?: string
  readonly proof?: boolean
  readonly split?: boolean
  readonly policy?: string
  readonly bom?: boolean
}

/** An overview that left them unheeded would show more than was asked for, or other things. */
const ofOneRun = ['run', 'call', 'proof', 'split', 'policy', 'bom'] as const

/** True for a folder, of which only an overview can be made. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

/**
 * Shows the runs of journals at a glance: of one file, or of all in a folder (`.db`, `.jsonl`, and
 * reports in `.json`). What cannot be read is listed, and the exit code is then 4; with a journal
 * that was altered, or tells of a tool that nothing permitted, it is 1.
 */
export async function overview(path: string, options: OverviewOptions, io: Io): Promise<ExitCode> {
  checkFormat(options)
  useSmallHeap()
  const redactor = await redactorOf(options, io)
  const fold = new OverviewFold(redactor?.redaction)
  const pages = pagesBeside(options)
  for (const file of await filesOf(path)) await addFile(file, { fold, redactor, pages, io })
  const found = fold.overview()
  const text = await rendered(found, { ...options, pages })
  if (options.output === undefined) io.out(text)
  else await writeText(options.output, text)
  if (found.runs.some(({ verdict }) => verdict !== null && broken.has(verdict))) {
    return exitCode.negative
  }
  return found.unreadable.length > 0 ? exitCode.undetermined : exitCode.done
}

const formats = ['terminal', 'json', 'html', 'markdown', 'csv']

function checkFormat(options: OverviewOptions): void {
  const { format, output, pages } = options
  const foreign = ofOneRun.find((name) => options[name] !== undefined)
  if (foreign !== undefined) {
    throw new SallyportError('bad-option', `\`--${foreign}\` is for the report of one run`, {
      help: 'name one journal, and leave out `--index`',
    })
  }
  if (!formats.includes(format)) {
    throw new SallyportError('bad-option', `there is no overview in the form \`${format}\``, {
      help: `the forms are ${formats.join(', ')}`,
    })
  }
  if (pages === true && (format !== 'html' || output === undefined)) {
    throw new SallyportError('bad-option', '`--pages` needs a page that they stand beside', {
      help: 'add `--format html --output index.html`',
    })
  }
}

async function filesOf(path: string): Promise<readonly string[]> {
  if (!(await isFolder(path))) return [path]
  const names = await readdir(path).catch((cause: unknown) => {
    throw fileFailure(`\`${path}\``, 'read', cause)
  })
  const files = names.filter((name) => /\.(?:db|jsonl|json)$/.test(name)).toSorted()
  if (files.length > 0) return files.map((name) => join(path, name))
  throw new SallyportError('bad-file', `the folder \`${path}\` holds no journal and no report`, {
    help: 'their names end in `.db` or `.jsonl`, and in `.json`; folders in it are not looked into',
  })
}

interface Gathering {
  readonly fold: OverviewFold
  readonly redactor: Redactor | undefined
  readonly pages: Pages | undefined
  readonly io: Io
}

/** A file that cannot be read is listed, so that it hides no other. */
async function addFile(file: string, gathering: Gathering): Promise<void> {
  try {
    await checkReadable(file)
    if (file.endsWith('.json')) await addReport(file, gathering)
    else await addJournal(file, gathering)
  } catch (error) {
    addUnreadable(error, { journal: file }, gathering)
  }
}

function addUnreadable(
  error: unknown,
  where: { readonly journal: string; readonly runId?: string },
  { fold, redactor }: Gathering,
): void {
  if (!isSallyportError(error)) throw error
  const message = redactor?.text(error.message) ?? error.message
  fold.addUnreadable({ ...where, message })
}

async function addReport(file: string, { fold, redactor, pages, io }: Gathering): Promise<void> {
  const read = await parseReport(await readText(file))
  const report = redactor?.report(read) ?? read
  const { calls, ...summary } = summarize(report)
  for (const call of calls) fold.addCall(call)
  fold.addRun({ report, summary }, file, null)
  await writePage(report, report.header, pages, { journal: file, io })
}

async function addJournal(file: string, gathering: Gathering): Promise<void> {
  const { fold, redactor, pages, io } = gathering
  await using journal = await existingJournal(file, io)
  for await (const runId of journal.list()) {
    const read = sameRecords(() => journal.read(runId))
    try {
      const long = await LongReport.open(read, redactor)
      // nothing of a run is counted that turns out to be unreadable
      await long.outline()
      const { verdict } = await verifyChain(read(), { runId })
      const outline = await long.outline({ call: (call) => fold.addCall(call) })
      fold.addRun(outline, file, verdict)
      if (pages !== undefined) {
        await writePage(long, outline.report.header, pages, { journal: file, io })
      }
    } catch (error) {
      addUnreadable(error, { journal: file, runId }, gathering)
    }
  }
}

async function writePage(
  report: Report | LongReport,
  { runId, startedAt }: Report['header'],
  pages: Pages | undefined,
  { journal, io }: { readonly journal: string; readonly io: Io },
): Promise<void> {
  if (pages === undefined) return
  const { makePage } = await import('../page.ts')
  const file = join(pages.folder, pages.nameOf({ journal, runId, startedAt }))
  const origin = { verification: undefined, journal }
  await writeText(file, await makePage(report, origin, { format: 'html' }, io))
}

type Paged = Pick<RunLine, 'journal' | 'runId' | 'startedAt'>

interface Pages {
  readonly folder: string
  nameOf(run: Paged): string
}

/** A run of another file gets a page of its own, also where it goes by the same name. */
function pagesBeside({ output, pages }: OverviewOptions): Pages | undefined {
  if (pages !== true || output === undefined) return undefined
  const own = basename(output).replace(/\.html?$/, '')
  const names = new Map<string, string>()
  // some systems do not tell small letters from large ones
  const taken = new Set<string>()
  return {
    folder: dirname(output),
    nameOf({ journal, runId, startedAt }) {
      const key = JSON.stringify([journal, runId, startedAt])
      const known = names.get(key)
      if (known !== undefined) return known
      let safe = /^\w[\w-]{0,99}$/.test(runId) ? runId : sha256(runId).slice(7, 39)
      // also what tells runs of one name apart may be the name of a third one
      for (let tries = 0; taken.has(safe.toLowerCase()); tries++) {
        safe = sha256(JSON.stringify([journal, runId, startedAt, tries])).slice(7, 39)
      }
      taken.add(safe.toLowerCase())
      const name = `${own}-${safe}.html`
      names.set(key, name)
      return name
    },
  }
}

async function rendered(
  found: Overview,
  { format, pages }: Pick<OverviewOptions, 'format'> & { readonly pages: Pages | undefined },
): Promise<string> {
  if (format === 'html') {
    const { renderIndex } = await import('../../report/html/index-page.ts')
    if (pages === undefined) return renderIndex(found)
    return renderIndex(found, { pageOf: (run) => encodeURIComponent(pages.nameOf(run)) })
  }
  const views = await import('../../report/overview-text.ts')
  if (format === 'json') return views.overviewJson(found)
  if (format === 'csv') return views.overviewCsv(found)
  return format === 'markdown' ? views.overviewMarkdown(found) : views.overviewTerminal(found)
}
