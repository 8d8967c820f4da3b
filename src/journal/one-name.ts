import { statSync } from 'node:fs'
import { SallyportError } from '../base/errors.ts'

/**
 * Throws `bad-journal` for a file that has several names (hard links): what stands beside a journal,
 * its lock or log above all, goes by the name, so that two writers would not know of each other. A
 * file that is not there yet will have one.
 */
export function checkOneName(path: string): void {
  const names = statSync(path, { throwIfNoEntry: false })?.nlink ?? 1
  if (names <= 1) return
  throw new SallyportError('bad-journal', `journal \`${path}\` has ${names} names (hard links)`, {
    help: 'keep one of them; a link to it has to be symbolic, and a backup a copy',
  })
}
