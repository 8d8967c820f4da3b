import { expect } from 'vitest'
import type { Journal } from '../../src/journal/journal.ts'
import { openJournal } from '../../src/journal/open.ts'
import { verifyChain } from '../../src/report/verify.ts'

/** Verifies every run of a journal file; returns the head of the last one. */
export async function verifyRecords(path: string): Promise<string | null> {
  const journal = await openJournal(path)
  let head: string | null = null
  for await (const runId of journal.list()) head = await verifyRun(journal, runId)
  await journal.close()
  return head
}

/** Verifies the records of one run; returns its head. */
export async function verifyRun(journal: Journal, runId: string): Promise<string | null> {
  const found = await verifyChain(journal.read(runId))
  expect(found).toMatchObject({ verdict: 'CONSISTENT' })
  return found.head
}
