import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { sqliteJournal } from '../../../src/index.ts'
import { preparing } from './sallyport.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const journal = sqliteJournal(join(folder, 'journal.db'))

export const prepare = preparing(() => journal)
