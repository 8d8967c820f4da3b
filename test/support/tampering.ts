import { generateKeyPairSync } from 'node:crypto'
import { isSallyportError } from '../../src/base/errors.ts'
import type { Journal } from '../../src/journal/journal.ts'
import type { Verdict } from '../../src/report/verification.ts'
import { verifyChain } from '../../src/report/verify.ts'
import { agentOf } from './agent.ts'
import { payPolicy, payTool } from './snapshots.ts'

/** What a database holds of one run, in its order. */
export interface StoredRun {
  readonly records: readonly { readonly line: string; readonly payload: string | null }[]
  readonly checkpoints: readonly string[]
}

/** How somebody with access to the database reads and replaces what it holds of a run. */
export interface Database {
  read(runId: string): Promise<StoredRun>
  write(runId: string, run: StoredRun): Promise<void>
}

export interface SignedRun {
  readonly runId: string
  /** By the key that has signed it, or another one. */
  verdictOf(keys?: readonly object[]): Promise<Verdict | 'unreadable'>
}

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const own = { ...publicKey.export({ format: 'jwk' }), kid: 'ops' }

/** A run with an answer of a person, signed; it has a checkpoint after the answer and one at its end. */
export async function signedRun(journal: Journal): Promise<SignedRun> {
  const calls = [{ tool: 'pay', args: { order: 'O-7', amount: 5 } }]
  const { start } = agentOf([{ text: '', calls }, { text: 'done' }], {
    journal,
    tools: [payTool().tool],
    policy: payPolicy,
    signing: { key: privateKey, keyId: 'ops' },
    approve: () => ({ action: 'approve', by: { subject: 'lena' } }),
  })
  const { runId } = await start().result()
  return {
    runId,
    async verdictOf(keys = [own]) {
      try {
        const checkpoints = await journal.checkpoints!(runId)
        const signed = { runId, keys: keys as never, checkpoints }
        const { erased, verdict } = await verifyChain(journal.read(runId), { signed })
        // a payload that is missing is told: it counts as erased, of which nothing is proved
        return verdict === 'CONSISTENT' && erased > 0 ? 'unreadable' : verdict
      } catch (error) {
        if (isSallyportError(error) && error.code === 'bad-journal') return 'unreadable'
        throw error
      }
    },
  }
}

/** Every way to leave out, repeat and exchange items. */
function* shuffled<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at++) {
    yield items.toSpliced(at, 1)
    yield items.toSpliced(at, 0, items[at]!)
    for (let later = at + 1; later < items.length; later++) {
      yield items.with(at, items[later]!).with(later, items[at]!)
    }
  }
}

/** A text with one character changed at every `step`-th place, and cut at some of them. */
function* damaged(text: string, step: number): Generator<string> {
  for (let at = 0; at < text.length; at += step) {
    const changed = String.fromCharCode(text.charCodeAt(at) ^ 1)
    yield `${text.slice(0, at)}${changed}${text.slice(at + 1)}`
    if (at % 7 === 0) yield text.slice(0, at)
  }
}

/** What somebody could make of a run in a database: at every `step`-th character, and of its rows. */
export function* tampered(run: StoredRun, step: number): Generator<StoredRun> {
  const { checkpoints, records } = run
  for (const [at, record] of records.entries()) {
    for (const line of damaged(record.line, step)) {
      yield { ...run, records: records.with(at, { ...record, line }) }
    }
    if (record.payload === null) continue
    for (const payload of [...damaged(record.payload, step), null]) {
      yield { ...run, records: records.with(at, { ...record, payload }) }
    }
  }
  for (const [at, checkpoint] of checkpoints.entries()) {
    for (const text of damaged(checkpoint, step)) {
      yield { ...run, checkpoints: checkpoints.with(at, text) }
    }
  }
  for (const changed of shuffled(records)) yield { ...run, records: changed }
  for (const changed of shuffled(checkpoints)) yield { ...run, checkpoints: changed }
  const payloads = records.map(({ payload }) => payload)
  for (const moved of shuffled(payloads)) {
    if (moved.length !== payloads.length || moved.every((text, at) => text === payloads[at]))
      continue
    yield { ...run, records: records.map(({ line }, at) => ({ line, payload: moved[at]! })) }
  }
  yield { ...run, checkpoints: [] }
}

/** Tries them all; returns how many there were and what they came to. */
export async function tryTampering(
  database: Database,
  { runId, verdictOf }: SignedRun,
  step: number,
): Promise<{ readonly count: number; readonly verdicts: ReadonlySet<string> }> {
  const stored = await database.read(runId)
  const verdicts = new Set<string>()
  let count = 0
  for (const run of tampered(stored, step)) {
    await database.write(runId, run)
    verdicts.add(await verdictOf())
    count++
  }
  await database.write(runId, stored)
  return { count, verdicts }
}
