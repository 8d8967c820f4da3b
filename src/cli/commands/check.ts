import { readFile } from 'node:fs/promises'
import { isSallyportError, type ErrorData } from '../../base/errors.ts'
import { loadPolicy } from '../../policy-file.ts'
import { formatDiagnostic, type Diagnostic } from '../../policy/diagnostic.ts'
import type { Tool } from '../../tools/tool.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { noteError, outJson, type Io } from '../io.ts'
import { loadTools } from '../tools-file.ts'

export interface CheckOptions {
  readonly tools?: string
  readonly json?: boolean
  readonly strict?: boolean
}

interface Checked {
  readonly file: string
  readonly rules: number
  readonly diagnostics: readonly Diagnostic[]
  /** Why the file was not read at all. */
  readonly error?: ErrorData
}

/**
 * Reads every file, reports all that is wrong with them at once, and runs nothing. A file that
 * cannot be read does not keep the findings of the others; the exit code then is that of wrong
 * usage.
 */
export async function check(
  files: readonly string[],
  options: CheckOptions,
  io: Io,
): Promise<ExitCode> {
  const tools = options.tools === undefined ? undefined : await loadTools(options.tools)
  const results: Checked[] = []
  for (const file of files) results.push(await checkFile(file, tools))
  const code = exitOf(results, options.strict === true)
  if (options.json === true) {
    outJson(io, { files: results, exit: { code } }, 2)
    return code
  }
  for (const result of results) await print(result, io)
  return code
}

function exitOf(results: readonly Checked[], strict: boolean): ExitCode {
  if (results.some(({ error }) => error !== undefined)) return exitCode.usage
  const all = results.flatMap(({ diagnostics }) => diagnostics)
  return (strict ? all.length > 0 : all.some(isError)) ? exitCode.negative : exitCode.done
}

async function checkFile(file: string, tools: readonly Tool[] | undefined): Promise<Checked> {
  try {
    const loaded = await loadPolicy(file)
    const policy = loaded.compile(tools)
    return { file, rules: loaded.file.rules.length, diagnostics: policy.warnings }
  } catch (error) {
    if (!isSallyportError(error)) throw error
    if (error.code !== 'bad-policy')
      return { file, rules: 0, diagnostics: [], error: error.toJSON() }
    return { file, rules: 0, diagnostics: error.details as unknown as readonly Diagnostic[] }
  }
}

async function print({ file, rules, diagnostics, error }: Checked, io: Io): Promise<void> {
  if (error !== undefined) return noteError(io, error)
  const text = await readFile(file, 'utf8')
  for (const diagnostic of diagnostics) io.note(`${formatDiagnostic(diagnostic, text)}\n\n`)
  const errors = diagnostics.filter(isError).length
  const warnings = diagnostics.length - errors
  const found = `${counted(errors, 'error')}, ${counted(warnings, 'warning')}`
  io.out(errors > 0 ? `${file}  ${found}\n` : `${file}  ${counted(rules, 'rule')}, ${found}\n`)
}

function isError(diagnostic: Diagnostic): boolean {
  return diagnostic.severity === 'error'
}

function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
