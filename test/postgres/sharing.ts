// What servers that are shared with others bring about: `npm run test:postgres`.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool, PoolConfig } from 'pg'
import { postgresJournal, type PostgresClient } from '../../src/journal/postgres/index.ts'
import { all, conversation, recordsOf } from '../../src/testing/journal-records.ts'
import { Pools } from './pools.ts'
import { startServer, type Server } from './server.ts'

let server: Server
let shared: Pool
let pools: Pools

const newPool = (config?: PoolConfig): Pool => pools.open(config)

before(async () => {
  server = await startServer()
  pools = new Pools(server)
  shared = newPool()
})

after(async () => {
  await pools.end()
  await server.stop()
})

test('a schema may have the name of a word of SQL', async () => {
  for (const schema of ['user', 'order', 'table', 'public']) {
    const journal = postgresJournal(shared, { schema })
    await journal.append('run_a', 0, recordsOf('run_a', 2))
    assert.equal((await all(postgresJournal(shared, { schema }), 'run_a')).length, 2)
  }
})

test('a role that may make no schemas makes its tables in the one it was given', async () => {
  await shared.query('CREATE ROLE app LOGIN')
  await shared.query('CREATE SCHEMA given AUTHORIZATION app')
  const journal = postgresJournal(newPool({ user: 'app' }), { schema: 'given' })
  await journal.append('run_a', 0, recordsOf('run_a', 2))
  assert.equal((await all(journal, 'run_a')).length, 2)
})

test('what another process writes while a run is erased is erased too', async () => {
  const schema = 'erasing'
  const [writer, eraser] = [
    postgresJournal(shared, { schema }),
    postgresJournal(newPool(), { schema }),
  ]
  const records = conversation('run_a')
  await writer.append('run_a', 0, records.slice(0, 1))
  await shared.query(`CREATE FUNCTION ${schema}.slow() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(0.5); RETURN NEW; END $$`)
  await shared.query(`CREATE TRIGGER slow BEFORE INSERT ON ${schema}.payloads
    FOR EACH ROW EXECUTE FUNCTION ${schema}.slow()`)
  const written = writer.append('run_a', 1, records.slice(1))
  await sleep(200)
  assert.equal(await eraser.erase('run_a'), 2)
  await written
  const left = await all(eraser, 'run_a')
  assert.deepEqual(
    left.map(({ payload }) => payload),
    [undefined, undefined],
  )
})

test('processes whose transactions are serializable write many runs side by side', async () => {
  const options = '-c default_transaction_isolation=serializable'
  const journals = Array.from({ length: 3 }, () =>
    postgresJournal(newPool({ options }), { schema: 'serial' }),
  )
  await Promise.all(
    journals.flatMap((journal, process) =>
      Array.from({ length: 60 }, async (_, number) => {
        const runId = `run_${process}_${number}`
        for (const [seq, record] of recordsOf(runId, 10).entries()) {
          await journal.append(runId, seq, [record])
        }
      }),
    ),
  )
  assert.equal((await all(journals[0]!, 'run_2_59')).length, 10)
})

test('a run with large results is read in pages of few bytes, and whole', async () => {
  let pages = 0
  let largest = 0
  const client: PostgresClient = {
    async query(text, values) {
      const { rows } = await shared.query(text, values)
      const payloads = rows.map((row) => String(row.payload ?? '').length)
      if (payloads.some((length) => length > 9)) pages++
      largest = Math.max(
        largest,
        payloads.reduce((sum, length) => sum + length, 0),
      )
      return { rows }
    },
  }
  const journal = postgresJournal(client, { schema: 'large' })
  await journal.append('run_a', 0, recordsOf('run_a', 300))
  await shared.query(`INSERT INTO large.payloads
    SELECT number, seq, '{"value":"' || repeat('x', 1000000) || '"}'
    FROM large.runs, generate_series(0, 29) AS seq`)
  const seqs = (await all(journal, 'run_a')).map(({ seq }) => seq)
  assert.deepEqual(
    seqs,
    Array.from({ length: 300 }, (_, seq) => seq),
  )
  assert.equal(pages, 6)
  assert.ok(largest < 6_000_000, `${largest} characters at once`)
  assert.equal((await all(journal, 'run_a', 299)).length, 1)
})

test('a run is named by later ones and pruned by its records, not by a length that was altered', async () => {
  const journal = postgresJournal(shared, { schema: 'lengths' })
  const records = conversation('run_a', { end: 'completed' })
  await journal.append('run_a', 0, records)
  for (const length of [0, 2, 9]) {
    await shared.query('UPDATE lengths.runs SET length = $1', [length])
    const [latest] = await journal.latestRuns!(16)
    assert.equal(latest?.last, records.at(-1)!.line)
    const { removed } = await journal.prune({ runsOlderThan: '1d', dryRun: true })
    assert.deepEqual(removed, ['run_a'])
  }
})
