import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { jsonlJournal } from '../../../src/index.ts'
import { preparing } from './sallyport.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const journal = jsonlJournal(join(folder, 'journal.jsonl'))

export const prepare = preparing(() => journal)
