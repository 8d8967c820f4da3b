import { checkNumber, checkOptions } from '../base/options.ts'
import { randomHex } from '../base/ids.ts'
import { isSallyportError, messageOf, SallyportError } from '../base/errors.ts'
import type { HistoryEntry } from './entry.ts'
import {
  appendScript,
  leaseScript,
  lengthScript,
  releaseScript,
  removeScript,
} from './redis-scripts.ts'
import { historyConflict, type HistoryStore, type KeptHistory } from './store.ts'

/** A client of the npm package `redis`: a whole command is a list of words. */
interface NodeRedisClient {
  sendCommand(words: string[]): Promise<unknown>
}

/** A client of the npm package `ioredis`, or of anything that sends a command by its name. */
interface CallingClient {
  call(command: string, ...words: string[]): Promise<unknown>
}

export type RedisClient = NodeRedisClient | CallingClient

export interface RedisHistoryOptions {
  /** What the keys of conversations begin with. Default `sallyport:history:`. */
  readonly prefix?: string
  /** The server forgets a conversation this long after its last entry. Default: never. */
  readonly ttlMs?: number
}

/**
 * Keeps conversations in Redis (6.2 or later) over your client, which you close yourself: one of
 * `redis` or `ioredis` as it is, else an object with `call(command, ...words)`. A conversation is
 * one hash; appending is a script that compares and writes in one step, so that any number of
 * machines may share the server. Leases are timed by the clock of the server, in keys that end with
 * `:lease`. In a cluster `list` sees what the client's `SCAN` sees.
 *
 * A client of `redis` needs a listener of `error` of yours: without one, a connection that is lost
 * ends the process.
 *
 * Whether what was appended outlives the server is for its `appendonly` and `appendfsync` to say.
 * Rejects with `bad-history` what the server or the connection refuses.
 *
 * @example
 * ```ts
 * const client = await createClient().on('error', console.error).connect()
 * const runtime = createRuntime({ model, history: redisHistory(client, { prefix: 'desk:' }) })
 * ```
 */
export function redisHistory(client: RedisClient, options: RedisHistoryOptions = {}): HistoryStore {
  checkOptions('redisHistory', options, ['prefix', 'ttlMs'])
  const { prefix = 'sallyport:history:', ttlMs = 0 } = options
  checkNumber('ttlMs', ttlMs, { min: 0, integer: true, max: Number.MAX_SAFE_INTEGER })
  const send = senderOf(client)
  const run = (script: string, key: string, ...words: (string | number)[]): Promise<unknown> =>
    send('EVAL', [script, '1', key, ...words.map(String)])
  /** Clients give numbers as such, as texts or as bigints, as they were set up. */
  const count = async (...words: Parameters<typeof run>): Promise<number> =>
    Number(await run(...words))
  const nameOf = (key: string): string => `{${prefix}${key}}`
  const leaseOf = (key: string): string => `${nameOf(key)}:lease`

  return {
    async read(key) {
      const found = await send('HVALS', [nameOf(key)])
      const entries = listOf(found).map(entryOf).toSorted(byNumber)
      if (entries.some(({ number }, index) => number !== index)) throw foreign()
      return entries.map(({ entry }) => entry)
    },
    async append(key, expectedLength, entries) {
      // tells this append from one of somebody else with the same entries
      const by = randomHex()
      const written = entries.map((entry, index) =>
        JSON.stringify({ number: expectedLength + index, by, entry }),
      )
      const length = await count(appendScript, nameOf(key), expectedLength, ttlMs, ...written)
      if (length !== expectedLength) throw historyConflict(key, expectedLength, length)
    },
    async remove(key, expectedLength = -1) {
      return (await count(removeScript, nameOf(key), expectedLength)) === 1
    },
    async *list() {
      for await (const name of scanned(send, `{${prefix}`)) {
        const kept = await run(lengthScript, name)
        const summary = summaryOf(kept, name.slice(prefix.length + 1, -1))
        if (summary !== undefined) yield summary
      }
    },
    async lease(key, holder, ms) {
      return (await count(leaseScript, leaseOf(key), holder, Math.max(1, Math.ceil(ms)))) === 1
    },
    async release(key, holder) {
      await run(releaseScript, leaseOf(key), holder)
    },
    async close() {},
  }
}

type Send = (command: string, words: readonly string[]) => Promise<unknown>

function senderOf(client: RedisClient): Send {
  const { call, sendCommand } = (client ?? {}) as Partial<NodeRedisClient & CallingClient>
  const bare: Send | undefined =
    typeof call === 'function'
      ? (command, words) => call.call(client, command, ...words)
      : typeof sendCommand === 'function'
        ? (command, words) => sendCommand.call(client, [command, ...words])
        : undefined
  if (bare === undefined) {
    throw new SallyportError('bad-option', 'this is no client of Redis', {
      help: 'pass a client of `redis` or `ioredis`, or an object with `call(command, ...words)`',
    })
  }
  return async (command, words) => {
    try {
      return await bare(command, words)
    } catch (error) {
      if (isSallyportError(error)) throw error
      throw new SallyportError(
        'bad-history',
        `conversations in Redis cannot be used: ${messageOf(error)}`,
        { help: 'check the connection, and that the keys are not those of others', cause: error },
      )
    }
  }
}

interface Numbered {
  readonly number: number
  readonly entry: HistoryEntry
}

function entryOf(value: unknown): Numbered {
  let read: Partial<Numbered> | undefined
  try {
    read = JSON.parse(String(value)) as Partial<Numbered>
  } catch {}
  if (typeof read?.number === 'number' && typeof read.entry === 'object') return read as Numbered
  throw foreign()
}

function byNumber(a: Numbered, b: Numbered): number {
  return a.number - b.number
}

/** Undefined where the conversation is gone meanwhile. */
function summaryOf(kept: unknown, key: string): KeptHistory | undefined {
  const [length, last] = listOf(kept)
  if (Number(length) === 0) return undefined
  const { at } = entryOf(last).entry
  return { key, length: Number(length), lastAt: at }
}

/** The names of conversations, each once. */
async function* scanned(send: Send, prefix: string): AsyncGenerator<string> {
  const seen = new Set<string>()
  const pattern = `${prefix.replaceAll(/[\\*?[\]^-]/g, '\\$&')}*}`
  let cursor = '0'
  do {
    const [next, names] = listOf(await send('SCAN', [cursor, 'MATCH', pattern, 'COUNT', '100']))
    cursor = String(next)
    for (const name of listOf(names).map(String)) {
      if (!seen.has(name)) yield name
      seen.add(name)
    }
  } while (cursor !== '0')
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[]
  throw foreign()
}

function foreign(): SallyportError {
  return new SallyportError(
    'bad-history',
    'a key of a conversation in Redis holds something else',
    {
      help: 'give conversations a `prefix` of their own',
    },
  )
}
