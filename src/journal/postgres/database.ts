import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, SallyportError } from '../../base/errors.ts'
import { Lazy } from '../../base/lazy.ts'
import { formatVersion, statementsFor, type Statements } from './statements.ts'

/** A row of a result, by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>

/** What of a Postgres client is used. */
export interface PostgresClient {
  /** Sends one statement with the values of `$1`, `$2`, ...; integers come back as numbers. */
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly Row[] }>
}

/** Attempts at a statement that the server gave up in favour of another one. */
const attempts = 10

/** Before the second attempt, at most; twice as long before each one after it. */
const firstPauseMs = 2

/** Deadlock and serialization failure: nothing was written, and it may work now. */
const passing: ReadonlySet<unknown> = new Set(['40P01', '40001'])

/** The tables of a journal, made at the first use. */
export class Database {
  readonly statements: Statements
  readonly #client: PostgresClient
  readonly #ready: Lazy<void>

  constructor(client: PostgresClient, schema: string) {
    this.#client = client
    this.statements = statementsFor(schema)
    this.#ready = new Lazy(() => this.#prepare())
  }

  async read(text: string, values: unknown[]): Promise<readonly Row[]> {
    return this.#send('read', text, values)
  }

  async write(text: string, values: unknown[]): Promise<readonly Row[]> {
    return this.#send('written', text, values)
  }

  async #send(done: string, text: string, values: unknown[]): Promise<readonly Row[]> {
    try {
      await this.#ready.load()
      return await this.#query(text, values)
    } catch (error) {
      throw unusable(done, error)
    }
  }

  async #query(text: string, values: unknown[]): Promise<readonly Row[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return (await this.#client.query(text, values)).rows
      } catch (error) {
        const code = (error as { readonly code?: unknown } | null)?.code
        if (attempt === attempts || !passing.has(code)) throw error
      }
      // by chance, so that those that were in each other's way are not so again
      await sleep(Math.random() * firstPauseMs * 2 ** (attempt - 1))
    }
  }

  async #prepare(): Promise<void> {
    const [server] = await this.#query(this.statements.look, [])
    checkServer(server!)
    if (server!['made'] !== true) await this.#query(this.statements.create, [])
    const [format] = await this.#query(this.statements.version, [])
    const version = format?.['version']
    if (version === formatVersion) return
    throw new SallyportError(
      'bad-journal',
      `the journal in Postgres has format ${String(version)}, this version knows ${formatVersion}`,
      { help: 'use the version of sallyport that wrote it, or another `schema`' },
    )
  }
}

function checkServer({ commits, encoding, fsync }: Row): void {
  if (fsync === 'off' || commits === 'off') {
    throw new SallyportError(
      'bad-journal',
      `the server may forget what it has confirmed: \`${fsync === 'off' ? 'fsync' : 'synchronous_commit'}\` is off`,
      { help: 'turn it on, for this role at least: an intent that is lost lets a tool run twice' },
    )
  }
  if (encoding === 'UTF8') return
  throw new SallyportError('bad-journal', `the database has the encoding \`${String(encoding)}\``, {
    help: 'make one with the encoding UTF8: records are kept byte for byte',
  })
}

function unusable(done: string, cause: unknown): SallyportError {
  if (cause instanceof SallyportError) return cause
  return new SallyportError(
    'bad-journal',
    `the journal in Postgres cannot be ${done}: ${messageOf(cause)}`,
    { help: 'check that the server answers and the role may use the schema', cause },
  )
}
