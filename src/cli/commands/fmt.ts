import { formatPolicy } from '../../analysis/format.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { readText, rewriteText } from '../files.ts'
import { outJson, printable, readInput, type Io } from '../io.ts'

export interface FmtOptions {
  readonly check?: boolean
  readonly json?: boolean
}

/**
 * Brings policy files into canonical form. Without files, standard input goes to standard output.
 * With `check` nothing is written, and the answer is negative when a file would change.
 */
export async function fmt(
  files: readonly string[],
  { check = false, json = false }: FmtOptions,
  io: Io,
): Promise<ExitCode> {
  if (files.length === 0) return formatInput(check, io)
  const results: { readonly file: string; readonly changed: boolean }[] = []
  for (const file of files) {
    const changed = await formatFile(file, check)
    results.push({ file, changed })
    if (changed && !json) io.out(`${printable(file)}\n`)
  }
  const code = check && results.some(({ changed }) => changed) ? exitCode.negative : exitCode.done
  if (json) outJson(io, { files: results, exit: { code } }, 2)
  return code
}

async function formatInput(check: boolean, io: Io): Promise<ExitCode> {
  const text = await readInput(io)
  const formatted = formatPolicy(text, 'standard input')
  if (!check) io.out(formatted)
  return check && formatted !== text ? exitCode.negative : exitCode.done
}

async function formatFile(file: string, check: boolean): Promise<boolean> {
  const text = await readText(file)
  const formatted = formatPolicy(text, file)
  if (formatted === text) return false
  if (!check) await rewriteText(file, formatted, text)
  return true
}
