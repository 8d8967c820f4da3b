import { Lazy } from '../base/lazy.ts'
import type { EncryptionOptions } from './encryption.ts'
import type { Journal, JournalRecord } from './journal.ts'
import type { KeyRing } from './key-ring.ts'

/** Whoever keeps a journal unencrypted does not pay for the code of ciphers before reading. */
const load = () => import('./key-ring.ts')

/**
 * The journal with payloads and answers encrypted on the way in and decrypted on the way out; lines
 * stay as they are, and digests of payloads are those of what was said. Without keys it reads what
 * is not encrypted, and says of the rest which key it needs.
 */
export function encrypted(journal: Journal, encryption: EncryptionOptions | undefined): Journal {
  if (encryption === undefined) return locked(journal)
  const ring = new Lazy(async () => (await load()).KeyRing.open(encryption))
  return {
    ...journal,
    append(runId, expectedSeq, records) {
      const keys = ring.value
      if (keys === undefined) return appendFirst(runId, expectedSeq, records)
      return journal.append(
        runId,
        expectedSeq,
        records.map((record) => seal(keys, runId, record)),
      )
    },
    async *read(runId, from) {
      const { isEncrypted } = await load()
      for await (const record of journal.read(runId, from)) {
        const text = storedText(record)
        if (text === undefined || !isEncrypted(text)) yield record
        else {
          const place = { runId, seq: record.seq }
          yield { ...record, payload: (await ring.load()).decrypt(text, place) }
        }
      }
    },
    async leaveAnswer(runId, answer) {
      await journal.leaveAnswer(runId, (await ring.load()).encrypt(answer, { runId }))
    },
    async answers(runId) {
      const { isEncrypted } = await load()
      const left = await journal.answers(runId)
      if (!left.some(isEncrypted)) return left
      const keys = await ring.load()
      return left.map((text) => (isEncrypted(text) ? keys.decrypt(text, { runId }) : text))
    },
  }

  async function appendFirst(
    runId: string,
    expectedSeq: number,
    records: readonly JournalRecord[],
  ): Promise<void> {
    const keys = await ring.load()
    await journal.append(
      runId,
      expectedSeq,
      records.map((record) => seal(keys, runId, record)),
    )
  }
}

/** Kept as a JSON text, as payloads are. */
function seal(keys: KeyRing, runId: string, record: JournalRecord): JournalRecord {
  const { payload, seq } = record
  if (payload === undefined) return record
  return { ...record, payload: `"${keys.encrypt(payload, { runId, seq })}"` }
}

/** The text inside a payload that is a JSON string; undefined for one that is not encrypted. */
function storedText({ payload }: JournalRecord): string | undefined {
  return payload?.startsWith('"') === true ? payload.slice(1, -1) : undefined
}

function locked(journal: Journal): Journal {
  return {
    ...journal,
    async *read(runId, from) {
      for await (const record of journal.read(runId, from)) {
        const text = storedText(record)
        if (text === undefined) yield record
        else {
          const { payload: _payload, ...rest } = record
          const { keyIdOf } = await load()
          yield { ...rest, encryptedWith: keyIdOf(text, { runId, seq: record.seq }) }
        }
      }
    },
    async answers(runId) {
      const left = await journal.answers(runId)
      const { isEncrypted, keyIdOf, keyMissing } = await load()
      const sealed = left.find(isEncrypted)
      if (sealed !== undefined) throw keyMissing(keyIdOf(sealed, { runId }), { runId })
      return left
    },
  }
}
