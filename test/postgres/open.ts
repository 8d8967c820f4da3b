import { Pool } from 'pg'
import type { Journal } from '../../src/index.ts'
import { postgresJournal } from '../../src/journal/postgres/index.ts'

/** The journal of a schema at a server of this machine, with connections of its own. */
export function open(_folder: string, port = '', schema = ''): Journal {
  const pool = new Pool({ host: '127.0.0.1', port: Number(port), user: 'postgres', max: 2 })
  const journal = postgresJournal(pool, { schema })
  return {
    ...journal,
    async close() {
      await journal.close()
      await pool.end()
    },
  }
}
