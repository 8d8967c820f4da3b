import { SallyportError } from '../base/errors.ts'

/**
 * Throws `bad-journal` for a file that has several names (hard links): what stands beside a journal,
 * its lock or log above all, goes by the name, so that two writers would not know of each other.
 */
export function checkOneName(path: string, names: number): void {
  if (names <= 1) return
  throw new SallyportError('bad-journal', `journal \`${path}\` has ${names} names (hard links)`, {
    help: 'keep one of them; a link to it has to be symbolic, and a backup a copy',
  })
}
