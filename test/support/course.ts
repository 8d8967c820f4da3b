import type { Journal, JournalRecord } from '../../src/journal/journal.ts'
import { memoryJournal } from '../../src/journal/memory.ts'
import type { RunResult } from '../../src/runtime-options.ts'

/** What must not depend on who carried the run when. */
export function course({ report, messages, text, usage, ...end }: RunResult): unknown {
  const rows = report.rows.map(
    ({ callId, tool, args, argsDigest, decision, approvals, status }) => ({
      callId,
      tool,
      args,
      argsDigest,
      status,
      effect: decision?.effect,
      rule: decision?.rule,
      approvals: approvals.map(({ approvers, answers }) => [approvers, answers.map((a) => a.by)]),
    }),
  )
  const { runId } = report.header
  const plain = JSON.stringify({
    rows,
    messages,
    end: end.status,
    text,
    usage,
    totals: report.totals,
  })
  return JSON.parse(plain.replaceAll(runId, 'RUN')) as unknown
}

/** The run as a journal of its own holds it that has no more than so many of its records. */
export async function cutAt(journal: Journal, runId: string, length: number): Promise<Journal> {
  const records: JournalRecord[] = []
  for await (const record of journal.read(runId)) records.push(record)
  const cut = memoryJournal()
  await cut.append(runId, 0, records.slice(0, length))
  return cut
}
