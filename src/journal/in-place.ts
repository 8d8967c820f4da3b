import { statSync } from 'node:fs'
import { SallyportError } from '../base/errors.ts'

/**
 * Remembers which file stands at a path, and returns what throws `bad-journal` once it is another
 * one, or none: who has it open goes on writing where nobody looks, and others begin anew beside it.
 */
export function rememberPlace(path: string): () => void {
  const { dev, ino } = statSync(path, { bigint: true })
  return () => {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false })
    if (found?.ino === ino && found.dev === dev) return
    throw new SallyportError(
      'bad-journal',
      `journal \`${path}\` was removed or replaced while it was in use`,
      { help: 'put the file back; a program that is started anew begins another one' },
    )
  }
}
