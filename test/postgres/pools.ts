import { Pool, type PoolConfig } from 'pg'
import type { Server } from './server.ts'

/** Pools of connections to one server, which end together. */
export class Pools {
  readonly #server: Server
  readonly #opened: Pool[] = []

  constructor(server: Server) {
    this.#server = server
  }

  open(config: PoolConfig = {}): Pool {
    const pool = new Pool({
      host: '127.0.0.1',
      port: this.#server.port,
      user: 'postgres',
      database: 'postgres',
      max: 4,
      ...config,
    })
    // connections end when the server does; whoever queries is told anyway
    pool.on('error', () => {})
    pool.on('connect', (client) => client.on('error', () => {}))
    this.#opened.push(pool)
    return pool
  }

  async end(): Promise<void> {
    await Promise.all(this.#opened.map((pool) => pool.end()))
  }
}
