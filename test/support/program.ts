import { execFile } from 'node:child_process'
import { resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../..')

export interface Finished {
  readonly code: number
  readonly out: string
  readonly errors: string
}

/** Runs a TypeScript program of this repository with this very Node, from source, to its end. */
export function runProgram(
  file: string,
  args: readonly string[] = [],
  {
    input = '',
    folder = root,
    environment = {},
  }: {
    readonly input?: string
    readonly folder?: string
    readonly environment?: Readonly<Record<string, string>>
  } = {},
): Promise<Finished> {
  return new Promise((settle) => {
    const child = execFile(
      process.execPath,
      ['--conditions=sallyport-source', resolve(root, file), ...args],
      { cwd: folder, env: { PATH: process.env['PATH'], ...environment } },
      (error, out, errors) => {
        // a program that was killed by a signal has no number
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
        settle({ code, out, errors })
      },
    )
    child.stdin?.end(input)
  })
}
