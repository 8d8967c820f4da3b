// The behaviours of conversations in a real Redis, over both usual clients: `npm run test:redis`.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { redisHistory, type HistoryEntry, type RedisClient } from '../../src/history/index.ts'
import { historySuite, type HistoryBench } from '../../src/testing/index.ts'
import { startServer, type Server } from './server.ts'

let server: Server
let nodeRedis: ReturnType<typeof createClient>
let ioRedis: Redis

before(async () => {
  server = await startServer()
  const socket = { host: '127.0.0.1', port: server.port }
  nodeRedis = createClient({ socket })
  nodeRedis.on('error', () => {})
  await nodeRedis.connect()
  ioRedis = new Redis({ ...socket, maxRetriesPerRequest: 2 })
  ioRedis.on('error', () => {})
})

after(async () => {
  nodeRedis.destroy()
  ioRedis.disconnect()
  await server.stop()
})

let prefixes = 0
const newPrefix = (): string => `test*[${++prefixes}]:`

const entry: HistoryEntry = {
  message: { role: 'user', content: 'hello' },
  at: '2026-01-01T00:00:00.000Z',
  runId: 'run_a',
}

const clients: Readonly<Record<string, () => RedisClient>> = {
  redis: () => nodeRedis,
  ioredis: () => ioRedis,
  'that gives numbers as texts': () => ({
    call: async (command, ...words) => asText(await ioRedis.call(command, ...words)),
  }),
}

function asText(reply: unknown): unknown {
  if (Array.isArray(reply)) return reply.map(asText)
  return typeof reply === 'number' ? String(reply) : reply
}

function benchOver(client: () => RedisClient): HistoryBench {
  const prefix = newPrefix()
  return { open: () => redisHistory(client(), { prefix }) }
}

for (const [name, client] of Object.entries(clients)) {
  describe(`S2-40 conversations over the client ${name}`, () => {
    for (const each of historySuite(() => benchOver(client))) test(each.name, each.run)

    test('are forgotten by the server after their time, which begins anew with each entry', async () => {
      const prefix = newPrefix()
      const store = redisHistory(client(), { prefix, ttlMs: 60_000 })
      await store.append('a', 0, [entry])
      const left = async (): Promise<number> => Number(await ioRedis.call('PTTL', `{${prefix}a}`))
      assert.ok((await left()) > 50_000)
      await ioRedis.call('PEXPIRE', `{${prefix}a}`, '20000')
      await store.append('a', 1, [entry])
      assert.ok((await left()) > 50_000)
      await ioRedis.call('PEXPIRE', `{${prefix}a}`, '0')
      assert.deepEqual(await store.read('a'), [])
      await store.append('a', 0, [entry])
    })

    test('take an append once that the client sends again', async () => {
      const sent = client()
      const again: RedisClient = {
        async call(command, ...words) {
          const send = (): Promise<unknown> =>
            'call' in sent ? sent.call(command, ...words) : sent.sendCommand([command, ...words])
          await send()
          return send()
        },
      }
      const prefix = newPrefix()
      const store = redisHistory(again, { prefix })
      await store.append('a', 0, [entry])
      await store.append('a', 1, [entry, entry])
      assert.equal((await store.read('a')).length, 3)
      await assert.rejects(redisHistory(client(), { prefix }).append('a', 1, [entry, entry]), {
        code: 'history-conflict',
      })
    })

    test('are not mistaken for keys of others, nor others for them', async () => {
      const prefix = newPrefix()
      const store = redisHistory(client(), { prefix })
      await ioRedis.set(`{${prefix}text}`, 'a text')
      await ioRedis.hset(`{${prefix}hash}`, 'name', 'value')
      await ioRedis.hset(`{${prefix}gap}`, '1', JSON.stringify({ number: 1, entry }))
      for (const key of ['text', 'hash', 'gap']) {
        await assert.rejects(store.read(key), { code: 'bad-history' })
      }
      await assert.rejects(store.append('text', 0, [entry]), { code: 'bad-history' })
      assert.equal(await ioRedis.get(`{${prefix}text}`), 'a text')
    })
  })
}

describe('S0-42 conversations of several processes', () => {
  test('have every run once, each told of all before it', async () => {
    const worker = join(import.meta.dirname, 'worker.ts')
    const runs = 5
    const flags = ['--conditions=sallyport-source', worker, `${server.port}`, 'shared', `${runs}`]
    const processes = Array.from({ length: 3 }, () => promisify(execFile)(process.execPath, flags))
    const outputs = (await Promise.all(processes)).map(
      ({ stdout }) => JSON.parse(stdout) as number[],
    )
    const lengths = outputs.flat().toSorted((a, b) => a - b)
    assert.deepEqual(
      lengths,
      Array.from({ length: 3 * runs }, (_, number) => 2 * number + 1),
    )
    const store = redisHistory(nodeRedis)
    const kept: string[] = []
    for await (const { key } of store.list()) kept.push(key)
    assert.equal(kept.length, 1)
    const entries = await store.read(kept[0]!)
    const roles = entries.map(({ message }) => message.role)
    assert.equal(roles.join(' '), 'user assistant '.repeat(3 * runs).trim())
    const order = entries.map(({ runId }) => runId)
    assert.ok(order.every((runId, at) => runId === order[at - (at % 2)]))
  })
})

// last, since the clients lose their connections
describe('S2-40 a server that ends', () => {
  test('loses nothing of what was appended, and is waited for or told of', async () => {
    const prefix = newPrefix()
    const store = redisHistory(nodeRedis, { prefix })
    for (let length = 0; length < 20; length++) await store.append('a', length, [entry])
    await server.restart()
    while (!nodeRedis.isReady) await new Promise((resolve) => setTimeout(resolve, 20))
    assert.equal((await store.read('a')).length, 20)
  })

  test('makes whoever reads or writes fail with the reason', async () => {
    const lost = createClient({ socket: { host: '127.0.0.1', port: server.port } })
    lost.on('error', () => {})
    await lost.connect()
    const store = redisHistory(lost)
    lost.destroy()
    await assert.rejects(store.read('a'), { code: 'bad-history', message: /cannot be used: / })
    await assert.rejects(store.append('a', 0, [entry]), { code: 'bad-history' })
    await assert.rejects(store.lease('a', 'x', 1_000), { code: 'bad-history' })
  })
})
