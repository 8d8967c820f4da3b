import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from './folder.ts'

export interface ScriptEnd {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs the text of a module in a process of its own, to its end. `fileBlocks` bounds the files it
 * may write, in blocks of 1,024 bytes as `ulimit -f` of bash counts them.
 */
export function runScript(
  text: string,
  args: readonly string[],
  { fileBlocks }: { readonly fileBlocks?: number } = {},
): Promise<ScriptEnd> {
  const file = join(temporaryFolder(), 'script.ts')
  writeFileSync(file, text)
  const node = [process.execPath, '--conditions=sallyport-source', file, ...args]
  const [command, ...rest] =
    fileBlocks === undefined
      ? node
      : ['bash', '-c', `ulimit -f ${fileBlocks}; exec "$@"`, 'bash', ...node]
  return new Promise((settle) => {
    execFile(command!, rest, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      settle({ code, stdout, stderr })
    })
  })
}
