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

/** Characters that share a statement, unless one append has more: all of them become one text. */
const batchCharacters = 16 * 1024 * 1024

/** Classes of errors that one append can bring upon all that share its statement: nothing is written. */
const ofOne: ReadonlySet<string> = new Set(['22', '23', '54'])

/** Appends, of which those that come while a statement is under way share the next one. */
export class Appends {
  readonly #database: Database
  #waiting: Waiting[] = []
  #isWriting = false
  readonly #unsettled = new Set<Promise<void>>()

  constructor(database: Database) {
    this.#database = database
  }

  add(append: Append): Promise<void> {
    const added = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ ...append, resolve, reject })
    })
    this.#unsettled.add(added)
    const settle = (): boolean => this.#unsettled.delete(added)
    added.then(settle, settle)
    if (!this.#isWriting) void this.#drain()
    return added
  }

  /** Resolves when everything added so far has been written, or could not be; later ones may wait. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#unsettled)
  }

  async #drain(): Promise<void> {
    this.#isWriting = true
    // what is appended in this tick comes along
    await new Promise(setImmediate)
    while (this.#waiting.length > 0) await this.#write(this.#takeBatch())
    this.#isWriting = false
  }

  /** One append of each run, since the next one builds on it; those that came first come first. */
  #takeBatch(): readonly Waiting[] {
    const batch = new Map<string, Waiting>()
    let room = batchCharacters
    let isFull = false
    this.#waiting = this.#waiting.filter((each) => {
      const characters = charactersOf(each)
      isFull ||= batch.size === batchLength || (batch.size > 0 && characters > room)
      if (isFull || batch.has(each.runId)) return true
      batch.set(each.runId, each)
      room -= characters
      return false
    })
    return [...batch.values()]
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    let written: ReadonlySet<unknown>
    try {
      written = await this.#append(batch)
    } catch (error) {
      if (batch.length > 1 && isOfOne(error)) for (const each of batch) await this.#write([each])
      else for (const { reject } of batch) reject(error)
      return
    }
    for (const each of batch) {
      if (written.has(each.runId)) each.resolve()
      else await this.#refuse(each).catch(each.reject)
    }
  }

  /** The runs that had the expected length, and have been extended. */
  async #append(batch: readonly Waiting[]): Promise<ReadonlySet<unknown>> {
    const { append } = this.#database.statements
    // an append of nothing must not begin a run
    const given = batch.filter(({ records }) => records.length > 0).map(givenOf)
    const rows = await this.#database.write(append, [JSON.stringify(given)])
    return new Set(rows.map(({ id }) => id))
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

function charactersOf({ records }: Waiting): number {
  return records.reduce((sum, { line, payload = '' }) => sum + line.length + payload.length, 0)
}

function isOfOne(error: unknown): boolean {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } }
  return typeof cause?.code === 'string' && ofOne.has(cause.code.slice(0, 2))
}
