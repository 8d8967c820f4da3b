import { open } from 'node:fs/promises'
import { membersOf } from './line-members.ts'

/** Appends a checkpoint to the file beside a journal of lines; resolves when it is on disk. */
export async function addCheckpoint(
  path: string,
  runId: string,
  checkpoint: string,
): Promise<void> {
  await appendDurably(`${path}.checkpoints`, `${lineOf(runId, checkpoint)}\n`)
}

/** Appends to a file, by one write; resolves when it is on disk. */
export async function appendDurably(path: string, text: string): Promise<void> {
  await using file = await open(path, 'a', 0o600)
  await file.appendFile(text)
  await file.datasync()
}

/** The checkpoint in a line of that file; of a line that was altered the line itself, which is none. */
export function checkpointIn(line: string): string {
  const { checkpoint, runId } = membersOf(line)
  const isWhole = typeof checkpoint === 'string' && typeof runId === 'string'
  return isWhole && line === lineOf(runId, checkpoint) ? checkpoint : line
}

/** Every line of these files has a `seq`; here it says nothing. */
function lineOf(runId: string, checkpoint: string): string {
  return JSON.stringify({ checkpoint, runId, seq: 0 })
}
