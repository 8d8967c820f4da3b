import { closeSync, fstatSync, openSync, writeFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { jsonlJournal } from '../../../src/journal/jsonl.ts'
import { recordsOf } from '../../../src/testing/journal-records.ts'
import { collect } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'

const lines = recordsOf('run_a', 3).map(({ line }) => `${line}\n`)

test('a damaged file is closed once: what was opened after it stays open', async () => {
  const path = join(temporaryFolder(), 'journal.jsonl')
  writeFileSync(path, [...lines, '{}\n', ...lines].join(''))
  for (let round = 0; round < 8; round++) {
    await expect(collect(jsonlJournal(path).list())).rejects.toThrow('is damaged at line 4')
    // takes the number that the damaged file had
    const other = openSync(path, 'r')
    // whatever waits for a thread has had one
    for (let turn = 0; turn < 8; turn++)
      await Promise.all(Array.from({ length: 8 }, () => stat(path)))
    expect(fstatSync(other).isFile()).toBe(true)
    closeSync(other)
  }
})
