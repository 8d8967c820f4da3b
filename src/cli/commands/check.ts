import { readFile } from 'node:fs/promises'
import { lintPolicy } from '../../analysis/lint.ts'
import { isSallyportError, type ErrorData } from '../../base/errors.ts'
import { counted, visible } from '../../base/text.ts'
import { version } from '../../base/version.ts'
import { findingsOf } from '../../loading/load.ts'
import { formatDiagnostic, type Diagnostic } from '../../policy/diagnostic.ts'
import type { Tool } from '../../tools/tool.ts'
import { exitCode, exitOfError, type ExitCode } from '../exit.ts'
import { compactFinding, githubFinding, sarifFindings, type FindingFormat } from '../findings.ts'
import { noteError, outJson, type Io } from '../io.ts'
import { loadTrusted, type KeyOptions } from '../policy.ts'
import { loadToolbox } from '../tools-file.ts'

export interface CheckOptions extends KeyOptions {
  readonly tools?: string
  readonly format: FindingFormat
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
  const tools = options.tools === undefined ? undefined : await loadToolbox(options.tools)
  const results: Checked[] = []
  for (const file of files) results.push(await checkFile(file, tools, options, io))
  const code = exitOf(results, options.strict === true)
  await print(results, code, options.json === true ? 'json' : options.format, io)
  return code
}

function exitOf(results: readonly Checked[], strict: boolean): ExitCode {
  const codes = results.flatMap(({ error }) =>
    error === undefined ? [] : [exitOfError(error.code)],
  )
  if (codes.length > 0) return codes.find((code) => code !== exitCode.negative) ?? codes[0]!
  const all = results.flatMap(({ diagnostics }) => diagnostics)
  return (strict ? all.length > 0 : all.some(isError)) ? exitCode.negative : exitCode.done
}

async function checkFile(
  file: string,
  tools: readonly Tool[] | undefined,
  options: KeyOptions,
  io: Io,
): Promise<Checked> {
  try {
    const loaded = await loadTrusted(file, options, io)
    const { warnings } = loaded.compile(tools)
    const found = lintPolicy(loaded.file, tools === undefined ? {} : { tools })
    const diagnostics = distinct([...warnings, ...found])
    return { file, rules: loaded.file.rules.length, diagnostics }
  } catch (error) {
    if (!isSallyportError(error)) throw error
    if (error.code !== 'bad-policy')
      return { file, rules: 0, diagnostics: [], error: error.toJSON() }
    const found = await findingsOf(file, tools)
    const diagnostics = found.length > 0 ? found : error.details
    return { file, rules: 0, diagnostics: diagnostics as readonly Diagnostic[] }
  }
}

/** What loading and the lints both see is said once. */
function distinct(findings: readonly Diagnostic[]): readonly Diagnostic[] {
  const places = new Map<string, Diagnostic>()
  for (const finding of findings) {
    const { line, column } = finding.range.start
    const key = `${finding.code} ${finding.file}:${line}:${column}`
    if (!places.has(key)) places.set(key, finding)
  }
  return [...places.values()]
}

async function print(
  results: readonly Checked[],
  code: ExitCode,
  format: FindingFormat,
  io: Io,
): Promise<void> {
  if (format === 'human') {
    for (const result of results) await printHuman(result, io)
    return
  }
  if (format === 'json') return outJson(io, { files: results, exit: { code } }, 2)
  for (const { error } of results) if (error !== undefined) noteError(io, error)
  const all = results.flatMap(({ diagnostics }) => diagnostics)
  if (format === 'sarif') return outJson(io, sarifFindings(all, version), 2)
  const line = format === 'compact' ? compactFinding : githubFinding
  for (const finding of all) io.out(`${line(finding)}\n`)
}

async function printHuman({ file, rules, diagnostics, error }: Checked, io: Io): Promise<void> {
  if (error !== undefined) return noteError(io, error)
  const texts = new Map<string, string>()
  for (const diagnostic of diagnostics) {
    // a finding may be about a file that this one extends
    const text = texts.get(diagnostic.file) ?? (await readFile(diagnostic.file, 'utf8'))
    texts.set(diagnostic.file, text)
    io.note(`${formatDiagnostic(diagnostic, text)}\n\n`)
  }
  const errors = diagnostics.filter(isError).length
  const warnings = diagnostics.length - errors
  const found = `${counted(errors, 'error')}, ${counted(warnings, 'warning')}`
  const name = visible(file)
  io.out(errors > 0 ? `${name}  ${found}\n` : `${name}  ${counted(rules, 'rule')}, ${found}\n`)
}

function isError(diagnostic: Diagnostic): boolean {
  return diagnostic.severity === 'error'
}
