// The behaviours of journals against a real Postgres, over both usual clients: `npm run test:postgres`.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool, PoolConfig } from 'pg'
import postgres from 'postgres'
import { createRuntime, defineTool, parsePolicy } from '../../src/index.ts'
import {
  postgresJournal,
  type PostgresClient,
  type PostgresJournalOptions,
} from '../../src/journal/postgres/index.ts'
import { verifyChain } from '../../src/report/index.ts'
import { journalSuite, scripted, type JournalStore } from '../../src/testing/index.ts'
import { Chain } from '../../src/journal/chain.ts'
import { all, conversation, recordsOf } from '../../src/testing/journal-records.ts'
import { race } from '../crash/race.ts'
import { open } from './open.ts'
import { signedRun, tryTampering } from '../support/tampering.ts'
import { Pools } from './pools.ts'
import { startServer, type Server } from './server.ts'

let server: Server
let shared: Pool
let pools: Pools
let schemas = 0

const newPool = (config?: PoolConfig): Pool => pools.open(config)

function viaPostgresJs(): PostgresClient & { end(): Promise<void> } {
  const sql = postgres({
    host: '127.0.0.1',
    port: server.port,
    username: 'postgres',
    max: 4,
    onnotice: () => {},
  })
  return {
    query: async (text, values) => ({ rows: await sql.unsafe(text, values as never[]) }),
    end: () => sql.end(),
  }
}

before(async () => {
  server = await startServer()
  pools = new Pools(server)
  shared = newPool()
})

after(async () => {
  await pools.end()
  await server.stop()
})

const newSchema = (): string => `journal_${++schemas}`

function store(client: () => PostgresClient, options: PostgresJournalOptions = {}): JournalStore {
  const schema = newSchema()
  let readOnly = false
  return {
    open: () =>
      postgresJournal(
        readOnly ? newPool({ options: '-c default_transaction_read_only=on' }) : client(),
        { ...options, schema },
      ),
    async fillUp() {
      await shared.query(`CREATE FUNCTION ${schema}.full() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE disk_full; END $$`)
      await shared.query(`CREATE TRIGGER full_disk BEFORE INSERT ON ${schema}.payloads
        FOR EACH ROW EXECUTE FUNCTION ${schema}.full()`)
      return async () => {
        await shared.query(`DROP FUNCTION ${schema}.full CASCADE`)
      }
    },
    async protect() {
      readOnly = true
      return () => {
        readOnly = false
      }
    },
    async alter(runId, seq) {
      await shared.query(
        `UPDATE ${schema}.records SET line = replace(line, '"turn":1', '"turn":7')
          WHERE seq = $2 AND run = (SELECT number FROM ${schema}.runs WHERE id = $1)`,
        [runId, seq],
      )
    },
  }
}

describe('over pg', () => {
  for (const { name, run } of journalSuite(() => store(() => shared))) test(name, run)
})

describe('over pg, encrypted', () => {
  const encryption = { keys: [{ id: 'k', key: randomBytes(32) }] } as const
  const make = (): JournalStore => store(() => shared, { encryption })
  for (const { name, run } of journalSuite(make)) test(name, run)
})

describe('over postgres.js', () => {
  const client = viaPostgresJsLater()
  for (const { name, run } of journalSuite(() => store(client.get))) test(name, run)
  after(client.end)
})

/** The server has no port before the first test. */
function viaPostgresJsLater(): { get(): PostgresClient; end(): Promise<void> } {
  let client: ReturnType<typeof viaPostgresJs> | undefined
  return {
    get: () => (client ??= viaPostgresJs()),
    end: async () => client?.end(),
  }
}

test('of many journals that begin a schema at once, all work', async () => {
  const schema = newSchema()
  const journals = Array.from({ length: 8 }, () => postgresJournal(newPool({ max: 1 }), { schema }))
  await Promise.all(
    journals.map(async (journal, at) => journal.append(`run_${at}`, 0, recordsOf(`run_${at}`, 2))),
  )
  const listed: string[] = []
  for await (const runId of journals[0]!.list()) listed.push(runId)
  assert.equal(new Set(listed).size, 8)
})

