import type { JournalRecord } from '../journal.ts'
import { conflict } from '../memory.ts'
import type { Database } from './database.ts'

interface Append {
  readonly runId: string
  readonly expectedSeq: number
  readonly records: readonly JournalRecord[]
}

interface Waiting extends Append {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Runs that share a statement. */
const batchLength = 256

/** Appends, of which those that come while a statement is under way share the next one. */
export class Appends {
  readonly #database: Database
  #waiting: Waiting[] = []
  #writing: Promise<void> | undefined

  constructor(database: Database) {
    this.#database = database
  }

  add(append: Append): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...append, resolve, reject })
      this.#writing ??= this.#drain()
    })
  }

  /** Resolves when everything added so far has been written, or could not be. */
  async settled(): Promise<void> {
    await this.#writing
  }

  async #drain(): Promise<void> {
    // what is appended in this tick comes along
    await new Promise(setImmediate)
    while (this.#waiting.length > 0) await this.#write(this.#takeBatch())
    this.#writing = undefined
  }

  /** One append of each run: the next one of the same run builds on it. */
  #takeBatch(): readonly Waiting[] {
    const batch = new Map<string, Waiting>()
    this.#waiting = this.#waiting.filter((each) => {
      const waits = batch.has(each.runId) || batch.size === batchLength
      if (!waits) batch.set(each.runId, each)
      return waits
    })
    return [...batch.values()]
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    try {
      const { append } = this.#database.statements
      // an append of nothing must not begin a run
      const given = batch.filter(({ records }) => records.length > 0).map(givenOf)
      const rows = await this.#database.write(append, [JSON.stringify(given)])
      const written = new Set(rows.map(({ id }) => id))
      for (const each of batch) {
        if (written.has(each.runId)) each.resolve()
        else await this.#refuse(each)
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  async #refuse({ runId, expectedSeq, records, resolve, reject }: Waiting): Promise<void> {
    const [run] = await this.#database.read(this.#database.statements.lengthOf, [runId])
    const found = (run?.['length'] as number | undefined) ?? 0
    if (records.length === 0 && found === expectedSeq) resolve()
    else reject(conflict(runId, expectedSeq, found))
  }
}

function givenOf({ runId, expectedSeq, records }: Waiting): object {
  return {
    run: runId,
    expected: expectedSeq,
    added: records.length,
    records: records.map(({ line, payload, seq }) => ({ seq, line, payload })),
  }
}
