import { isSallyportError, SallyportError, type ErrorData } from '../base/errors.ts'
import type { Journal } from '../journal/journal.ts'
import type { LoadedPolicy } from '../loading/file.ts'
import { fileAnchor } from '../journal/jsonl.ts'
import { openJournal } from '../journal/open.ts'
import { renderJson } from '../report/render-json.ts'
import { createRuntime } from '../runtime.ts'
import type { Runtime } from '../runtime-handle.ts'
import type { RunResult, RuntimeOptions } from '../runtime-options.ts'
import type { RunEvent } from '../protocol/run-event.ts'
import type { Redactor } from '../report/redact.ts'
import type { Run } from '../run/run.ts'
import { AnswerText } from './answer-text.ts'
import { authOf } from './auth.ts'
import { exitCode, exitOfRun, type ExitCode } from './exit.ts'
import { checkWritable, writeText } from './files.ts'
import { noteError, printable, type Io } from './io.ts'
import { chooseModel, type ModelChoice } from './model.ts'
import { outWithPictures } from './pictures.ts'
import { loadTrusted, type KeyOptions } from './policy.ts'
import { redactedEvents } from './redacted-events.ts'
import { redactorOf, secretsOf } from './redaction.ts'
import { signingKeyOf } from './signing-key.ts'
import type { TerminalQuestions } from './terminal-questions.ts'
import { loadTools } from './tools-file.ts'

/** The options of every command that carries a run. */
export interface CarryingOptions extends KeyOptions, ModelChoice {
  readonly policy: string
  readonly token?: string
  readonly tools?: string
  readonly instructions?: string
  readonly maxTurns?: number
  readonly report?: string
  readonly html?: string
  readonly journal: string
  readonly signingKey?: string
  readonly anchor?: string
  /** Variables whose values are secret. */
  readonly secretsFromEnv?: readonly string[]
  readonly events?: boolean
  readonly json?: boolean
}

/** Starts a run, shows it, and tells how it ended. An interrupt cancels it; SIGTERM drains it. */
export async function carryRun(
  start: (runtime: Runtime, journal: Journal) => Run<RunResult> | Promise<Run<RunResult>>,
  options: CarryingOptions & { readonly isAnonymous: boolean },
  io: Io,
): Promise<ExitCode> {
  const policy = await loadTrusted(options.policy, options, io)
  const tools = options.tools === undefined ? [] : await loadTools(options.tools)
  const questions = await questionsAt(options, io)
  // what has run must not end as a mistake in the name of a file
  for (const file of [options.report, options.html]) {
    if (file !== undefined) await checkWritable(file)
  }
  const secrets = secretsOf(options.secretsFromEnv ?? [], io.environment)
  const redactor = await redactorOf(options, io)
  const journal = await openJournal(options.journal, io.environment)
  try {
    const runtime = createRuntime({
      model: await chooseModel(options, io),
      tools,
      policy,
      journal,
      secrets,
      ...(await signingOf(options, io)),
      ...(questions === undefined ? {} : { approve: questions.approve }),
      ...(options.instructions === undefined ? {} : { instructions: options.instructions }),
      ...(options.maxTurns === undefined ? {} : { limits: { maxTurns: options.maxTurns } }),
    })
    await runtime.ready()
    const started = await start(runtime, journal)
    const release = io.onInterrupt(() => started.cancel())
    const keep = io.onTerminate(() => void runtime.close())
    try {
      await show(
        redactor === undefined ? started : redactedEvents(started, redactor),
        options,
        io,
        questions,
      )
      const result = await started.result()
      return await conclude(
        redactor === undefined ? result : withoutSecrets(result, redactor),
        { policy, redactor },
        options,
        io,
      )
    } finally {
      release()
      keep()
    }
  } finally {
    await journal.close()
  }
}

/** With a key, what is recorded is signed. */
async function signingOf(
  { anchor, signingKey }: CarryingOptions,
  io: Io,
): Promise<Pick<RuntimeOptions, 'signing'>> {
  const key = await signingKeyOf(signingKey, io)
  if (key === undefined && anchor !== undefined) {
    throw new SallyportError('bad-option', '`--anchor` needs `--signing-key`', {
      help: 'what is kept elsewhere are signed checkpoints: name the key that signs them',
    })
  }
  if (key === undefined) return {}
  return { signing: { key, ...(anchor === undefined ? {} : { anchor: fileAnchor(anchor) }) } }
}