test('of 200 pairs of processes that take up a run, one carries it each time', async () => {
  const schema = newSchema()
  const [a, b] = [postgresJournal(newPool(), { schema }), postgresJournal(newPool(), { schema })]
  const written = recordsOf('run_a', 200)
  for (let seq = 0; seq < written.length; seq++) {
    const outcomes = await Promise.allSettled(
      [a, b].map(async (journal) => journal.append('run_a', seq, [written[seq]!])),
    )
    assert.deepEqual(outcomes.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
    const lost = outcomes.find((each) => each.status === 'rejected')
    assert.equal((lost as { reason: { code: string } }).reason.code, 'journal-conflict')
  }
})

test('of 200 runs that two processes take up at once, each is carried by one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-race-'))
  const given = [String(server.port), newSchema()]
  const journal = open(folder, ...given)
  const module = join(import.meta.dirname, 'open.ts')
  const { ends, faults } = await race({ runs: 200, folder, module, given, journal })
  await journal.close()
  await rm(folder, { recursive: true })
  assert.deepEqual(faults, [])
  assert.equal(
    Object.values(ends).reduce((sum, count) => sum + count, 0),
    200,
  )
})

test('a schema of an earlier version gets the tables it lacks', async () => {
  const schema = newSchema()
  await postgresJournal(shared, { schema }).append('run_a', 0, recordsOf('run_a', 1))
  await shared.query(`DROP TABLE ${schema}.checkpoints`)
  const journal = postgresJournal(shared, { schema })
  await journal.addCheckpoint!('run_a', 'signed')
  assert.deepEqual(await journal.checkpoints!('run_a'), ['signed'])
  assert.equal((await all(journal, 'run_a')).length, 1)
})

test('crossed batches of two processes neither lock each other up nor lose anything', async () => {
  const schema = newSchema()
  const [a, b] = [postgresJournal(newPool(), { schema }), postgresJournal(newPool(), { schema })]
  const runs = Array.from({ length: 20 }, (_, at) => `run_${at}`)
  for (const runId of runs) await a.append(runId, 0, recordsOf(runId, 1))
  for (let seq = 1; seq < 15; seq++) {
    const tries = [runs, runs.toReversed()].flatMap((order, side) =>
      order.map(async (runId) => [a, b][side]!.append(runId, seq, [recordsOf(runId, 15)[seq]!])),
    )
    const outcomes = await Promise.allSettled(tries)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') {
        assert.equal((outcome.reason as { code: string }).code, 'journal-conflict')
      }
    }
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, runs.length)
  }
  for (const runId of runs) assert.equal((await all(a, runId)).length, 15)
})

test('appends that come while one is under way share one statement', async () => {
  const pool = newPool()
  let statements = 0
  const counting: PostgresClient = {
    query(text, values) {
      if (text.includes('INSERT INTO')) statements++
      return pool.query(text, values)
    },
  }
  const schema = newSchema()
  const journal = postgresJournal(counting, { schema })
  await journal.append('run_first', 0, recordsOf('run_first', 1))
  statements = 0
  const first = journal.append('run_second', 0, recordsOf('run_second', 1))
  await new Promise((resolve) => setImmediate(resolve))
  await Promise.all([
    first,
    ...Array.from({ length: 50 }, (_, at) =>
      journal.append(`run_${at}`, 0, recordsOf(`run_${at}`, 3)),
    ),
  ])
  assert.ok(statements <= 2, `${statements} statements`)
})

test('a server that may forget is refused', async () => {
  const forgetful = newPool({ options: '-c synchronous_commit=off' })
  const journal = postgresJournal(forgetful, { schema: newSchema() })
  await assert.rejects(async () => journal.append('run_a', 0, conversation('run_a')), {
    code: 'bad-journal',
    message: /synchronous_commit/,
  })
})

