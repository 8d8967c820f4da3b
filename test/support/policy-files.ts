import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isSallyportError } from '../../src/base/errors.ts'
import type { Diagnostic } from '../../src/policy/diagnostic.ts'
import { temporaryFolder } from './folder.ts'

/** What a file says beside its version and its name, as YAML or as plain data. */
export type FileFields = string | Readonly<Record<string, unknown>>

/** Writes policy files into a new folder, each named `p` unless it says otherwise. */
export function policyFolder(files: Readonly<Record<string, FileFields>>): string {
  const folder = temporaryFolder()
  for (const [name, fields] of Object.entries(files)) writePolicy(join(folder, name), fields)
  return folder
}

export function writePolicy(path: string, fields: FileFields): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, policyText(fields))
}

export function policyText(fields: FileFields): string {
  return typeof fields === 'string'
    ? `sallyport: 1\nname: p\n${fields}`
    : JSON.stringify({ sallyport: 1, name: 'p', ...fields }, undefined, 2)
}

/** What was found about a policy that does not load, as `file:line:column code message`. */
export async function problemsOf(loading: Promise<unknown>, folder: string): Promise<string[]> {
  try {
    await loading
    return []
  } catch (error) {
    if (!isSallyportError(error) || error.code !== 'bad-policy') throw error
    const found = error.details as unknown as readonly Diagnostic[]
    return found.map(({ code, file, message, range: { start } }) =>
      `${file}:${start.line}:${start.column} ${code} ${message}`.replaceAll(`${folder}/`, ''),
    )
  }
}
