import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** How the authenticator reaches key files: relative to the folder of the policy. */
export function keyAccess(source: string | undefined): {
  readonly readFile: (path: string, signal: AbortSignal) => Promise<string>
} {
  const folder = source === undefined ? '.' : dirname(source)
  return {
    readFile: (path, signal) => readFile(resolve(folder, path), { encoding: 'utf8', signal }),
  }
}