test('a connection that is cut stops the run and leaves it whole', async () => {
  const schema = newSchema()
  const pool = newPool({ max: 1, application_name: 'victim' })
  const journal = postgresJournal(pool, { schema })
  const chain = new Chain()
  const records = Array.from({ length: 3 }, (_, seq) =>
    chain.seal({
      type: 'execution-progress',
      callId: 'c',
      value: seq === 1 ? 'x'.repeat(20_000_000) : 'small',
      seq,
      runId: 'run_a',
      turn: 1,
      at: '2026-01-01T00:00:00.000Z',
    }),
  )
  await journal.append('run_a', 0, records.slice(0, 1))
  const cut = journal.append('run_a', 1, records.slice(1))
  const outcome = Promise.resolve(cut).then(
    () => 'written',
    (error: { code: string }) => error.code,
  )
  let cuts = 0
  while (cuts === 0 && (await Promise.race([outcome, sleep(1)])) === undefined) {
    const { rows } = await shared.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'victim' AND state = 'active'`,
    )
    cuts = rows.length
  }
  const how = await outcome
  const length = (await all(journal, 'run_a')).length
  assert.deepEqual([how, length], how === 'written' ? ['written', 3] : ['bad-journal', 1])
})

test('a run goes over it from beginning to end, and its record is proved', async () => {
  const journal = postgresJournal(shared, { schema: newSchema() })
  const runtime = createRuntime({
    model: scripted([{ calls: [{ tool: 'add', args: { a: 1, b: 2 } }] }, { text: 'It is 3.' }]),
    tools: [
      defineTool({
        name: 'add',
        description: 'adds',
        input: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } } },
        execute: async ({ a, b }: { a: number; b: number }) => a + b,
      }),
    ],
    policy: await parsePolicy(`
sallyport: 1
name: sums
identity: { anonymous: role, anonymousRole: guest }
roles: { guest: {} }
rules: [{ id: sums, allow: [add], who: { roles: [guest] } }]
`),
    journal,
  })
  const run = runtime.run({ input: 'what is 1 + 2?' })
  const { report, status } = await run.result()
  assert.equal(status, 'completed')
  assert.deepEqual(
    report.rows.map((row) => row.status),
    ['success'],
  )
  const { verdict } = await verifyChain(journal.read(run.id))
  assert.equal(verdict, 'CONSISTENT')
})

test('a signed run is not consistent after any change of its rows', async () => {
  const schema = newSchema()
  const journal = postgresJournal(shared, { schema })
  const run = await signedRun(journal)
  const number = `(SELECT number FROM ${schema}.runs WHERE id = $1)`
  const { count, verdicts } = await tryTampering(
    {
      async read(runId) {
        const { rows } = await shared.query(
          `SELECT r.line, p.payload FROM ${schema}.records r LEFT JOIN ${schema}.payloads p
            ON p.run = r.run AND p.seq = r.seq WHERE r.run = ${number} ORDER BY r.seq`,
          [runId],
        )
        return { records: rows, checkpoints: await journal.checkpoints!(runId) }
      },
      async write(runId, { checkpoints, records }) {
        const seqs = records.map((_record, seq) => seq)
        await shared.query(`DELETE FROM ${schema}.payloads WHERE run = ${number}`, [runId])
        await shared.query(`DELETE FROM ${schema}.records WHERE run = ${number}`, [runId])
        await shared.query(`DELETE FROM ${schema}.checkpoints WHERE run = $1`, [runId])
        await shared.query(
          `INSERT INTO ${schema}.records (run, seq, line)
            SELECT ${number}, * FROM unnest($2::integer[], $3::text[])`,
          [runId, seqs, records.map(({ line }) => line)],
        )
        const said = seqs.filter((seq) => records[seq]!.payload !== null)
        await shared.query(
          `INSERT INTO ${schema}.payloads (run, seq, payload)
            SELECT ${number}, * FROM unnest($2::integer[], $3::text[])`,
          [runId, said, said.map((seq) => records[seq]!.payload)],
        )
        await shared.query(
          `INSERT INTO ${schema}.checkpoints (run, checkpoint)
            SELECT $1::text, text FROM unnest($2::text[]) WITH ORDINALITY AS t(text, place)
            ORDER BY place`,
          [runId, checkpoints],
        )
      },
    },
    run,
    29,
  )
  assert.ok(count > 500, `${count} changes`)
  assert.ok(!verdicts.has('CONSISTENT'))
  assert.equal(await run.verdictOf(), 'CONSISTENT')
})
