import { open } from 'node:fs/promises'

interface CheckpointLine {
  readonly checkpoint: string
  readonly runId: string
  /** Records of the run when it was written. */
  readonly seq: number
}

/** Appends a checkpoint to the file beside a journal of lines; resolves when it is on disk. */
export async function addCheckpoint(path: string, line: CheckpointLine): Promise<void> {
  const { checkpoint, runId, seq } = line
  await using file = await open(`${path}.checkpoints`, 'a', 0o600)
  await file.appendFile(`${JSON.stringify({ checkpoint, runId, seq })}\n`)
  await file.datasync()
}

/** The checkpoint in a line of that file; of a line that was altered whatever stands there. */
export function checkpointIn(line: string): string {
  const { checkpoint } = JSON.parse(line) as { checkpoint?: unknown }
  // only the very text that was written counts as one
  return typeof checkpoint === 'string' ? checkpoint : line
}