/** Who is asked at the terminal: nobody where input and errors are not both one. */
async function questionsAt(
  options: CarryingOptions,
  io: Io,
): Promise<TerminalQuestions | undefined> {
  if (io.input.isTTY !== true || !io.errorIsTerminal) return undefined
  const { TerminalQuestions: Questions } = await import('./terminal-questions.ts')
  // without a token nobody is named, also not the caller
  const isNamed = authOf(options.token, io) !== undefined
  if (!isNamed) return new Questions(io, undefined)
  const { answererOf } = await import('./answerer.ts')
  return new Questions(io, (await answererOf(options, io))?.identify)
}

async function show(
  events: AsyncIterable<RunEvent>,
  options: CarryingOptions,
  io: Io,
  questions: TerminalQuestions | undefined,
): Promise<void> {
  const streams = options.events !== true && options.json !== true
  const text = new AnswerText(io)
  for await (const event of events) {
    questions?.take(event)
    if (event.type === 'error' && event.code.startsWith('approval-')) {
      io.note(`an answer does not count: ${printable(event.message)}\n`)
    }
    if (options.events === true) outWithPictures(io, event)
    else if (streams) text.take(event)
  }
}

/** What is shown of a result; its snapshot is not. */
function withoutSecrets(result: RunResult, redactor: Redactor): RunResult {
  const { text, report, approvals, error } = result
  return {
    ...result,
    text: redactor.text(text),
    report: redactor.report(report),
    approvals: redactor.data(approvals),
    ...(error === undefined ? {} : { error: redactor.data(error) }),
  }
}

/** What reports are shown with. */
interface Shown {
  readonly policy: LoadedPolicy
  readonly redactor: Redactor | undefined
}

async function conclude(
  result: RunResult,
  { policy, redactor }: Shown,
  options: CarryingOptions & { readonly isAnonymous: boolean },
  io: Io,
): Promise<ExitCode> {
  const unwritten = await writeReports(result, { policy, redactor }, options)
  const code =
    unwritten === undefined ? exitOfRun(result.status, result.error) : exitCode.undetermined
  if (options.json === true) {
    const { runId, status, text, usage, cost, error, approvals } = result
    const images = result.images.length === 0 ? {} : { images: result.images }
    outWithPictures(io, {
      runId,
      status,
      text,
      ...images,
      usage,
      cost,
      error,
      approvals,
      exit: { code },
    })
  }
  const { renderTerminal } = await import('../report/terminal.ts')
  const { error: _error, ...end } = result.report.end
  // the error follows below in the form that all commands have
  io.note(renderTerminal({ ...result.report, end }, { color: io.color, width: io.columns }))
  if (result.error !== undefined)
    noteError(io, options.isAnonymous ? forUser(result.error) : result.error)
  io.note(`run ${result.runId} in ${options.journal}\n`)
  if (unwritten !== undefined) noteError(io, unwritten.toJSON())
  else if (options.html !== undefined) io.note(`report ${options.html}\n`)
  return code
}

/** Returns why one of them could not be written: the run has ended all the same. */
async function writeReports(
  { report }: RunResult,
  { policy, redactor }: Shown,
  options: CarryingOptions,
): Promise<SallyportError | undefined> {
  try {
    if (options.report !== undefined) await writeText(options.report, renderJson(report))
    if (options.html === undefined) return undefined
    const { renderHtml } = await import('../report/html/page.ts')
    const { textOfPolicy } = await import('./page.ts')
    const extras = { journal: options.journal, policy: textOfPolicy(policy.compile(), redactor) }
    await writeText(options.html, renderHtml(report, extras))
  } catch (error) {
    if (isSallyportError(error)) return error
    throw error
  }
  return undefined
}

/** The gate speaks to programs; here a caller is named by an option. */
function forUser(error: ErrorData): ErrorData {
  if (error.code !== 'unauthenticated') return error
  const help =
    'give `--token` or set `SALLYPORT_TOKEN`, or say under `identity.anonymous` of the policy what an anonymous caller is'
  return { ...error, help }
}
