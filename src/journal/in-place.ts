import { statSync, type BigIntStats } from 'node:fs'
import { SallyportError } from '../base/errors.ts'

/**
 * Returns what throws `bad-journal` once another file stands at a path than the one that was opened
 * there, or none: who has it open goes on writing where nobody looks, and others begin anew beside it.
 */
export function rememberPlace(path: string, { dev, ino }: BigIntStats): () => void {
  return () => {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false })
    if (found?.ino === ino && found.dev === dev) return
    throw new SallyportError(
      'bad-journal',
      `journal \`${path}\` was removed or replaced while it was in use`,
      {
        help: 'put the file back, then start the program anew: without the file it begins another one',
      },
    )
  }
}
