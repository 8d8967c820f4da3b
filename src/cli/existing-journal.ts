import type { Journal } from '../journal/journal.ts'
import { openJournal } from '../journal/open.ts'
import { checkReadable } from './files.ts'
import type { Io } from './io.ts'

/** Opens a journal that has to be there, and closes it when it is disposed of. Throws `bad-file`. */
export async function existingJournal(
  path: string,
  { environment }: Pick<Io, 'environment'>,
): Promise<Journal & AsyncDisposable> {
  await checkReadable(path)
  const journal = await openJournal(path, environment)
  return Object.assign(journal, { [Symbol.asyncDispose]: () => journal.close() })
}
