import { dirname, resolve } from 'node:path'
import { readText } from './tree.ts'

/** How the authenticator reaches key files: relative to the folder of the policy. */
export function keyAccess(source: string | undefined): {
  readonly readFile: (path: string, signal: AbortSignal) => Promise<string>
} {
  const folder = source === undefined ? '.' : dirname(source)
  return {
    readFile: (path, signal) => readText(resolve(folder, path), signal),
  }
}
