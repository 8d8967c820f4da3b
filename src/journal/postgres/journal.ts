import { SallyportError } from '../../base/errors.ts'
import { checkOptions } from '../../base/options.ts'
import { shorten } from '../../base/text.ts'
import { checkEncryption, encrypted, type FileJournalOptions } from '../encryption.ts'
import type { Journal, LatestRun } from '../journal.ts'
import { planPrune, type RunState } from '../retention.ts'
import { storedRecord } from '../stored-record.ts'
import { Appends } from './appends.ts'
import { Database, type PostgresClient, type Row } from './database.ts'

export interface PostgresJournalOptions extends FileJournalOptions {
  /**
   * The schema that holds the tables: 1 to 63 lower-case letters, digits and `_`. Default
   * `sallyport`. It and they are made at the first use, if they are not there.
   */
  readonly schema?: string
}

/** Rows that are read at a time; records of many bytes are fewer. */
const pageLength = 256

/**
 * A journal in Postgres 12 or later, over any client that has `query(text, values)`: a `Pool` of
 * `pg` as it is, `postgres` as `{ query: async (text, values) => ({ rows: await sql.unsafe(text, values) }) }`.
 * Any number of processes may write different runs and read all of them. Each change is one
 * statement, and so one transaction whatever connection it takes; appends that come while another
 * one is under way share the next. An append that fails has written nothing, or its answer was
 * lost: the run stops either way, and goes on from what is there.
 *
 * The client stays yours: `close` waits for what is under way and does not end it. Give a `Pool` a
 * listener of `error`: without one, a connection that ends while idle ends the process. Everything
 * rejects with `bad-journal` where the server may forget what it has confirmed (`fsync` or
 * `synchronous_commit` is off), and where its encoding is not UTF-8.
 */
export function postgresJournal(
  client: PostgresClient,
  options: PostgresJournalOptions = {},
): Journal {
  checkOptions('postgresJournal', options, ['encryption', 'schema'])
  checkEncryption('postgresJournal', options.encryption)
  const database = new Database(checkedClient(client), checkedSchema(options.schema ?? 'sallyport'))
  return encrypted(databaseJournal(database), options.encryption)
}

function databaseJournal(database: Database): Journal {
  const { statements } = database
  const appends = new Appends(database)
  return {
    append: (runId, expectedSeq, records) => appends.add({ runId, expectedSeq, records }),
    async *read(runId, from = 0) {
      await appends.settled()
      for (let next = from; ;) {
        const rows = await database.read(statements.read, [runId, next, pageLength])
        for (const { seq, line, payload } of rows) {
          yield storedRecord(seq as number, line as string, payload as string | null)
        }
        const last = rows.at(-1)
        if (last === undefined || (rows.length < pageLength && rows.length === last['found']))
          return
        next = (last['seq'] as number) + 1
      }
    },
    async *list() {
      await appends.settled()
      for (let after = '0'; ;) {
        const rows = await database.read(statements.list, [after, pageLength])
        for (const { id } of rows) yield id as string
        if (rows.length < pageLength) return
        after = rows.at(-1)!['number'] as string
      }
    },
    async latestRuns(count) {
      await appends.settled()
      const rows = await database.read(statements.latest, [count])
      return rows.map(latestRun)
    },
    async leaveAnswer(runId, answer) {
      await database.write(statements.leaveAnswer, [runId, answer])
    },
    async answers(runId) {
      const rows = await database.read(statements.answers, [runId])
      return rows.map(({ answer }) => answer as string)
    },
    async addCheckpoint(runId, checkpoint) {
      await appends.settled()
      await database.write(statements.addCheckpoint, [runId, checkpoint])
    },
    async checkpoints(runId) {
      const rows = await database.read(statements.checkpoints, [runId])
      return rows.map(({ checkpoint }) => checkpoint as string)
    },
    async erase(runId) {
      await appends.settled()
      const erased = async (): Promise<number> => {
        const [row] = await database.write(statements.erase, [runId])
        return row?.['erased'] as number
      }
      // the first may wait for the append of another process, and does not see what that has written
      return (await erased()) + (await erased())
    },
    async remove(runId) {
      await appends.settled()
      return (await database.write(statements.remove, [runId])).length > 0
    },
    async prune(pruneOptions) {
      const plan = planPrune(pruneOptions)
      await appends.settled()
      const rows = await database.read(statements.states, [])
      const pruned = plan(rows.map(stateOf))
      if (pruneOptions.dryRun === true) return pruned
      const lengths = new Map(rows.map(({ id, length }) => [id, length]))
      /** A run that somebody has carried on meanwhile is left alone. */
      const unchanged = async (sql: string, runs: readonly string[]): Promise<string[]> => {
        if (runs.length === 0) return []
        const given = runs.map((run) => ({ run, length: lengths.get(run) }))
        const done = new Set(
          (await database.write(sql, [JSON.stringify(given)])).map(({ id }) => id),
        )
        return runs.filter((run) => done.has(run))
      }
      return {
        ...pruned,
        erased: await unchanged(statements.eraseUnchanged, pruned.erased),
        removed: await unchanged(statements.removeUnchanged, pruned.removed),
      }
    },
    close: () => appends.settled(),
  }
}

function latestRun({ first, last, runId }: Row): LatestRun {
  return { runId: runId as string, first: first as string, last: last as string }
}

function stateOf({ first, id, last, said }: Row): RunState {
  return {
    runId: id as string,
    firstLine: first === null ? undefined : (first as string),
    lastLine: last === null ? undefined : (last as string),
    hasSaid: said === true,
  }
}

function checkedClient(client: PostgresClient): PostgresClient {
  if (typeof (client as Partial<PostgresClient> | null)?.query === 'function') return client
  throw new SallyportError('bad-option', 'postgresJournal needs a client with `query`', {
    help: 'pass a `Pool` of `pg`, or an object with `query(text, values)` that resolves with `{ rows }`',
  })
}

function checkedSchema(schema: unknown): string {
  if (typeof schema === 'string' && /^[a-z_][a-z0-9_]{0,62}$/.test(schema)) return schema
  throw new SallyportError('bad-option', `\`${shorten(String(schema), 80)}\` is no usable schema`, {
    help: 'use 1 to 63 lower-case letters, digits and `_`, not a digit first',
  })
}
