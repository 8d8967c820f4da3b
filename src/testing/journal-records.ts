import { Chain, genesis } from '../journal/chain.ts'
import type { Journal, JournalRecord } from '../journal/journal.ts'
import type { EndStatus, StructuralEvent } from '../protocol/run-event.ts'

const at = '2026-01-01T00:00:00.000Z'

/** Records without payloads. */
export function recordsOf(runId: string, count: number): readonly JournalRecord[] {
  const chain = new Chain()
  return Array.from({ length: count }, (_, seq) =>
    chain.seal({ type: 'turn-start', seq, runId, turn: seq, at }),
  )
}

/** The first record of a run, with a payload. */
export function progress(runId: string, value: string): JournalRecord {
  return new Chain().seal(progressEvent(runId, 0, value))
}

interface ConversationOptions {
  readonly end?: EndStatus
  readonly endedAt?: string
  /** The run it works for. */
  readonly above?: string
}

/** Records of a run in which something was said, and which ends or not. */
export function conversation(
  runId: string,
  { end, endedAt = at, above }: ConversationOptions = {},
): readonly JournalRecord[] {
  const chain = new Chain()
  const parent = above === undefined ? undefined : { runId: above, callId: 'c' }
  const records = [
    chain.seal({ ...start(runId), ...(parent && { parent }) }),
    chain.seal(progressEvent(runId, 1, 'words of the tool')),
  ]
  if (end === undefined) return records
  const event = { type: 'end', status: end, head: chain.head, seq: 2, runId, turn: 1 } as const
  return [...records, chain.seal({ ...event, at: endedAt })]
}

function start(runId: string): StructuralEvent {
  return {
    type: 'run-start',
    principal: null,
    policy: { name: 'p', digest: genesis, mode: 'enforce' },
    tools: { digest: genesis, names: [] },
    model: { id: 'm', provider: 'p' },
    limits: {},
    versions: { sallyport: '0', node: '0' },
    messages: [{ role: 'user', content: 'words of the user' }],
    seq: 0,
    runId,
    turn: 0,
    at,
  }
}

function progressEvent(runId: string, seq: number, value: string): StructuralEvent {
  return { type: 'execution-progress', callId: 'c', value, seq, runId, turn: 1, at }
}

export async function all(
  journal: Journal,
  runId: string,
  from?: number,
): Promise<readonly JournalRecord[]> {
  const found: JournalRecord[] = []
  for await (const record of journal.read(runId, from)) found.push(record)
  return found
}

export async function listed(journal: Journal): Promise<readonly string[]> {
  const found: string[] = []
  for await (const runId of journal.list()) found.push(runId)
  return found
}

/** What of records is in the chain. */
export function lines(records: readonly JournalRecord[]): readonly string[] {
  return records.map(({ seq, hash, line }) => `${seq} ${hash} ${line}`)
}
