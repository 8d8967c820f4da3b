import { SallyportError, type ErrorData } from '../../base/errors.ts'
import { openJournal } from '../../journal/open.ts'
import { renderJson } from '../../report/json.ts'
import { createRuntime } from '../../runtime.ts'
import type { RunResult } from '../../runtime-options.ts'
import type { Run } from '../../run/run.ts'
import { AnswerText } from '../answer-text.ts'
import { authOf } from '../auth.ts'
import { exitOfRun, type ExitCode } from '../exit.ts'
import { writeText } from '../files.ts'
import { noteError, outJson, readInput, type Io } from '../io.ts'
import type { WireName } from '../endpoint.ts'
import { chooseModel } from '../model.ts'
import { loadTrusted, type KeyOptions } from '../policy.ts'
import { loadTools } from '../tools-file.ts'

export interface RunCommandOptions extends KeyOptions {
  readonly policy: string
  readonly tools?: string
  readonly model?: string
  readonly baseUrl?: string
  readonly wire: WireName
  readonly keyFile?: string
  readonly token?: string
  readonly session?: string
  readonly instructions?: string
  readonly maxTurns?: number
  readonly report?: string
  readonly html?: string
  readonly journal: string
  readonly events?: boolean
  readonly json?: boolean
}

/** Runs an agent once. The answer, the events or the result go to standard output. */
export async function run(
  prompt: string | undefined,
  options: RunCommandOptions,
  io: Io,
): Promise<ExitCode> {
  const input = await readPrompt(prompt, io)
  const policy = await loadTrusted(options.policy, options, io)
  const tools = options.tools === undefined ? [] : await loadTools(options.tools)
  const journal = await openJournal(options.journal)
  try {
    const runtime = createRuntime({
      model: await chooseModel(options, io),
      tools,
      policy,
      journal,
      ...(options.instructions === undefined ? {} : { instructions: options.instructions }),
      ...(options.maxTurns === undefined ? {} : { limits: { maxTurns: options.maxTurns } }),
    })
    await runtime.ready()
    const auth = authOf(options.token, io)
    const started = runtime.run({
      input,
      ...(auth === undefined ? {} : { auth }),
      ...(options.session === undefined ? {} : { session: options.session }),
    })
    const release = io.onInterrupt(() => started.cancel())
    try {
      await show(started, options, io)
      return await conclude(await started.result(), auth === undefined, options, io)
    } finally {
      release()
    }
  } finally {
    await journal.close()
  }
}

async function readPrompt(prompt: string | undefined, io: Io): Promise<string> {
  if (prompt !== undefined) {
    if (prompt.trim() === '') throw noPrompt()
    return prompt
  }
  if (io.input.isTTY === true) throw noPrompt()
  const text = (await readInput(io)).trimEnd()
  if (text.trim() !== '') return text
  throw noPrompt()
}

function noPrompt(): SallyportError {
  return new SallyportError('bad-option', 'there is no prompt', {
    help: 'give it as an argument or on standard input',
  })
}

async function show(started: Run<RunResult>, options: RunCommandOptions, io: Io): Promise<void> {
  const streams = options.events !== true && options.json !== true
  const text = new AnswerText(io)
  for await (const event of started) {
    if (options.events === true) outJson(io, event)
    else if (streams) text.take(event)
  }
}

async function conclude(
  result: RunResult,
  isAnonymous: boolean,
  options: RunCommandOptions,
  io: Io,
): Promise<ExitCode> {
  const code = exitOfRun(result.status, result.error)
  if (options.report !== undefined) await writeText(options.report, renderJson(result.report))
  if (options.html !== undefined) {
    const { renderHtml } = await import('../../report/html/page.ts')
    await writeText(options.html, renderHtml(result.report))
  }
  if (options.json === true) {
    const { runId, status, text, usage, cost, error, approvals } = result
    const images = result.images.length === 0 ? {} : { images: result.images }
    outJson(io, { runId, status, text, ...images, usage, cost, error, approvals, exit: { code } })
  }
  const { renderTerminal } = await import('../../report/terminal.ts')
  const { error: _error, ...end } = result.report.end
  // the error follows below in the form that all commands have
  io.note(renderTerminal({ ...result.report, end }, { color: io.color, width: io.columns }))
  if (result.error !== undefined) noteError(io, isAnonymous ? forUser(result.error) : result.error)
  io.note(`run ${result.runId} in ${options.journal}\n`)
  if (options.html !== undefined) io.note(`report ${options.html}\n`)
  return code
}

/** The gate speaks to programs; here a caller is named by an option. */
function forUser(error: ErrorData): ErrorData {
  if (error.code !== 'unauthenticated') return error
  const help =
    'give `--token` or set `SALLYPORT_TOKEN`, or say under `identity.anonymous` of the policy what an anonymous caller is'
  return { ...error, help }
}
