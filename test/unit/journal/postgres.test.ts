import { describe, expect, test } from 'vitest'
import { postgresJournal, type PostgresClient } from '../../../src/journal/postgres/index.ts'
import { progress, recordsOf } from '../../../src/testing/journal-records.ts'

// what a real server does is shown by `npm run test:postgres`

const sound = { fsync: 'on', commits: 'on', encoding: 'UTF8', made: true }

/** A server that answers appends by `answer`. */
function clientOf(
  answer: () => readonly { id: string }[],
  look: Readonly<Record<string, unknown>> = sound,
  version = 1,
): PostgresClient {
  return {
    async query(text) {
      if (text.includes('current_setting')) return { rows: [look] }
      if (text.includes('max(version)')) return { rows: [{ version }] }
      return { rows: answer() }
    },
  }
}

/** A server that takes every append, and may be told of the runs in each statement first. */
function extending(told: (runs: readonly string[]) => void = () => {}): PostgresClient {
  const { query } = clientOf(() => [])
  return {
    async query(text, values) {
      if (!text.includes('json_to_recordset')) return query(text, values)
      const given = JSON.parse(values[0] as string) as readonly { run: string }[]
      const runs = given.map(({ run }) => run)
      told(runs)
      await new Promise(setImmediate)
      return { rows: runs.map((id) => ({ id })) }
    },
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(`failed with ${code}`), { code })
}

const append = async (client: PostgresClient): Promise<void> =>
  postgresJournal(client).append('run_a', 0, recordsOf('run_a', 1))

describe('journal in Postgres', () => {
  test.each([
    [undefined, {}, 'a client with `query`'],
    [{}, {}, 'a client with `query`'],
    [clientOf(() => []), { schema: 'a"; DROP SCHEMA public; --' }, 'no usable schema'],
    [clientOf(() => []), { schema: 'Audit' }, 'no usable schema'],
    [clientOf(() => []), { scheme: 'audit' }, 'did you mean `schema`'],
    [clientOf(() => []), { encryption: { keys: [] } }, 'no keys'],
  ])('refuses options that are none: %#', (client, options, message) => {
    expect(() => postgresJournal(client as PostgresClient, options as object)).toThrow(message)
  })

  test.each([
    [{ ...sound, fsync: 'off' }, 1, '`fsync` is off'],
    [{ ...sound, commits: 'off' }, 1, '`synchronous_commit` is off'],
    [{ ...sound, encoding: 'SQL_ASCII' }, 1, '`SQL_ASCII`'],
    [sound, 2, 'format 2'],
  ])('writes nothing to a server that does not fit: %#', async (look, version, message) => {
    let appends = 0
    const client = clientOf(() => [{ id: `run_a${appends++}` }], look, version)
    await expect(append(client)).rejects.toMatchObject({
      code: 'bad-journal',
      message: expect.stringContaining(message),
    })
    expect(appends).toBe(0)
  })

  test.each(['40P01', '40001'])('tries again what the server gave up by %s', async (code) => {
    let attempts = 0
    const client = clientOf(() => {
      if (++attempts < 3) throw failure(code)
      return [{ id: 'run_a' }]
    })
    await append(client)
    expect(attempts).toBe(3)
  })

  test.each([
    ['40P01', 10],
    ['53100', 1],
    ['08006', 1],
  ])('gives up at %s after %i attempts', async (code, wanted) => {
    let attempts = 0
    const client = clientOf(() => {
      attempts++
      throw failure(code)
    })
    await expect(append(client)).rejects.toMatchObject({ code: 'bad-journal' })
    expect(attempts).toBe(wanted)
  })

  test('goes on with later appends after one that failed', async () => {
    let fails = true
    const client = clientOf(() => {
      if (fails) throw failure('53100')
      return [{ id: 'run_a' }]
    })
    const journal = postgresJournal(client)
    const first = async () => journal.append('run_a', 0, recordsOf('run_a', 1))
    await expect(first()).rejects.toMatchObject({ code: 'bad-journal' })
    fails = false
    await first()
    await journal.close()
  })

  test('waits for what was appended before, not for what comes while it waits', async () => {
    const journal = postgresJournal(extending())
    const kept = new AbortController()
    let appends = 0
    const busy = async (runId: string): Promise<void> => {
      const records = recordsOf(runId, 500)
      for (let seq = 0; !kept.signal.aborted && seq < 500; seq++) {
        await journal.append(runId, seq, records.slice(seq, seq + 1))
        appends++
      }
    }
    const first = busy('run_a')
    await new Promise(setImmediate)
    const work = [first, busy('run_b'), busy('run_c')]
    await journal.addCheckpoint!('run_a', 'signed')
    kept.abort()
    await Promise.all(work)
    expect(appends).toBeLessThan(20)
  })

  test('shares a statement among appends only as far as their texts stay short', async () => {
    const given: (readonly string[])[] = []
    const journal = postgresJournal(extending((runs) => given.push(runs)))
    const large = 'x'.repeat(6 * 1024 * 1024)
    const sizes = { run_a: 'x', run_b: large, run_c: large.repeat(4), run_d: large, run_e: 'x' }
    await Promise.all(
      Object.entries(sizes).map(async ([runId, text]) =>
        journal.append(runId, 0, [progress(runId, text)]),
      ),
    )
    expect(given).toEqual([['run_a', 'run_b'], ['run_c'], ['run_d', 'run_e']])
  })

  test('an append that the server takes for wrong fails alone', async () => {
    const client = extending((runs) => {
      if (runs.includes('run_b')) throw failure('23505')
    })
    const journal = postgresJournal(client)
    const appends = ['run_a', 'run_b', 'run_c'].map(async (runId) =>
      journal.append(runId, 0, recordsOf(runId, 1)),
    )
    const outcomes = await Promise.allSettled(appends)
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })
})
